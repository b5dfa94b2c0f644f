"""Timed samples under a fake clock: what the timer brackets, when it stops, and what it says of it."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchbox.engine.sampling import BRISK_LEAST, FEW, half_width, take_samples, time_calls
from benchbox.plan.spec import TimingSpec


class World:
    """A clock that only work and waiting move, and a device that is behind by what it was asked to do."""

    def __init__(self, cost: Callable[[], float]) -> None:
        self.now, self.pending, self.cost = 0.0, 0.0, cost
        self.calls = 0

    def call(self) -> None:
        self.pending += self.cost()
        self.calls += 1

    def synchronise(self) -> None:
        self.now += self.pending
        self.pending = 0.0

    def clock(self) -> float:
        return self.now


def samples_of(world: World, *, estimate: float, **timing: float) -> tuple[tuple[float, ...], str]:
    taken = take_samples(
        world.call,
        TimingSpec(**timing),  # type: ignore[arg-type]
        estimate=estimate,
        clock=world.clock,
        synchronise=world.synchronise,
    )
    return taken.seconds, taken.reason


def test_the_timer_counts_the_work_of_its_own_calls_and_no_more() -> None:
    world = World(lambda: 0.5)
    world.pending = 7.0  # work of before, still on the device
    assert time_calls(world.call, 4, clock=world.clock, synchronise=world.synchronise) == 0.5
    assert world.pending == 0


@given(st.floats(1e-6, 10), st.integers(1, 50))
def test_the_timer_gives_seconds_a_call(cost: float, repeats: int) -> None:
    world = World(lambda: cost)
    seconds = time_calls(world.call, repeats, clock=world.clock, synchronise=world.synchronise)
    assert seconds == pytest.approx(cost)


def test_a_steady_call_stops_as_soon_as_the_least_samples_are_there() -> None:
    seconds, reason = samples_of(World(lambda: 0.5), estimate=0.5)
    assert seconds == (0.5,) * 6
    assert reason == "±0.0% after 3.0 s"


def test_a_brisk_call_takes_more_samples_before_it_may_stop() -> None:
    seconds, _ = samples_of(World(lambda: 0.01), estimate=0.01)
    assert len(seconds) == BRISK_LEAST


def test_a_slow_call_stops_at_three_and_says_so() -> None:
    seconds, reason = samples_of(World(lambda: 20.0), estimate=20.0)
    assert len(seconds) == FEW
    assert reason == "3 samples of over 2 s each"


def test_a_noisy_call_uses_its_budget_and_says_how_far_it_came() -> None:
    noise = random.Random(0)
    world = World(lambda: noise.uniform(0.1, 0.9))
    seconds, reason = samples_of(world, estimate=0.5, seconds=10.0)
    assert sum(seconds) >= 10.0
    assert reason.startswith("budget used, ±")


def test_a_noisy_call_goes_on_until_its_goal() -> None:
    noise = random.Random(0)
    seconds, reason = samples_of(
        World(lambda: noise.lognormvariate(-3, 0.1)), estimate=0.05, seconds=1e9, goal=0.01
    )
    width = half_width(seconds)
    assert width is not None
    assert width <= 0.01
    assert reason.startswith(f"±{width:.1%} after")


def test_a_call_shorter_than_the_timer_can_see_is_repeated_in_a_sample() -> None:
    world = World(lambda: 1e-5)
    seconds, _ = samples_of(world, estimate=1e-5)
    assert world.calls == 100 * len(seconds)
    assert seconds[0] == pytest.approx(1e-5)


def test_samples_that_were_already_seen_count() -> None:
    world = World(lambda: 20.0)
    taken = take_samples(
        world.call,
        TimingSpec(),
        estimate=20.0,
        taken=(21.0,),
        clock=world.clock,
        synchronise=world.synchronise,
    )
    assert taken.seconds == (21.0, 20.0, 20.0)


def test_three_samples_are_not_enough_for_calls_that_turned_out_quick() -> None:
    seconds, reason = samples_of(World(lambda: 0.5), estimate=20.0)
    assert len(seconds) >= 6
    assert "±" in reason


def test_the_interval_needs_six_samples() -> None:
    assert half_width([1.0] * 5) is None
    assert half_width([1.0] * 6) == 0
