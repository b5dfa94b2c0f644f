"""One record of two processes that did the same work one after the other, with those of another arm between them.

They take the place of an arm that is alive beside the other: A B B A is then an order of processes, and their first
blocks stand for the first block of the arm.
"""

import math
from collections.abc import Sequence
from itertools import chain

from msgspec.structs import replace

from benchbox.plan.schedule import SLICES_A_BLOCK
from benchbox.records.record import Measurement, Record

PER_SLICE = ("sample_seconds", "control_seconds", "wall_seconds")


def join_halves(halves: Sequence[Record]) -> Record:
    """The record of an arm of which there are one or two; one that failed is the whole.

    A block of the arm has the means of a block of either process for its slices, as many as both have.
    """
    failed = [record for record in halves if record.status != "ok"]
    if failed or len(halves) == 1:
        return (failed or list(halves))[0]
    first, second = halves
    return replace(
        first,
        seconds=first.seconds + second.seconds,
        measurements=tuple(joined for seen in first.measurements if (joined := _joined(seen, second))),
        states=first.states + second.states,
    )


def _joined(seen: Measurement, second: Record) -> Measurement | None:
    """What both processes saw of a metric of slices, else what the first saw; None where no whole block is left."""
    if seen.metric not in PER_SLICE:
        return seen
    blocks = zip(_means(seen.values), _means(second.values(seen.metric)), strict=False)
    values = tuple(chain.from_iterable(blocks))
    return replace(seen, values=values) if values else None


def _means(slices: Sequence[float]) -> list[float]:
    """The mean of the slices of every whole block."""
    whole = range(0, len(slices) - SLICES_A_BLOCK + 1, SLICES_A_BLOCK)
    return [math.fsum(slices[start : start + SLICES_A_BLOCK]) / SLICES_A_BLOCK for start in whole]
