"""In which order the verdicts of a gate are shown, and under which titles: failures first, what passed last."""

from dataclasses import dataclass

from benchbox.errors import EXIT_INCONCLUSIVE, EXIT_OK, EXIT_REGRESSION, EXIT_UNASSERTED
from benchbox.gate.exits import FAILING, NEUTRAL, UNASSERTED, UNDECIDED
from benchbox.gate.verdict import GateReport, Verdict

PASSED, NOT_GATED, ACCEPTED = "Passed", "Not gated", "Accepted"
_STATES: dict[str, tuple[str, ...]] = {
    "Failed": FAILING,
    "Cannot be asserted": UNASSERTED,
    "Undecided": UNDECIDED,
    "Improved": ("IMPROVED",),
    NOT_GATED: NEUTRAL,
}
_ORDER = ("Failed", "Cannot be asserted", "Undecided", "Improved", ACCEPTED, NOT_GATED, PASSED)
# An exit code in one word, as other programs may read it.
_WORDS = {
    EXIT_OK: "pass",
    EXIT_REGRESSION: "regression",
    EXIT_UNASSERTED: "unasserted",
    EXIT_INCONCLUSIVE: "inconclusive",
}


@dataclass(frozen=True, kw_only=True)
class Section:
    """Verdicts that ask for the same, in the order of the declared rows."""

    title: str
    verdicts: tuple[Verdict, ...]

    @property
    def is_folded(self) -> bool:
        """Whether nothing of it asks to be read."""
        return self.title in (NOT_GATED, PASSED)


def sections(report: GateReport) -> tuple[Section, ...]:
    """All verdicts of a report under their titles; without empty sections."""
    found: dict[str, list[Verdict]] = {title: [] for title in _ORDER}
    for verdict in report.verdicts:
        found[_title(verdict)].append(verdict)
    return tuple(Section(title=title, verdicts=tuple(verdicts)) for title, verdicts in found.items() if verdicts)


def _title(verdict: Verdict) -> str:
    if verdict.state == "PASS":
        return ACCEPTED if verdict.accepted else PASSED
    return next(title for title, states in _STATES.items() if verdict.state in states)


def in_order(report: GateReport) -> tuple[Verdict, ...]:
    """All verdicts, section after section."""
    return tuple(verdict for section in sections(report) for verdict in section.verdicts)


def code_word(code: int) -> str:
    """An exit code in a word: pass, regression, unasserted, inconclusive, else error."""
    return _WORDS.get(code, "error")
