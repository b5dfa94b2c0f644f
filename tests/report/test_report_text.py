import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchbox.report.text import (
    count,
    duration,
    flop,
    joined,
    number,
    percent,
    plural,
    rate,
    setting,
    several,
    share,
    size,
)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "0"),
        (0.0123, "0.0123"),
        (4.4949, "4.49"),
        (9.996, "10.0"),
        (44.94, "44.9"),
        (99.96, "100"),
        (1234.5, "1,234"),
        (0.99999, "1.00"),
        (float("nan"), "nan"),
    ],
)
def test_numbers_have_three_digits(value: float, said: str) -> None:
    assert number(value) == said


@given(st.floats(min_value=1e-6, max_value=1e9))
def test_a_number_is_right_to_half_a_percent(value: float) -> None:
    assert float(number(value).replace(",", "")) == pytest.approx(value, rel=0.0051)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (count(512), "512"),
        (count(73_450), "73.5 k"),
        (count(58_366_836), "58.4 M"),
        (count(999_900), "1.00 M"),
        (flop(15_530_000), "15.5 MFLOP"),
        (flop(2_283_970_000), "2.28 GFLOP"),
        (size(300 * 2**20), "300 MiB"),
        (size(1.2 * 2**30), "1.20 GiB"),
        (rate(44.9), "44.9 /s"),
        (duration(0.0123), "12.3 ms"),
        (duration(1.234), "1.23 s"),
        (duration(59.99), "1 min 00 s"),
        (duration(125), "2 min 05 s"),
        (duration(3780), "1 h 03 min"),
        (share(0.931), "93.1 %"),
        (percent(1.0), "100.0"),
        (plural(1, "epoch"), "1 epoch"),
        (plural(1440, "picture"), "1,440 pictures"),
        (several([30, 8, 8], "epoch"), "8 or 30 epochs"),
        (several([4, 9, 6], "epoch"), "4 to 9 epochs"),
        (several([1, 1], "epoch"), "1 epoch"),
        (several([], "epoch"), ""),
        (joined(["a"]), "a"),
        (joined(["a", "b", "c"]), "a, b and c"),
        (joined([]), ""),
        (setting(False), "no"),
        (setting(1e-4), "0.0001"),
        (setting(None), "own"),
    ],
)
def test_units_are_those_that_people_read(said: str, expected: str) -> None:
    assert said == expected


@given(st.integers(0, 99_999))
def test_what_is_not_all_never_reads_as_all(right: int) -> None:
    assert float(percent(right / 100_000)) < 100
