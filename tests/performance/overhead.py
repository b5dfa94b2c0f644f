"""What the harness costs: an empty step may take 2 µs of a sample, or 0.1 % of one.

What limits it: two readings of the clock and a call a sample; nothing is allocated between them.
"""

import statistics
import time
from collections.abc import Callable

from benchbox.engine.laps import Laps
from benchbox.engine.sampling import SHORTEST_SAMPLE, take_samples, time_calls
from benchbox.plan.spec import TimingSpec
from performance.claim import Claim

MICROSECONDS = 2.0
SHARE = 0.001
SAMPLES = 2000


def claims() -> list[Claim]:
    """The cost of an empty call in one sample, of one repeated call, and of laps that are not kept."""
    return [_bracket(), _repeated(), _laps()]


def _timed(call: Callable[[], None], repeats: int) -> float:
    return time_calls(call, repeats, clock=time.perf_counter, synchronise=_nothing).seconds


def _nothing() -> None:
    """An empty step."""


def _bracket() -> Claim:
    seconds = [_timed(_nothing, 1) for _ in range(SAMPLES)]
    return _claim("one empty call, with both readings of the clock, a sample", seconds, of=SHORTEST_SAMPLE)


def _repeated() -> Claim:
    taken = take_samples(
        _nothing,
        TimingSpec(seconds=2.0, goal=0.001),
        estimate=1e-7,
        clock=time.perf_counter,
        synchronise=_nothing,
    )
    return _claim("one empty call, repeated within samples, a call", list(taken.seconds), of=SHORTEST_SAMPLE)


def _laps() -> Claim:
    laps = Laps(clock=time.perf_counter, synchronise=_nothing)

    def step() -> None:
        for stage in ("data wait", "copy", "forward", "backward", "optimizer"):
            laps(stage)

    repeats = 100
    seconds = [_timed(step, repeats) for _ in range(SAMPLES)]
    return _claim("five laps that nobody keeps, a step", seconds, of=SHORTEST_SAMPLE)


def _claim(what: str, seconds: list[float], *, of: float) -> Claim:
    seen = statistics.median(seconds)
    limit = max(MICROSECONDS * 1e-6, SHARE * of)
    return Claim(
        what=what,
        seen=f"{seen * 1e6:.3f} µs",
        limit=f"≤ {limit * 1e6:g} µs",
        holds=seen <= limit,
        raw={"seconds": seconds[:50]},
    )
