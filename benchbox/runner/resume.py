"""Going on with a report: which of its runs remain, and whether it is of the same plan."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from benchbox.errors import RecordError
from benchbox.plan.dotted import differences, dotted, in_words
from benchbox.plan.facts import Facts
from benchbox.plan.spec import Plan
from benchbox.records.journal import JOURNAL, Journal, by_place, read_journal
from benchbox.records.record import GOOD, Record
from benchbox.runner.folder import read_plan
from benchbox.runner.lock import is_being_written

# Two plans are one where these differ: when and in which words it was asked for, what is chosen afterwards, how
# long a run may last, and the order, in which nothing is seen.
_ASIDE = {"created", "arguments", "notes", "under", "timeout", "order", "facts", "specs", "labels", "trusted"}
# A newer checkpoint may have come; shares of a budget are told from ceilings that are measured anew.
_ASIDE_IN_SPECS = {"checkpoint", "timing.seconds"}


def open_report(folder: Path) -> tuple[Plan, Journal]:
    """The plan of a report and what is in its journal: nothing where its first run never ended.

    Raises RecordError where one cannot be read, or where another process is still writing.
    """
    plan, journal = read_plan(folder), folder / JOURNAL
    if is_being_written(journal):
        raise RecordError(
            f"{folder} is being written by another benchbox", hint="wait for its end, or stop it, and ask again"
        )
    return plan, read_journal(folder) if journal.exists() else Journal(records=())


def finished(plan: Plan, records: Sequence[Record]) -> frozenset[int]:
    """The places of a plan that need not run again: the last record is `ok` or `skipped`.

    Runs that take turns are compared with one another, so a group of them is finished as a whole or not at all.
    """
    last = by_place(records, plan.specs)
    done = {place for place, record in enumerate(last) if record is not None and record.status in GOOD}
    for group in plan.turns:
        if not done.issuperset(group):
            done.difference_update(group)
    return frozenset(done)


def remaining(plan: Plan, records: Sequence[Record]) -> list[tuple[int, ...]]:
    """The places that are to run, in the order of execution; those that take turns together in one group."""
    groups = {place: group for group in plan.turns for place in group}
    done, steps = finished(plan, records), list[tuple[int, ...]]()
    for place in plan.order or range(len(plan.specs)):
        step = groups.get(place, (place,))
        if place not in done and step not in steps:
            steps.append(step)
    return steps


def first_difference(old: Plan, new: Plan) -> str:
    """What first tells two plans apart, by its dotted field and both values; empty where nothing does."""
    return next(_differences(old, new), "")


def _differences(old: Plan, new: Plan) -> Iterator[str]:
    """How two plans differ: what was asked for, then run by run, then where and of what."""
    yield from differences(dotted(old, aside=_ASIDE), dotted(new, aside=_ASIDE))
    if len(old.specs) != len(new.specs):
        yield in_words("the number of runs", len(old.specs), len(new.specs))
    for place, labels in enumerate(zip(old.labels, new.labels, strict=False), start=1):
        if labels[0] != labels[1]:
            yield in_words(f"run {place}", *labels)
    for label, before, after in zip(old.labels, old.specs, new.specs, strict=False):
        fields = (dotted(spec, aside=_ASIDE_IN_SPECS) for spec in (before, after))
        for words in differences(*fields):
            yield f"{label}: {words}"
    if old.facts is not None and new.facts is not None:
        yield from differences(_of_facts(old.facts), _of_facts(new.facts))


def _of_facts(facts: Facts) -> dict[str, object]:
    """Where and of what; not what was measured, which is a little different every time.

    Nor the sides of the split: a digest and a run's own spec fix them, and runs of one plan may differ in them.
    """
    devices = ", ".join(device.title for device in facts.machine.devices)
    return {
        "data.digest": facts.data.digest,
        "machine.torch": facts.machine.torch,
        "machine.cores": facts.machine.cores,
        "machine.threads": facts.machine.threads,
        "machine.devices": devices,
        **{f"source of {name}": digest for name, digest in facts.network_digests.items()},
    }
