"""Several reports of one command as one: what was run one after another stands in one table."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

from msgspec.structs import replace

from benchbox.errors import UsageError
from benchbox.plan.spec import Plan
from benchbox.records.record import Record

# What the arms of the other ablations are compared by, is known of all arms of one run only.
JOINABLE = ("train", "bench", "eval", "ablate speed")


@dataclass(frozen=True)
class Report:
    """A report as it was read: where its files lie, what was planned, and the newest record of each run."""

    folder: Path
    plan: Plan
    records: Sequence[Record]


def joined(reports: Sequence[Report]) -> Report:
    """One or more reports as one, its runs in the order of the reports; one report comes back as it is.

    Files are named by their full paths, since they lie in several folders. Raises UsageError where the
    commands differ or are of a kind that does not go together, or where a run is in two of them.
    """
    for one in reports[1:]:
        _check(reports[0], one)
    return reduce(_both, reports)


def _check(first: Report, other: Report) -> None:
    commands = list(dict.fromkeys((first.plan.command, other.plan.command)))
    if len(commands) > 1 or commands[0] not in JOINABLE:
        raise UsageError(
            f"{first.folder} and {other.folder} do not go into one table: they are of {' and '.join(commands)}",
            allowed=f"several reports of one of {', '.join(JOINABLE)}",
            hint="show them one by one",
        )


def _both(one: Report, other: Report) -> Report:
    twice = set(one.plan.specs) & set(other.plan.specs)
    if twice:
        names = ", ".join(sorted({spec.model.name for spec in twice}))
        raise UsageError(
            f"{other.folder} holds runs that stand before it already: {names}",
            allowed="reports of different runs",
            hint="leave one of them out",
        )
    before = len(one.plan.specs)
    pictures = {report.plan.facts.data for report in (one, other) if report.plan.facts is not None}
    plan = replace(
        one.plan,
        specs=one.plan.specs + other.plan.specs,
        labels=one.plan.labels + other.plan.labels,
        # What the facts say of the pictures is shown; of others in the second report they would say nothing.
        facts=one.plan.facts if len(pictures) == 1 else None,
        notes=tuple(dict.fromkeys(one.plan.notes + other.plan.notes)),
        trusted=tuple(dict.fromkeys(one.plan.trusted + other.plan.trusted)),
        refusals={**one.plan.refusals, **other.plan.refusals},
        order=(),
        turns=one.plan.turns + tuple(tuple(before + place for place in group) for group in other.plan.turns),
    )
    return Report(one.folder, plan, (*_at_home(one), *_at_home(other)))


def _at_home(report: Report) -> tuple[Record, ...]:
    """The records with the full paths of their files, which stay what they are when joined once more."""
    folder = report.folder.absolute()
    return tuple(
        replace(record, files={kind: str(folder / path) for kind, path in record.files.items()})
        for record in report.records
    )
