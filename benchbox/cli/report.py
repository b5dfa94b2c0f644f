"""`benchbox report`: show a report again, from its records."""

import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from benchbox.cli import options
from benchbox.errors import RecordError
from benchbox.plan.spec import Plan
from benchbox.records.journal import find_journal, read
from benchbox.runner.folder import PLAN

Folder = Annotated[Path, typer.Argument(metavar="REPORT", help="A report's folder.")]


def report(folder: Folder = options.REPORTS / "latest", json: options.Json = False) -> None:
    """Show a report again: its tables and the conditions under which they hold."""
    from benchbox.report.show import show
    from benchbox.report.write import json_document

    records = read(folder)
    place = find_journal(folder).parent
    plan = read_plan(place)
    if json:
        sys.stdout.write(json_document(place, plan, records).decode())
    else:
        show(Console(), place, plan, records)


def read_plan(folder: Path) -> Plan:
    """The plan of a report. Raises RecordError where it cannot be read."""
    try:
        return msgspec.json.decode((folder / PLAN).read_bytes(), type=Plan)
    except (OSError, msgspec.MsgspecError) as error:
        raise RecordError(f"no plan in {folder}: {error}", allowed=f"a report folder with its {PLAN}") from error
