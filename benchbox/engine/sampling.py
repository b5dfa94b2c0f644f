"""Timed samples of one call: when to stop, and what was seen. The clock is a parameter: tests pass a fake."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchbox.plan.spec import TimingSpec
from benchbox.records.estimate import LEAST_FOR_INTERVAL, median

Clock = Callable[[], float]

# A shorter call is repeated within a sample, so that the timer's own cost stays under 0.1 %.
SHORTEST_SAMPLE = 1e-3
# Over this many seconds a sample, three samples must do, and their range is shown in place of an interval.
SLOW_SAMPLE = 2.0
FEW = 3
# Short samples are noisier: ask for more of them before the first look.
BRISK_SAMPLE = 0.1
BRISK_LEAST = 10


@dataclass(frozen=True, kw_only=True)
class Samples:
    """Seconds a call, in the order seen, and why sampling stopped."""

    seconds: tuple[float, ...]
    reason: str


def time_calls(call: Callable[[], object], repeats: int, *, clock: Clock, synchronise: Callable[[], None]) -> float:
    """Seconds a call over `repeats` calls: only the work stands between the two readings of the clock."""
    synchronise()
    began = clock()
    for _ in range(repeats):
        call()
    synchronise()
    return (clock() - began) / repeats


def take_samples(
    call: Callable[[], object],
    timing: TimingSpec,
    *,
    estimate: float,
    clock: Clock,
    synchronise: Callable[[], None],
    taken: Sequence[float] = (),
) -> Samples:
    """Sample until the median's 95 % interval is within ± `timing.goal`, or `timing.seconds` are used.

    `estimate` is about how many seconds one call takes. Never fewer than `timing.least` samples are taken,
    but for calls of over two seconds, of which three suffice.
    """
    repeats = max(1, math.ceil(SHORTEST_SAMPLE / max(estimate, 1e-9)))
    least = _least(timing, estimate)
    seconds = list(taken)
    began = clock()
    look_at = least
    while True:
        seconds.append(time_calls(call, repeats, clock=clock, synchronise=synchronise))
        if len(seconds) < look_at:
            continue
        # Looks are spaced out: scipy's answer takes longer than a short sample.
        look_at = math.ceil(len(seconds) * 1.2)
        reason = _reason_to_stop(seconds, used=clock() - began, timing=timing)
        if reason:
            return Samples(seconds=tuple(seconds), reason=reason)


def half_width(seconds: Sequence[float]) -> float | None:
    """How far the median's 95 % interval reaches from it, as a ratio of it; None under six samples."""
    return median(seconds).half_width if len(seconds) >= LEAST_FOR_INTERVAL else None


def _least(timing: TimingSpec, estimate: float) -> int:
    if estimate > SLOW_SAMPLE:
        return min(FEW, timing.least)
    return max(BRISK_LEAST, timing.least) if estimate < BRISK_SAMPLE else timing.least


def _reason_to_stop(seconds: Sequence[float], *, used: float, timing: TimingSpec) -> str:
    width = half_width(seconds)
    if width is None:
        if median(seconds).value > SLOW_SAMPLE:
            return f"{len(seconds)} samples of over {SLOW_SAMPLE:g} s each"
        return f"budget used by {len(seconds)} samples" if used >= timing.seconds else ""
    if width <= timing.goal:
        return f"±{width:.1%} after {used:.1f} s"
    return f"budget used, ±{width:.1%}" if used >= timing.seconds else ""
