"""Timed samples under a fake clock: what the timer brackets, when it stops, and what it says of it."""

import random
from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from worlds import FakeCuda, InMilliseconds, World, samples_of

from benchbox.engine.sampling import BRISK_LEAST, Clock, Timed, half_width, take_samples, time_calls
from benchbox.engine.stopwatch import EventStopwatch, NoStopwatch
from benchbox.plan.spec import TimingSpec

Call = Callable[[], object]
Timer = Callable[..., float]


def timed(call: Call, repeats: int, *, clock: Clock, synchronise: Callable[[], None]) -> float:
    """The timer itself, as its mutants below are called."""
    return time_calls(call, repeats, clock=clock, synchronise=synchronise).seconds


def is_right(timer: Timer) -> bool:
    """Whether a timer tells the cost of its own calls on a device that is behind with work of before."""
    cost = random.Random(0).uniform(0.1, 0.9)
    world = World(lambda: cost)
    world.pending = 7.0
    seconds = timer(world.call, 4, clock=world.clock, synchronise=world.synchronise)
    return seconds == pytest.approx(cost) and world.calls == 4 and world.pending == 0


def no_first_wait(call: Call, repeats: int, *, clock: Clock, synchronise: Call) -> float:
    began = clock()
    for _ in range(repeats):
        call()
    synchronise()
    return (clock() - began) / repeats


def no_last_wait(call: Call, repeats: int, *, clock: Clock, synchronise: Call) -> float:
    synchronise()
    began = clock()
    for _ in range(repeats):
        call()
    ended = clock()
    synchronise()
    return (ended - began) / repeats


def ends_swapped(call: Call, repeats: int, *, clock: Clock, synchronise: Call) -> float:
    synchronise()
    began = clock()
    for _ in range(repeats):
        call()
    synchronise()
    return (began - clock()) / repeats


def warm_up_counted(call: Call, repeats: int, *, clock: Clock, synchronise: Call) -> float:
    synchronise()
    began = clock()
    for _ in range(1 + repeats):
        call()
    synchronise()
    return (clock() - began) / repeats


def wrong_repeats(call: Call, repeats: int, *, clock: Clock, synchronise: Call) -> float:
    synchronise()
    began = clock()
    for _ in range(repeats):
        call()
    synchronise()
    return (clock() - began) / (repeats + 1)


def not_divided(call: Call, repeats: int, *, clock: Clock, synchronise: Call) -> float:
    return wrong_repeats(call, repeats, clock=clock, synchronise=synchronise) * (repeats + 1)


def test_the_timer_counts_the_work_of_its_own_calls_and_no_more() -> None:
    assert is_right(timed)


@pytest.mark.parametrize(
    "mutant", [no_first_wait, no_last_wait, ends_swapped, warm_up_counted, wrong_repeats, not_divided]
)
def test_a_timer_with_one_fault_is_found_out(mutant: Timer) -> None:
    """The check that the timer passes can fail: each of its lines is needed."""
    assert not is_right(mutant)


@given(st.floats(1e-6, 10), st.integers(1, 50))
def test_the_timer_gives_seconds_a_call(cost: float, repeats: int) -> None:
    world = World(lambda: cost)
    seen = time_calls(world.call, repeats, clock=world.clock, synchronise=world.synchronise)
    assert seen.seconds == seen.wall == pytest.approx(cost)
    assert not seen.is_by_device


def slow_launch(world: World, seconds: float) -> None:
    """The host takes its time, in which the device does nothing."""
    world.synchronise()
    world.now += seconds


def by_events(world: World, stopwatch: object, *, repeats: int = 4) -> Timed:
    return time_calls(
        world.call,
        repeats,
        clock=world.clock,
        synchronise=world.synchronise,
        stopwatch=stopwatch,  # type: ignore[arg-type]
    )


def test_on_a_gpu_the_device_times_a_sample_and_the_host_too() -> None:
    world = World(lambda: 0.5)
    world.pending = 7.0
    seen = by_events(world, EventStopwatch(torch.device("cuda:0"), cuda=FakeCuda(world)))
    assert seen == Timed(seconds=0.5, wall=0.5, is_by_device=True)


