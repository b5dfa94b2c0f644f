"""Regressions that somebody answered for: within their bound, until their last day."""

from collections.abc import Iterable
from datetime import date

import msgspec

from benchbox.errors import UsageError
from benchbox.gate.naming import is_meant
from benchbox.gate.rules import IMPLAUSIBLE, Accepted, Rules
from benchbox.gate.verdict import Verdict

# What is measured, and is worse or not one number. What is too good to be true has a metric of its own. A crash is
# never accepted, and a row that is gone is declared as removed.
ACCEPTABLE = ("FAIL", "NONDETERMINISTIC")


def check_accepted(rules: Rules) -> None:
    """Raises UsageError where an accepted regression has expired, or today is no date."""
    for entry in rules.accepted:
        if _today(rules) > date.fromisoformat(entry.expires):
            raise UsageError(
                f"the accepted regression of {entry.metric} of {entry.row} expired on {entry.expires}",
                allowed="a day that is not over",
                hint="repair it, or look at its reason again and give it a new day",
            )


def _today(rules: Rules) -> date:
    try:
        return date.fromisoformat(rules.today)
    except ValueError as error:
        raise UsageError(f"today is {rules.today!r}", allowed="a date such as 2026-12-31") from error


def accept(verdict: Verdict, entries: Iterable[Accepted]) -> Verdict:
    """The verdict, passed with the reason for it where one of the accepted regressions covers it."""
    meant = [entry for entry in entries if _is_of(entry, verdict)]
    if not meant:
        return verdict
    fitting = next((entry for entry in meant if _is_within(verdict, entry.bound)), None)
    return _within(verdict, fitting) if fitting is not None else _beyond(verdict, meant)


def _is_of(entry: Accepted, verdict: Verdict) -> bool:
    if verdict.state == "IMPLAUSIBLE":
        is_of_metric = entry.metric == IMPLAUSIBLE
    else:
        is_of_metric = verdict.state in ACCEPTABLE and entry.metric in (verdict.metric, verdict.group)
    return is_of_metric and is_meant(verdict.case, verdict.row, by=(entry.row,))


def _is_within(verdict: Verdict, bound: float) -> bool:
    """By the estimate, of two series by the worse one: larger is worse, of accuracy smaller.

    What is too good to be true has no worse side that a bound could be set for.
    """
    if verdict.state == "IMPLAUSIBLE":
        return True
    if verdict.bounds is None:
        return False
    seen = [each.value for each in (verdict.bounds, verdict.confirmed) if each is not None]
    return min(seen) >= -bound if verdict.group == "accuracy" else max(seen) <= 1 + bound


def _within(verdict: Verdict, entry: Accepted) -> Verdict:
    reason = f"accepted until {entry.expires}; it was {verdict.state}: {verdict.reason}"
    return msgspec.structs.replace(verdict, state="PASS", accepted=entry.reason, reason=reason)


def _beyond(verdict: Verdict, entries: Iterable[Accepted]) -> Verdict:
    most = max(entry.bound for entry in entries)
    return msgspec.structs.replace(verdict, reason=f"{verdict.reason}; more than the accepted {most:.1%}")
