"""`benchbox report`: show a report again, from its records."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec.structs import replace
from rich.console import Console

from benchbox.cli import options
from benchbox.records.journal import find_journal, latest, read_journal
from benchbox.runner.folder import read_plan

if TYPE_CHECKING:
    from benchbox.report.joined import Report

Folders = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[REPORT]...",
        help="A report's folder; several of one command in one table.",
        show_default=str(options.REPORTS / "latest"),
    ),
]


def report(folders: Folders = None, under: options.Under = None, json: options.Json = False) -> None:
    """Show reports again: their tables and the conditions under which they hold."""
    from benchbox.report.joined import joined
    from benchbox.report.show import show
    from benchbox.report.write import json_document

    reports = [_read(folder, under or []) for folder in folders or [options.REPORTS / "latest"]]
    if json:
        whole = joined(reports)
        sys.stdout.write(json_document(whole.folder, whole.plan, whole.records).decode())
    else:
        show(Console(), reports)


def _read(folder: Path, under: list[str]) -> "Report":
    from benchbox.report.joined import Report

    place, journal = find_journal(folder).parent, read_journal(folder)
    plan = read_plan(place)
    if journal.note:
        Console(stderr=True).print(f"note: {journal.note}", soft_wrap=True, markup=False, highlight=False)
    plan = replace(plan, under=options.check_constraints(under) or plan.under)
    return Report(place, plan, latest(journal.records, plan.specs))
