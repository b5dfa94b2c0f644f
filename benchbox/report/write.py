"""The files of a report: summary.csv, report.md and plots, each whole or absent.

It reads the predictions files that runs left, and nothing else; the journal and plan.json are the runner's.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from benchbox.errors import RecordError
from benchbox.plan.spec import Plan
from benchbox.records.files import file_names, write_whole
from benchbox.records.frame import summary
from benchbox.records.journal import storing
from benchbox.records.record import Record
from benchbox.records.rows import Row, rows
from benchbox.report.ablation import LADDER
from benchbox.report.arms import arms_of, curves_of
from benchbox.report.bench_plots import bench_figure, trade_off_figure
from benchbox.report.calibration import reliability_figure
from benchbox.report.document import exit_code, json_document
from benchbox.report.evaluation import SCORED_ON, calibrations, robustnesses, row_confusion
from benchbox.report.figures import png
from benchbox.report.markdown import Plot, markdown
from benchbox.report.naming import labeller, row_names
from benchbox.report.plots import ablation_figure, comparison_figure, confusion_figure, learning_figure
from benchbox.report.robustness import robustness_figure
from benchbox.report.tables import is_bench, is_evaluation, result_grids

__all__ = ["exit_code", "json_document", "write_report"]

SUMMARY, REPORT, PLOTS = "summary.csv", "report.md", "plots"
# An overview of one curve is its own figure already.
LEAST_TO_COMPARE = 2


def write_report(folder: Path, plan: Plan, records: Sequence[Record]) -> None:
    """Write the plots, summary.csv and report.md into a report folder that exists. Raises StorageError."""
    with storing(folder, folder):
        plots = [*_write_plots(folder, plan, records), *_mistakes(plan, records)]
        write_whole(folder / SUMMARY, summary(records, plan.specs).encode())
        grids = result_grids(folder, plan, records)
        written = markdown(folder, plan, records, grids=grids, plots=plots)
        write_whole(folder / REPORT, written.encode())


def _write_plots(folder: Path, plan: Plan, records: Sequence[Record]) -> list[Plot]:
    figures = list(_figures(folder, plan, records))
    plots = []
    if figures:
        (folder / PLOTS).mkdir(exist_ok=True)
    for file_name, (title, figure) in zip(file_names([title for title, _ in figures]), figures, strict=True):
        link = f"{PLOTS}/{file_name}.png"
        write_whole(folder / link, png(figure))
        plots.append(Plot(title=title, link=link))
    return plots


def _figures(folder: Path, plan: Plan, records: Sequence[Record]) -> Iterator[tuple[str, Figure]]:
    """Overviews first, then every run's own; of what arms could choose from, only of the runs that they kept."""
    seen = rows(records, plan.specs)
    names = row_names(seen)
    timed_names = [labeller(plan)(row.spec) for row in seen] if plan.command == LADDER else names
    overviews = {
        "speed and accuracy": trade_off_figure(seen, names) if is_bench(plan, records) else None,
        "throughput": bench_figure(seen, timed_names),
        "learning curves": _arms_figure(plan, seen) if plan.factors else _comparison(seen, names),
        "robustness": robustness_figure(robustnesses(seen, names)),
    }
    yield from ((title, figure) for title, figure in overviews.items() if figure is not None)
    kept = {id(row) for arm in arms_of(plan, seen) for row in arm.rows} if plan.chosen else None
    for name, row in zip(names, seen, strict=True):
        if kept is None or id(row) in kept:
            yield from _own_figures(folder, name, row)
    if is_evaluation(plan, records):
        on = dict(zip(names, (SCORED_ON[row.spec.data.part] for row in seen), strict=True))
        for name, calibration in calibrations(seen, names, folder).items():
            yield f"reliability {name}", reliability_figure(name, calibration, on=on[name])


def _mistakes(plan: Plan, records: Sequence[Record]) -> list[Plot]:
    """The contact sheets of wrongly classified pictures, which evaluations drew themselves."""
    seen = rows(records, plan.specs)
    sheets = zip(
        row_names(seen),
        (row.parts["accuracy"].files if "accuracy" in row.parts else {} for row in seen),
        strict=True,
    )
    return [Plot(title=f"mistakes {name}", link=files["mistakes"]) for name, files in sheets if "mistakes" in files]


def _arms_figure(plan: Plan, seen: Sequence[Row]) -> Figure | None:
    curves = curves_of(plan, arms_of(plan, seen))
    is_several = sum(map(len, curves.values())) >= LEAST_TO_COMPARE
    return ablation_figure("Learning curves on held-out pictures", curves) if is_several else None


def _comparison(seen: Sequence[Row], names: Sequence[str]) -> Figure | None:
    learned = {name: row for name, row in zip(names, seen, strict=True) if row.learning}
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
