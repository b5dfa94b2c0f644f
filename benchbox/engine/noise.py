"""How steady this machine is, and its clock: two identical arms that take turns, and one arm alone.

The arithmetic on what is seen here is in `records.noise`. The clock is a parameter: tests pass a fake.
"""

import math
import time
from collections.abc import Callable, Iterator

from benchbox.engine.control import Call, make_control_call
from benchbox.engine.place import make_place
from benchbox.engine.sampling import Clock, time_calls
from benchbox.records.events import Observer, Progress, ignore
from benchbox.records.inspection import ClockFacts, FixedRequest, FixedTimes, Series

# Arms change places in every block, so that a steady drift cancels out.
ORDERS = ("ABBA", "BAAB")
# Long enough that the untimed call before it does not matter, short enough that the host's mood does not change.
SLICE_SECONDS = 0.05
LEAST_BLOCKS = 4
WARMUP_CALLS = 5
PROGRESS_STEPS = 10
READINGS = 20_000
STEPS_SEEN = 200


def run_series(
    first: Call,
    second: Call,
    *,
    seconds: float,
    clock: Clock,
    synchronise: Callable[[], None],
    observer: Observer = ignore,
) -> Series:
    """Let two arms take turns for some seconds, and for LEAST_BLOCKS blocks in any case."""
    arms = {"A": first, "B": second}
    call_seconds = warm_up([first, second], clock=clock, synchronise=synchronise)
    repeats = repeats_of(call_seconds)
    blocks: list[float] = []
    began, shown = clock(), 0
    while len(blocks) < LEAST_BLOCKS or clock() - began < seconds:
        order = ORDERS[len(blocks) % len(ORDERS)]
        blocks.append(_time_block(arms, order, repeats, clock=clock, synchronise=synchronise))
        step = min(PROGRESS_STEPS, int(PROGRESS_STEPS * (clock() - began) / seconds))
        if step > shown:  # seldom, since whoever is told wakes up and works
            observer(Progress(done=step, total=PROGRESS_STEPS))
            shown = step
    return Series(blocks=tuple(blocks), seconds=clock() - began, call_seconds=call_seconds)


def _time_block(
    arms: dict[str, Call], order: str, repeats: int, *, clock: Clock, synchronise: Callable[[], None]
) -> float:
    """The mean log of B's slices less that of A's."""
    logs: dict[str, list[float]] = {name: [] for name in arms}
    for name in order:
        logs[name].append(math.log(time_slice(arms[name], repeats, clock=clock, synchronise=synchronise)))
    return sum(logs["B"]) / len(logs["B"]) - sum(logs["A"]) / len(logs["A"])


def time_slice(arm: Call, repeats: int, *, clock: Clock, synchronise: Callable[[], None]) -> float:
    """Seconds a call over a slice; the first call brings the arm's data back into the caches and is not timed."""
    arm()
    return time_calls(arm, repeats, clock=clock, synchronise=synchronise).seconds


def warm_up(arms: list[Call], *, clock: Clock, synchronise: Callable[[], None]) -> float:
    """Call each arm a few times; about the seconds of one call."""
    for arm in arms:
        time_calls(arm, WARMUP_CALLS, clock=clock, synchronise=synchronise)
    return min(time_calls(arm, WARMUP_CALLS, clock=clock, synchronise=synchronise).seconds for arm in arms)


def repeats_of(call_seconds: float) -> int:
    """How many calls fill a slice."""
    return max(1, math.ceil(SLICE_SECONDS / max(call_seconds, 1e-9)))


def time_fixed_work(
    request: FixedRequest, *, observer: Observer = ignore, clock: Clock = time.perf_counter
) -> FixedTimes:
    """The control network alone, slice by slice; run by its name in fresh processes, whose times differ."""
    place = make_place(request.placement)
    arm = make_control_call(place)
    call_seconds = warm_up([arm], clock=clock, synchronise=place.synchronise)
    slices = _slices(arm, repeats_of(call_seconds), request.seconds, clock=clock, synchronise=place.synchronise)
    return FixedTimes(seconds=tuple(slices))


def _slices(
    arm: Call, repeats: int, seconds: float, *, clock: Clock, synchronise: Callable[[], None]
) -> Iterator[float]:
    began = clock()
    while True:
        yield time_slice(arm, repeats, clock=clock, synchronise=synchronise)
        if clock() - began >= seconds:
            return


def measure_clock(clock: Clock) -> ClockFacts:
    """The clock's smallest step and the cost of a reading, by reading it often."""
    began = clock()
    for _ in range(READINGS):
        clock()
    ended = clock()
    steps = [_next_step(clock) for _ in range(STEPS_SEEN)]
    return ClockFacts(step_seconds=min(steps), reading_seconds=(ended - began) / (READINGS + 1))


def _next_step(clock: Clock) -> float:
    """From one reading to the next that differs from it."""
    before = now = clock()
    while now == before:
        now = clock()
    return now - before
