"""Cells that several tables share: a row's values as text with their spread, and the reasons below a table."""

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from benchbox.records.checkpoints import FOLDER
from benchbox.records.estimate import Estimate
from benchbox.records.rows import Row, Slot
from benchbox.report import text
from benchbox.report.doubts import doubt_notes
from benchbox.report.grid import Cell, Column, Line
from benchbox.report.tasks import reason_text, void_text

NAME = Column(title="Architecture", is_text=True)
ACCURACY = Column(title="Accuracy", detail="%", better="higher")
PARAMETERS = Column(title="Param.", better="lower")
VOID = "void"
WIDE = 0.5
# Of more rows than this, all are called so and not by their names.
MOST_NAMED = 3
ABOVE_CEILING = (
    "more than the ceiling: the matrix product was measured while the machine was busy, or an algorithm with fewer "
    "operations ran."
)


def name_cell(name: str) -> Cell:
    """The name of a row."""
    return Cell(text=name)


def row_line(name: str, row: Row, cells: Iterable[Cell]) -> Line:
    """A row's line: its name, then its cells. Those of a void row keep their numbers, marked and not ranked."""
    if not row.void:
        return (name_cell(name), *cells)
    marked = (cell if cell.value is None else replace(cell, value=None, is_bad=True) for cell in cells)
    return (Cell(text=name, detail=f"({VOID})", is_bad=True), *marked)


def speed_cell(speed: Estimate | None) -> Cell:
    """Pictures a second and, where bounds are known, how far they lie."""
    if speed is None:
        return Cell()
    return estimate_cell(text.number(speed.value), _spread(speed), speed)


def estimate_cell(said: str, detail: str, seen: Estimate) -> Cell:
    """A text for an estimate, ranked by its bounds."""
    return Cell(text=said, detail=detail, value=seen.value, low=seen.low, high=seen.high)


def _spread(speed: Estimate) -> str:
    # Of a wide interval the bounds are said, since they do not lie alike on both sides.
    if speed.is_interval and speed.half_width < WIDE:
        return f"±{100 * speed.half_width:.1f} %"
    if speed.low == speed.high:
        return ""
    return f"({text.number(speed.low)}–{text.number(speed.high)})"


def status_cell(row: Row, slot: Slot) -> Cell | None:
    """The status word of a part that did not end well, of several processes with the count of those that did.

    None where it ended well, or was not asked for.
    """
    part = row.parts.get(slot)
    if part is None or part.status == "ok":
        return None
    return Cell(text=part.status, detail=f"{part.done} of {part.processes}" * (part.processes > 1), is_bad=True)


def accuracy_cell(row: Row) -> Cell:
    """Accuracy in per cent with Wilson's interval, or the status word in its place."""
    if row.accuracy is None or row.parts["accuracy"].status != "ok":
        return status_cell(row, "accuracy") or Cell()
    top1 = row.accuracy.top1
    high = "100" if top1.high >= 1 else text.percent(top1.high)
    return estimate_cell(text.percent(top1.value), f"({text.percent(top1.low)}–{high})", top1)


def timing_cell(row: Row, slot: Slot) -> Cell:
    """Throughput of a timed part, or the status word in its place."""
    timing = row.timing(slot)
    return status_cell(row, slot) or speed_cell(timing.pictures_per_second if timing else None)


def latency_cell(row: Row) -> Cell:
    """Milliseconds of an inference batch; the spread stands beside the throughput."""
    if row.inference is None:
        return Cell()
    seconds = row.inference.seconds
    said = text.number(seconds.value * 1000)
    is_good = row.parts["infer"].status == "ok"
    return estimate_cell(said, "", seconds) if is_good else Cell(text=said)


def count_cell(value: int | None) -> Cell:
    """A count; smaller is better where the column says so."""
    return Cell() if value is None else Cell(text=text.count(value), value=value)


