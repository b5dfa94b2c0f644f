"""What a gate's rules say besides the settings: accepted regressions that are over, and rows that are left out."""

import glob
from collections.abc import Sequence

from msgspec.structs import replace

from benchbox.gate.acceptance import check_accepted
from benchbox.gate.rules import Rules
from benchbox.gate.settings import Settings, make_rules


def check_dates(settings: Settings, today: str) -> None:
    """Raises UsageError where an accepted regression has expired: before anything is measured, not after it."""
    check_accepted(make_rules(settings, {}, today=today))


def leave_out(rules: Rules, cases: Sequence[str]) -> tuple[Rules, tuple[str, ...]]:
    """The rules by which these rows are skipped, for the gated metrics say nothing of them; and a note of it."""
    if not cases:
        return rules, ()
    names = ", ".join(rules.names.get(case, case) for case in cases)
    note = f"left out, since only {' and '.join(rules.groups)} {_are(rules.groups)} gated: {names}"
    return replace(rules, skipped=(*rules.skipped, *map(glob.escape, cases))), (note,)


def _are(things: Sequence[object]) -> str:
    return "is" if len(things) == 1 else "are"
