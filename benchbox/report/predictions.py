"""What `benchbox predict` answers: a table of pictures, or one JSON document."""

import msgspec

from benchbox.records.predictions import Prediction, Predictions
from benchbox.report import text
from benchbox.report.grid import Cell, Column, Grid, Line
from benchbox.version import __version__

# History of the JSON document.
#   1  2026-11: the first.
PREDICTIONS_SCHEMA = 1


class _Document(msgspec.Struct, frozen=True, kw_only=True):
    schema: int
    benchbox: str
    predictions: Predictions


def predictions_grid(seen: Predictions) -> Grid:
    """A line a picture: its class, how probable that is, the next likeliest; or why it was not read."""
    columns = (
        Column(title="Picture", is_text=True),
        Column(title="Class", is_text=True),
        Column(title="%"),
        Column(title="Then, with %", is_text=True),
    )
    notes = (
        f"{seen.network} from {seen.checkpoint} ({seen.weights}), trained on {seen.data}: "
        f"{len(seen.classes):,} classes; {seen.device}, {seen.precision}.",
    )
    return Grid(title="Predictions", columns=columns, sections=(tuple(map(_line, seen.pictures)),), notes=notes)


def _line(seen: Prediction) -> Line:
    if seen.fault:
        return Cell(text=seen.picture), Cell(text="unreadable", is_bad=True), Cell(), Cell(text=seen.fault)
    first, *others = seen.likeliest
    then = ", ".join(f"{guess.label} {text.percent(guess.probability)}" for guess in others)
    return (
        Cell(text=seen.picture),
        Cell(text=first.label),
        Cell(text=text.percent(first.probability)),
        Cell(text=then or text.ABSENT),
    )


def predictions_document(seen: Predictions) -> bytes:
    """All of the answers as one JSON document with a final newline; probabilities are ratios."""
    document = _Document(schema=PREDICTIONS_SCHEMA, benchbox=__version__, predictions=seen)
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
