"""How many times as fast one training step is as another: from shared blocks where the two took turns, else plain.

A ratio of two processes that knew nothing of one another has no interval here: that of each knows nothing of how
much fresh processes differ.
"""

from collections.abc import Callable, Sequence

from benchbox.plan.schedule import SLICE_SECONDS
from benchbox.plan.spec import Plan
from benchbox.records.ratios import block_ratios, speedup, took_turns
from benchbox.records.record import Record
from benchbox.records.rows import Row
from benchbox.report.cells import estimate_cell
from benchbox.report.grid import Cell

Gain = Callable[[Row | None, Row], Cell]


def gains(plan: Plan) -> Gain:
    """A function of a base and a row: the cell of how many times as fast the row's training step is."""
    groups = {plan.specs[place]: number for number, group in enumerate(plan.turns) for place in group}

    def gain(base: Row | None, row: Row) -> Cell:
        ours, theirs = _step(row), _step(base)
        if ours is None or theirs is None:
            return Cell()
        is_shared = groups.get(ours.spec, -1) == groups.get(theirs.spec, -2) and all(
            map(took_turns, (ours, theirs))
        )
        return _shared_gain(theirs, ours) if is_shared else _plain_gain(base, row)

    return gain


def _step(row: Row | None) -> Record | None:
    """The record of a row's training step."""
    return next((record for record in (row.records if row else ()) if record.spec.task == "train_step"), None)


def _shared_gain(base: Record, arm: Record) -> Cell:
    if base.spec == arm.spec:
        return Cell(text="1.00", value=1.0)
    seen = speedup(base, arm)
    if seen is None:
        return Cell()
    spread = f"±{100 * seen.half_width:.1f} %" if seen.is_interval else f"({seen.low:.2f}–{seen.high:.2f})"
    return estimate_cell(f"{seen.value:.2f}", spread, seen)


def _plain_gain(base: Row | None, row: Row) -> Cell:
    if base is None or base.training is None or row.training is None:
        return Cell()
    gain = row.training.pictures_per_second.value / base.training.pictures_per_second.value
    return Cell(text=f"{gain:.2f}", value=gain)


def turns_note(plan: Plan, seen: Sequence[Row], *, what: str, gained: str) -> tuple[str, ...]:
    """What the ratios named `gained` are, where training steps of `what` took turns; nothing where none did."""
    slices = {
        record.spec: record.values("sample_seconds") for row in seen for record in row.records if took_turns(record)
    }
    blocks = [_blocks([slices.get(plan.specs[place], ()) for place in group]) for group in plan.turns]
    if not any(blocks):
        return ()
    few, many = min(filter(None, blocks)), max(blocks)
    count = f"{many}" if few == many else f"{few} to {many}"
    return (
        f"The {what} of an architecture took turns in slices of about {SLICE_SECONDS:g} s, or one step, all alive "
        f"at once; {gained}: median of {count} blocks, in each of which all of them were seen, and its 95 % "
        "interval (with fewer than six blocks, the range).",
    )


def _blocks(samples: Sequence[Sequence[float]]) -> int:
    """How many blocks the arm that lived longest has seen."""
    return max((len(block_ratios(series, series)) for series in samples), default=0)
