"""Seconds a call of both arms, made comparable: one number a pair or process, and the bounds of new over base.

Arms that took turns here (A/B) are compared pair by pair. Stored runs met another state of the machine each, so
that every process is taken relative to the control network beside it, and the arms are independent.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from benchbox.gate.decision import bounds, bounds_apart
from benchbox.gate.pairs import Slices, blocks_of
from benchbox.gate.verdict import Bounds, Series
from benchbox.records.ratios import block_ratios, took_turns
from benchbox.records.record import Record

METRIC = "sample_seconds"
CONTROL = "control_seconds"


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Time of new over that of the base; `bounds` are None for too few replicates.

    `base` and `new` are seconds a call. `left_out` counts the pairs that only one arm ended.
    """

    bounds: Bounds | None
    series: Series
    base: float | None
    new: float | None
    left_out: int = 0


def in_pairs(base: Slices, new: Slices, *, margin: float) -> Compared:
    """Arms that took turns: each pair is one log-ratio, the median over its blocks."""
    blocks = blocks_of(base, new)
    series = Series(
        differences=tuple(map(median, blocks.values())),
        base=tuple(median(base[number]) for number in blocks),
        new=tuple(median(new[number]) for number in blocks),
        blocks=tuple(blocks.values()),
        base_traces=tuple(tuple(base[number]) for number in blocks),
        new_traces=tuple(tuple(new[number]) for number in blocks),
    )
    return Compared(
        bounds=bounds(series.differences, margin=margin),
        series=series,
        base=middle(series.base),
        new=middle(series.new),
        left_out=len(base.keys() | new.keys()) - len(blocks),
    )


def relative_to_control(base: Sequence[Record], new: Sequence[Record], *, margin: float) -> Compared:
    """Stored runs: each process is one number, the row's time over the control's. Every record has both."""
    logs = [[relative(record) for record in side] for side in (base, new)]
    return Compared(
        bounds=bounds_apart(logs[0], logs[1], margin=margin),
        series=Series(
            base=tuple(map(math.exp, logs[0])),
            new=tuple(map(math.exp, logs[1])),
            base_traces=tuple(record.values(METRIC) for record in base),
            new_traces=tuple(record.values(METRIC) for record in new),
        ),
        base=seconds(base),
        new=seconds(new),
    )


def apart(base: Sequence[float], new: Sequence[float], *, margin: float) -> Compared:
    """Seconds of independent processes as they stand, without a control."""
    logs = [[math.log(value) for value in side] for side in (base, new)]
    return Compared(
        bounds=bounds_apart(logs[0], logs[1], margin=margin),
        series=Series(base=tuple(base), new=tuple(new)),
        base=middle(base),
        new=middle(new),
    )


def seconds(records: Sequence[Record]) -> float | None:
    """Seconds a call: the median over processes of each one's median; None of no record."""
    return middle([median(record.values(METRIC)) for record in records])


def middle(values: Sequence[float]) -> float | None:
    """The median, None of nothing."""
    return median(values) if values else None


def relative(record: Record) -> float:
    """The logarithm of a process's time over its control's, of a record with both.

    In turns it is that of its blocks, else of the medians.
    """
    samples, control = record.values(METRIC), record.values(CONTROL)
    if took_turns(record) and (ratios := block_ratios(control, samples)):
        return median(map(math.log, ratios))
    return math.log(median(samples) / median(control))
