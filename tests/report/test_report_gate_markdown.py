"""A gate in GitHub's Markdown: failures first, the rest folded, under every limit, nothing from outside markup."""

import re
from pathlib import Path

import gates
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from benchbox.report.gate_markdown import COMMENT_LIMIT, MARKER, literal, markdown

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("name", ["failing", "inconclusive", "passing"])
def test_the_page(name: str) -> None:
    assert markdown(gates.ALL[name]()) == (GOLDEN / f"gate-{name}.md").read_text(encoding="utf-8")


def test_a_workflow_finds_its_comment_by_the_first_line() -> None:
    assert markdown(gates.passing()).startswith(f"{MARKER}\n")


@pytest.mark.parametrize(
    ("name", "callout"),
    [("passing", "TIP"), ("failing", "CAUTION"), ("inconclusive", "WARNING"), ("incomparable", "WARNING")],
)
def test_the_callout_has_the_colour_of_the_conclusion(name: str, callout: str) -> None:
    assert f"> [!{callout}]\n> **" in markdown(gates.ALL[name]())


def test_only_what_asks_for_nothing_is_folded() -> None:
    said = markdown(gates.failing())
    folded = "".join(re.findall("<details>.*?</details>", said, flags=re.DOTALL))
    assert "**FAIL**" in said
    assert "**FAIL**" not in folded
    assert "Accepted" not in folded
    assert folded.count("| PASS") == 10


def test_the_command_is_there_as_it_was_typed() -> None:
    report = gates.passing()
    assert f"```sh\n{report.reproduce}\n```" in markdown(report)


def test_a_command_with_ticks_cannot_end_its_block() -> None:
    said = markdown(replace(gates.passing(), reproduce="benchbox compare '```'"))
    assert "````sh\nbenchbox compare '```'\n````" in said


def test_both_values_of_a_key_are_shown() -> None:
    said = markdown(gates.incomparable())
    assert "| cpu | Test CPU 9000 | Other CPU | all |" in said
    assert f"| data | c01lc01lc01l | – | {gates.RESNET} |" in said


def test_what_comes_from_outside_is_no_markup() -> None:
    said = markdown(gates.hostile())
    text = said.split("Once more:")[0]
    assert "<script>" not in text
    assert not re.search(r"(?<!\\)\[e\]", text)
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {3, 5, 10}


def test_a_name_keeps_its_ticks_as_text() -> None:
    assert literal("a `b` c|d") == r"a \`b\` c\|d"


def test_a_long_report_is_cut_where_rows_passed_and_says_so() -> None:
    said = markdown(gates.many(400), limit=COMMENT_LIMIT)
    assert len(said.encode()) <= COMMENT_LIMIT
    assert said.count("**FAIL**") >= 40
    shown = said.count("| PASS |")
    assert f"**{2000 - 40 - shown:,} more lines left out here for their length; all are in gate.json.**" in said
    assert said.count("<details>") == said.count("</details>")
    # One more line would not have fitted.
    assert len(said.encode()) > COMMENT_LIMIT - 200


def test_a_report_that_fits_is_whole() -> None:
    report = gates.many(20)
    assert markdown(report, limit=COMMENT_LIMIT) == markdown(report)


@settings(max_examples=40, deadline=None)
@given(limit=st.integers(0, 5000), name=st.sampled_from(sorted(gates.ALL)))
def test_no_limit_is_ever_passed(limit: int, name: str) -> None:
    report = gates.ALL[name]()
    assert len(markdown(report, limit=limit).encode()) <= limit


def test_a_reason_without_end_is_shortened() -> None:
    report = gates.make_gate([gates.row_verdict(gates.LENET, "ERROR", "x" * 100_000)], code=1)
    assert len(markdown(report)) < 3000
