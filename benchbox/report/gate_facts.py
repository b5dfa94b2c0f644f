"""What a gate's comparison rests on, as text: how it was measured, arms, counts, control; how to read it."""

from collections import Counter
from collections.abc import Iterator, Sequence

from benchbox.gate.exits import FAILING, NEUTRAL, UNASSERTED, UNDECIDED
from benchbox.gate.verdict import ControlSeen, GateReport, KeyDifference, Source, Verdict
from benchbox.report import text
from benchbox.report.gate_words import printable, times, times_text
from benchbox.report.text import ABSENT

_MODES = {
    ("A/B", "slices"): "A/B: pairs of live processes that took turns in short slices",
    ("A/B", "blocks"): "A/B: fresh processes in blocks A B B A, since both arms do not fit in memory together",
    ("A/B", ""): "A/B: both arms ran here",
    ("stored", ""): "stored runs; times are relative to the control network beside them",
}
# Digits of a commit's hash.
COMMIT = 12
_TIMED = (
    "Time: new over base, above 1 is slower. In brackets its 98 % interval ({methods}; n replicates), each end of "
    "which is a one-sided 99 % bound. It fails where the lower end is above the margin, and passes where the upper "
    "one is below."
)
_REMEMBERED = "Memory: new over base, above 1 is larger; in brackets the range over processes."
_COUNTED = "Counts (parameters, buffers, weight bytes, FLOP): any increase fails."
_SCORED = "Accuracy: new less base in percentage points, below 0 is worse; in brackets its 98 % interval."
_SEES = "Sees: the smallest change for the worse that would have failed with 90 % chance."


def conclusion(report: GateReport) -> str:
    """The report's own conclusion, and its exit code."""
    return printable(f"{report.conclusion.rstrip('.')} (exit code {report.code})")


def facts(report: GateReport) -> Iterator[tuple[str, str]]:
    """What a comparison rests on, each with its title: mode, margin, arms, counts, control, notes.

    In which keys the arms differ is told by `difference_texts`.
    """
    return ((title, printable(said)) for title, said in _facts(report))


def _facts(report: GateReport) -> Iterator[tuple[str, str]]:
    yield "Mode", mode_text(report)
    yield "Margin", f"{times(1 + report.margin)} of time (preset {report.preset})"
    yield "Base", source_text(report.base)
    yield "New", source_text(report.new)
    yield "Gated", f"{', '.join(report.groups)}; {counts(report)}"
    if report.control is not None:
        yield "Control", control_text(report.control, report)
    yield from (("Note", note) for note in report.notes)


def mode_text(report: GateReport) -> str:
    """How the arms were measured."""
    return _MODES.get((report.mode, report.schedule), report.mode)


def source_text(source: Source) -> str:
    """`main (1a2b3c4d5e6f, with changes), benchbox 0.1.0, 3 days old`."""
    commits = ", ".join(commit[:COMMIT] for commit in source.commit.split(", "))
    is_telling = bool(commits) and not source.commit.startswith(source.asked)
    aside = ", ".join([commits] * is_telling + ["with uncommitted changes"] * source.is_dirty)
    said = [
        f"{source.asked} ({aside})" if aside else source.asked,
        *([f"benchbox {source.benchbox}"] if source.benchbox else []),
        *([_age(round(source.age_days))] if source.age_days is not None else []),
    ]
    return ", ".join(said)


def _age(days: int) -> str:
    if days < 0:
        return f"made {text.plural(-days, 'day')} after today"
    return f"{text.plural(days, 'day')} old" if days else "of today"


def counts(report: GateReport) -> str:
    """`24 metrics of 6 rows declared, 22 gated: 1 FAIL, 21 PASS; 1 NEW, 1 SKIPPED`."""
    seen: Counter[str] = Counter(verdict.state for verdict in report.verdicts)
    declared = [verdict for verdict in report.verdicts if verdict.state != "NEW"]
    # One of a whole arm, or of every row, has no case.
    rows = len({verdict.case for verdict in declared if verdict.case})
    accepted = sum(verdict.state == "PASS" and bool(verdict.accepted) for verdict in report.verdicts)
    aside = f" ({accepted} accepted)" if accepted else ""
    gated = ", ".join(f"{seen[state]} {state}{aside * (state == 'PASS')}" for state in _ranked(seen))
    others = ", ".join(f"{seen[state]} {state}" for state in NEUTRAL if seen[state])
    return (
        f"{text.plural(len(declared), 'metric')} of {text.plural(rows, 'row')} declared, {len(report.gated)} gated"
        f"{f': {gated}' if gated else ''}{f'; {others}' if others else ''}"
    )


def _ranked(seen: Counter[str]) -> list[str]:
    """The gated states that occur, the worst first."""
    return [state for state in (*FAILING, *UNASSERTED, *UNDECIDED, "IMPROVED", "PASS") if seen[state]]


def control_text(control: ControlSeen, report: GateReport) -> str:
    """What the control network says of the machine, and the run's own noise floor."""
    over = f"{control.bounds.count} {'processes a side' if report.mode == 'stored' else 'pairs'}"
    said = _control_said(control, report)
    return f"{times_text(control.bounds)} over {over}: {said}; noise floor {times(1 + control.floor)}"


def _control_said(control: ControlSeen, report: GateReport) -> str:
    if not control.is_clean:
        return "the machine was not the same for both arms"
    if report.mode == "stored":
        return "the machine's own change, divided out"
    return "clean" if control.floor <= report.margin else "too noisy for the margin"


def difference_texts(differences: Sequence[KeyDifference], *, most: int) -> list[str]:
    """`torch: 2.14.1 → 2.14.2`, each with its row where it is not of all; beyond `most` only how many more."""
    said = [
        printable(f"{seen.key}: {seen.base or ABSENT} → {seen.new or ABSENT}{f' ({seen.row})' if seen.row else ''}")
        for seen in differences[:most]
    ]
    rest = len(differences) - most
    return [*said, f"and {rest} more"] if rest > 0 else said


def explained(verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    """How to read the numbers of these verdicts: which way is worse, what the brackets are, what would be seen."""
    groups = {verdict.group for verdict in verdicts if verdict.bounds is not None}
    methods = _methods(verdicts)
    said = [
        _TIMED.format(methods=text.joined(methods)) if methods else "",
        _REMEMBERED if "memory" in groups else "",
        _COUNTED if "exact" in groups else "",
        _SCORED if "accuracy" in groups else "",
        _SEES if any(verdict.bounds and verdict.bounds.detectable for verdict in verdicts) else "",
    ]
    return tuple(each for each in said if each)


def _methods(verdicts: Sequence[Verdict]) -> list[str]:
    """The intervals of times; equal records have none."""
    timed = [verdict.bounds for verdict in verdicts if verdict.group == "time" and verdict.bounds]
    return list(dict.fromkeys(seen.method for seen in timed if seen.low < seen.high))
