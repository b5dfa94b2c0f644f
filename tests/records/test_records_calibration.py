"""Calibration errors by hand, and what chance explains of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchbox.records.calibration import BINS, calibrate, calibration_error

answers = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60)


def test_the_error_by_hand() -> None:
    # Two pictures in the bin of 0.9 (one right), two in that of 0.5 (both right): (|1 − 1.8| + |2 − 1.0|) / 4.
    assert calibration_error([0.9, 0.9, 0.5, 0.5], [True, False, True, True]) == pytest.approx((0.8 + 1.0) / 4)


def test_errors_to_both_sides_of_one_bin_cancel_and_of_two_bins_do_not() -> None:
    assert calibration_error([0.95, 0.95], [True, False]) == pytest.approx(0.45)
    assert calibration_error([0.99, 0.01], [False, True]) == pytest.approx(0.99)


@given(answers)
def test_the_bins_hold_every_picture_once_and_add_up_to_the_error(seen: list[tuple[float, bool]]) -> None:
    probabilities, right = zip(*seen, strict=True)
    found = calibrate(probabilities, right)
    assert (len(found.bins), found.pictures) == (BINS, len(seen))
    assert found.error == calibration_error(probabilities, right)
    gaps = [each.pictures * abs(each.accuracy - each.confidence) for each in found.bins if each.pictures]  # type: ignore[operator]
    assert sum(gaps) / len(seen) == pytest.approx(found.error, abs=1e-9)
    assert found.accuracy == pytest.approx(np.mean(right))
    assert found.confidence == pytest.approx(np.mean(probabilities))
    for each in found.bins:
        inside = [each.low - 1e-9 <= value <= each.high + 1e-9 for value in probabilities]
        assert each.pictures <= sum(inside)
        assert each.confidence is None or each.low - 1e-9 <= each.confidence <= each.high + 1e-9


@given(answers)
def test_the_error_is_at_least_the_distance_of_the_means_and_at_most_one(seen: list[tuple[float, bool]]) -> None:
    found = calibrate(*zip(*seen, strict=True))
    assert abs(found.confidence - found.accuracy) - 1e-9 <= found.error <= 1 + 1e-9


@pytest.mark.parametrize(("value", "place"), [(0.0, 0), (1 / 15, 0), (0.0667, 1), (1.0, 14)])
def test_a_bound_belongs_to_the_bin_below_it(value: float, place: int) -> None:
    [filled] = [number for number, each in enumerate(calibrate([value], [True]).bins) if each.pictures]
    assert filled == place


def test_exact_probabilities_show_an_error_that_chance_explains_and_that_falls_with_more_pictures() -> None:
    chance = np.random.default_rng(1)
    few, many = ([*chance.uniform(0.3, 1, count)] for count in (100, 10_000))
    found = [calibrate(said, [*(chance.random(len(said)) < said)]) for said in (few, many)]
    assert [each.is_shown for each in found] == [False, False]
    assert found[0].by_chance > 5 * found[1].by_chance
    assert all(each.error > 0 for each in found)


def test_a_boaster_is_found_out() -> None:
    found = calibrate([0.99] * 100, [True] * 70 + [False] * 30)
    assert found.is_shown
    assert found.error == pytest.approx(0.29)


def test_what_was_sure_and_right_has_no_error() -> None:
    found = calibrate([1.0] * 20, [True] * 20)
    assert (found.error, found.by_chance, found.is_shown) == (0.0, 0.0, False)


def test_the_same_answers_give_the_same_numbers() -> None:
    said, right = [0.6, 0.7, 0.9] * 20, [True, False, True] * 20
    assert calibrate(said, right) == calibrate(said, right)


@pytest.mark.parametrize(
    ("said", "right"), [([], []), ([0.5], [True, False]), ([1.5], [True]), ([float("nan")], [True])]
)
def test_what_is_no_probability_is_refused(said: list[float], right: list[bool]) -> None:
    with pytest.raises(ValueError, match="probabilities"):
        calibrate(said, right)
