"""report.md: the tables, plots, conditions, reasons and files of a report, as GitHub shows them."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import jinja2

from benchbox.plan.spec import Plan
from benchbox.records.journal import settled
from benchbox.records.record import GOOD, Record
from benchbox.report import text
from benchbox.report.conditions import conditions, unfinished
from benchbox.report.grid import Grid, escape, markdown_table
from benchbox.report.naming import labeller

TEMPLATE = "report.md.j2"


@dataclass(frozen=True, kw_only=True)
class Plot:
    """A picture in the report; `link` is relative to its folder."""

    title: str
    link: str


@dataclass(frozen=True, kw_only=True)
class _Section:
    title: str
    table: str
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _Run:
    name: str
    status: str
    time: str
    reason: str
    files: str


def markdown(
    folder: Path, plan: Plan, records: Sequence[Record], *, grids: Sequence[Grid], plots: Sequence[Plot]
) -> str:
    """The text of report.md, ending in one newline."""
    label = labeller(plan)
    # The text is Markdown, not HTML: what could be markup is escaped below, cell by cell.
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("benchbox.report", "."),
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template(TEMPLATE).render(
        title=f"benchbox {escape(plan.command)}",
        facts=escape(_facts(plan, records)),
        grids=[_section(grid) for grid in grids],
        plots=[Plot(title=escape(plot.title), link=quote(plot.link)) for plot in plots],
        conditions=[(escape(name), escape(said)) for name, said in conditions(plan, records)],
        unfinished=[escape(said) for _, said in unfinished(folder, plan, records)],
        runs=[_run(record, label(record.spec)) for record in records],
        folder=folder.as_posix(),
        command=shlex.join(("benchbox", *plan.arguments)) if plan.arguments else "",
    )


def _facts(plan: Plan, records: Sequence[Record]) -> str:
    good = sum(record.status in GOOD for record in settled(records))
    done = f"{good} of {text.plural(len(plan.specs), 'run')} ended well"
    spent = text.duration(sum(record.seconds for record in records)) if records else "no time"
    return ", ".join([done, spent, *([plan.created] if plan.created else [])]) + "."


def _section(grid: Grid) -> _Section:
    table = markdown_table(grid) if any(True for _ in grid.lines) else ""
    return _Section(title=escape(grid.title), table=table, notes=tuple(escape(note) for note in grid.notes))


def _run(record: Record, label: str) -> _Run:
    links = [f"[{escape(kind)}]({quote(Path(path).as_posix())})" for kind, path in record.files.items()]
    return _Run(
        name=escape(label),
        status=record.status,
        time=text.ABSENT if record.status == "skipped" else text.duration(record.seconds),
        reason=escape(record.reason),
        files=" ".join(links),
    )
