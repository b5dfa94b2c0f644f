"""The files of a report: summary.csv, report.md and plots, each whole or absent; and the JSON document.

It reads the predictions files that runs left, and nothing else; the journal and plan.json are the runner's.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
from matplotlib.figure import Figure

from benchbox.errors import EXIT_INTERRUPTED, EXIT_OK, EXIT_ROW_FAILED, RecordError
from benchbox.plan.spec import Plan
from benchbox.records.files import file_names, write_whole
from benchbox.records.frame import frame, summary
from benchbox.records.record import GOOD, Record
from benchbox.records.rows import Row, rows
from benchbox.report.ablation import LADDER, arms
from benchbox.report.evaluation import SCORED_ON, row_confusion
from benchbox.report.markdown import Plot, markdown
from benchbox.report.naming import labeller, row_names
from benchbox.report.plots import bench_figure, comparison_figure, confusion_figure, learning_figure, png
from benchbox.report.tables import result_grids
from benchbox.version import __version__

SUMMARY, REPORT, PLOTS = "summary.csv", "report.md", "plots"
# An overview of one curve is its own figure already.
LEAST_TO_COMPARE = 2
# History of the JSON document. 1  2026-11: the first.
DOCUMENT_SCHEMA = 1


def write_report(folder: Path, plan: Plan, records: Sequence[Record]) -> None:
    """Write the plots, summary.csv and report.md into a report folder that exists. Raises OSError."""
    plots = _write_plots(folder, plan, records)
    write_whole(folder / SUMMARY, summary(records).encode())
    grids = result_grids(folder, plan, records)
    written = markdown(folder, plan, records, grids=grids, plots=plots)
    write_whole(folder / REPORT, written.encode())


def _write_plots(folder: Path, plan: Plan, records: Sequence[Record]) -> list[Plot]:
    figures = list(_figures(folder, plan, rows(records)))
    plots = []
    if figures:
        (folder / PLOTS).mkdir(exist_ok=True)
    for file_name, (title, figure) in zip(file_names([title for title, _ in figures]), figures, strict=True):
        link = f"{PLOTS}/{file_name}.png"
        write_whole(folder / link, png(figure))
        plots.append(Plot(title=title, link=link))
    return plots


def _figures(folder: Path, plan: Plan, seen: Sequence[Row]) -> Iterator[tuple[str, Figure]]:
    """Overviews first, then every run's own."""
    names = row_names(seen)
    timed_names = [labeller(plan)(row.spec) for row in seen] if plan.command == LADDER else names
    overview = bench_figure(seen, timed_names)
    if overview is not None:
        yield "speed and accuracy", overview
    compared = _comparison(plan, seen, names)
    if compared is not None:
        yield "learning curves", compared
    for name, row in zip(names, seen, strict=True):
        yield from _own_figures(folder, name, row)


def _comparison(plan: Plan, seen: Sequence[Row], names: Sequence[str]) -> Figure | None:
    if plan.factors:
        groups = {arm.name: arm.rows for arm in arms(seen, plan.factors)}
    else:
        groups = {name: (row,) for name, row in zip(names, seen, strict=True)}
    learned = {name: group for name, group in groups.items() if any(row.learning for row in group)}
    if len(learned) < LEAST_TO_COMPARE:
        return None
    return comparison_figure("Learning curves on held-out pictures", learned)


def _own_figures(folder: Path, name: str, row: Row) -> Iterator[tuple[str, Figure]]:
    curves = learning_figure(name, row)
    if curves is not None:
        yield f"learning {name}", curves
    try:
        matrix = row_confusion(row, folder)
    except RecordError:
        # The tables say below the row that its predictions cannot be read.
        return
    if matrix is not None:
        yield f"confusion {name}", confusion_figure(name, matrix, on=SCORED_ON[row.spec.data.part])


class _Run(msgspec.Struct, frozen=True, kw_only=True):
    """A record in the JSON document, without its raw values."""

    label: str
    case: str
    task: str
    status: str
    reason: str
    seconds: float
    notes: tuple[str, ...]
    files: dict[str, str]


class _Document(msgspec.Struct, frozen=True, kw_only=True):
    schema: int
    benchbox: str
    command: str
    arguments: tuple[str, ...]
    created: str
    folder: str
    exit_code: int
    units: dict[str, str]
    rows: list[dict[str, object]]
    runs: list[_Run]


def json_document(folder: Path, plan: Plan, records: Sequence[Record]) -> bytes:
    """All of a report as one JSON document with a final newline; missing values are null, units beside."""
    table, label = frame(records), labeller(plan)
    # JSON has no NA and no NaN; both mean that there is no number.
    cells = table.astype(object).where(table.notna(), None)
    document = _Document(
        schema=DOCUMENT_SCHEMA,
        benchbox=__version__,
        command=plan.command,
        arguments=plan.arguments,
        created=plan.created,
        folder=str(folder),
        exit_code=exit_code(plan, records),
        units=table.attrs["units"],
        rows=[{str(name): value for name, value in line.items()} for line in cells.to_dict("records")],
        runs=[_run(record, label(record.spec)) for record in records],
    )
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def _run(record: Record, label: str) -> _Run:
    return _Run(
        label=label,
        case=record.case,
        task=record.spec.task,
        status=record.status,
        reason=record.reason,
        seconds=record.seconds,
        notes=record.actual.notes,
        files=record.files,
    )


def exit_code(plan: Plan, records: Sequence[Record]) -> int:
    """130 where the work was interrupted or not finished, 1 where a run failed, else 0; skips are no failures."""
    statuses = {record.status for record in records}
    if "interrupted" in statuses or len(records) < len(plan.specs):
        return EXIT_INTERRUPTED
    return EXIT_OK if statuses <= set(GOOD) else EXIT_ROW_FAILED
