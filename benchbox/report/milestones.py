"""Time to accuracy: how long fits trained until a share of the held-out pictures was right. Ranked elsewhere."""

from collections.abc import Callable, Sequence

from benchbox.records.ranking import SHARES, ranked_seconds_to, seconds_to
from benchbox.records.rows import Row
from benchbox.report import text
from benchbox.report.cells import NAME, estimate_cell, name_cell
from benchbox.report.grid import Cell, Column, Grid

TITLE = "Time to accuracy"
EXPLAINED = (
    "To N%: time of training, evaluations left out, and epochs until so many of the held-out pictures were right "
    f"for the first time; {text.ABSENT}: not reached."
)


def share_column(share: float) -> Column:
    """The head of a time to an accuracy in seconds: `To 99%`."""
    return Column(title=f"To {share:.0%}", detail="s", better="lower")


def seconds_cell(row: Row, share: float) -> Cell:
    """Seconds to an accuracy, with the epochs; blank where it was not reached or no fit was seen."""
    return _cell(row, share, text.number)


def milestone_grid(seen: Sequence[Row], names: Sequence[str]) -> Grid | None:
    """One line a fit: the time to each of SHARES; None where no fit reached even the lowest."""
    shares = sorted(SHARES)
    lines = tuple(
        (name_cell(name), *(_cell(row, share, text.duration) for share in shares))
        for name, row in zip(names, seen, strict=True)
    )
    if all(cell == Cell() for line in lines for cell in line[1:]):
        return None
    columns = (NAME, *(Column(title=f"To {share:.0%}", detail="epochs", better="lower") for share in shares))
    return Grid(title=TITLE, columns=columns, sections=(lines,), notes=(EXPLAINED,))


def _cell(row: Row, share: float, said: Callable[[float], str]) -> Cell:
    """A fit that broke off later shows when it got there, and is not ranked."""
    reached = row.learning.milestone(share) if row.learning is not None else None
    seconds = seconds_to(row, share)
    if reached is None or seconds is None:
        return Cell()
    words, epochs = said(seconds.value), f"{reached.epoch} ep."
    if ranked_seconds_to(row, share) is None:
        return Cell(text=words, detail=epochs)
    return estimate_cell(words, epochs, seconds)
