"""What else a bench found of its rows: the stages of a training step, one-time work, ceilings, parity."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from benchbox.records.rows import Row, Slot
from benchbox.records.timing import STAGES
from benchbox.report import text
from benchbox.report.cells import NAME, above_ceiling, percent_cell, row_line, status_cell
from benchbox.report.doubts import folded
from benchbox.report.grid import Cell, Column, Grid, without_blank

_STAGE_WORDS = {
    "data_wait": "Wait",
    "copy": "Copy",
    "forward": "Forward",
    "backward": "Backward",
    "optimizer": "Optimizer",
}
STEP_EXPLAINED = (
    "Shares of a training step, in a pass of its own: Wait until the next batch is there, Copy to the device "
    "and normalise."
)
ACTIVATIONS = "Activations: memory held for the backward pass, a picture."
LARGEST = "Max batch: most pictures of a training step that fitted; ≥ where the search ended early."
SEARCH_FURTHER = "; a larger --budget searches further"
RESERVED = "Reserved: most memory that the GPU's allocator held in a training step."
FIRST = "First batch: seconds from the construction of the network to the end of its first batch."
CEILING = (
    "Of the ceiling: FLOP/s by those of the fastest matrix product seen here at this precision; a training step "
    "counts as three forward passes."
)
PARITY = (
    "Off fp32: distance of the logits from those of plain fp32 with the same weights and pictures, as a ratio; "
    "below it how often the likeliest class is another one, if ever."
)


@dataclass(frozen=True, kw_only=True)
class _Detail:
    """A column, how a row fills it, and what explains it below the table."""

    column: Column
    of: Callable[[Row], Cell]
    note: str


def _stage(stage: str) -> _Detail:
    column = Column(title=_STAGE_WORDS[stage], detail="%")
    return _Detail(column=column, of=lambda row: percent_cell(row.step_shares.get(stage)), note=STEP_EXPLAINED)


def _activations(row: Row) -> Cell:
    seen = row.activation_bytes
    return Cell() if seen is None else Cell(text=text.number(seen / 2**20), value=seen)


def _reserved(row: Row) -> Cell:
    part = row.parts.get("train_step")
    seen = part.peak_reserved if part else None
    return Cell() if seen is None else Cell(text=text.number(seen / 2**20), value=seen)


def _largest(row: Row) -> Cell:
    found = row.largest_batch
    if found is None or row.parts["largest_batch"].status != "ok":
        return status_cell(row, "largest_batch") or Cell()
    return Cell(text=f"{'≥ ' if found.is_bound else ''}{found.pictures:,}", value=found.pictures)


def _first_batch(slot: Slot) -> Callable[[Row], Cell]:
    def cell(row: Row) -> Cell:
        part = row.parts.get(slot)
        seconds = part.time_to_first_batch if part else None
        return Cell() if seconds is None else Cell(text=text.number(seconds), value=seconds)

    return cell


def _of_ceiling(slot: Slot) -> Callable[[Row], Cell]:
    def cell(row: Row) -> Cell:
        timing = row.timing(slot)
        share = timing.share_of_ceiling if timing else None
        if timing is None or share is None or row.parts[slot].status != "ok":
            return Cell()
        speed = timing.pictures_per_second
        scale = share / speed.value
        return Cell(text=text.number(100 * share), value=share, low=scale * speed.low, high=scale * speed.high)

    return cell


def _parity(row: Row) -> Cell:
    if row.parity_error is None:
        return Cell()
    differs = 0.0 if row.parity_top1 is None else 1 - row.parity_top1
    return Cell(
        text=f"{row.parity_error:.1e}", detail=text.share(differs) if differs else "", value=row.parity_error
    )


_STEP = (
    *(_stage(stage) for stage in STAGES),
    _Detail(column=Column(title="Activ.", detail="MiB", better="lower"), of=_activations, note=ACTIVATIONS),
    _Detail(column=Column(title="Reserved", detail="MiB", better="lower"), of=_reserved, note=RESERVED),
    _Detail(column=Column(title="Max batch", better="higher"), of=_largest, note=LARGEST),
)
_FIRST_INFER = Column(title="First batch", detail="infer s", better="lower")
_FIRST_TRAIN = Column(title="First batch", detail="train s", better="lower")
_OTHER = (
    _Detail(column=_FIRST_INFER, of=_first_batch("infer"), note=FIRST),
    _Detail(column=_FIRST_TRAIN, of=_first_batch("train_step"), note=FIRST),
    _Detail(
        column=Column(title="Of the ceiling", detail="infer %"),
        of=_of_ceiling("infer"),
        note=CEILING,
    ),
    _Detail(
        column=Column(title="Of the ceiling", detail="train %"),
        of=_of_ceiling("train_step"),
        note=CEILING,
    ),
    _Detail(column=Column(title="Off fp32", better="lower"), of=_parity, note=PARITY),
)


def detail_grids(seen: Sequence[Row], names: Sequence[str]) -> list[Grid]:
    """Up to two grids; a column that no row fills is left out, and one-time work alone makes no grid."""
    step = _grid("Inside a training step", _STEP, seen, names, further=_bounds(seen, names))
    other = _grid("First batch, ceiling and parity", _OTHER, seen, names, further=above_ceiling(seen, names))
    has_more = {column.title for column in other.columns} - {NAME.title, _FIRST_INFER.title}
    return [*([step] if len(step.columns) > 1 else []), *([other] if has_more else [])]


def _bounds(seen: Sequence[Row], names: Sequence[str]) -> tuple[str, ...]:
    """Why searches for the largest batch ended early."""
    said = [
        (name, f"{found.reason}{SEARCH_FURTHER * found.is_out_of_time}")
        for name, row in zip(names, seen, strict=True)
        if (found := row.largest_batch) is not None and found.is_bound
    ]
    return tuple(f"{text.listed(concerned)}: {why}." for concerned, why in folded(said))


def _grid(
    title: str, details: Sequence[_Detail], seen: Sequence[Row], names: Sequence[str], *, further: Sequence[str]
) -> Grid:
    """`further` are notes below those that explain the columns."""
    lines = tuple(
        row_line(name, row, [one.of(row) for one in details]) for name, row in zip(names, seen, strict=True)
    )
    columns = (NAME, *(one.column for one in details))
    grid = without_blank(Grid(title=title, columns=columns, sections=(lines,)))
    notes = dict.fromkeys(one.note for one in details if one.column in grid.columns)
    return replace(grid, notes=(*notes, *further))
