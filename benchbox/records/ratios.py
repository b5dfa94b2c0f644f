"""Ratios of arms that took turns, block by block: the machine's drift meets both arms alike, and falls out.

An arm's samples are the seconds a call of its slices, two a block, in the order of the blocks; arms of one
group began together, so that equal places mean equal blocks.
"""

import math
from collections.abc import Sequence

from benchbox.plan.schedule import SLICES_A_BLOCK
from benchbox.records.estimate import Estimate, median
from benchbox.records.record import Record


def block_ratios(base: Sequence[float], arm: Sequence[float]) -> list[float]:
    """Seconds of an arm over those of the base, the mean of its slices each, for every block that both ended."""
    blocks = min(len(base), len(arm)) // SLICES_A_BLOCK
    return [_block(arm, place) / _block(base, place) for place in range(blocks)]


def _block(samples: Sequence[float], place: int) -> float:
    return math.fsum(samples[place * SLICES_A_BLOCK : (place + 1) * SLICES_A_BLOCK])


def slowdown(base: Sequence[float], arm: Sequence[float]) -> Estimate | None:
    """Seconds of an arm over those of the base: the median over blocks and its distribution-free 95 % interval.

    It is taken of the logarithms, so that swapping the two arms gives exactly the reciprocal. Fewer than six
    blocks have a range, none None.
    """
    ratios = block_ratios(base, arm)
    if not ratios:
        return None
    seen = median([math.log(ratio) for ratio in ratios])
    low, high = math.exp(seen.low), math.exp(seen.high)
    return Estimate(value=math.exp(seen.value), low=low, high=high, basis=seen.basis)


def took_turns(record: Record) -> bool:
    """Whether a record's samples are slices, two a block, and not those of a cell that was timed by itself."""
    return record.actual.in_turns


def speedup(base: Record, arm: Record) -> Estimate | None:
    """How many times as many pictures a second an arm's cell does as the base's; see `slowdown`."""
    seen = slowdown(base.values("sample_seconds"), arm.values("sample_seconds"))
    return seen.inverse(arm.spec.fit.batch / base.spec.fit.batch) if seen is not None else None
