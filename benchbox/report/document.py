"""The JSON document of a report, and the exit code that its records call for. No files are written here."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from benchbox.errors import EXIT_INTERRUPTED, EXIT_OK, EXIT_ROW_FAILED
from benchbox.plan.spec import Plan
from benchbox.records.comparison import Difference
from benchbox.records.constraints import choose, parse
from benchbox.records.contest import Contest
from benchbox.records.estimate import Estimate
from benchbox.records.frame import frame
from benchbox.records.journal import settled
from benchbox.records.ranking import Standing, standings
from benchbox.records.record import GOOD, Record
from benchbox.records.rows import Row, rows
from benchbox.report.arms import arms_of, contests_of
from benchbox.report.conclusion import conclusion
from benchbox.report.evaluation_document import Evaluation, Fought, duels, evaluations
from benchbox.report.naming import labeller, row_names
from benchbox.report.tables import is_bench, is_evaluation
from benchbox.version import __version__

# History of the JSON document.
#   1  2026-11: the first.
#   2  2026-11: ranking, pareto and under; `void` and `doubts` of a run; comparisons; evaluations and duels.
DOCUMENT_SCHEMA = 2


class _Run(msgspec.Struct, frozen=True, kw_only=True):
    """A record in the JSON document, without its raw values."""

    label: str
    case: str
    task: str
    status: str
    reason: str
    seconds: float
    notes: tuple[str, ...]
    void: str
    doubts: tuple[str, ...]
    files: dict[str, str]


class _Place(msgspec.Struct, frozen=True, kw_only=True):
    """A row's standing: by criterion the best and the worst place possible, and its times by the fastest's.

    `unsure` are the criteria whose places stand on the range of a few samples, or of two processes.
    """

    name: str
    batch_size: int
    image_size: int
    ranks: dict[str, tuple[int, int]]
    unsure: tuple[str, ...]
    times: dict[str, Estimate]


class _Under(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to constraints, in the names of rows."""

    constraints: tuple[str, ...]
    chosen: str | None
    equals: tuple[str, ...]
    unscored: tuple[str, ...]
    perhaps: tuple[str, ...]
    nearest: str | None
    is_by_accuracy: bool


class _Difference(msgspec.Struct, frozen=True, kw_only=True):
    """How much higher `arm` is than `base` over the seeds that both have; see `records.comparison.Difference`.

    `metric` is `accuracy`, in ratios, or `epochs to N %`.
    """

    metric: str
    base: str
    arm: str
    seeds: tuple[int, ...]
    mean: float
    low: float | None
    high: float | None
    could_show: float | None
    p: float | None
    p_holm: float | None


class _Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """The arms of one network of an ablation: what is concluded, the rates that they chose, and every pair."""

    network: str
    conclusion: str
    rates: dict[str, float]
    differences: list[_Difference]


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
    ranking: list[_Place]
    pareto: dict[str, list[str]]
    under: _Under | None
    comparisons: list[_Comparison]
    evaluations: list[Evaluation]
    duels: list[Fought]
    runs: list[_Run]


def exit_code(plan: Plan, records: Sequence[Record]) -> int:
    """130 where the work was interrupted or not finished, 1 where a run failed or is void, else 0.

    Skips and doubts are no failures. Of runs that were made again the last counts.
    """
    last = settled(records)
    statuses = {record.status for record in last}
    if "interrupted" in statuses or not {record.spec for record in last} >= set(plan.specs):
        return EXIT_INTERRUPTED
    is_void = any(record.actual.void for record in last)
    return EXIT_OK if statuses <= set(GOOD) and not is_void else EXIT_ROW_FAILED


def json_document(folder: Path, plan: Plan, records: Sequence[Record]) -> bytes:
    """All of a report as one JSON document with a final newline; missing values are null, units beside.

    Only a bench has a ranking and Pareto fronts: the arms of an ablation are compared over their seeds.
    """
    seen = rows(records, plan.specs)
    names, label = row_names(seen), labeller(plan)
    table = frame(records, plan.specs)
    # JSON has no NA and no NaN; both mean that there is no number.
    cells = table.astype(object).where(table.notna(), None)
    ranked = list(zip(names, standings(seen), strict=True)) if is_bench(plan, records) else []
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
        ranking=[_place(name, one) for name, one in ranked],
        pareto={
            front: [name for name, one in ranked if front in one.fronts] for front in ("latency", "parameters")
        },
        under=_under(plan, seen, names),
        comparisons=[_comparison(contest) for contest in contests_of(plan, arms_of(plan, seen))],
        evaluations=evaluations(folder, seen, names) if is_evaluation(plan, records) else [],
        duels=duels(folder, seen, names) if is_evaluation(plan, records) else [],
        runs=[_run(record, label(record.spec)) for record in records],
    )
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def _place(name: str, one: Standing) -> _Place:
    return _Place(
        name=name,
        batch_size=one.setting.batch_size,
        image_size=one.setting.image_size,
        ranks={criterion: (rank.best, rank.worst) for criterion, rank in one.ranks.items()},
        unsure=tuple(criterion for criterion, rank in one.ranks.items() if not rank.is_sure),
        times={str(slot): time for slot, time in one.times.items()},
    )


def _under(plan: Plan, seen: Sequence[Row], names: Sequence[str]) -> _Under | None:
    if not plan.under:
        return None
    choice = choose(seen, [parse(text) for text in plan.under])
    named = {id(row): name for row, name in zip(seen, names, strict=True)}
    return _Under(
        constraints=plan.under,
        chosen=named[id(choice.chosen)] if choice.chosen else None,
        equals=tuple(named[id(row)] for row in choice.equals),
        unscored=tuple(named[id(row)] for row in choice.unscored),
        perhaps=tuple(named[id(row)] for row in choice.perhaps),
        nearest=named[id(choice.nearest)] if choice.nearest else None,
        is_by_accuracy=choice.is_by_accuracy,
    )


def _comparison(contest: Contest) -> _Comparison:
    metrics = {"accuracy": contest.accuracy}
    if contest.epochs:
        metrics[f"epochs to {contest.share:.0%}"] = contest.epochs
    return _Comparison(
        network=contest.network,
        conclusion=conclusion(contest),
        rates={side.name: side.rate for side in contest.sides if side.rate is not None},
        differences=[
            _difference(metric, contest.sides[base].name, contest.sides[arm].name, seen)
            for metric, pairs in metrics.items()
            for (base, arm), seen in pairs.items()
        ],
    )


def _difference(metric: str, base: str, arm: str, seen: Difference) -> _Difference:
    return _Difference(
        metric=metric,
        base=base,
        arm=arm,
        seeds=seen.seeds,
        mean=seen.mean,
        low=seen.low,
        high=seen.high,
        could_show=seen.could_show,
        p=seen.p,
        p_holm=seen.holm,
    )


def _run(record: Record, label: str) -> _Run:
    return _Run(
        label=label,
        case=record.case,
        task=record.spec.task,
        status=record.status,
        reason=record.reason,
        seconds=record.seconds,
        notes=record.actual.notes,
        void=record.actual.void,
        doubts=record.actual.doubts,
        files=record.files,
    )
