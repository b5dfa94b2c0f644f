"""The calls before the timing: made until they take equally long, or their share of the time is used.

Nothing here is a sample. When a call is too slow to be warmed up at all, the cell decides.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

from benchbox.engine.sampling import Clock
from benchbox.records.estimate import median

# The last calls must agree so well, and not become quicker one by one.
STABLE_CALLS, STABLE = 3, 0.03
# Clocks and caches take their time, however short the calls are.
STABLE_SECONDS = 0.1
# Where the time is used all the same, two calls are made.
LEAST_CALLS = 2
# The last third of the calls may be quicker than the third before by so much; two calls tell nothing.
FALLING = 0.1
LEAST_FOR_FALL = 3


def warm_up(
    call: Callable[[], object], *, seconds: float, clock: Clock, synchronise: Callable[[], None]
) -> tuple[float, ...]:
    """Call until the calls are stable, or `seconds` are used; returns the seconds of each call."""
    seen: list[float] = []
    used = 0.0
    began = clock()
    while not (len(seen) >= LEAST_CALLS and used >= seconds) and not (used >= STABLE_SECONDS and is_stable(seen)):
        before = clock()
        call()
        synchronise()
        now = clock()
        seen.append(now - before)
        used = now - began
    return tuple(seen)


def is_stable(seconds: Sequence[float]) -> bool:
    """Whether the last three calls agree within 3 % and did not become quicker one by one."""
    last = seconds[-STABLE_CALLS:]
    if len(last) < STABLE_CALLS or max(last) > (1 + STABLE) * min(last):
        return False
    return not all(later < earlier for earlier, later in pairwise(last))


def still_falling(seconds: Sequence[float]) -> tuple[str, ...]:
    """The doubt of a warm-up that ended while its calls became quicker by over 10 %; empty where there is none.

    The last third is compared with the third before; what their intervals explain is no fall.
    """
    if len(seconds) < LEAST_FOR_FALL or is_stable(seconds):
        return ()
    third = len(seconds) // 3
    before, last = median(seconds[-2 * third : -third]), median(seconds[-third:])
    fall = 1 - last.value / before.value if before.value else 0.0
    if fall <= FALLING or last.high >= before.low:
        return ()
    return (
        f"not warmed up: the last calls of the warm-up were {fall:.0%} quicker than those before: a larger "
        "--budget warms up longer",
    )
