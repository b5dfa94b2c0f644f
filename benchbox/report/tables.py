"""The tables of train, eval and bench, and the choice of the tables that a command ends with."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from benchbox.errors import RecordError
from benchbox.plan.spec import Plan
from benchbox.records.record import Record
from benchbox.records.rows import Row, rows
from benchbox.records.scores import confused_pairs, confusion_of_file, per_class
from benchbox.report import text
from benchbox.report.ablation import LADDER, ablation_table, ladder_table
from benchbox.report.cells import (
    accuracy_cell,
    count_cell,
    memory_cell,
    name_cell,
    percent_cell,
    ranges,
    real_cell,
    reasons,
    timing_cell,
)
from benchbox.report.grid import Cell, Column, Grid, Line
from benchbox.report.naming import row_names

# A table of more classes than this shows the worst ones only.
MOST_CLASSES = 25
NAME = Column(title="Architecture", is_text=True)
ACCURACY = Column(title="Accuracy", detail="%", better="higher")
PARAMETERS = Column(title="Param.", better="lower")


def result_grids(folder: Path, plan: Plan, records: Sequence[Record]) -> list[Grid]:
    """The tables that a command ends with, chosen by what was planned and what was run."""
    tasks = {record.spec.task for record in records} or {spec.task for spec in plan.specs}
    if plan.command == LADDER:
        return [ladder_table(plan, records)]
    if plan.factors:
        return [ablation_table(plan, records)]
    if tasks & {"infer", "train_step"}:
        return [bench_table(rows(records))]
    if tasks == {"evaluate"}:
        return eval_tables(rows(records), folder)
    return [train_table(rows(records))]


def bench_table(seen: Sequence[Row]) -> Grid:
    """One line an architecture: size, speed both ways, latency, memory, accuracy."""
    names = row_names(seen)
    columns = (
        NAME,
        PARAMETERS,
        Column(title="GFLOP", better="lower"),
        Column(title="Infer", detail="/s", better="higher"),
        Column(title="p50", detail="ms", better="lower"),
        Column(title="Train", detail="/s", better="higher"),
        Column(title="Peak", detail="MiB", better="lower"),
        ACCURACY,
    )
    lines = tuple(_bench_line(name, row) for name, row in zip(names, seen, strict=True))
    explained = (
        "Infer, Train: pictures a second, median and its 95 % interval. p50: median time of a batch of "
        f"{_batch_sizes(seen)}. Peak: memory of a training step above the process's floor. "
        "GFLOP: forward pass of one picture, 1 MAC = 2 FLOP. Accuracy: on held-out pictures, Wilson 95 %."
    )
    notes = (explained, *_sources(seen, names), *ranges(seen, names), *reasons(seen, names))
    return Grid(title="Speed, size and accuracy", columns=columns, sections=(lines,), notes=notes)


def _bench_line(name: str, row: Row) -> Line:
    gflop = Cell() if row.flops is None else Cell(text=text.number(row.flops / 1e9), value=row.flops)
    latency = row.inference.p50 if row.inference else None
    return (
        name_cell(name),
        count_cell(row.parameters),
        gflop,
        timing_cell(row, "infer"),
        Cell() if latency is None else Cell(text=text.number(latency * 1000), value=latency),
        timing_cell(row, "train_step"),
        memory_cell(row, "train_step"),
        accuracy_cell(row),
    )


def _batch_sizes(seen: Sequence[Row]) -> str:
    return " or ".join(str(size) for size in dict.fromkeys(row.spec.fit.batch_size for row in seen))


def _sources(seen: Sequence[Row], names: Sequence[str]) -> tuple[str, ...]:
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


def train_table(seen: Sequence[Row]) -> Grid:
    """One line a fit: what the last epoch reached, the best one, speed, time and memory."""
    names = row_names(seen)
    columns = (
        NAME,
        PARAMETERS,
        ACCURACY,
        Column(title="Right", detail="of held-out", better="higher"),
        Column(title="Best", detail="epoch", better="higher"),
        Column(title="Loss", better="lower"),
        Column(title="Train", detail="/s", better="higher"),
        Column(title="Time", detail="epochs", better="lower"),
        Column(title="Peak", detail="MiB", better="lower"),
    )
    lines = tuple(_train_line(name, row) for name, row in zip(names, seen, strict=True))
    explained = (
        "Accuracy, Loss: held-out pictures after the last epoch, Wilson 95 %. Best: per cent at the best epoch, "
        "which was chosen on the held-out pictures themselves. Train: pictures a second, median over the epochs. "
        "Peak: memory above the process's floor."
    )
    return Grid(title="Training", columns=columns, sections=(lines,), notes=(explained, *reasons(seen, names)))


def _train_line(name: str, row: Row) -> Line:
    learning = row.learning
    speed = learning.pictures_per_second if learning else None
    return (
        name_cell(name),
        count_cell(row.parameters),
        accuracy_cell(row),
        _right_cell(row),
        _best_cell(row),
        real_cell(row.accuracy.loss if row.accuracy else None, digits=3),
        Cell() if speed is None else Cell(text=text.number(speed.value), value=speed.value),
        _time_cell(row),
        memory_cell(row, "accuracy"),
    )


def _right_cell(row: Row) -> Cell:
    if row.accuracy is None:
        return Cell()
    return Cell(text=f"{row.accuracy.correct:,}", detail=f"of {row.accuracy.pictures:,}")


def _best_cell(row: Row) -> Cell:
    learning = row.learning
    if learning is None:
        return Cell()
    best = learning.best_accuracy
    return Cell(text=text.percent(best), detail=f"ep. {learning.best_epoch}", value=best)


def _time_cell(row: Row) -> Cell:
    learning = row.learning
    if learning is None:
        return Cell()
    seconds = learning.fit_seconds or row.parts["accuracy"].seconds
    return Cell(text=text.duration(seconds), detail=f"{learning.epochs} ep.", value=seconds)


def eval_tables(seen: Sequence[Row], folder: Path) -> list[Grid]:
    """A summary of all evaluations, then for each its classes and the pairs that it mixes up."""
    names = row_names(seen)
    columns = (
        NAME,
        ACCURACY,
        Column(title="Right", detail="of held-out", better="higher"),
        Column(title="Top 5", detail="%", better="higher"),
        Column(title="Macro F1", detail="%", better="higher"),
        Column(title="Loss", better="lower"),
        Column(title="Pictures", detail="/s", better="higher"),
    )
    lines = tuple(_eval_line(name, row) for name, row in zip(names, seen, strict=True))
    sources = _sources(seen, names)
    grids = [Grid(title="Evaluation", columns=columns, sections=(lines,), notes=(*sources, *reasons(seen, names)))]
    for name, row in zip(names, seen, strict=True):
        grids += _class_tables(name, row, folder)
    return grids


def _eval_line(name: str, row: Row) -> Line:
    accuracy = row.accuracy
    if accuracy is None:
        return name_cell(name), accuracy_cell(row), *(Cell() for _ in range(5))
    speed = accuracy.pictures_per_second
    return (
        name_cell(name),
        accuracy_cell(row),
        _right_cell(row),
        percent_cell(accuracy.top5),
        percent_cell(accuracy.macro_f1),
        real_cell(accuracy.loss, digits=3),
        Cell() if speed is None else Cell(text=text.number(speed), value=speed),
    )


def row_confusion(row: Row, folder: Path) -> pd.DataFrame | None:
    """The confusion matrix of a row's predictions file; None where it left none. Raises RecordError."""
    part = row.parts.get("accuracy")
    path = part.files.get("predictions") if part else None
    return confusion_of_file(folder / path, part.actual.classes) if part and path else None


