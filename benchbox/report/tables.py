"""The tables of train and bench, and the choice of the tables that a command ends with."""

from collections.abc import Container, Sequence
from dataclasses import replace
from pathlib import Path

from benchbox.plan.spec import Plan
from benchbox.records.estimate import LEAST_PROCESSES
from benchbox.records.ranking import SHARES, by_setting, common_share
from benchbox.records.record import Record
from benchbox.records.rows import Row, rows
from benchbox.report import text
from benchbox.report.ablation import LADDER, ablation_grids, ladder_table
from benchbox.report.cells import (
    ACCURACY,
    NAME,
    PARAMETERS,
    accuracy_cell,
    count_cell,
    latency_cell,
    memory_cell,
    name_cell,
    ranges,
    real_cell,
    reasons,
    right_cell,
    row_line,
    sources,
    timing_cell,
)
from benchbox.report.details import detail_grids
from benchbox.report.evaluation import eval_tables
from benchbox.report.grid import Cell, Column, Grid, Line, without_blank
from benchbox.report.milestones import milestone_grid, seconds_cell, share_column
from benchbox.report.naming import row_names
from benchbox.report.profile import profile_grids
from benchbox.report.ranking import ranking_grid
from benchbox.report.under import under_grid

BENCHED = {"infer", "train_step", "largest_batch"}
SHARE_EXPLAINED = (
    "seconds and epochs of one fit until that accuracy, the highest of 100, 99 and 90 % that a row reached."
)


def result_grids(folder: Path, plan: Plan, records: Sequence[Record]) -> list[Grid]:
    """The tables that a command ends with, chosen by what was planned and what was run."""
    return [*_own_grids(folder, plan, records), *profile_grids(folder, plan, records)]


def _own_grids(folder: Path, plan: Plan, records: Sequence[Record]) -> list[Grid]:
    if plan.command == LADDER:
        return [ladder_table(plan, records)]
    if plan.factors:
        return ablation_grids(plan, records)
    seen = rows(records, plan.specs)
    if is_bench(plan, records):
        return bench_grids(plan, seen)
    return eval_tables(seen, folder) if is_evaluation(plan, records) else train_grids(seen)


def is_bench(plan: Plan, records: Sequence[Record]) -> bool:
    """Whether timed rows were planned that stand beside one another, and not as the arms of an ablation."""
    return plan.command != LADDER and not plan.factors and bool(_tasks(plan, records) & BENCHED)


def is_evaluation(plan: Plan, records: Sequence[Record]) -> bool:
    """Whether nothing but evaluations was planned."""
    return _tasks(plan, records) == {"evaluate"}


def _tasks(plan: Plan, records: Sequence[Record]) -> set[str]:
    return {record.spec.task for record in records} or {spec.task for spec in plan.specs}


def bench_grids(plan: Plan, seen: Sequence[Row]) -> list[Grid]:
    """The table of all rows, the answer to the constraints, the ranking, and what else was found of the rows."""
    names = row_names(seen)
    answer, ranking = under_grid(plan.under, seen, names), ranking_grid(seen, names)
    grids = (bench_table(seen), answer, ranking, *detail_grids(seen, names))
    return [grid for grid in grids if grid is not None]


