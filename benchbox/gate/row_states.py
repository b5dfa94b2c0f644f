"""What is said of a whole row before its numbers are looked at: it is missing, broken, new, or was left out.

`Said` is a state and its reason; None says that the row's numbers speak for themselves.
"""

from collections.abc import Sequence

from benchbox.gate.naming import is_meant
from benchbox.gate.pairing import Match
from benchbox.gate.rows import RowSeen
from benchbox.gate.rules import Rules
from benchbox.gate.verdict import State
from benchbox.records.record import Record

Said = tuple[State, str]
_UNREADABLE = "not found in what could be read of new"


def row_state(match: Match, *, rules: Rules, is_whole: bool) -> Said | None:
    """The state of a row as a whole. `is_whole` says that all of new's records could be read.

    What failed or is broken in new and not in the base is an ERROR. What failed in both, or is a broken record of
    the base, cannot be compared. What failed in the base alone, in all of its processes, is NEW, declared or not:
    the commit that repairs a network must not be stopped for it.
    """
    if _is_left_out(match, rules):
        return "SKIPPED", "left out"
    if not match.is_gated and match.base is not None:
        return "SKIPPED", "not among the declared rows"
    if match.base is None:
        return _without_base(match, is_whole=is_whole)
    if match.new is None:
        return _without_new(match, match.base, rules=rules, is_whole=is_whole)
    return _broken(match.base, match.new) or _ended(match.base, match.new)


def _is_left_out(match: Match, rules: Rules) -> bool:
    """A row that the arms have under two cases is left out where both are: either may have been asked for."""
    sides = {match.case: match.name}
    if match.base is not None:
        sides.setdefault(match.base.case, match.was or match.name)
    return all(is_meant(case, name, by=rules.skipped) for case, name in sides.items())


def _without_base(match: Match, *, is_whole: bool) -> Said:
    if match.new is None:
        return ("MISSING", "declared, and in neither arm") if is_whole else ("INCOMPARABLE", _UNREADABLE)
    if match.is_declared:
        return "INCOMPARABLE", "declared, but the base has no such row: record a baseline with it"
    return "NEW", _how(match.new.failed) if match.new.failed else "; ".join(match.new.faults)


def _without_new(match: Match, base: RowSeen, *, rules: Rules, is_whole: bool) -> Said:
    if is_meant(match.case, match.name, by=rules.removed):
        return "SKIPPED", "removed, as declared"
    if _is_skipped(base) and not match.is_declared:
        return "SKIPPED", f"skipped in the base: {_how(base.records)}"
    if not is_whole:
        return "INCOMPARABLE", _UNREADABLE
    return "MISSING", "in the base, but not in new: declare it as removed or renamed if that was meant"


def _broken(base: RowSeen, new: RowSeen) -> Said | None:
    if base.faults:
        return "INCOMPARABLE", f"broken in {'both' if new.faults else 'the base'}: {base.faults[0]}"
    if new.faults:
        return "ERROR", new.faults[0]
    for side, row in (("the base", base), ("new", new)):
        if row.ambiguity:
            return "INCOMPARABLE", f"{side} has {row.ambiguity}, and which of them counts is not known"
    return None


def _ended(base: RowSeen, new: RowSeen) -> Said | None:
    """By how the processes ended. What failed only in some of the base's leaves the others to be compared with."""
    if new.failed:
        if base.failed:
            return "INCOMPARABLE", f"failed in both: base {_how(base.failed)}; new {_how(new.failed)}"
        return "ERROR", _counted(new)
    if not new.good:
        return ("SKIPPED" if _is_skipped(base) else "MISSING"), f"skipped in new: {_how(new.records)}"
    if not base.good:
        return "NEW", f"the base has no number to compare with: {_how(base.records)}"
    return None


def _is_skipped(row: RowSeen) -> bool:
    return bool(row.records) and not row.good and not row.failed


def _counted(row: RowSeen) -> str:
    """How a row failed; of several processes in how many, too."""
    every = len(row.records)
    return f"{len(row.failed)} of {every} processes: {_how(row.failed)}" if every > 1 else _how(row.failed)


def _how(records: Sequence[Record]) -> str:
    """The first record's status and reason: `crashed: the process ended with SIGKILL`."""
    first = records[0]
    return f"{first.status}: {first.reason}".rstrip(": ")
