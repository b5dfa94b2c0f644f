"""Regressions that somebody answered for: within their bound, until their last day."""

from collections.abc import Iterable
from datetime import date

import msgspec

from benchbox.errors import UsageError
from benchbox.gate.naming import is_meant
from benchbox.gate.rules import Accepted, Rules
from benchbox.gate.verdict import Verdict

# What is measured, or is not what it was. A crash is never accepted, and a row that is gone is declared as removed.
ACCEPTABLE = ("FAIL", "NONDETERMINISTIC", "IMPLAUSIBLE")


def check_accepted(rules: Rules) -> None:
    """Raises UsageError where an accepted regression has expired, or a date is none."""
    for entry in rules.accepted:
        what = f"the accepted regression of {entry.metric} of {entry.row}"
        last, today = _date(entry.expires, what=f"{what} expires on"), _date(rules.today, what="today is")
        if today > last:
            raise UsageError(
                f"{what} expired on {entry.expires}",
                allowed="a day that is not over",
                hint="repair it, or look at its reason again and give it a new day",
            )


def _date(text: str, *, what: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{what} {text!r}", allowed="a date such as 2026-12-31") from error


def accept(verdict: Verdict, entries: Iterable[Accepted]) -> Verdict:
    """The verdict, passed with the reason for it where a regression is accepted and within its bound."""
    if verdict.state not in ACCEPTABLE:
        return verdict
    for entry in entries:
        is_of_metric = entry.metric in (verdict.metric, verdict.group)
        if is_of_metric and is_meant(verdict.case, verdict.row, by=(entry.row,)):
            return _within(verdict, entry) if _is_within(verdict, entry.bound) else _beyond(verdict, entry)
    return verdict


def _is_within(verdict: Verdict, bound: float) -> bool:
    """By the estimate: larger is worse, of accuracy smaller."""
    if verdict.bounds is None:
        return False
    return verdict.bounds.value >= -bound if verdict.group == "accuracy" else verdict.bounds.value <= 1 + bound


def _within(verdict: Verdict, entry: Accepted) -> Verdict:
    reason = f"accepted until {entry.expires}; it was {verdict.state}: {verdict.reason}"
    return msgspec.structs.replace(verdict, state="PASS", accepted=entry.reason, reason=reason)


def _beyond(verdict: Verdict, entry: Accepted) -> Verdict:
    return msgspec.structs.replace(verdict, reason=f"{verdict.reason}; more than the accepted {entry.bound:.1%}")
