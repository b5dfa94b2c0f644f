"""A gate's report as one HTML page that needs no network: tables, and of timed rows what their verdicts rest on.

Whatever comes from outside (names, reasons, values of keys) is escaped by the template, and the page forbids
scripts and all that is loaded from elsewhere.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from benchbox.gate.exits import FAILING, NEUTRAL
from benchbox.gate.verdict import STATES, ControlSeen, GateReport, Mode, Source, Verdict
from benchbox.records.fingerprint import short_hash
from benchbox.report.gate_facts import conclusion, control_text, explained, facts
from benchbox.report.gate_order import code_word, in_order, sections
from benchbox.report.gate_page import page
from benchbox.report.gate_plots import strip_of, time_svg
from benchbox.report.gate_words import Told, tell, times_text

TEMPLATE = "gate.html.j2"
# The figures of a thousand rows are for nobody; failures come first. A stored row has a few processes to show.
MOST_DRAWN: Mapping[Mode, int] = {"A/B": 48, "stored": 6}
_CALM = ("PASS", "IMPROVED", *NEUTRAL)
# What each state means, for those that a page holds.
MEANINGS = {
    "PASS": "shown to be no worse than the margin allows",
    "FAIL": "worse by more than the margin, a count by any number; a time tells whether a second series agrees",
    "IMPROVED": "shown to be better by more than the margin",
    "INCONCLUSIVE": "the noise leaves both open; nothing is claimed",
    "NOT_REPRODUCED": "the first series failed and the second did not; counts as undecided",
    "NEW": "not in the base; listed and not gated",
    "MISSING": "was to be there and is not; fails unless its removal was declared",
    "ERROR": "works in the base and not in new",
    "INCOMPARABLE": "measured under conditions that differ, or not at all; nothing can be asserted",
    "CONTAMINATED": "the control network changed as well: the machine was not the same for both arms",
    "NONDETERMINISTIC": "a count that differs between processes of one arm",
    "IMPLAUSIBLE": "too good to be true without a check of its answers",
    "SKIPPED": "left out on purpose; listed and not gated",
}


@dataclass(frozen=True, kw_only=True)
class _Line:
    """A verdict in the table. `tone` is a class of the style, `anchor` where it is drawn, empty where it is not."""

    told: Told
    tone: str
    anchor: str


@dataclass(frozen=True, kw_only=True)
class _Table:
    title: str
    lines: tuple[_Line, ...]
    is_folded: bool


@dataclass(frozen=True, kw_only=True)
class _Drawn:
    """A row's time in figures. `second` says what an independent series saw."""

    anchor: str
    told: Told
    tone: str
    svg: Markup
    second: str


@dataclass(frozen=True, kw_only=True)
class _Import:
    """From which file each arm took a row's network."""

    row: str
    base: str
    new: str


def html(report: GateReport) -> str:
    """The page, ending in one newline; the same for equal reports."""
    shown = _to_draw(report)
    drawn = {id(verdict): f"row-{place}" for place, verdict in enumerate(shown, start=1)}
    timed = sum(_is_drawable(verdict) for verdict in report.verdicts)
    return page(
        TEMPLATE,
        word=code_word(report.code),
        conclusion=conclusion(report),
        facts=list(facts(report)),
        tables=_tables(report, drawn),
        control=_control(report.control, report) if report.control is not None else None,
        rows=[_draw(verdict, drawn[id(verdict)]) for verdict in shown],
        undrawn=timed - len(shown),
        differences=report.differences,
        arms=[("Base", _arm(report.base)), ("New", _arm(report.new))],
        imports=_imports(report),
        explained=explained(report.verdicts),
        meanings={state: MEANINGS[state] for state in STATES if report.of_state(state)},
        reproduce=report.reproduce,
        today=report.today,
    )


def _is_drawable(verdict: Verdict) -> bool:
    seen = verdict.series
    return verdict.group == "time" and bool(seen.differences or (seen.base and seen.new))


def _to_draw(report: GateReport) -> list[Verdict]:
    return [verdict for verdict in in_order(report) if _is_drawable(verdict)][: MOST_DRAWN[report.mode]]


def _tables(report: GateReport, drawn: dict[int, str]) -> list[_Table]:
    return [
        _Table(
            title=f"{section.title}: {len(section.verdicts):,}",
            lines=tuple(
                _Line(told=tell(verdict), tone=_tone(verdict), anchor=drawn.get(id(verdict), ""))
                for verdict in section.verdicts
            ),
            is_folded=section.is_folded,
        )
        for section in sections(report)
    ]


def _tone(verdict: Verdict) -> str:
    if verdict.state in FAILING:
        return "bad"
    return "good" if verdict.state in _CALM else "doubt"


def _draw(verdict: Verdict, anchor: str) -> _Drawn:
    strips = [strip_of(verdict.series, verdict.bounds)]
    if verdict.confirmation.differences:
        strips.append(strip_of(verdict.confirmation, verdict.confirmed, name="again"))
    drawn = time_svg(
        strips,
        margin=verdict.margin or 0.0,
        base=verdict.series.base_traces,
        new=verdict.series.new_traces,
        salt=anchor,
    )
    second = f"{times_text(verdict.confirmed)} over {verdict.confirmed.count} pairs" if verdict.confirmed else ""
    return _Drawn(anchor=anchor, told=tell(verdict), tone=_tone(verdict), svg=Markup(drawn), second=second)


def _control(control: ControlSeen, report: GateReport) -> tuple[str, Markup]:
    """What the control says, in words and drawn; in stored mode its times are those of two machines or days."""
    seen = control.series
    drawn = time_svg(
        [strip_of(seen, control.bounds)],
        margin=report.margin,
        base=seen.base_traces,
        new=seen.new_traces,
        salt="control",
    )
    return control_text(control, report), Markup(drawn)


def _arm(source: Source) -> list[tuple[str, str]]:
    return [(name, said) for name, said in _arm_facts(source) if said]


def _arm_facts(source: Source) -> Iterator[tuple[str, str]]:
    seen = source.fingerprint
    yield "asked for", source.asked
    yield "commit", f"{source.commit}{', with uncommitted changes' if source.is_dirty else ''}".removeprefix(", ")
    yield "its own files", source.digest
    yield "benchbox", source.benchbox
    if seen is not None:
        yield "machine", f"{short_hash(seen)}: {seen.gpu or seen.cpu}, {seen.cores} cores, {seen.threads} threads"
        yield "software", f"torch {seen.torch}, torchvision {seen.torchvision}, Python {seen.python}, {seen.system}"


def _imports(report: GateReport) -> Sequence[_Import]:
    base, new = report.base.imported, report.new.imported
    return [_Import(row=row, base=base.get(row, ""), new=new.get(row, "")) for row in dict.fromkeys((*base, *new))]
