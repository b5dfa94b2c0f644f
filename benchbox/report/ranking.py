"""The ranking below a bench: places with ties, times relative to the fastest, Pareto fronts. Ranked elsewhere."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from benchbox.records.estimate import LEAST_PROCESSES, WELCH
from benchbox.records.ranking import SHARES, Criterion, Front, Rank, Standing, by_setting, common_share, standings
from benchbox.records.rows import Row, Slot
from benchbox.records.timing import INTERVAL_ENDS, RANGE_ENDS
from benchbox.report import text
from benchbox.report.cells import NAME, row_line
from benchbox.report.grid import Cell, Column, Grid, Line, without_blank
from benchbox.report.milestones import share_column

TITLE = "Ranking"
FRONTS: dict[Front, str] = {"latency": "speed", "parameters": "size"}
PLACE = "place: a row is before another only where their intervals do not overlap; 1–2 is a tie."
UNSURE = (
    "?: by a range, which is no interval: of a few samples, of two processes, or of the epoch in which one fit got "
    "there; the other places take it for one."
)
FRONT = "Front: in accuracy against speed, or size, no other row is as good in both and surely better in one."
# In the order in which they are named.
BASES = {
    WELCH: "Welch's 95 % interval",
    INTERVAL_ENDS: "from the ends of the intervals",
    RANGE_ENDS: "from the ends of ranges, and no interval",
}
APART = "Only rows of one batch size and one image size are ranked with one another."
ONE_PROCESS = "Intervals of one process a cell; fresh processes differ by more: --processes 3 tells by how much."
TWO_PROCESSES = "Two processes a cell give a range, not an interval: --processes 3 gives one."


def ranking_grid(seen: Sequence[Row], names: Sequence[str]) -> Grid | None:
    """The standing of each row, a section a setting; None where no setting has two rows to rank."""
    found = standings(seen)
    if not any(rank.worst > 1 for one in found for rank in one.ranks.values()):
        return None
    named, share = list(zip(names, found, strict=True)), common_share(seen)
    settings = by_setting(seen)
    sections = tuple(
        tuple(_line(name, one, share) for name, one in named if one.setting == each) for each in settings
    )
    grid = without_blank(Grid(title=TITLE, columns=_columns(share), sections=sections))
    notes = (_explained(grid, found), *([APART] if len(settings) > 1 else []), *_blindness(seen))
    return replace(grid, notes=notes)


def _columns(share: float | None) -> tuple[Column, ...]:
    """`share` is the accuracy to which the times of fits are ranked, None where none is."""
    return (
        NAME,
        Column(title="Infer", detail="place"),
        Column(title="Time", detail="×"),
        Column(title="Train", detail="place"),
        Column(title="Time", detail="×"),
        Column(title="Acc.", detail="place"),
        *(() if share is None else (replace(share_column(share), detail="place", better="neither"),)),
        Column(title="Size", detail="place"),
        Column(title="Front", is_text=True),
    )


def _line(name: str, one: Standing, share: float | None) -> Line:
    cells = (
        _place(one, "inference"),
        _time(one, "infer"),
        _place(one, "training"),
        _time(one, "train_step"),
        _place(one, "accuracy"),
        *(() if share is None else (_place(one, SHARES[share]),)),
        _place(one, "parameters"),
        _fronts(one),
    )
    return row_line(name, one.row, cells)


def _place(one: Standing, criterion: Criterion) -> Cell:
    rank = one.ranks.get(criterion)
    return Cell() if rank is None else Cell(text=place_text(rank))


def place_text(rank: Rank) -> str:
    """`1`, `1–3` where it may be any of them, `2?` where it is told from a mere range."""
    places = str(rank.best) if rank.best == rank.worst else f"{rank.best}–{rank.worst}"
    return places if rank.is_sure else f"{places}?"


def _time(one: Standing, slot: Slot) -> Cell:
    time = one.times.get(slot)
    if time is None:
        return Cell()
    detail = "" if time.low == time.high else f"({text.number(time.low)}–{text.number(time.high)})"
    return Cell(text=text.number(time.value), detail=detail)


def _fronts(one: Standing) -> Cell:
    words = [FRONTS[front] for front in one.fronts]
    return Cell(text=words[0], detail=" ".join(words[1:])) if words else Cell()


def _explained(grid: Grid, found: Sequence[Standing]) -> str:
    """What the columns mean that are there."""
    titles = {column.title for column in grid.columns}
    said = [PLACE]
    if any(not rank.is_sure for one in found for rank in one.ranks.values()):
        said.append(UNSURE)
    if "Time" in titles:
        said.append(f"Time ×: how many times as long as the fastest, {_bases(found)}.")
    if "Front" in titles:
        said.append(FRONT)
    return " ".join(said)


def _bases(found: Iterable[Standing]) -> str:
    """What the bounds of the ratios are, each kind that there is."""
    seen = {time.basis for one in found for time in one.times.values()}
    return " or ".join(words for basis, words in BASES.items() if basis in seen)


def _blindness(seen: Sequence[Row]) -> tuple[str, ...]:
    """What the intervals cannot know, and what would tell it."""
    timings = [timing for row in seen for timing in (row.inference, row.training) if timing is not None]
    most = max((timing.processes for timing in timings), default=LEAST_PROCESSES)
    return (ONE_PROCESS,) if most == 1 else (TWO_PROCESSES,) if most < LEAST_PROCESSES else ()