def bench_table(seen: Sequence[Row]) -> Grid:
    """One line a row: size, speed both ways, latency, memory, accuracy, time to it. One setting stands together."""
    names, share = row_names(seen), common_share(seen)
    columns: tuple[Column, ...] = (
        NAME,
        # Two numbers in one column, as of the best epoch in training: eighty columns hold no more.
        replace(PARAMETERS, detail="GFLOP"),
        Column(title="Infer", detail="/s", better="higher"),
        Column(title="p50", detail="ms", better="lower"),
        Column(title="Train", detail="/s", better="higher"),
        Column(title="Peak", detail="MiB", better="lower"),
        ACCURACY,
        *(() if share is None else (share_column(share),)),
    )
    lines = {id(row): _bench_line(name, row, share) for name, row in zip(names, seen, strict=True)}
    groups = list(by_setting(seen).values())
    if len(groups) == len(seen):
        # No two rows are of one setting: they stand together, and none is called the best.
        columns, groups = tuple(replace(column, better="neither") for column in columns), [list(seen)]
    sections = tuple(tuple(lines[id(row)] for row in group) for group in groups)
    grid = Grid(title="Speed, size and accuracy", columns=columns, sections=sections)
    filled = {column.title for column in without_blank(grid).columns}
    explained = (_bench_explained(seen, filled),) if len(filled) > 1 else ()
    notes = (*explained, *reasons(seen, names), *ranges(seen, names), *sources(seen, names))
    return replace(grid, notes=notes)


def _bench_line(name: str, row: Row, share: float | None) -> Line:
    gflop = "" if row.flops is None else text.number(row.flops / 1e9)
    cells = (
        replace(count_cell(row.parameters), detail=gflop),
        timing_cell(row, "infer"),
        latency_cell(row),
        timing_cell(row, "train_step"),
        memory_cell(row, "train_step"),
        accuracy_cell(row),
        *(() if share is None else (seconds_cell(row, share),)),
    )
    return row_line(name, row, cells)


def _bench_explained(seen: Sequence[Row], filled: Container[str]) -> str:
    """What the columns mean in which something is said."""
    speeds = ", ".join(title for title in ("Infer", "Train") if title in filled)
    said = {
        "p50": f"p50: median time of inference on a batch of {_batch_sizes(seen)}.",
        "Peak": "Peak: memory of a training step above the process's floor.",
        PARAMETERS.title: "GFLOP: forward pass of one picture, 1 MAC = 2 FLOP.",
        ACCURACY.title: "Accuracy: on held-out pictures, Wilson 95 %.",
        **{share_column(share).title: f"{share_column(share).title}: {SHARE_EXPLAINED}" for share in SHARES},
    }
    rest = [words for title, words in said.items() if title in filled]
    return " ".join([*([f"{speeds}: pictures a second, {_interval(seen)}."] if speeds else []), *rest])


def _interval(seen: Sequence[Row]) -> str:
    """What the numbers beside a throughput are, each kind that there is."""
    timings = [timing for row in seen for timing in (row.inference, row.training) if timing is not None]
    counts = sorted({timing.processes for timing in timings}, reverse=True)
    return " or ".join(map(_interval_of, counts or [1]))


def _interval_of(processes: int) -> str:
    if processes == 1:
        return "median and its 95 % interval in one process"
    if processes < LEAST_PROCESSES:
        return "mean of two processes' medians and their range"
    return f"mean of {processes} processes' medians and its 95 % interval (Student's t)"


def _batch_sizes(seen: Sequence[Row]) -> str:
    return " or ".join(str(size) for size in dict.fromkeys(row.spec.fit.batch for row in seen))


def train_grids(seen: Sequence[Row]) -> list[Grid]:
    """The table of all fits, and how soon each of them was how accurate."""
    milestones = milestone_grid(seen, row_names(seen))
    return [train_table(seen), *([] if milestones is None else [milestones])]


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
        "Accuracy, Loss: held-out pictures after the last epoch, Wilson 95 %. Best: per cent of them at the best "
        f"epoch, which was chosen on {_chosen_on(seen)}. Train: pictures a second, median over the epochs. "
        "Peak: memory above the process's floor."
    )
    return Grid(title="Training", columns=columns, sections=(lines,), notes=(explained, *reasons(seen, names)))


def _chosen_on(seen: Sequence[Row]) -> str:
    """The pictures on which best epochs were chosen, each kind that there is."""
    kinds = {row.learning.is_chosen_apart for row in seen if row.learning is not None} or {False}
    words = {False: "the held-out pictures themselves", True: "the pictures set aside"}
    return " or ".join(words[kind] for kind in sorted(kinds))


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
