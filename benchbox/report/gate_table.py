"""A gate's report on a terminal, whole at 80 columns: failures first, what passed last and short."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchbox.gate.exits import FAILING
from benchbox.gate.verdict import EXACT, GateReport, Group
from benchbox.report import text
from benchbox.report.gate_facts import conclusion, difference_texts, explained, facts
from benchbox.report.gate_order import NOT_GATED, PASSED, Section, code_word, sections
from benchbox.report.gate_words import Told, tell
from benchbox.report.grid import Cell, Column, Grid, Line, print_grid, without_blank

# A colour only repeats what the conclusion's words say.
_STYLES = {"pass": "bold green", "inconclusive": "bold yellow", "unasserted": "bold yellow"}
_COLUMNS = (
    Column(title="Row", detail="metric", is_text=True),
    Column(title="Base", detail="→ new"),
    Column(title="Change"),
    Column(title="Margin", detail="(sees)"),
    Column(title="n"),
    Column(title="Verdict", is_text=True),
)
_SHORT_COLUMNS = (
    Column(title="Row", is_text=True),
    Column(title="Time"),
    Column(title="Margin", detail="(sees)"),
    Column(title="n"),
    Column(title="Also passed", is_text=True),
)
# Keys in which the arms differ, and lines of one table; all are in gate.json.
MOST_DIFFERENCES = 8
MOST_LINES = 100
# Signs of one column that an ASCII terminal has in another form.
_ASCII = str.maketrans({"×": "x", "–": "-", "−": "-", "·": "*", "→": ">", "±": "~", "≥": ">", "≤": "<", "…": "~"})


def print_gate(console: Console, report: GateReport, *, is_long: bool = False) -> None:
    """Print a report; `is_long` gives every metric that passed a line of its own, and leaves out none."""
    if not console.options.ascii_only:
        _print(console, report, is_long=is_long)
        return
    with console.capture() as captured:
        _print(console, report, is_long=is_long)
    console.file.write(as_ascii(captured.get()))


def as_ascii(said: str) -> str:
    """A text for a terminal that knows no Unicode, every character in one column as before."""
    plain = unicodedata.normalize("NFC", said).translate(_ASCII)
    return plain.encode("ascii", errors="replace").decode()


def _print(console: Console, report: GateReport, *, is_long: bool) -> None:
    console.print(_facts_table(report))
    for grid in grids(report, is_long=is_long):
        console.print()
        print_grid(console, grid)
    console.print()
    console.print(Text(conclusion(report), style=_STYLES.get(code_word(report.code), "bold red")))


def _facts_table(report: GateReport) -> Table:
    differing = [("Differs", said) for said in difference_texts(report.differences, most=MOST_DIFFERENCES)]
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    last = ""
    for title, said in (*facts(report), *differing):
        table.add_row(Text("" if title == last else title, style="bold"), Text(said))
        last = title
    return table


def grids(report: GateReport, *, is_long: bool = False) -> Iterator[Grid]:
    """The tables of a report, one a section, then how to read them."""
    for section in sections(report):
        told = tuple(map(tell, section.verdicts))
        grid = Grid(title=f"{section.title}: {len(told):,}", columns=(), sections=())
        if section.title == NOT_GATED:
            grid = replace(grid, notes=_reasons(told, with_state=True))
        elif section.title == PASSED and not is_long:
            grid = without_blank(replace(grid, columns=_SHORT_COLUMNS, sections=(_short(section, told),)))
        else:
            lines = tuple(map(_line, told))
            grid = replace(grid, columns=_COLUMNS, sections=(lines,), notes=_reasons(told, with_state=False))
        yield grid if is_long else _capped(grid)
    if notes := explained(report.verdicts):
        yield Grid(title="How to read it", columns=(), sections=(), notes=notes)


def _line(told: Told) -> Line:
    is_bad = told.state in FAILING
    return (
        Cell(text=told.row, detail=told.metric, is_bad=is_bad),
        Cell(text=told.base, detail=f"→ {told.new}"),
        Cell(text=told.change, detail=told.interval),
        _margin_cell(told),
        Cell(text=told.count),
        Cell(text=told.state, is_bad=is_bad),
    )


def _margin_cell(told: Told) -> Cell:
    return Cell(text=told.margin, detail="" if told.sees == text.ABSENT else f"({told.sees})")


def _reasons(verdicts: Sequence[Told], *, with_state: bool) -> tuple[str, ...]:
    """Why the verdicts are as they are, those of one reason together; those without one only by their state."""
    names: dict[str, list[str]] = {}
    for told in verdicts:
        said = ": ".join(part for part in (told.state if with_state else "", told.why) if part)
        names.setdefault(said, []).append(told.name)
    return tuple(f"{text.listed(concerned)}: {said}." for said, concerned in names.items() if said)


def _capped(grid: Grid) -> Grid:
    """The first lines of a long table, and a note of how many there are more."""
    lines = list(grid.lines)
    more = len(lines) - MOST_LINES
    if more <= 0:
        return grid
    note = f"And {more:,} more lines, which are in gate.json."
    return replace(grid, sections=(tuple(lines[:MOST_LINES]),), notes=(*grid.notes, note))


def _short(section: Section, told: Sequence[Told]) -> tuple[Line, ...]:
    """One line a row: its time in numbers, the rest by name."""
    rows: dict[str, dict[Group, list[Told]]] = {}
    for verdict, said in zip(section.verdicts, told, strict=True):
        rows.setdefault(said.row, {}).setdefault(verdict.group, []).append(said)
    return tuple(_short_line(row, groups) for row, groups in rows.items())


def _short_line(row: str, groups: Mapping[Group, Sequence[Told]]) -> Line:
    timed = next(iter(groups.get("time", ())), None)
    others = ", ".join(_also(groups))
    time = (
        (Cell(), Cell(), Cell())
        if timed is None
        else (Cell(text=timed.change, detail=timed.interval), _margin_cell(timed), Cell(text=timed.count))
    )
    return (Cell(text=row), *time, Cell(text=others or text.ABSENT))


def _also(groups: Mapping[Group, Sequence[Told]]) -> Iterator[str]:
    """Counts, which are the same, by name, or in a word where it is all of them; others with their change."""
    counted = [told.metric for told in groups.get("exact", ())]
    yield from ["counts"] if len(counted) == len(EXACT) else counted
    for told in (*groups.get("memory", ()), *groups.get("accuracy", ())):
        yield told.metric if told.change == text.ABSENT else f"{told.metric} {told.change}"
