"""The tables of eval: scores, networks against one another, robustness, calibration, each one's classes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import pandas as pd

from benchbox.errors import RecordError
from benchbox.records.calibration import Calibration, calibrate
from benchbox.records.mcnemar import Duel, duel, with_holm
from benchbox.records.robustness import Robustness, robustness_of
from benchbox.records.rows import Row
from benchbox.records.scores import confused_pairs, confusion_of_file, per_class, read_predictions
from benchbox.report import text
from benchbox.report.calibration import calibration_grid
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
from benchbox.report.duels import duels_grid
from benchbox.report.grid import Cell, Column, Grid, Line
from benchbox.report.naming import row_names
from benchbox.report.robustness import robustness_grid

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
    """All evaluations side by side, against one another, disturbed, calibrated; then the classes of each."""
    names = row_names(seen)
    lines = tuple(_eval_line(name, row) for name, row in zip(names, seen, strict=True))
    notes = (_scored_on(seen), *sources(seen, names), *reasons(seen, names))
    summary = _without_empty_top5(Grid(title="Evaluation", columns=COLUMNS, sections=(lines,), notes=notes))
    fought = find_duels(seen, names, folder)
    overviews = (
        duels_grid(fought.found, names, notes=fought.notes),
        robustness_grid(robustnesses(seen, names)),
        calibration_grid(calibrations(seen, names, folder)),
    )
    grids = [summary, *(grid for grid in overviews if grid is not None)]
    for name, row in zip(names, seen, strict=True):
        grids += _class_tables(name, row, folder)
    return grids


@dataclass(frozen=True, kw_only=True)
class Duels:
    """Every pair of evaluations that can be compared, and why others cannot."""

    found: list[Duel]
    notes: tuple[str, ...] = ()


def find_duels(seen: Sequence[Row], names: Sequence[str], folder: Path) -> Duels:
    """Each evaluation against each other one of the same pictures, by their places in `seen`.

    Those that left no predictions are not among them: the tables say below the row why.
    """
    frames = {place: frame for place, row in enumerate(seen) if (frame := _readable(row, folder)) is not None}
    found, notes = list[Duel](), list[str]()
    for first, second in combinations(frames, 2):
        is_same = _digest(seen[first]) == _digest(seen[second])
        fought = duel(first, second, (frames[first], frames[second])) if is_same else None
        if fought is not None:
            found.append(fought)
        else:
            why = "they share no picture that was scored" if is_same else "they were scored on other pictures"
            notes.append(f"{names[first]} and {names[second]} are not compared: {why}.")
    return Duels(found=with_holm(found), notes=tuple(notes))


def _digest(row: Row) -> str:
    return row.parts["accuracy"].actual.data_digest


def robustnesses(seen: Sequence[Row], names: Sequence[str]) -> dict[str, Robustness]:
    """What rows tell of disturbed pictures, by their names; only of rows that were asked for it."""
    records = ((name, record) for name, row in zip(names, seen, strict=True) for record in row.records)
    return {name: found for name, record in records if (found := robustness_of(record)) is not None}


def calibrations(seen: Sequence[Row], names: Sequence[str], folder: Path) -> dict[str, Calibration]:
    """How far the probabilities of rows can be believed, by their names; only of rows that left predictions."""
    frames = {name: _readable(row, folder) for name, row in zip(names, seen, strict=True)}
    return {name: calibration_of(frame) for name, frame in frames.items() if frame is not None}


def calibration_of(frame: pd.DataFrame) -> Calibration:
    """The calibration in a predictions file."""
    return calibrate(frame["probability"].tolist(), (frame["label_rank"] == 1).tolist())


def _readable(row: Row, folder: Path) -> pd.DataFrame | None:
    """A row's predictions file; None where it left none, or none that can be read."""
    part = row.parts.get("accuracy")
    path = part.files.get("predictions") if part else None
    if path is None:
        return None
    try:
        return read_predictions(folder / path)
    except RecordError:
        # The tables say below the row that its predictions cannot be read.
        return None


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