def memory_cell(row: Row, slot: Slot) -> Cell:
    """Peak memory of a part in MiB."""
    part = row.parts.get(slot)
    if part is None or part.peak_memory is None:
        return Cell()
    return Cell(text=text.number(part.peak_memory / 2**20), value=part.peak_memory)


def real_cell(value: float | None, *, digits: int) -> Cell:
    """A plain number with a fixed count of decimals."""
    return Cell() if value is None else Cell(text=f"{value:.{digits}f}", value=value)


def percent_cell(value: float | None) -> Cell:
    """A ratio in per cent, without the sign."""
    return Cell() if value is None else Cell(text=text.percent(value), value=value)


def right_cell(row: Row) -> Cell:
    """How many pictures were classified rightly, of how many."""
    if row.accuracy is None:
        return Cell()
    return Cell(text=f"{row.accuracy.correct:,}", detail=f"of {row.accuracy.pictures:,}")


def notes_of(names: Sequence[str], said: Iterable[str]) -> tuple[str, ...]:
    """What is said of each row, a line of text each; rows of which the same is said share one."""
    groups: dict[str, list[str]] = {}
    for name, words in zip(names, said, strict=True):
        if words:
            groups.setdefault(words, []).append(name)
    return tuple(f"{_all_of(group, names)}: {words}" for words, group in groups.items())


def _all_of(group: Sequence[str], names: Sequence[str]) -> str:
    return f"All {len(names)} rows" if len(group) == len(names) > MOST_NAMED else ", ".join(group)


def sources(seen: Sequence[Row], names: Sequence[str]) -> tuple[str, ...]:
    """For each row with an accuracy, where its weights come from and, of a checkpoint, where they were trained."""
    return notes_of(
        names,
        (
            f"accuracy from {row.accuracy.source}{_best_note(row)}{_training_note(row)}." if row.accuracy else ""
            for row in seen
        ),
    )


def _best_note(row: Row) -> str:
    learning, accuracy = row.learning, row.accuracy
    if learning is None or accuracy is None or learning.best_epoch == learning.epochs:
        return ""
    return f" (best {text.share(learning.best_accuracy)} at epoch {learning.best_epoch})"


def _training_note(row: Row) -> str:
    """Which report knows how the weights of a checkpoint were trained; empty where it lies in none."""
    checkpoint = next((record.spec.checkpoint for record in row.records if record.spec.checkpoint), "")
    folder = Path(checkpoint).parent
    return f"; how it learned: `benchbox report {shlex.quote(str(folder.parent))}`" * (folder.name == FOLDER)


def reasons(seen: Sequence[Row], names: Sequence[str]) -> tuple[str, ...]:
    """Which rows are void and why, which are in doubt, and which parts failed or were skipped: how and why."""
    void = (f"{VOID}, not ranked: {void_text(row)}" if row.void else "" for row in seen)
    return (
        *notes_of(names, void),
        *doubt_notes(seen, names),
        *notes_of(names, map(reason_text, seen)),
    )


def ranges(seen: Sequence[Row], names: Sequence[str]) -> tuple[str, ...]:
    """Which throughputs stand on too few samples or processes for an interval, together in one line."""
    few = [
        f"{name} {what} ({timing.seconds.basis})"
        for name, row in zip(names, seen, strict=True)
        for what, timing in (("inference", row.inference), ("training", row.training))
        if timing is not None and not timing.seconds.is_interval
    ]
    return (f"Too few samples for a 95 % interval: {', '.join(few)}.",) if few else ()


def above_ceiling(seen: Sequence[Row], names: Sequence[str]) -> tuple[str, ...]:
    """Which rows did more FLOP/s than the ceiling, and how that can be."""
    timings = ((row.inference, row.training) for row in seen)
    shares = ([timing.share_of_ceiling or 0.0 for timing in pair if timing is not None] for pair in timings)
    return notes_of(names, (ABOVE_CEILING if max(each, default=0.0) > 1 else "" for each in shares))
