"""A gate's report as JUnit XML, which CI servers show: one test case a metric of a row, its numbers as properties.

The same report gives the same bytes: no time of day, and no time that a test took.
"""

import re
from collections.abc import Iterator
from io import BytesIO

import junitparser
from junitparser import Error, Failure, JUnitXml, Skipped, TestSuite
from junitparser.xunit2 import TestCase

from benchbox.gate.verdict import Bounds, GateReport, Verdict
from benchbox.report.gate_facts import conclusion, difference_texts, facts
from benchbox.report.gate_words import metric_of, row_of, tell

NAME = "benchbox compare"
Result = Failure | Error | Skipped
# All other states but PASS and IMPROVED are skipped: such a metric was neither proved worse nor as good.
_FAILURES = ("FAIL",)
_ERRORS = ("ERROR", "MISSING", "NONDETERMINISTIC", "IMPLAUSIBLE")
_GOOD = ("PASS", "IMPROVED")
MOST_DIFFERENCES = 50
# What XML 1.0 cannot hold, not even escaped: most control characters and lone surrogates.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Digits that tell every count and double apart, and make no 0.1 a 0.1000000000000000055.
_NUMBER = ".15g"


def junit(report: GateReport) -> bytes:
    """The document, in the order of the declared rows.

    Where every case is skipped and the gate is no pass, such as one without a base, that is an error in it.
    """
    suite = TestSuite(NAME)
    for name, value in _suite_properties(report):
        if value:
            suite.add_property(_text(name), _text(value))
    cases: list[junitparser.TestCase] = [_case(verdict) for verdict in report.verdicts]
    if report.code and not report.of_state(*_GOOD, *_FAILURES, *_ERRORS):
        word = report.conclusion.partition(":")[0]
        error = Error(_text(conclusion(report)), _text(word))
        cases.append(_with(TestCase(name="gate", classname=NAME), error))
    # One by one each would have all be counted again.
    suite.add_testcases(cases)
    document = JUnitXml(NAME)
    document.add_testsuite(suite)
    document.update_statistics()  # type: ignore[no-untyped-call]
    written = BytesIO()
    document.write(written)
    # The library writes all on one line, or takes seconds for a thousand rows. In a text > and < are escaped.
    return written.getvalue().replace(b"><", b">\n<") + b"\n"


def _suite_properties(report: GateReport) -> Iterator[tuple[str, str]]:
    yield "conclusion", report.conclusion
    yield "exit_code", str(report.code)
    yield "preset", report.preset
    yield "margin", format(report.margin, _NUMBER)
    yield "today", report.today
    yield from ((title.lower(), said) for title, said in facts(report) if title != "Margin")
    for said in difference_texts(report.differences, most=MOST_DIFFERENCES):
        yield "differs", said
    yield "reproduce", report.reproduce


def _case(verdict: Verdict) -> TestCase:
    case = TestCase(name=_text(verdict.metric or metric_of(verdict)), classname=_text(row_of(verdict)))
    for name, value in _properties(verdict):
        case.add_property(_text(name), _text(value))
    result = _result(verdict)
    return case if result is None else _with(case, result)


def _with(case: TestCase, result: Result) -> TestCase:
    case.result = result
    return case


def _result(verdict: Verdict) -> Result | None:
    if verdict.state in _GOOD:
        return None
    kind = Failure if verdict.state in _FAILURES else Error if verdict.state in _ERRORS else Skipped
    told = tell(verdict)
    result = kind(_text(f"{verdict.state}: {told.why}" if told.why else verdict.state), verdict.state)
    if kind is not Skipped:
        result.text = _text(
            f"{told.name}\nbase {told.base}, new {told.new}, change {told.change} {told.interval}".rstrip()
            + f"\nmargin {told.margin}\n{told.why}"
        )
    return result


def _properties(verdict: Verdict) -> Iterator[tuple[str, str]]:
    yield "state", verdict.state
    yield "group", verdict.group
    yield "case", verdict.case
    numbers = {"base": verdict.base, "new": verdict.new, "margin": verdict.margin}
    yield from ((name, format(value, _NUMBER)) for name, value in numbers.items() if value is not None)
    # Of counts the two are all that there is.
    yield from _bounds(verdict.bounds if verdict.group != "exact" else None, "")
    yield from _bounds(verdict.confirmed, "confirmed_")
    texts = {"reason": verdict.reason, "accepted": verdict.accepted, **verdict.facts}
    yield from ((name, value) for name, value in texts.items() if value)


def _bounds(seen: Bounds | None, prefix: str) -> Iterator[tuple[str, str]]:
    if seen is None:
        return
    numbers = {"change": seen.value, "low": seen.low, "high": seen.high, "detectable": seen.detectable}
    yield from ((f"{prefix}{name}", format(value, _NUMBER)) for name, value in numbers.items() if value is not None)
    yield f"{prefix}count", str(seen.count)
    yield f"{prefix}method", seen.method


def _text(said: str) -> str:
    """A text without the characters that would make the document unreadable."""
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", said)
