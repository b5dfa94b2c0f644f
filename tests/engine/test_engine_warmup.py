"""Warming up by a fake clock: until calls are stable or its time is used, with a doubt where that was too soon."""

import random
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import World

from benchbox.engine.warmup import LEAST_CALLS, STABLE_CALLS, is_stable, still_falling, warm_up


def warmed(costs: Iterable[float], *, seconds: float) -> tuple[float, ...]:
    left = iter(costs)
    world = World(lambda: next(left))
    return warm_up(world.call, seconds=seconds, clock=world.clock, synchronise=world.synchronise)


def test_calls_that_agree_end_the_warm_up_early() -> None:
    assert warmed([0.2] * 100, seconds=10.0) == pytest.approx([0.2] * STABLE_CALLS)


def test_calls_that_become_quicker_are_made_until_they_do_no_more() -> None:
    costs = [0.9, 0.7, 0.5, 0.3, 0.201, 0.2, 0.2, 0.2]
    assert warmed(costs, seconds=10.0) == pytest.approx(costs[:7])


def test_a_slow_fall_within_the_tolerance_is_a_trend() -> None:
    assert not is_stable([1.0, 0.99, 0.98])
    assert is_stable([1.0, 0.98, 0.99])
    assert not is_stable([1.0, 1.04, 1.0])
    assert not is_stable([1.0, 1.0])


def test_short_calls_are_made_for_a_tenth_of_a_second_though_they_agree() -> None:
    assert sum(warmed([1e-3] * 1000, seconds=10.0)) == pytest.approx(0.1, abs=2e-3)


def test_the_time_caps_calls_that_never_agree() -> None:
    seen = warmed([0.1, 0.2] * 100, seconds=3.0)
    assert 3.0 <= sum(seen) < 3.2 + 1e-9


@given(st.floats(0.01, 5.0), st.floats(0.001, 1.0))
def test_two_calls_are_always_made(cost: float, seconds: float) -> None:
    seen = warmed([cost] * 10_000, seconds=seconds)
    assert len(seen) >= LEAST_CALLS
    assert len(seen) == LEAST_CALLS or sum(seen[:-1]) < seconds


def test_a_warm_up_that_ended_while_calls_became_quicker_is_doubted() -> None:
    (said,) = still_falling([1.0, 0.9, 0.8, 0.7, 0.6, 0.5])
    assert said.startswith("not warmed up: the last calls of the warm-up were 27% quicker")
    assert "--budget" in said


@pytest.mark.parametrize(
    "seconds",
    [
        (),
        (1.0,),
        (1.0, 0.1),
        (5.0, 1.0, 1.0, 1.0),
        (1.0, 0.99, 0.98),
        (0.5, 0.6, 0.7, 0.8, 0.9, 1.0),
        (9.0, 8.0, 1.2, 1.0, 1.1, 1.05, 1.2, 1.0, 1.1),
    ],
)
def test_what_is_no_fall_is_not_doubted(seconds: tuple[float, ...]) -> None:
    assert still_falling(seconds) == ()


@given(st.integers(0, 10_000))
def test_plain_noise_is_no_fall(seed: int) -> None:
    noise = random.Random(seed)
    assert still_falling([noise.gauss(1.0, 0.03) for _ in range(60)]) == ()
