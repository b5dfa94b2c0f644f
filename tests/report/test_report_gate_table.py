"""A gate on a terminal: whole at eighty columns, failures first, in words where colours or Unicode lack."""

from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path

import gates
import pytest
from rich.console import Console

from benchbox.gate.verdict import GateReport
from benchbox.report.gate_order import in_order
from benchbox.report.gate_table import MOST_LINES, print_gate
from benchbox.report.gate_words import tell

GOLDEN = Path(__file__).parent / "golden"


def shown(report: GateReport, *, width: int = 80, is_long: bool = False) -> str:
    out = StringIO()
    print_gate(Console(file=out, width=width), report, is_long=is_long)
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


@pytest.mark.parametrize("name", ["failing", "inconclusive", "passing", "contaminated", "incomparable"])
def test_the_terminal(name: str) -> None:
    assert shown(gates.ALL[name]()) == (GOLDEN / f"gate-{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("name", gates.ALL)
def test_tables_are_whole(name: str, width: int) -> None:
    report = gates.ALL[name]()
    said = shown(report, width=width, is_long=True)
    assert max(map(len, said.splitlines())) <= width
    assert "…" not in said
    for verdict in report.gated:
        told = tell(verdict)
        assert all(part in said for part in (told.base, told.change, told.interval, told.state))


@pytest.mark.parametrize("name", gates.ALL)
def test_every_verdict_and_its_reason_are_shown(name: str) -> None:
    report = gates.ALL[name]()
    squeezed = " ".join(shown(report).split())
    for verdict in in_order(report):
        told = tell(verdict)
        assert told.state in squeezed
        if told.state != "PASS":
            assert " ".join(told.why.split()) in squeezed


def test_failures_come_first_and_the_conclusion_last() -> None:
    said = shown(gates.failing())
    heads = [
        said.index(head) for head in ("Failed: 2", "Undecided: 1", "Improved: 1", "Not gated: 3", "Passed: 10")
    ]
    assert heads == sorted(heads)
    assert said.rstrip().endswith("(exit code 1)")


def test_what_passed_is_one_line_a_row_and_can_be_had_in_full() -> None:
    report = gates.passing()
    assert shown(report).count(gates.RESNET) == 1
    long = shown(report, is_long=True)
    assert long.count(gates.RESNET) == 5
    assert "25,854,076" in long
    assert "25,854,076" not in shown(report)


def test_colours_only_repeat_what_the_words_say() -> None:
    out = StringIO()
    print_gate(Console(file=out, width=80, force_terminal=True, color_system="standard"), gates.failing())
    assert "\x1b[1;31m" in out.getvalue()
    plain = StringIO()
    print_gate(Console(file=plain, width=80, force_terminal=True, no_color=True), gates.failing())
    assert "\x1b[1;31m" not in plain.getvalue()
    assert "FAIL" in plain.getvalue()


@pytest.mark.parametrize("name", gates.ALL)
def test_a_terminal_without_unicode_is_given_ascii_in_the_same_columns(name: str) -> None:
    file = TextIOWrapper(BytesIO(), encoding="ascii", newline="")
    print_gate(Console(file=file, width=80), gates.ALL[name]())
    file.flush()
    assert isinstance(file.buffer, BytesIO)
    said = file.buffer.getvalue().decode("ascii")
    assert max(map(len, said.splitlines())) <= 80
    assert f"(exit code {gates.ALL[name]().code})" in " ".join(said.split())


def test_names_in_square_brackets_are_text() -> None:
    report = gates.make_gate([gates.time_verdict("[bold]net[/bold] infer b8@128", "FAIL")], code=1)
    assert "[bold]net[/bold]" in shown(report)


def test_a_thousand_rows_end_in_how_many_more_there_are() -> None:
    said = shown(gates.many(1000))
    assert f"And {1000 - MOST_LINES:,} more lines, which are in gate.json." in said
    assert len(said.splitlines()) < 700


def test_equal_reasons_are_told_together() -> None:
    said = shown(gates.many(100))
    assert said.count("at least 5.5% slower.") == 1


def test_what_comes_from_outside_commands_no_terminal() -> None:
    out = StringIO()
    print_gate(Console(file=out, width=80), gates.hostile())
    assert "\x1b" not in out.getvalue()
    assert "\x00" not in out.getvalue()
