"""Grid: a table as text, before it is decided where it will be shown; to Rich and to Markdown.

A grid fits itself to a width: side by side where there is room, else a cell's detail stands below its
value. It never cuts a cell: a name that is too long is folded. It knows nothing of records.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchbox.records.metrics import Better
from benchbox.report.text import ABSENT

BULLET = "·"
BEST, BAD, QUIET = "bold green", "yellow", "dim"


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column's head. Its best `value` is highlighted, unless `better` is neither; `is_text` aligns left."""

    title: str
    detail: str = ""
    better: Better = "neither"
    is_text: bool = False


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A cell's text, a smaller detail (a spread, an interval), the value it is ranked by, and its colour.

    `low` and `high` are where the value may lie; None where it is exact. Without a value it is not ranked.
    """

    text: str = ABSENT
    detail: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    is_bad: bool = False

    @property
    def bounds(self) -> tuple[float, float] | None:
        """The least and the most that the value may be, None without a value."""
        if self.value is None:
            return None
        return (self.value if self.low is None else self.low, self.value if self.high is None else self.high)


Line = tuple[Cell, ...]


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A titled table in sections. Best values are sought within a section; notes stand below the table."""

    title: str
    columns: tuple[Column, ...]
    sections: tuple[tuple[Line, ...], ...]
    notes: tuple[str, ...] = ()

    @property
    def lines(self) -> Iterator[Line]:
        """All lines, section after section."""
        return (line for section in self.sections for line in section)


def best_cells(columns: Sequence[Column], section: Sequence[Line]) -> list[tuple[bool, ...]]:
    """For each cell of a section whether it is among the best of its column.

    With the best value are all those whose bounds overlap its own; where that is every one, none is best.
    """
    marks = [_best(column, [line[place] for line in section]) for place, column in enumerate(columns)]
    return [tuple(column[row] for column in marks) for row in range(len(section))]


def _best(column: Column, cells: Sequence[Cell]) -> list[bool]:
    known = [cell for cell in cells if cell.value is not None]
    if column.better == "neither" or len(known) < 2:
        return [False] * len(cells)
    best = max if column.better == "higher" else min
    top = best(known, key=lambda cell: cell.value or 0.0)
    marks = [_overlap(cell.bounds, top.bounds) for cell in cells]
    return [False] * len(cells) if sum(marks) == len(known) else marks


def _overlap(one: tuple[float, float] | None, other: tuple[float, float] | None) -> bool:
    return one is not None and other is not None and one[0] <= other[1] and one[1] >= other[0]


def without_blank(grid: Grid) -> Grid:
    """The grid without the columns and lines in which nothing is said beside the first cell of a line."""
    sections = [[line for line in section if any(map(_says, line[1:]))] for section in grid.sections]
    lines = [line for section in sections for line in section]
    kept = [place for place in range(len(grid.columns)) if not place or any(_says(line[place]) for line in lines)]
    return replace(
        grid,
        columns=tuple(grid.columns[place] for place in kept),
        sections=tuple(tuple(tuple(line[place] for place in kept) for line in section) for section in sections),
    )


def _says(cell: Cell) -> bool:
    return cell != Cell()


@dataclass(frozen=True, kw_only=True)
class _Layout:
    is_stacked: bool
    gap: int


# From roomy to tight; a divider of one character stands in every gap.
_LAYOUTS = (
    _Layout(is_stacked=False, gap=2),
    _Layout(is_stacked=True, gap=2),
    _Layout(is_stacked=True, gap=1),
)


def rich_table(grid: Grid, *, width: int) -> Table:
    """The table alone, laid out for a width in characters."""
    layout = next((layout for layout in _LAYOUTS if _needed(grid, layout) <= width), _LAYOUTS[-1])
    table = Table(
        box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, layout.gap - 1, 0, 0), header_style="bold"
    )
    for place, column in enumerate(grid.columns):
        table.add_column(
            _joined(column.title, column.detail, is_stacked=layout.is_stacked),
            justify="left" if column.is_text else "right",
            vertical="top",
            overflow="fold",
            min_width=None if column.is_text else _column_width(grid, place, layout),
        )
    for section in grid.sections:
        for line, best in zip(section, best_cells(grid.columns, section), strict=True):
            cells = zip(line, best, strict=True)
            table.add_row(*(_rich_cell(cell, is_best, layout) for cell, is_best in cells))
        table.add_section()
    return table


def _joined(text: str, detail: str, *, is_stacked: bool) -> str:
    return f"{text}{chr(10) if is_stacked else ' '}{detail}" if detail else text


def _rich_cell(cell: Cell, is_best: bool, layout: _Layout) -> Text:
    style = BAD if cell.is_bad else BEST if is_best else ""
    text = Text().append(cell.text, style=style)
    if cell.detail:
        text.append(_joined("", cell.detail, is_stacked=layout.is_stacked), style=QUIET)
    return text


def _column_width(grid: Grid, place: int, layout: _Layout) -> int:
    column = grid.columns[place]
    heads = [(column.title, column.detail)]
    cells = [(line[place].text, line[place].detail) for line in grid.lines]
    texts = (_joined(text, detail, is_stacked=layout.is_stacked) for text, detail in heads + cells)
    return max(cell_len(part) for text in texts for part in text.split("\n"))


def _needed(grid: Grid, layout: _Layout) -> int:
    widths = (_column_width(grid, place, layout) for place in range(len(grid.columns)))
    return sum(widths) + layout.gap * (len(grid.columns) - 1)


def print_grid(console: Console, grid: Grid) -> None:
    """Title, table if there is one, and notes on a console; names in square brackets are text, never markup."""
    console.print(Text(grid.title, style="bold"))
    if grid.columns:
        console.print(rich_table(grid, width=console.width))
    if grid.notes:
        console.print(_note_table(grid.notes))


def _note_table(notes: Sequence[str]) -> Table:
    """Notes as a list whose wrapped lines are indented, so that one can be told from the next."""
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for note in notes:
        table.add_row(BULLET, Text(note))
    return table


def markdown_table(grid: Grid) -> str:
    """The table alone in GitHub's Markdown; best values are bold."""
    heads = [_joined(column.title, column.detail, is_stacked=False) for column in grid.columns]
    rules = [":--" if column.is_text else "--:" for column in grid.columns]
    lines = [heads, rules]
    for section in grid.sections:
        marked = zip(section, best_cells(grid.columns, section), strict=True)
        lines += [[_markdown_cell(*pair) for pair in zip(line, best, strict=True)] for line, best in marked]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _markdown_cell(cell: Cell, is_best: bool) -> str:
    text = escape(cell.text)
    if is_best:
        text = f"**{text}**"
    return f"{text} {escape(cell.detail)}".rstrip()


def escape(text: str) -> str:
    """Text that Markdown would take for markup, made plain, on one line; `code` in backticks stays code."""
    parts = re.split(r"(`[^`]*`)", " ".join(text.split()))
    return "".join(
        _escape_code(part) if part.startswith("`") and part != "`" else _escape_plain(part) for part in parts
    )


def _escape_code(part: str) -> str:
    return part.replace("|", "\\|")


def _escape_plain(part: str) -> str:
    # Inside a word an underscore is no markup, and names read better without a backslash.
    return re.sub(r"[\\|*<>\[\]`]|(?<!\w)_|_(?!\w)", lambda sign: f"\\{sign[0]}", part)
