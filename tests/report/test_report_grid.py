from io import StringIO

import pytest
from rich.console import Console

from benchbox.report.grid import Cell, Column, Grid, best_cells, escape, markdown_table, print_grid, without_blank

COLUMNS = (Column(title="Name", is_text=True), Column(title="Speed", detail="/s", better="higher"))


def _grid(*lines: tuple[Cell, ...]) -> Grid:
    return Grid(title="A title", columns=COLUMNS, sections=(lines,), notes=("note [bold] kept",))


def _printed(grid: Grid, width: int, *, colour: bool = False) -> str:
    console = Console(width=width, file=StringIO(), color_system="standard" if colour else None)
    print_grid(console, grid)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert isinstance(text, str)
    return text


TWO = _grid(
    (Cell(text="slow"), Cell(text="10", detail="±1 %", value=10)),
    (Cell(text="fast"), Cell(text="20", detail="±2 %", value=20)),
)


def test_details_stand_beside_the_value_where_there_is_room() -> None:
    assert "20 ±2 %" in _printed(TWO, 80)


def test_details_stand_below_the_value_where_there_is_none() -> None:
    lines = _printed(TWO, 11).splitlines()
    assert [line.split() for line in lines if "20" in line] == [["fast", "20"]]
    assert "±2 %" in "\n".join(lines)


def test_a_name_that_is_too_long_is_folded_not_cut() -> None:
    grid = _grid((Cell(text="n" * 100), Cell(text="123,456", value=1)))
    said = _printed(grid, 40)
    assert said.count("n") - "Name note kept A title".count("n") == 100
    assert "…" not in said
    assert "123,456" in said


def test_the_best_of_a_column_is_green_on_a_terminal_only() -> None:
    assert "\x1b[1;32m20" in _printed(TWO, 80, colour=True)
    assert "\x1b" not in _printed(TWO, 80)


def test_the_best_is_bold_in_markdown() -> None:
    assert markdown_table(TWO) == ("| Name | Speed /s |\n| :-- | --: |\n| slow | 10 ±1 % |\n| fast | **20** ±2 % |")


def _marks(*cells: Cell) -> list[bool]:
    return [marks[1] for marks in best_cells(COLUMNS, [(Cell(text="name"), cell) for cell in cells])]


def test_nothing_is_best_among_equals_or_alone() -> None:
    assert _marks(Cell(text="10", value=10.0), Cell(text="10", value=10.0)) == [False, False]
    assert _marks(Cell(text="10", value=10.0)) == [False]


def test_all_whose_bounds_overlap_the_bests_are_best() -> None:
    cells = (
        Cell(value=20, low=18, high=22),
        Cell(value=17, low=15, high=18),
        Cell(value=16, low=15, high=17),
        Cell(text="oom", is_bad=True),
    )
    assert _marks(*cells) == [True, True, False, False]


def test_where_all_overlap_none_is_best() -> None:
    assert _marks(Cell(value=20, low=18, high=22), Cell(value=19, low=17, high=21)) == [False, False]


def test_blank_columns_and_lines_are_left_out() -> None:
    columns = (*COLUMNS, Column(title="Size"))
    said, blank = (Cell(text="a"), Cell(), Cell(text="3")), (Cell(text="b"), Cell(), Cell())
    grid = without_blank(Grid(title="A title", columns=columns, sections=((said, blank),)))
    assert [column.title for column in grid.columns] == ["Name", "Size"]
    assert [[cell.text for cell in line] for line in grid.lines] == [["a", "3"]]
    assert without_blank(TWO) == TWO


def test_the_wrapped_lines_of_a_note_are_indented() -> None:
    grid = Grid(title="A title", columns=(), sections=(), notes=("one two three", "four"))
    assert [line.rstrip() for line in _printed(grid, 10).splitlines()] == [
        "A title",
        "· one two",
        "  three",
        "· four",
    ]


def test_square_brackets_are_text() -> None:
    assert "note [bold] kept" in _printed(TWO, 80)


@pytest.mark.parametrize(
    ("raw", "safe"),
    [
        ("efficientnet_b0", "efficientnet_b0"),
        ("_x_ a|b [c]", r"\_x\_ a\|b \[c\]"),
        ("run `train x_y|z`", r"run `train x_y\|z`"),
        ("an odd ` sign", r"an odd \` sign"),
        ("two\nlines", "two lines"),
    ],
)
def test_markdown_is_escaped_outside_code(raw: str, safe: str) -> None:
    assert escape(raw) == safe
