"""The judge: two arms and what they are held to → one report. The same inputs give the same bytes.

First what is said of a whole row (missing, broken, left out), then each of its metrics. What was measured is never
repaired: a row that cannot be judged says why, and no gate passes for want of rows.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from benchbox.gate import accuracy, memory, times
from benchbox.gate.acceptance import accept, check_accepted
from benchbox.gate.accuracy import accuracy_verdict, has_accuracy
from benchbox.gate.control import control_seen
from benchbox.gate.evidence import Arm
from benchbox.gate.exact import exact_verdicts, has_exact
from benchbox.gate.exits import NEUTRAL, conclusion, counted, exit_code
from benchbox.gate.hard_keys import TIMED, RowKeys, gathered, row_keys
from benchbox.gate.memory import has_memory, memory_verdict
from benchbox.gate.pairing import Both, Match, match_rows
from benchbox.gate.row_states import Said, row_state
from benchbox.gate.rows import SCORED, RowSeen
from benchbox.gate.rules import Rules
from benchbox.gate.timing import Second, has_time, time_verdict
from benchbox.gate.verdict import (
    EXACT,
    ControlSeen,
    GateReport,
    Group,
    KeyDifference,
    Mode,
    Schedule,
    Verdict,
)
from benchbox.plan.spec import TASKS

# After so many days a baseline's machine is hardly the same, whatever its fingerprint says.
OLD_DAYS = 14


@dataclass(frozen=True, kw_only=True)
class _Kind:
    """A group of metrics: what stands for it, the tasks that are to have it, and whether a row does."""

    metric: str
    tasks: tuple[str, ...]
    is_in: Callable[[RowSeen], bool]


_KINDS: Mapping[Group, _Kind] = {
    "exact": _Kind(metric=EXACT[0], tasks=TASKS, is_in=has_exact),
    "time": _Kind(metric=times.METRIC, tasks=TIMED, is_in=has_time),
    "memory": _Kind(metric=memory.METRIC, tasks=TIMED, is_in=has_memory),
    "accuracy": _Kind(metric=accuracy.METRIC, tasks=SCORED, is_in=has_accuracy),
}


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """A row with what is said of it as a whole; None where its numbers, in `both`, speak for themselves."""

    match: Match
    said: Said | None
    both: Both | None
    keys: RowKeys


@dataclass(frozen=True, kw_only=True)
class _Bench:
    """What the numbers of a row are judged by, besides the row."""

    rules: Rules
    mode: Mode
    control: ControlSeen | None
    second: Second | None


def judge(
    base: Arm,
    new: Arm,
    *,
    rules: Rules,
    mode: Mode,
    confirmation: tuple[Arm, Arm] | None = None,
    schedule: Schedule = "",
    reproduce: str = "",
    notes: Sequence[str] = (),
) -> GateReport:
    """Every metric of every row that is gated, and the exit code.

    `confirmation` is the second series of an A/B run, for the rows of `flagged`; without it a time that failed
    stays FAIL. Raises UsageError for an accepted regression that has expired.
    """
    check_accepted(rules)
    entries = _entries(base, new, rules=rules, mode=mode)
    bench = _Bench(
        rules=rules,
        mode=mode,
        control=_control(entries, rules=rules, mode=mode),
        second=_second(confirmation, rules=rules) if confirmation is not None else None,
    )
    found = [*_of_arms(base, new, rules), *(seen for entry in entries for seen in _of_row(entry, bench))]
    verdicts = tuple(accept(verdict, rules.accepted) for verdict in (*found, *_of_groups(entries, rules)))
    is_self = _is_self(base, new, entries=entries, mode=mode)
    own_notes = _notes(base, new, entries=entries, rules=rules, is_self=is_self)
    return GateReport(
        mode=mode,
        preset=rules.preset,
        margin=rules.margin,
        groups=rules.groups,
        base=base.source,
        new=new.source,
        is_self=is_self,
        schedule=schedule,
        differences=_differences(entries),
        control=bench.control,
        verdicts=verdicts,
        notes=tuple(dict.fromkeys((*notes, *base.notes, *new.notes, *own_notes))),
        code=exit_code(verdicts),
        conclusion=conclusion(verdicts),
        reproduce=reproduce,
        today=rules.today,
    )


def flagged(report: GateReport) -> tuple[str, ...]:
    """The cases of an A/B run whose time failed and was not measured a second time."""
    failed = report.of_state("FAIL") if report.mode == "A/B" else ()
    times_alone = (verdict for verdict in failed if verdict.group == "time" and verdict.confirmed is None)
    return tuple(dict.fromkeys(verdict.case for verdict in times_alone))


def _entries(base: Arm, new: Arm, *, rules: Rules, mode: Mode) -> list[_Entry]:
    entries = []
    for match in match_rows(base, new, rules):
        said = row_state(match, rules=rules, is_whole=not new.damage)
        both = match.both if said is None else None
        keys = row_keys(both.base, both.new, mode=mode) if both is not None else RowKeys()
        entries.append(_Entry(match=match, said=said, both=both, keys=keys))
    return entries


def _open(entries: Sequence[_Entry]) -> list[Both]:
    return [entry.both for entry in entries if entry.both is not None]


def _control(entries: Sequence[_Entry], *, rules: Rules, mode: Mode) -> ControlSeen | None:
    return control_seen(_open(entries), mode=mode, margin=rules.margin) if "time" in rules.groups else None


def _second(arms: tuple[Arm, Arm], *, rules: Rules) -> Second:
    entries = _entries(*arms, rules=rules, mode="A/B")
    rows = {both.case: both for both in _open(entries)}
    return Second(rows=rows, control=_control(entries, rules=rules, mode="A/B"))


def _of_arms(base: Arm, new: Arm, rules: Rules) -> Iterator[Verdict]:
    """A verdict for each arm of which nobody can say what it would have held."""
    for name, arm in (("base", base), ("new", new)):
        if arm.damage:
            more = len(arm.damage) - 1
            reason = f"{arm.damage[0]}{f'; and {more} more' if more else ''}"
            yield Verdict(case="", row=name, metric="", group=rules.groups[0], state="INCOMPARABLE", reason=reason)


def _of_row(entry: _Entry, bench: _Bench) -> Iterator[Verdict]:
    """The verdicts of one row, with its old name where it was renamed."""
    match = entry.match
    facts = {"name in the base": match.was} if match.was else {}
    if entry.both is not None:
        for seen in _of_numbers(entry.both, entry.keys, bench):
            yield msgspec.structs.replace(seen, facts=facts | seen.facts)
    elif entry.said is not None:
        state, reason = entry.said
        group = bench.rules.groups[0]
        yield Verdict(
            case=match.case, row=match.name, metric="", group=group, state=state, reason=reason, facts=facts
        )


def _of_numbers(both: Both, keys: RowKeys, bench: _Bench) -> Iterator[Verdict]:
    rules = bench.rules
    for group in rules.groups:
        kind = _KINDS[group]
        if kind.is_in(both.base):
            yield from _of_group(group, both, keys, bench)
        elif group in rules.asked and both.base.spec.task in kind.tasks:
            yield _unmet(both.case, both.name, group, lack="the base has none")


def _of_group(group: Group, both: Both, keys: RowKeys, bench: _Bench) -> Iterator[Verdict]:
    rules = bench.rules
    if group == "exact":
        yield from exact_verdicts(both, keys)
    elif group == "time":
        margin = rules.margin_of(both.case, both.name)
        yield time_verdict(both, keys, margin=margin, mode=bench.mode, control=bench.control, second=bench.second)
    elif group == "memory":
        yield memory_verdict(both, keys)
    else:
        yield accuracy_verdict(both, keys, rules)


def _of_groups(entries: Sequence[_Entry], rules: Rules) -> Iterator[Verdict]:
    """A verdict for each group that the user chose and that no gated row of the base is of a kind to have."""
    tasks = {row.spec.task for row in _gated(entries)}
    for group in rules.promised if tasks else ():
        if tasks.isdisjoint(_KINDS[group].tasks):
            yield _unmet("", "every row", group, lack="no gated row of the base has it")


def _gated(entries: Sequence[_Entry]) -> list[RowSeen]:
    """The rows of the base that count: of one that was left out, or is new, no group is gated."""
    return [
        entry.match.base
        for entry in entries
        if entry.match.base is not None and (entry.said is None or entry.said[0] not in NEUTRAL)
    ]


def _unmet(case: str, row: str, group: Group, *, lack: str) -> Verdict:
    metric, reason = _KINDS[group].metric, f"it was asked for, and {lack}"
    return Verdict(case=case, row=row, metric=metric, group=group, state="INCOMPARABLE", reason=reason)


def _differences(entries: Sequence[_Entry]) -> tuple[KeyDifference, ...]:
    return gathered(
        {entry.match.name: entry.keys for entry in entries if entry.both is not None},
        timed=sum(both.base.spec.task in TIMED for both in _open(entries)),
    )


def _is_self(base: Arm, new: Arm, *, entries: Sequence[_Entry], mode: Mode) -> bool:
    """Whether both arms are the same code (A/B) or the same records (stored)."""
    if mode == "A/B":
        return bool(base.source.digest) and base.source.digest == new.source.digest
    rows = [entry.match.both for entry in entries]
    return bool(rows) and all(both is not None and both.is_same for both in rows)


def _notes(base: Arm, new: Arm, *, entries: Sequence[_Entry], rules: Rules, is_self: bool) -> Iterator[str]:
    """What people should know of the whole."""
    if is_self:
        yield "this is a self-comparison: both arms are the same"
    age = base.source.age_days
    if age is not None and age > OLD_DAYS:
        yield f"the base is {age:.0f} days old: record a new one"
    for name, arm in (("the base", base), ("new", new)):
        if (days := arm.source.age_days) is not None and days < 0:
            after = f"{counted(round(-days), 'day')} after today, {rules.today}"
            yield f"{name} was made {after}: one of the two dates is wrong"
    rows = _gated(entries)
    without = [group for group in rules.groups if rows and not any(_KINDS[group].is_in(row) for row in rows)]
    if without:
        yield f"not gated, since no gated row of the base has it: {', '.join(without)}"
