"""Ratios of arms that took turns: drift falls out, swapping them gives the reciprocal, lost blocks are left out."""

import math

import pytest
from factories import timed_record
from hypothesis import given
from hypothesis import strategies as st

from benchbox.records.ratios import block_ratios, slowdown, speedup

SAMPLES = st.lists(st.floats(1e-4, 100), min_size=2, max_size=40)


def test_a_block_is_two_samples_of_each() -> None:
    assert block_ratios([1.0, 3.0, 2.0, 2.0], [2.0, 2.0, 1.0, 1.0]) == [1.0, 0.5]


@given(drift=st.floats(-0.03, 0.03), ratio=st.floats(0.2, 5))
def test_a_linear_drift_falls_out_of_abba(drift: float, ratio: float) -> None:
    def speed(place: int) -> float:
        return 1 + drift * place

    base = [speed(4 * block + place) for block in range(8) for place in (0, 3)]
    arm = [ratio * speed(4 * block + place) for block in range(8) for place in (1, 2)]
    seen = slowdown(base, arm)
    assert seen is not None
    assert (seen.value, seen.low, seen.high) == pytest.approx((ratio,) * 3)


@given(base=SAMPLES, arm=SAMPLES)
def test_swapped_arms_give_the_reciprocal(base: list[float], arm: list[float]) -> None:
    there, back = slowdown(base, arm), slowdown(arm, base)
    assert there is not None
    assert back is not None
    assert (1 / back.value, 1 / back.high, 1 / back.low) == pytest.approx((there.value, there.low, there.high))
    assert there.low <= there.value <= there.high or math.isclose(there.low, there.high)


def test_only_blocks_that_both_ended_count() -> None:
    assert block_ratios([1.0] * 5, [2.0] * 9) == [2.0, 2.0]
    assert slowdown([1.0], [2.0, 2.0]) is None
    assert slowdown([], [2.0, 2.0]) is None


@pytest.mark.parametrize(("blocks", "basis"), [(1, "one sample"), (5, "range of 5"), (6, "95 % interval")])
def test_few_blocks_have_a_range_and_not_an_interval(blocks: int, basis: str) -> None:
    seen = slowdown([1.0] * 2 * blocks, [2.0] * 2 * blocks)
    assert seen is not None
    assert (seen.basis, seen.is_interval) == (basis, blocks >= 6)


def test_speed_is_of_pictures_and_not_of_batches() -> None:
    base = timed_record("lenet", "train_step", samples=[0.2] * 12, batch_size=32)
    arm = timed_record("lenet", "train_step", samples=[0.2] * 12, batch_size=64)
    seen = speedup(base, arm)
    assert seen is not None
    assert seen.value == pytest.approx(2.0)
