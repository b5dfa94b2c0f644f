"""Two processes of one arm as one record: blocks stand beside blocks, and drift falls out of the ratio."""

import pytest
from factories import failed_record, timed_record, with_measured
from hypothesis import given
from hypothesis import strategies as st

from benchbox.records.halves import join_halves
from benchbox.records.ratios import block_ratios
from benchbox.records.record import Record


def half(*samples: float) -> Record:
    return with_measured(timed_record(samples=samples), control_seconds=[10 * sample for sample in samples])


def test_a_block_has_a_slice_from_either_process() -> None:
    whole = join_halves([half(1.0, 3.0, 5.0, 7.0), half(10.0, 30.0, 50.0, 70.0)])
    assert whole.values("sample_seconds") == (2.0, 20.0, 6.0, 60.0)
    assert whole.values("control_seconds") == (20.0, 200.0, 60.0, 600.0)
    assert whole.last("parameters") == half(1.0, 1.0).last("parameters")
    assert whole.seconds == 2 * half(1.0, 1.0).seconds


@pytest.mark.parametrize(("first", "second"), [((1.0,) * 6, (1.0,) * 2), ((1.0,) * 3, (1.0,) * 9)])
def test_there_are_as_many_blocks_as_both_have_whole(first: tuple[float, ...], second: tuple[float, ...]) -> None:
    assert join_halves([half(*first), half(*second)]).values("sample_seconds") == (1.0, 1.0)


def test_processes_without_a_whole_block_leave_no_times() -> None:
    assert join_halves([half(1.0), half(1.0)]).values("sample_seconds") == ()


def test_a_half_alone_or_a_failed_one_is_the_whole() -> None:
    lost = failed_record("lenet", "infer")
    assert join_halves([half(1.0, 1.0)]) == half(1.0, 1.0)
    assert join_halves([half(1.0, 1.0), lost]) == lost
    assert join_halves([lost]) == lost


@given(st.floats(0.01, 10.0), st.floats(0.5, 2.0), st.floats(0.0, 0.2))
def test_a_steady_drift_falls_out_of_processes_that_follow_as_a_b_b_a(
    seconds: float, ratio: float, drift: float
) -> None:
    slices = 4

    def process(place: int, factor: float) -> Record:
        return half(*[factor * seconds * (1 + drift * place)] * slices)

    base, new = [process(0, 1.0), process(3, 1.0)], [process(1, ratio), process(2, ratio)]
    seen = block_ratios(join_halves(base).values("sample_seconds"), join_halves(new).values("sample_seconds"))
    assert seen == pytest.approx([ratio] * (slices // 2))


def test_what_is_no_time_stays_as_the_first_has_it() -> None:
    first, second = half(1.0, 1.0), timed_record("alexnet", samples=(1.0, 1.0))
    whole = join_halves([first, second])
    for metric in ("parameters", "peak_memory", "build_seconds"):
        assert whole.values(metric) == first.values(metric)
