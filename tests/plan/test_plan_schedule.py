"""The order of turns: everybody equally often, and in places that a steady drift cannot tell apart."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchbox.plan.schedule import (
    LEAST_BLOCKS,
    SLICE_SECONDS,
    SLICES_A_BLOCK,
    WAKE_SECONDS,
    block_order,
    calls_a_slice,
    least_blocks,
    slice_seconds,
    untimed_calls,
)
from benchbox.plan.spec import FEW_SAMPLES, SLOW_CALL

ARMS = st.lists(st.integers(0, 50), min_size=1, max_size=8, unique=True)
SEEDS, BLOCKS = st.integers(0, 1000), st.integers(0, 40)


@given(arms=ARMS, block=BLOCKS, seed=SEEDS)
def test_every_arm_has_two_slices_a_block_around_the_same_middle(arms: list[int], block: int, seed: int) -> None:
    order = block_order(arms, block, seed=seed)
    assert Counter(order) == dict.fromkeys(arms, SLICES_A_BLOCK)
    places = {arm: [place for place, turn in enumerate(order) if turn == arm] for arm in arms}
    assert {sum(found) for found in places.values()} == {len(order) - 1}


@given(arms=ARMS, pair=BLOCKS, seed=SEEDS)
def test_two_blocks_after_one_another_begin_at_opposite_ends(arms: list[int], pair: int, seed: int) -> None:
    first, second = (block_order(arms, 2 * pair + number, seed=seed) for number in (0, 1))
    assert second[: len(arms)] == first[: len(arms)][::-1]


def test_two_arms_go_abba_baab() -> None:
    seen = {"".join("AB"[arm] for block in (0, 1) for arm in block_order((0, 1), block, seed=7))}
    assert seen <= {"ABBABAAB", "BAABABBA"}


def test_no_arm_always_comes_first_or_after_the_same_one() -> None:
    orders = [block_order(range(4), block, seed=3) for block in range(40)]
    assert {order[0] for order in orders} == {0, 1, 2, 3}
    before_two = Counter(order[place - 1] for order in orders for place in range(1, 8) if order[place] == 2)
    assert set(before_two) == {0, 1, 2, 3}


@given(arms=ARMS, block=BLOCKS, seed=SEEDS)
def test_the_order_is_a_function_of_the_seed(arms: list[int], block: int, seed: int) -> None:
    assert block_order(arms, block, seed=seed) == block_order(tuple(arms), block, seed=seed)


@given(seconds=st.floats(0.01, 100))
def test_slices_are_short_and_six_blocks_of_them_are_over_in_time(seconds: float) -> None:
    assert 0 < slice_seconds(seconds) <= SLICE_SECONDS
    assert 2 * LEAST_BLOCKS * slice_seconds(seconds) <= seconds


@pytest.mark.parametrize(("call", "calls"), [(0.001, 100), (0.06, 2), (0.1, 1), (9.0, 1)])
def test_a_slice_is_about_its_length_and_never_empty(call: float, calls: int) -> None:
    assert calls_a_slice(call, seconds=0.1) == calls


def test_slow_calls_need_no_waking_and_fewer_blocks() -> None:
    quick, slow = SLOW_CALL / 2, SLOW_CALL * 2
    assert (untimed_calls(quick), untimed_calls(slow)) == (1, 0)
    assert (least_blocks([quick]), least_blocks([quick, slow])) == (LEAST_BLOCKS, FEW_SAMPLES)


@given(call=st.floats(1e-5, SLOW_CALL))
def test_the_calls_that_wake_an_arm_outlast_the_spinning_of_the_one_before(call: float) -> None:
    calls = untimed_calls(call)
    assert calls * call >= WAKE_SECONDS
    assert calls == 1 or (calls - 1) * call < WAKE_SECONDS


@pytest.mark.parametrize("call", [0.005, 9.0])
def test_what_a_loader_has_fetched_meanwhile_is_used_up_first(call: float) -> None:
    assert untimed_calls(call, ahead=4) == 4
