"""The ranking below a bench: places with ties, times relative to the fastest, Pareto fronts. Ranked elsewhere."""

from collections.abc import Iterable, Sequence

from benchbox.records.estimate import LEAST_PROCESSES, WELCH, Estimate
from benchbox.records.ranking import Criterion, Front, Standing, by_setting, standings
from benchbox.records.rows import Row, Slot
from benchbox.report import text
from benchbox.report.cells import NAME, row_line
from benchbox.report.grid import Cell, Column, Grid, Line, without_blank

TITLE = "Ranking"
COLUMNS = (
    NAME,
    Column(title="Infer", detail="place"),
    Column(title="Time", detail="×"),
    Column(title="Train", detail="place"),
    Column(title="Time", detail="×"),
    Column(title="Acc.", detail="place"),
    Column(title="Size", detail="place"),
    Column(title="Front", is_text=True),
)
FRONTS: dict[Front, str] = {"latency": "speed", "parameters": "size"}
APART = "Only rows of one batch size and one image size are ranked with one another."
ONE_PROCESS = "Intervals of one process a cell; fresh processes differ by more: --processes 3 tells by how much."
TWO_PROCESSES = "Two processes a cell give a range, not an interval: --processes 3 gives one."


def ranking_grid(seen: Sequence[Row], names: Sequence[str]) -> Grid | None:
    """The standing of each row, a section a setting; None where no setting has two rows to rank."""
    found = standings(seen)
    if not any(rank.worst > 1 for one in found for rank in one.ranks.values()):
        return None
    named = list(zip(names, found, strict=True))
    settings = by_setting(seen)
    sections = tuple(tuple(_line(name, one) for name, one in named if one.setting == each) for each in settings)
    notes = (_explained(found), *([APART] if len(settings) > 1 else []), *_blindness(seen))
    return without_blank(Grid(title=TITLE, columns=COLUMNS, sections=sections, notes=notes))


def _line(name: str, one: Standing) -> Line:
    cells = (
        _place(one, "inference"),
        _time(one, "infer"),
        _place(one, "training"),
        _time(one, "train_step"),
        _place(one, "accuracy"),
        _place(one, "parameters"),
        _fronts(one),
    )
    return row_line(name, one.row, cells)


def _place(one: Standing, criterion: Criterion) -> Cell:
    rank = one.ranks.get(criterion)
    return Cell() if rank is None else Cell(text=place_text(rank.best, rank.worst))


def place_text(best: int, worst: int) -> str:
    """`1`, or `1–3` where it may be any of them."""
    return str(best) if best == worst else f"{best}–{worst}"


def _time(one: Standing, slot: Slot) -> Cell:
    time = one.times.get(slot)
    if time is None:
        return Cell()
    detail = "" if time.low == time.high else f"({text.number(time.low)}–{text.number(time.high)})"
    return Cell(text=text.number(time.value), detail=detail)


def _fronts(one: Standing) -> Cell:
    words = [FRONTS[front] for front in one.fronts]
    return Cell(text=words[0], detail=" ".join(words[1:])) if words else Cell()


def _explained(found: Iterable[Standing]) -> str:
    times: list[Estimate] = [time for one in found for time in one.times.values()]
    how = (
        "Welch's 95 % interval" if any(time.basis == WELCH for time in times) else "from the ends of the intervals"
    )
    return (
        "place: a row is before another only where their intervals do not overlap; 1–2 is a tie. "
        f"Time ×: how many times as long as the fastest, {how}. "
        "Front: in accuracy against speed, or size, no other row is as good in both and surely better in one."
    )


def _blindness(seen: Sequence[Row]) -> tuple[str, ...]:
    """What the intervals cannot know, and what would tell it."""
    timings = [timing for row in seen for timing in (row.inference, row.training) if timing is not None]
    most = max((timing.processes for timing in timings), default=LEAST_PROCESSES)
    return (ONE_PROCESS,) if most == 1 else (TWO_PROCESSES,) if most < LEAST_PROCESSES else ()