def _class_tables(name: str, row: Row, folder: Path) -> list[Grid]:
    try:
        matrix = row_confusion(row, folder)
    except RecordError as error:
        return [Grid(title=f"{name}: classes", columns=(), sections=(), notes=(str(error),))]
    return [] if matrix is None else [class_table(name, matrix), pairs_table(name, matrix)]


def class_table(name: str, matrix: pd.DataFrame) -> Grid:
    """Precision, recall and F1 of each class; of many classes the worst ones."""
    scores = per_class(matrix)
    hidden = len(scores) - MOST_CLASSES
    if hidden > 0:
        scores = scores.sort_values("f1", kind="stable", na_position="first").head(MOST_CLASSES)
    columns = (
        Column(title="Class", is_text=True),
        Column(title="Precision", detail="%"),
        Column(title="Recall", detail="%"),
        Column(title="F1", detail="%"),
        Column(title="Pictures"),
    )
    lines = tuple(
        (Cell(text=str(label)), *(_score_cell(value) for value in ratios), Cell(text=f"{support:,}"))
        for label, *ratios, support in scores.itertuples()
    )
    notes = (f"The {MOST_CLASSES} worst; {hidden:,} more in the predictions file.",) if hidden > 0 else ()
    return Grid(title=f"{name}: classes", columns=columns, sections=(lines,), notes=notes)


def _score_cell(value: float) -> Cell:
    return Cell() if pd.isna(value) else Cell(text=text.percent(value))


def pairs_table(name: str, matrix: pd.DataFrame) -> Grid:
    """The most frequent mistakes."""
    columns = (
        Column(title="Picture of", is_text=True),
        Column(title="taken for", is_text=True),
        Column(title="Pictures"),
        Column(title="Share", detail="%"),
    )
    lines = tuple(
        (Cell(text=label), Cell(text=predicted), Cell(text=f"{pictures:,}"), Cell(text=text.percent(part)))
        for label, predicted, pictures, part in confused_pairs(matrix).itertuples(index=False)
    )
    notes = () if lines else ("No picture was taken for one of another class.",)
    return Grid(title=f"{name}: most confused", columns=columns, sections=(lines,), notes=notes)
