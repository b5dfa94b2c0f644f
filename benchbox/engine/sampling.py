"""Timed samples of one call: when to stop, and what was seen. The clock is a parameter: tests pass a fake."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from benchbox.engine.stopwatch import NoStopwatch, Stopwatch
from benchbox.plan.spec import FEW_SAMPLES, SLOW_CALL, TimingSpec
from benchbox.records.estimate import LEAST_FOR_INTERVAL, median

Clock = Callable[[], float]

# A shorter call is repeated within a sample, so that the timer's own cost stays under 0.1 %.
SHORTEST_SAMPLE = 1e-3
# Short samples are noisier: ask for more of them before the first look.
BRISK_SAMPLE = 0.1
BRISK_LEAST = 10
# Every look is a chance to stop on a lucky interval. So looks are spaced out by this ratio, and a narrow interval
# counts once the next look finds it narrow too; only the first look needs no second. The interval then covers
# the true median in 94 to 97 % of simulated runs (tests/engine/test_engine_coverage.py); with one look, in 93.
LOOK_RATIO = 1.2
# What the device's clock may show above the host's around the same work: events resolve half a microsecond each.
SKEW_SECONDS, SKEW_RATIO = 2e-6, 1e-3


class Timed(NamedTuple):
    """Seconds a call: by the device's clock where it has one, and by the host's beside it (`wall`)."""

    seconds: float
    wall: float
    is_by_device: bool = False


@dataclass(frozen=True, kw_only=True)
class Samples:
    """Seconds a call, in the order seen, and why sampling stopped.

    `calls` are those of one sample. `walls` are the host's seconds of the same calls, empty where the host timed
    them anyway. `unlikely` counts the samples in which the device's clock contradicted the host's, so that the
    host's was taken.
    """

    seconds: tuple[float, ...]
    reason: str
    calls: int = 1
    walls: tuple[float, ...] = ()
    unlikely: int = 0


def time_calls(
    call: Callable[[], object],
    repeats: int,
    *,
    clock: Clock,
    synchronise: Callable[[], None],
    stopwatch: Stopwatch | None = None,
) -> Timed:
    """Seconds a call over `repeats` calls: only the work stands between the two readings of the clock."""
    marks = stopwatch or NoStopwatch()
    synchronise()
    began = clock()
    marks.begin()
    for _ in range(repeats):
        call()
    marks.end()
    synchronise()
    return _agreed(clock() - began, marks.seconds(), repeats)


def _agreed(wall: float, seconds: float | None, repeats: int) -> Timed:
    """The device's time, or the host's where there is none, or where it lies outside of the host's."""
    is_by_device = seconds is not None and 0 < seconds <= wall * (1 + SKEW_RATIO) + SKEW_SECONDS
    taken = seconds if seconds is not None and is_by_device else wall
    return Timed(seconds=taken / repeats, wall=wall / repeats, is_by_device=is_by_device)


def count_repeats(estimate: float) -> int:
    """How many calls make one sample, where a call takes about `estimate` seconds."""
    return max(1, math.ceil(SHORTEST_SAMPLE / max(estimate, 1e-9)))


def take_samples(
    call: Callable[[], object],
    timing: TimingSpec,
    *,
    estimate: float,
    clock: Clock,
    synchronise: Callable[[], None],
    stopwatch: Stopwatch | None = None,
    seen: list[Timed] | None = None,
) -> Samples:
    """Sample until the median's 95 % interval is within ± `timing.goal`, or `timing.seconds` are used.

    The interval must be found narrow at two looks in a row, or at the first. `estimate` is about how many seconds
    one call takes. Never fewer than `timing.least` samples are taken, but for calls of over two seconds: of them
    three suffice where a further one would pass `timing.seconds`. What lies in `seen` counts, samples and seconds;
    each new sample is added to it at once, so that those of a sampling that breaks off are there.
    """
    seen = [] if seen is None else seen
    repeats, least = count_repeats(estimate), _least(timing, estimate)
    began = clock() - sum(timed.wall for timed in seen)
    look_at, was_narrow = least, True
    while True:
        seen.append(time_calls(call, repeats, clock=clock, synchronise=synchronise, stopwatch=stopwatch))
        used = clock() - began
        is_over = _is_over(seen, used=used, least=least, seconds=timing.seconds)
        if len(seen) < look_at and not is_over:
            continue
        look_at = math.ceil(len(seen) * LOOK_RATIO)
        width = half_width([timed.seconds for timed in seen])
        is_narrow = width is not None and width <= timing.goal
        if is_over or (is_narrow and was_narrow):
            reason = _reason_to_stop(seen, width, used=used, is_narrow=is_narrow)
            return gather(seen, reason, calls=repeats, has_stopwatch=stopwatch is not None)
        was_narrow = is_narrow


def gather(seen: Sequence[Timed], reason: str, *, calls: int, has_stopwatch: bool) -> Samples:
    """Samples of so many `calls` each, and why there are no more."""
    return Samples(
        seconds=tuple(timed.seconds for timed in seen),
        reason=reason,
        calls=calls,
        walls=tuple(timed.wall for timed in seen) if has_stopwatch else (),
        unlikely=sum(not timed.is_by_device for timed in seen) if has_stopwatch else 0,
    )


def half_width(seconds: Sequence[float]) -> float | None:
    """How far the median's 95 % interval reaches from it, as a ratio of it; None under six samples."""
    return median(seconds).half_width if len(seconds) >= LEAST_FOR_INTERVAL else None


def _least(timing: TimingSpec, estimate: float) -> int:
    return max(BRISK_LEAST, timing.least) if estimate < BRISK_SAMPLE else timing.least


def _is_over(seen: Sequence[Timed], *, used: float, least: int, seconds: float) -> bool:
    """Whether no further sample may be taken: the time is used, or a further slow one would pass it."""
    if len(seen) >= least and used >= seconds:
        return True
    # One look at the last sample is cheap: this is asked after each.
    if len(seen) < min(FEW_SAMPLES, least) or seen[-1].seconds <= SLOW_CALL:
        return False
    middle = median([timed.seconds for timed in seen]).value
    return middle > SLOW_CALL and used + middle > seconds


def _reason_to_stop(seen: Sequence[Timed], width: float | None, *, used: float, is_narrow: bool) -> str:
    """Why there are no more samples; `width` is half the interval, None where there are too few for one."""
    if width is not None:
        return f"±{width:.1%} after {used:.1f} s" if is_narrow else f"budget used, ±{width:.1%}"
    if median([timed.seconds for timed in seen]).value > SLOW_CALL:
        return f"{len(seen)} samples of over {SLOW_CALL:g} s: no time for more"
    return f"budget used by {len(seen)} samples"
