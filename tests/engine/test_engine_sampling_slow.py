"""Calls of seconds: three samples do where there is no time for more, and nowhere else."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import World, samples_of

from benchbox.engine.sampling import Timed, take_samples
from benchbox.plan.spec import FEW_SAMPLES, TimingSpec


def test_a_slow_call_stops_at_three_and_says_so() -> None:
    seconds, reason = samples_of(World(lambda: 20.0), estimate=20.0)
    assert len(seconds) == FEW_SAMPLES
    assert reason == "3 samples of over 2 s: no time for more"


def test_a_slow_call_goes_on_while_there_is_time() -> None:
    seconds, reason = samples_of(World(lambda: 3.0), estimate=3.0, seconds=60.0)
    assert len(seconds) == 6
    assert reason == "±0.0% after 18.0 s"


@pytest.mark.parametrize(("budget", "count"), [(1.0, 3), (11.9, 3), (12.0, 4), (14.9, 4), (15.0, 5)])
def test_a_slow_call_is_not_made_where_it_would_pass_the_time(budget: float, count: int) -> None:
    assert len(samples_of(World(lambda: 3.0), estimate=3.0, seconds=budget)[0]) == count


@given(st.integers(0, 1000), st.floats(5.0, 100.0))
def test_noisy_slow_calls_stay_within_their_time(seed: int, budget: float) -> None:
    noise = random.Random(seed)
    seconds, _ = samples_of(World(lambda: noise.uniform(2.5, 3.5)), estimate=3.0, seconds=budget)
    assert len(seconds) == 3 or sum(seconds) <= budget + 1.0
    assert len(seconds) >= 3


def test_a_call_that_is_slower_than_its_estimate_may_stop_at_three_too() -> None:
    assert len(samples_of(World(lambda: 20.0), estimate=0.01)[0]) == FEW_SAMPLES


def test_a_call_under_two_seconds_never_stops_at_three() -> None:
    """Its estimate came from calls that were slower; there is no time for six."""
    seconds, reason = samples_of(World(lambda: 1.5), estimate=20.0, seconds=4.0)
    assert len(seconds) == 6
    assert reason == "±0.0% after 9.0 s"


def test_samples_that_were_already_seen_count() -> None:
    world = World(lambda: 20.0)
    taken = take_samples(
        world.call,
        TimingSpec(),
        estimate=20.0,
        seen=[Timed(seconds=21.0, wall=21.0)],
        clock=world.clock,
        synchronise=world.synchronise,
    )
    assert taken.seconds == (21.0, 20.0, 20.0)


def test_the_time_of_samples_that_were_already_seen_counts() -> None:
    world = World(lambda: 3.0)
    taken = take_samples(
        world.call,
        TimingSpec(seconds=12.0),
        estimate=3.0,
        seen=[Timed(seconds=3.0, wall=3.0)],
        clock=world.clock,
        synchronise=world.synchronise,
    )
    assert taken.seconds == (3.0,) * 4


def test_three_samples_are_not_enough_for_calls_that_turned_out_quick() -> None:
    seconds, reason = samples_of(World(lambda: 0.5), estimate=20.0)
    assert len(seconds) >= 6
    assert "±" in reason
