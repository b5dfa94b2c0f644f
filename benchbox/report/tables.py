"""The tables of train and bench, and the choice of the tables that a command ends with."""

from collections.abc import Sequence
from pathlib import Path

from benchbox.plan.spec import Plan
from benchbox.records.record import Record
from benchbox.records.rows import Row, rows
from benchbox.report import text
from benchbox.report.ablation import LADDER, ablation_table, ladder_table
from benchbox.report.cells import (
    ACCURACY,
    NAME,
    PARAMETERS,
    accuracy_cell,
    count_cell,
    memory_cell,
    name_cell,
    ranges,
    real_cell,
    reasons,
    right_cell,
    sources,
    timing_cell,
)
from benchbox.report.evaluation import eval_tables
from benchbox.report.grid import Cell, Column, Grid, Line
from benchbox.report.naming import row_names


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
        "Infer, Train: pictures a second, median and its 95 % interval. p50: median time of inference on a batch "
        f"of {_batch_sizes(seen)}. Peak: memory of a training step above the process's floor. "
        "GFLOP: forward pass of one picture, 1 MAC = 2 FLOP. Accuracy: on held-out pictures, Wilson 95 %."
    )
    notes = (explained, *sources(seen, names), *ranges(seen, names), *reasons(seen, names))
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


def train_table(seen: Sequence[Row]) -> Grid:
    """One line a fit: what the last epoch reached, the best one, speed, time and memory."""
    names = row_names(seen)
    columns = (
        NAME,
        PARAMETERS,
        ACCURACY,
        Column(title="Right", better="higher"),
        Column(title="Best", detail="% epoch", better="higher"),
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
        right_cell(row),
        _best_cell(row),
        real_cell(row.accuracy.loss if row.accuracy else None, digits=3),
        Cell() if speed is None else Cell(text=text.number(speed.value), value=speed.value),
        _time_cell(row),
        memory_cell(row, "accuracy"),
    )


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
