"""Cells that several tables share: a row's values as text with their spread, and the reasons below a table."""

from collections.abc import Sequence

from benchbox.records.estimate import Estimate
from benchbox.records.rows import Row, Slot, Timing
from benchbox.report import text
from benchbox.report.grid import Cell, Column

INTERVAL = "95 % interval"
NAME = Column(title="Architecture", is_text=True)
ACCURACY = Column(title="Accuracy", detail="%", better="higher")
PARAMETERS = Column(title="Param.", better="lower")


def name_cell(name: str) -> Cell:
    """The name of a row."""
    return Cell(text=name)


def speed_cell(speed: Estimate | None) -> Cell:
    """Pictures a second and, where bounds are known, how far they lie."""
    if speed is None:
        return Cell()
    return Cell(text=text.number(speed.value), detail=_spread(speed), value=speed.value)


def _spread(speed: Estimate) -> str:
    if speed.basis == INTERVAL:
        return f"±{100 * speed.half_width:.1f} %"
    if speed.low == speed.high:
        return ""
    return f"({text.number(speed.low)}–{text.number(speed.high)})"


def status_cell(row: Row, slot: Slot) -> Cell | None:
    """The status word of a part that did not end well; None where it did, or was not asked for."""
    part = row.parts.get(slot)
    return Cell(text=part.status, is_bad=True) if part and part.status != "ok" else None


def accuracy_cell(row: Row) -> Cell:
    """Accuracy in per cent with Wilson's interval, or the status word in its place."""
    if row.accuracy is None or row.parts["accuracy"].status != "ok":
        return status_cell(row, "accuracy") or Cell()
    top1 = row.accuracy.top1
    high = "100" if top1.high >= 1 else text.percent(top1.high)
    return Cell(text=text.percent(top1.value), detail=f"({text.percent(top1.low)}–{high})", value=top1.value)


def timing_cell(row: Row, slot: Slot) -> Cell:
    """Throughput of a timed part, or the status word in its place."""
    timing = row.inference if slot == "infer" else row.training
    return status_cell(row, slot) or speed_cell(timing.pictures_per_second if timing else None)


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


def sources(seen: Sequence[Row], names: Sequence[str]) -> tuple[str, ...]:
    """One line for each row with an accuracy: where its weights come from."""
    return tuple(
        f"{name}: accuracy from {row.accuracy.source}{_best_note(row)}."
        for name, row in zip(names, seen, strict=True)
        if row.accuracy is not None
    )


def _best_note(row: Row) -> str:
    learning, accuracy = row.learning, row.accuracy
    if learning is None or accuracy is None or learning.best_epoch == learning.epochs:
        return ""
    return f" (best {text.share(learning.best_accuracy)} at epoch {learning.best_epoch})"


def reasons(rows: Sequence[Row], names: Sequence[str]) -> tuple[str, ...]:
    """One line for each row with a part that failed or was skipped: which, how it ended and why."""
    return tuple(f"{name}: {row.reason}" for name, row in zip(names, rows, strict=True) if row.reason)


def ranges(rows: Sequence[Row], names: Sequence[str]) -> tuple[str, ...]:
    """Which throughputs stand on too few samples for an interval of the median, together in one line."""
    few = [
        f"{name} {what} ({timing.pictures_per_second.basis})"
        for name, row in zip(names, rows, strict=True)
        for what, timing in (("inference", row.inference), ("training", row.training))
        if timing is not None and not _has_interval(timing)
    ]
    return (f"Too few samples for a 95 % interval: {', '.join(few)}.",) if few else ()


def _has_interval(timing: Timing) -> bool:
    return timing.pictures_per_second.basis == INTERVAL
