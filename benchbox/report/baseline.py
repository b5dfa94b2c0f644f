"""A baseline as a table and as one JSON document: its rows, of what code and machine they are, and how old."""

import math
from collections.abc import Sequence
from statistics import median

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchbox.gate.evidence import Arm
from benchbox.gate.naming import names_of
from benchbox.gate.rows import RowSeen, rows_of
from benchbox.gate.times import relative
from benchbox.records.fingerprint import short_hash
from benchbox.records.ratios import took_turns
from benchbox.report import text
from benchbox.report.grid import Cell, Column, Grid, print_grid, without_blank

# History of the JSON document.
#   1  2026-11: the first.
SCHEMA = 1

COLUMNS = (
    Column(title="Row", is_text=True),
    Column(title="Param."),
    Column(title="FLOP"),
    Column(title="Time"),
    Column(title="× control"),
    Column(title="Peak"),
    Column(title="Accuracy"),
    Column(title="Records"),
)


class BaselineRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a baseline: medians over its processes or seeds, None for what it has not.

    `seconds` are those of a call, `to_control` their ratio to the control network's. `records` counts those that
    ended well, `failed` the others. A row with faults has no times.
    """

    case: str
    row: str
    parameters: float | None
    flops: float | None
    seconds: float | None
    to_control: float | None
    peak_memory: float | None
    top1: float | None
    records: int
    failed: int


class _Document(msgspec.Struct, frozen=True, kw_only=True):
    schema: int
    file: str
    today: str
    made: str
    age_days: float | None
    commit: str
    is_dirty: bool
    benchbox: str
    torch: tuple[str, ...]
    fingerprint: str
    doubts: tuple[str, ...]
    faults: tuple[str, ...]
    rows: tuple[BaselineRow, ...]


def baseline_rows(arm: Arm) -> tuple[BaselineRow, ...]:
    """The rows of a baseline, in its order."""
    seen = rows_of(arm)
    names = names_of({case: row.spec for case, row in seen.items()})
    return tuple(_row(row, names[case]) for case, row in seen.items())


def _row(row: RowSeen, name: str) -> BaselineRow:
    # A time that cannot be, such as 0, is a fault of its row: there is nothing to take a logarithm of.
    timed = () if row.faults else row.measured("sample_seconds")
    times = [median(record.values("sample_seconds")) for record in timed]
    to_control = [math.exp(relative(record)) for record in timed if record.values("control_seconds")]
    return BaselineRow(
        case=row.case,
        row=name,
        parameters=_middle(row, "parameters"),
        flops=_middle(row, "flops"),
        seconds=median(times) if times else None,
        to_control=median(to_control) if to_control else None,
        peak_memory=_middle(row, "peak_memory", is_alone=True),
        top1=_middle(row, "top1"),
        records=len(row.good),
        failed=len(row.failed) + len(row.faults),
    )


def _middle(row: RowSeen, metric: str, *, is_alone: bool = False) -> float | None:
    """The median over records, of which those that shared their process may not count."""
    seen = [record for record in row.measured(metric) if not (is_alone and took_turns(record))]
    values = [record.values(metric)[-1] for record in seen]
    return median(values) if values else None


def print_baseline(console: Console, arm: Arm, *, doubts: Sequence[str]) -> None:
    """The rows, then what they are of, and what speaks against them."""
    print_grid(console, baseline_grid(arm))
    console.print()
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for title, said in _lines(arm, doubts):
        table.add_row(Text(title, style="bold"), Text(said))
    console.print(table)


def baseline_grid(arm: Arm) -> Grid:
    """The table of the rows; columns in which no row has anything are left out."""
    return without_blank(
        Grid(title="Baseline", columns=COLUMNS, sections=(tuple(_cells(row) for row in baseline_rows(arm)),))
    )


def _cells(row: BaselineRow) -> tuple[Cell, ...]:
    return (
        Cell(text=row.row),
        Cell() if row.parameters is None else Cell(text=text.count(row.parameters)),
        Cell() if row.flops is None else Cell(text=text.flop(row.flops)),
        Cell() if row.seconds is None else Cell(text=text.duration(row.seconds)),
        Cell() if row.to_control is None else Cell(text=text.number(row.to_control)),
        Cell() if row.peak_memory is None else Cell(text=text.size(row.peak_memory)),
        Cell() if row.top1 is None else Cell(text=text.share(row.top1)),
        Cell(text=f"{row.records}{f' + {row.failed} failed' if row.failed else ''}", is_bad=bool(row.failed)),
    )


def _lines(arm: Arm, doubts: Sequence[str]) -> list[tuple[str, str]]:
    source = arm.source
    print_ = source.fingerprint
    age = "" if source.age_days is None else f", {text.plural(round(source.age_days), 'day')} ago"
    of_code = f"{source.commit}{', with files that were not committed' if source.is_dirty else ''}"
    lines = [
        ("File", source.asked),
        ("Made", f"{_made(arm) or text.ABSENT}{age}"),
        ("Commit", of_code or text.ABSENT),
        ("Software", f"benchbox {source.benchbox or text.ABSENT}, torch {', '.join(_torch(arm)) or text.ABSENT}"),
        ("Machine", f"{short_hash(print_)}: {print_.cpu}, {print_.system}" if print_ else text.ABSENT),
    ]
    return [*lines, *(("Fault", fault.reason) for fault in arm.faults), *(("Doubt", doubt) for doubt in doubts)]


def _made(arm: Arm) -> str:
    return max((record.started for record in arm.records), default="")


def _torch(arm: Arm) -> tuple[str, ...]:
    return tuple(sorted({record.environment.torch for record in arm.records if record.environment is not None}))


def baseline_document(arm: Arm, *, doubts: Sequence[str], today: str) -> bytes:
    """One JSON document: the rows, what they are of, and what speaks against them."""
    source = arm.source
    document = _Document(
        schema=SCHEMA,
        file=source.asked,
        today=today,
        made=_made(arm),
        age_days=source.age_days,
        commit=source.commit,
        is_dirty=source.is_dirty,
        benchbox=source.benchbox,
        torch=_torch(arm),
        fingerprint=short_hash(source.fingerprint) if source.fingerprint else "",
        doubts=tuple(doubts),
        faults=tuple(fault.reason for fault in arm.faults),
        rows=baseline_rows(arm),
    )
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
