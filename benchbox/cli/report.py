"""`benchbox report`: show a report again, from its records."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from msgspec.structs import replace
from rich.console import Console

from benchbox.cli import options
from benchbox.records.journal import find_journal, latest, read_journal
from benchbox.runner.folder import read_plan

Folder = Annotated[Path, typer.Argument(metavar="REPORT", help="A report's folder.")]


def report(
    folder: Folder = options.REPORTS / "latest", under: options.Under = None, json: options.Json = False
) -> None:
    """Show a report again: its tables and the conditions under which they hold."""
    from benchbox.report.show import show
    from benchbox.report.write import json_document

    place, journal = find_journal(folder).parent, read_journal(folder)
    plan = read_plan(place)
    plan = replace(plan, under=options.check_constraints(under or []) or plan.under)
    records = latest(journal.records, plan.specs)
    if journal.note:
        Console(stderr=True).print(f"note: {journal.note}", soft_wrap=True, markup=False, highlight=False)
    if json:
        sys.stdout.write(json_document(place, plan, records).decode())
    else:
        show(Console(), place, plan, records)
