"""The exit code of a gate and its one line, from its verdicts alone.

1 something is worse, broken or missing; 3 something that was to be gated cannot be asserted, or nothing was gated;
4 noise hides the answer, and a slowdown of three margins is not excluded; else 0. Of several the first counts.
"""

from collections.abc import Sequence

from benchbox.errors import EXIT_INCONCLUSIVE, EXIT_OK, EXIT_REGRESSION, EXIT_UNASSERTED
from benchbox.gate.decision import LARGE, excludes_large
from benchbox.gate.verdict import Verdict

FAILING = ("FAIL", "ERROR", "MISSING", "NONDETERMINISTIC", "IMPLAUSIBLE")
UNASSERTED = ("INCOMPARABLE", "CONTAMINATED")
UNDECIDED = ("INCONCLUSIVE", "NOT_REPRODUCED")
NEUTRAL = ("NEW", "SKIPPED")
# In the one line; all of them are in the report.
MOST_NAMED = 3


def exit_code(verdicts: Sequence[Verdict]) -> int:
    """1, 3, 4 or 0. No verdict that counts never passes."""
    gated = [verdict for verdict in verdicts if verdict.state not in NEUTRAL]
    if _of(gated, FAILING):
        return EXIT_REGRESSION
    if not gated or _of(gated, UNASSERTED):
        return EXIT_UNASSERTED
    return EXIT_INCONCLUSIVE if any(map(is_open, gated)) else EXIT_OK


def is_open(verdict: Verdict) -> bool:
    """Whether a verdict leaves room for a change of three margins for the worse.

    Of one that was measured twice the second series tells: the first was looked at because it was bad.
    """
    if verdict.state not in UNDECIDED:
        return False
    seen = verdict.confirmed or verdict.bounds
    if seen is None or verdict.margin is None:
        return True
    if verdict.group == "accuracy":
        return seen.low <= -LARGE * verdict.margin
    return not excludes_large(seen, margin=verdict.margin)


def conclusion(verdicts: Sequence[Verdict]) -> str:
    """One line: what the exit code says, of how many, and the first of them by name."""
    gated = [verdict for verdict in verdicts if verdict.state not in NEUTRAL]
    code = exit_code(verdicts)
    if not gated:
        return f"NOTHING GATED: none of {counted(len(verdicts), 'verdict')} counts, and that is no pass"
    if code == EXIT_REGRESSION:
        return _line("FAIL", _of(gated, FAILING), gated, one="is", many="are", what="worse, broken or missing")
    if code == EXIT_UNASSERTED:
        return _unasserted(gated)
    if code == EXIT_INCONCLUSIVE:
        undecided = [verdict for verdict in gated if is_open(verdict)]
        what = f"undecided, and {LARGE} margins are not excluded"
        return _line("INCONCLUSIVE", undecided, gated, one="is", many="are", what=what)
    return _passed(gated)


def _unasserted(gated: Sequence[Verdict]) -> str:
    found = _of(gated, UNASSERTED)
    line = _line("NOT ASSERTED", found, gated, one="cannot", many="cannot", what="be compared")
    has_exact = any(verdict.group == "exact" and verdict.metric and verdict not in found for verdict in gated)
    is_of_times = all(verdict.group in ("time", "memory") and verdict.state == "INCOMPARABLE" for verdict in found)
    return f"{line}. `--metrics exact` gates what is the same everywhere" if has_exact and is_of_times else line


def _passed(gated: Sequence[Verdict]) -> str:
    """What else there is besides passes is counted."""
    others = {
        "improved": len(_of(gated, ("IMPROVED",))),
        "undecided but within three margins": len(_of(gated, UNDECIDED)),
        "accepted": sum(bool(verdict.accepted) for verdict in gated),
    }
    said = "".join(f", {count} {name}" for name, count in others.items() if count)
    return f"PASS: none of {counted(len(gated), 'gated metric')} got worse{said}"


def _line(word: str, found: Sequence[Verdict], gated: Sequence[Verdict], *, one: str, many: str, what: str) -> str:
    count = f"{len(found)} of {counted(len(gated), 'gated metric')}"
    return f"{word}: {count} {one if len(found) == 1 else many} {what}: {_named(found)}"


def _named(found: Sequence[Verdict]) -> str:
    named = [_name(verdict) for verdict in found[:MOST_NAMED]]
    more = len(found) - len(named)
    return "; ".join([*named, f"and {more} more"] if more else named)


def _name(verdict: Verdict) -> str:
    said = verdict.reason or verdict.state
    metric = verdict.metric if verdict.group == "exact" else verdict.metric and verdict.group
    return f"{' '.join(filter(None, (verdict.row, metric)))} ({said})"


def counted(count: int, noun: str) -> str:
    """`1 day`, `20 days`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _of(verdicts: Sequence[Verdict], states: Sequence[str]) -> list[Verdict]:
    return [verdict for verdict in verdicts if verdict.state in states]
