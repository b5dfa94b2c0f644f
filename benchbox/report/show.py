"""What a command prints at its end: its tables, then where they hold and where the report lies. To stdout."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchbox.report.conditions import conditions, unfinished
from benchbox.report.grid import print_grid
from benchbox.report.joined import Report, joined
from benchbox.report.tables import result_grids


def show(console: Console, reports: Sequence[Report]) -> None:
    """Print the result tables, the conditions and the report's folder; of several reports as of one.

    Raises UsageError where they cannot be one.
    """
    whole = joined(reports)
    for grid in result_grids(whole.folder, whole.plan, whole.records):
        print_grid(console, grid)
        console.print()
    lines = conditions(whole.plan, whole.records)
    for one in reports:
        lines += [("Report", str(one.folder)), *unfinished(one.folder, one.plan, one.records)]
    console.print(_conditions_table(lines))


def _conditions_table(lines: Sequence[tuple[str, str]]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for title, said in lines:
        table.add_row(Text(title, style="bold"), Text(said))
    return table
