"""The tables of eval: the scores side by side, then each network's classes and the pairs that it mixes up."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from benchbox.errors import RecordError
from benchbox.records.rows import Row
from benchbox.records.scores import confused_pairs, confusion_of_file, per_class
from benchbox.report import text
from benchbox.report.cells import (
    ACCURACY,
    NAME,
    accuracy_cell,
    name_cell,
    percent_cell,
    real_cell,
    reasons,
    right_cell,
    sources,
)
from benchbox.report.grid import Cell, Column, Grid, Line
from benchbox.report.naming import row_names

# A table of more classes than this shows the worst ones only.
MOST_CLASSES = 25
SCORED_ON = {"test": "held-out pictures", "train": "training pictures", "all": "all pictures"}
COLUMNS = (
    NAME,
    ACCURACY,
    Column(title="Right", better="higher"),
    Column(title="Top 5", detail="%", better="higher"),
    Column(title="Macro F1", detail="%", better="higher"),
    Column(title="Loss", better="lower"),
    Column(title="Pictures", detail="/s", better="higher"),
)
TOP5 = 3


def eval_tables(seen: Sequence[Row], folder: Path) -> list[Grid]:
    """A summary of all evaluations, then for each its classes and the pairs that it mixes up."""
    names = row_names(seen)
    lines = tuple(_eval_line(name, row) for name, row in zip(names, seen, strict=True))
    notes = (_scored_on(seen), *sources(seen, names), *reasons(seen, names))
    grids = [_without_empty_top5(Grid(title="Evaluation", columns=COLUMNS, sections=(lines,), notes=notes))]
    for name, row in zip(names, seen, strict=True):
        grids += _class_tables(name, row, folder)
    return grids


def _scored_on(seen: Sequence[Row]) -> str:
    parts = dict.fromkeys(SCORED_ON[row.spec.data.part] for row in seen)
    return f"Scored on {' or '.join(parts) or 'nothing yet'}; accuracy with Wilson's 95 % interval."


def _without_empty_top5(grid: Grid) -> Grid:
    """With five classes or fewer nobody has a top 5, and the column would only say so."""
    if any(line[TOP5].value is not None for line in grid.lines):
        return grid
    sections = tuple(tuple((*line[:TOP5], *line[TOP5 + 1 :]) for line in section) for section in grid.sections)
    return replace(grid, columns=(*COLUMNS[:TOP5], *COLUMNS[TOP5 + 1 :]), sections=sections)


def _eval_line(name: str, row: Row) -> Line:
    accuracy = row.accuracy
    if accuracy is None:
        return name_cell(name), accuracy_cell(row), *(Cell() for _ in range(5))
    speed = accuracy.pictures_per_second
    return (
        name_cell(name),
        accuracy_cell(row),
        right_cell(row),
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
