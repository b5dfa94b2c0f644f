"""Baselines: whether two series agree so well that they may be stored as one, and whether one is still good."""

from collections.abc import Iterable, Iterator

from benchbox.gate.evidence import Arm
from benchbox.gate.exits import FAILING, UNASSERTED, counted
from benchbox.gate.judge import OLD_DAYS
from benchbox.gate.naming import names_of, row_name
from benchbox.gate.verdict import GateReport, Verdict
from benchbox.plan.spec import RunSpec, case
from benchbox.records.record import Record


def disagreeing(report: GateReport) -> tuple[Verdict, ...]:
    """The verdicts for which two series of the same code, judged one against the other, must not be stored.

    Times must agree within the margin as they stand, whatever their bounds are: both will stand for the truth.
    Times that could not be compared do not agree.
    """
    return tuple(verdict for verdict in report.gated if _is_apart(verdict))


def _is_apart(verdict: Verdict) -> bool:
    if verdict.group != "time":
        return verdict.state in (*FAILING, *UNASSERTED, "IMPROVED")
    if verdict.bounds is None or verdict.margin is None:
        return True
    ratio = verdict.bounds.value
    return max(ratio, 1 / ratio) > 1 + verdict.margin


def failures(records: Iterable[Record]) -> tuple[str, ...]:
    """Which records did not end well, and why: a baseline is never made of a failing run."""
    return tuple(
        f"{row_name(record.spec)}, process {record.spec.repeat}: {record.status}: {record.reason}"
        for record in records
        if record.status != "ok"
    )


def lost_rows(old: Iterable[RunSpec], new: Iterable[RunSpec]) -> tuple[str, ...]:
    """The names of the rows of an old baseline that a new one has not."""
    specs = {case(spec): spec for spec in old}
    kept = {case(spec) for spec in new}
    return tuple(name for row, name in names_of(specs).items() if row not in kept)


def doubts(arm: Arm, *, torch: str) -> tuple[str, ...]:
    """Why a baseline should be recorded anew: its age, files that were not committed, another release of torch."""
    return tuple(_doubts(arm, torch=torch))


def _doubts(arm: Arm, *, torch: str) -> Iterator[str]:
    age = arm.source.age_days
    if age is not None and age > OLD_DAYS:
        yield f"it is {age:.0f} days old: record a new one"
    if age is not None and age < 0:
        yield f"it was made {counted(round(-age), 'day')} after today: one of the two dates is wrong"
    if arm.source.is_dirty:
        yield "it was made of files that were not committed: nobody can make it again"
    was = sorted({_release(record.environment.torch) for record in arm.records if record.environment is not None})
    if was and was != [_release(torch)]:
        yield f"it was made with torch {', '.join(was)}, and here is {_release(torch)}: record a new one"


def _release(version: str) -> str:
    """Without the build, such as +cu130, which an installer does not always tell."""
    return version.partition("+")[0]
