"""A gate as JUnit: what a CI server shows as failed, broken and skipped is what the gate says."""

from pathlib import Path
from typing import Any

import gates
import junitparser
import pytest
from junitparser.xunit2 import TestSuite

from benchbox.gate.verdict import GateReport, Verdict
from benchbox.report.gate_junit import junit

GOLDEN = Path(__file__).parent / "golden"
KINDS = {
    "PASS": None,
    "IMPROVED": None,
    "FAIL": "failure",
    "ERROR": "error",
    "MISSING": "error",
    "NONDETERMINISTIC": "error",
    "IMPLAUSIBLE": "error",
    "INCONCLUSIVE": "skipped",
    "NOT_REPRODUCED": "skipped",
    "INCOMPARABLE": "skipped",
    "CONTAMINATED": "skipped",
    "NEW": "skipped",
    "SKIPPED": "skipped",
}


# The library says the types of only some of its calls.
_DOCUMENT: Any = junitparser.JUnitXml
_SUITE: Any = TestSuite


def _cases(report: GateReport) -> list[Any]:
    (suite,) = _DOCUMENT.fromstring(junit(report))
    return list(_SUITE.fromelem(suite))


def _kind(case: Any) -> str | None:
    results = list(case.result)
    assert len(results) <= 1
    return str(results[0]._tag) if results else None


@pytest.mark.parametrize("name", ["failing", "inconclusive", "passing"])
def test_the_document(name: str) -> None:
    assert junit(gates.ALL[name]()) == (GOLDEN / f"gate-{name}.xml").read_bytes()


def test_each_state_is_shown_as_what_it_is() -> None:
    cases = _cases(gates.every_state())
    seen = {verdict.state: _kind(case) for verdict, case in zip(gates.every_state().verdicts, cases, strict=True)}
    assert seen == KINDS


def test_the_counts_of_the_document_are_those_of_its_cases() -> None:
    document = _DOCUMENT.fromstring(junit(gates.every_state()))
    assert (document.tests, document.failures, document.errors, document.skipped) == (13, 1, 4, 6)


def test_a_case_has_its_numbers_as_properties() -> None:
    case = _cases(gates.failing())[0]
    assert (case.classname, case.name) == (gates.RESNET, "sample_seconds")
    seen = {each.name: each.value for each in case.properties()}
    assert seen["state"] == "FAIL"
    assert float(seen["change"]) == pytest.approx(1.068)
    assert float(seen["low"]) == pytest.approx(1.055)
    assert float(seen["confirmed_change"]) == pytest.approx(1.064)
    assert (seen["count"], seen["confirmed_count"]) == ("8", "6")


def test_counts_are_written_out() -> None:
    (case,) = [case for case in _cases(gates.failing()) if _kind(case) == "failure" and case.name == "parameters"]
    seen = {each.name: each.value for each in case.properties()}
    assert (seen["base"], seen["new"]) == ("25854076", "25854077")


def test_a_skipped_case_says_why() -> None:
    (case,) = [case for case in _cases(gates.contaminated()) if case.result]
    assert str(case.result[0].message).startswith("CONTAMINATED: the control network differs")
    assert case.result[0].type == "CONTAMINATED"


def test_a_gate_of_nothing_is_an_error_and_not_an_empty_success() -> None:
    cases = _cases(gates.nothing())
    assert [_kind(case) for case in cases] == ["skipped", "skipped", "error"]


def test_a_gate_without_a_base_is_an_error_though_every_case_is_skipped() -> None:
    base = Verdict(case="", row="base", metric="", group="exact", state="INCOMPARABLE", reason="no records")
    new = gates.row_verdict("vgg16 infer b8@128", "NEW")
    said = "NOT ASSERTED: 1 of 1 gated metric cannot be compared: base (no records)"
    cases = _cases(gates.make_gate([base, new], control=None, code=3, conclusion=said))
    assert [_kind(case) for case in cases] == ["skipped", "skipped", "error"]
    assert cases[-1].result[0].type == "NOT ASSERTED"


def test_what_is_undecided_within_three_margins_is_no_error() -> None:
    report = gates.make_gate([gates.time_verdict(state="INCONCLUSIVE")], conclusion="PASS: none got worse")
    assert [_kind(case) for case in _cases(report)] == ["skipped"]


def test_no_name_breaks_the_document() -> None:
    case, new = _cases(gates.hostile())
    assert str(case.classname).startswith("a|b \N{REPLACEMENT CHARACTER}[31m`c` <script>")
    assert (_kind(case), _kind(new)) == ("failure", "skipped")


@pytest.mark.parametrize("said", ["\x00", "\x1b[31m", "\ud800", "\uffff", "&<>\"'", "\U0001f600"])
def test_every_text_makes_a_document_that_can_be_read(said: str) -> None:
    verdict = Verdict(case=said, row=said, metric="", group="exact", state="ERROR", reason=said)
    assert len(_cases(gates.make_gate([verdict], code=1, conclusion=said, notes=(said,)))) == 1


def test_equal_reports_are_equal_bytes() -> None:
    assert junit(gates.failing()) == junit(gates.failing())
    assert b"timestamp" not in junit(gates.failing())