class Delayed(EventStopwatch):
    """The host is busy between its own reading of the clock and the first mark, and after the last."""

    def begin(self) -> None:
        slow_launch(self._cuda.world, 0.2)
        super().begin()

    def end(self) -> None:
        super().end()
        slow_launch(self._cuda.world, 0.2)


def test_the_wall_time_holds_what_the_device_did_not_do() -> None:
    world = World(lambda: 0.5)
    seen = by_events(world, Delayed(torch.device("cuda:0"), cuda=FakeCuda(world)))
    assert (seen.seconds, seen.wall) == pytest.approx((0.5, 0.6))


class Swapped(EventStopwatch):
    def seconds(self) -> float | None:
        return float(self._last.elapsed_time(self._first)) / 1000


@pytest.mark.parametrize("fault", [InMilliseconds, Swapped])
def test_a_device_clock_that_contradicts_the_host_is_not_believed(fault: type[EventStopwatch]) -> None:
    world = World(lambda: 0.5)
    stopwatch = fault(torch.device("cuda:0"), cuda=FakeCuda(world))
    assert by_events(world, stopwatch) == Timed(seconds=0.5, wall=0.5, is_by_device=False)
    samples = take_samples(
        world.call,
        TimingSpec(),
        estimate=0.5,
        clock=world.clock,
        synchronise=world.synchronise,
        stopwatch=stopwatch,
    )
    assert samples.unlikely == len(samples.seconds) == len(samples.walls) == 6


def test_without_a_device_clock_there_is_one_time_only() -> None:
    world = World(lambda: 0.5)
    assert by_events(world, NoStopwatch()) == Timed(seconds=0.5, wall=0.5)
    taken = take_samples(world.call, TimingSpec(), estimate=0.5, clock=world.clock, synchronise=world.synchronise)
    assert (taken.walls, taken.unlikely) == ((), 0)


def test_a_steady_call_stops_as_soon_as_the_least_samples_are_there() -> None:
    seconds, reason = samples_of(World(lambda: 0.5), estimate=0.5)
    assert seconds == (0.5,) * 6
    assert reason == "±0.0% after 3.0 s"


def test_a_brisk_call_takes_more_samples_before_it_may_stop() -> None:
    seconds, _ = samples_of(World(lambda: 0.01), estimate=0.01)
    assert len(seconds) == BRISK_LEAST


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("CUDA out of memory"), KeyboardInterrupt()])
@pytest.mark.parametrize("number", [0, 1, 4])
def test_samples_before_a_break_are_there(error: BaseException, number: int) -> None:
    def cost() -> float:
        if world.calls == number:
            raise error
        return 0.5

    world, seen = World(cost), list[Timed]()
    with pytest.raises(type(error)):
        take_samples(
            world.call,
            TimingSpec(),
            estimate=0.5,
            seen=seen,
            clock=world.clock,
            synchronise=world.synchronise,
        )
    assert [sample.seconds for sample in seen] == [0.5] * number


def test_a_noisy_call_uses_its_budget_and_says_how_far_it_came() -> None:
    noise = random.Random(0)
    world = World(lambda: noise.uniform(0.1, 0.9))
    seconds, reason = samples_of(world, estimate=0.5, seconds=10.0)
    assert 10.0 <= sum(seconds) < 11.0
    assert reason.startswith("budget used, ±")


def test_one_lucky_look_is_not_enough() -> None:
    """Ten samples are ±2 %, all later ones equal: of the looks from 10 to 27 only the last two are narrow."""
    costs = [0.05 * (1 + 0.02 * (-1) ** number) for number in range(10)] + [0.05] * 20
    narrow = [(half_width(costs[:size]) or 0) <= 0.01 for size in (10, 12, 15, 18, 22, 27)]
    assert narrow == [False] * 4 + [True] * 2
    looked = iter(costs)
    seconds, _ = samples_of(World(lambda: next(looked)), estimate=0.05)
    assert len(seconds) == 27


@given(st.integers(0, 1000))
def test_the_budget_ends_the_sampling_whenever_the_next_look_is(seed: int) -> None:
    noise = random.Random(seed)
    seconds, _ = samples_of(World(lambda: noise.uniform(0.01, 0.19)), estimate=0.1, seconds=10.0)
    assert 10.0 <= sum(seconds) < 10.2


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


def test_the_interval_needs_six_samples() -> None:
    assert half_width([1.0] * 5) is None
    assert half_width([1.0] * 6) == 0
