"""The control network: the same frozen work in both arms, whose differences are the machine's and nobody's code."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain
from statistics import median

from benchbox.gate.hard_keys import timed_records
from benchbox.gate.pairing import Both
from benchbox.gate.pairs import Slices, slices
from benchbox.gate.times import CONTROL, apart, in_pairs
from benchbox.gate.verdict import Bounds, ControlSeen, Mode, State
from benchbox.plan.schedule import SLICES_A_BLOCK
from benchbox.records.ratios import took_turns
from benchbox.records.record import Record

Values = tuple[float, ...]
Sides = tuple[Values, Values]


def control_seen(rows: Iterable[Both], *, mode: Mode, margin: float) -> ControlSeen | None:
    """The control in both arms, None where fewer than two pairs or processes have one."""
    timed = [(timed_records(row.base), timed_records(row.new)) for row in rows]
    if mode == "A/B":
        seen = in_pairs(*_slices(timed), margin=margin)
    else:
        seen = apart(
            *(_processes([record for row in timed for record in row[side]]) for side in (0, 1)), margin=margin
        )
    if seen.bounds is None:
        return None
    is_clean = mode == "stored" or not _has_left(seen.bounds, margin)
    return ControlSeen(bounds=seen.bounds, floor=_half_width(seen.bounds), is_clean=is_clean, series=seen.series)


def disturbance(control: ControlSeen | None, *, margin: float) -> tuple[State, str] | None:
    """What the control of arms that took turns forbids to say of a row with this margin; None where nothing."""
    if control is None:
        return "INCOMPARABLE", "the control network was not timed in two pairs"
    low, high = control.bounds.low, control.bounds.high
    if _has_left(control.bounds, margin):
        return "CONTAMINATED", f"the control network itself differs between the arms: {low:.3f} to {high:.3f}"
    if control.floor > margin:
        return "INCONCLUSIVE", f"this run's noise floor is {control.floor:.1%}, over the margin of {margin:.1%}"
    return None


def _slices(timed: Iterable[tuple[Sequence[Record], Sequence[Record]]]) -> tuple[Slices, Slices]:
    """The control's slices in both arms of each pair, by its number, those of one process once.

    Rows of one process tell of the same slices, each as far as it worked itself. Rows that had processes to
    themselves, since memory forbade more, each tell of others.
    """
    found = defaultdict[int, set[Sides]](set)
    for records in timed:
        base, new = (slices(side, metric=CONTROL) for side in records)
        for number in base.keys() & new.keys():
            whole = min(len(base[number]), len(new[number])) // SLICES_A_BLOCK * SLICES_A_BLOCK
            found[number].add((base[number][:whole], new[number][:whole]))
    joined: tuple[dict[int, Values], dict[int, Values]] = ({}, {})
    for number, seen in found.items():
        for side, parts in zip(joined, zip(*_apart(seen), strict=True), strict=True):
            side[number] = tuple(chain.from_iterable(parts))
    return joined


def _apart(seen: Iterable[Sides]) -> list[Sides]:
    """Without those that are the beginning of another."""
    kept: list[Sides] = []
    for base, new in sorted(seen, key=lambda sides: (-len(sides[0]), sides)):
        if not any(base == other[: len(base)] and new == another[: len(new)] for other, another in kept):
            kept.append((base, new))
    return kept


def _processes(records: Sequence[Record]) -> list[float]:
    """The control's seconds in each process: a row's own, or all that took turns in one, which tell of the same."""
    processes: dict[object, list[float]] = defaultdict(list)
    for record in records:
        if values := record.values(CONTROL):
            processes[record.spec.repeat if took_turns(record) else record.spec].append(median(values))
    return sorted(map(median, processes.values()))


def _half_width(seen: Bounds) -> float:
    return math.sqrt(seen.high / seen.low) - 1


def _has_left(seen: Bounds, margin: float) -> bool:
    """Whether the control surely differs, and perhaps by more than the margin.

    A wide interval around 1 is noise, of which the floor tells; a narrow one beside 1 that stays within the margin
    is too little to matter. To ask that every interval be within the margin would call one quiet run in ten
    contaminated.
    """
    return (seen.low > 1 and seen.high > 1 + margin) or (seen.high < 1 and seen.low < 1 / (1 + margin))
