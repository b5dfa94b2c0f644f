"""What a command prints at its end: its tables, then where they hold and where the report lies. To stdout."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchbox.plan.spec import Plan
from benchbox.records.record import Record
from benchbox.report.conditions import conditions, unfinished
from benchbox.report.grid import print_grid
from benchbox.report.tables import result_grids


def show(console: Console, folder: Path, plan: Plan, records: Sequence[Record]) -> None:
    """Print the result tables, the conditions and the report's folder."""
    for grid in result_grids(folder, plan, records):
        print_grid(console, grid)
        console.print()
    ending = [("Report", str(folder)), *unfinished(folder, plan, records)]
    console.print(_conditions_table([*conditions(plan, records), *ending]))


def _conditions_table(lines: Sequence[tuple[str, str]]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for title, said in lines:
        table.add_row(Text(title, style="bold"), Text(said))
    return table
