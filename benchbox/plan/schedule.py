"""In which order arms take turns, and for how long: blocks that a steady drift of the machine cannot bias.

Pure arithmetic from a seed. Which arms are alive, and when enough blocks were seen, others say.
"""

import math
import random
from collections.abc import Sequence

from benchbox.plan.spec import FEW_SAMPLES, SLOW_CALL

# Long against waking up an arm, short against the minutes over which a shared host changes.
SLICE_SECONDS = 0.1
SLICES_A_BLOCK = 2
# Threads of the arm that worked before spin after their last work, on the cores of the one that works now: those of
# libgomp for about 3 ms (GOMP_SPINCOUNT), and for several times that where they share cores.
WAKE_SECONDS = 0.01
# An interval of the median needs six blocks. A slow call makes a slice alone, and has no untimed one before it.
LEAST_BLOCKS = 6


def block_order(arms: Sequence[int], block: int, *, seed: int) -> tuple[int, ...]:
    """The turns of block `block`, from 0: every arm once forward and once backward, A B C C B A.

    Two blocks after one another begin at opposite ends (A B B A, then B A A B); each such pair has its own
    order of arms, drawn from `seed`. An arm's places in a block always have the same sum, so that a drift
    which is linear within the block adds equally to all.
    """
    once = list(arms)
    random.Random(f"{seed} {block // 2}").shuffle(once)
    if block % 2:
        once.reverse()
    return (*once, *reversed(once))


def slice_seconds(seconds: float) -> float:
    """How long a slice of an arm shall be that may take `seconds` in all.

    Shorter than SLICE_SECONDS only where LEAST_BLOCKS of them, with as much time again for what is not timed,
    would not be over in time.
    """
    return min(SLICE_SECONDS, seconds / (2 * SLICES_A_BLOCK * LEAST_BLOCKS))


def calls_a_slice(estimate: float, *, seconds: float) -> int:
    """How many calls of `estimate` seconds make a slice of about `seconds`: one at least."""
    return max(1, round(seconds / max(estimate, 1e-9)))


def untimed_calls(estimate: float, *, ahead: int = 0) -> int:
    """How many calls wake an arm up before its slice is timed.

    As many as last for WAKE_SECONDS, and none where a call is slow: what waking costs is lost in it. `ahead`
    batches that a loader has fetched while the arm slept must be used up as well, or the slice would not see what
    loading costs.
    """
    waking = 0 if estimate > SLOW_CALL else math.ceil(WAKE_SECONDS / max(estimate, 1e-9))
    return max(ahead, waking)


def least_blocks(estimates: Sequence[float]) -> int:
    """How many blocks arms need whose calls take so many seconds."""
    return FEW_SAMPLES if max(estimates) > SLOW_CALL else LEAST_BLOCKS
