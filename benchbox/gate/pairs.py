"""The pairs of one row: one fresh process of each arm, that took turns in slices; one log-ratio a pair.

The machine's drift meets both arms of a pair alike and falls out of their blocks' ratios. Pairs are the replicates:
two copies of one network in one process differ for good, by where they lie in memory.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from statistics import median

from benchbox.records.ratios import block_ratios, took_turns
from benchbox.records.record import Record

Slices = Mapping[int, Sequence[float]]


def pair_differences(base_records: Iterable[Record], new_records: Iterable[Record]) -> dict[int, float]:
    """The log-ratio of new over base of each pair of one row, by its number: the median over its blocks.

    Pairs that only one of the arms ended well are left out.
    """
    return {number: median(blocks) for number, blocks in pair_blocks(base_records, new_records).items()}


def pair_blocks(base_records: Iterable[Record], new_records: Iterable[Record]) -> dict[int, tuple[float, ...]]:
    """The log-ratios of new over base of each pair's blocks, by its number and in the order seen."""
    return blocks_of(slices(base_records), slices(new_records))


def slices(records: Iterable[Record], *, metric: str = "sample_seconds") -> dict[int, tuple[float, ...]]:
    """Seconds a call of the slices of one row, or of the control beside it, in each pair by its number."""
    return {
        record.spec.repeat: values
        for record in records
        if record.status == "ok" and took_turns(record) and (values := record.values(metric))
    }


def blocks_of(base: Slices, new: Slices) -> dict[int, tuple[float, ...]]:
    """Log-ratios of new over base block by block, of the pairs that have a whole block of both arms."""
    ratios = {number: block_ratios(base[number], new[number]) for number in sorted(base.keys() & new.keys())}
    return {number: tuple(map(math.log, seen)) for number, seen in ratios.items() if seen}
