"""What is typed again, which exit code counts, and what texts of options mean."""

import contextlib
import itertools
import shlex
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from benchbox.cli.gate_live import leaving
from benchbox.cli.gate_options import override, parse_margin, parse_pairs, parse_shares, parse_today
from benchbox.cli.gate_output import PRECEDENCE, GateOutput, first_code, typed_command
from benchbox.errors import Interrupted, SpecError
from benchbox.gate.settings import Settings
from benchbox.runner.pairs import ArmRefused


@pytest.mark.parametrize(("first", "second"), [*itertools.combinations(PRECEDENCE, 2)])
def test_of_two_codes_the_worse_counts(first: int, second: int) -> None:
    assert first_code(first, second) == first_code(second, first) == first


def test_the_order_of_codes_is_the_documented_one() -> None:
    assert PRECEDENCE == (2, 70, 1, 3, 4, 0)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("compare a b", "compare a b"),
        ("compare --base main --new . lenet", "compare --base abc --new . lenet"),
        ("compare --base=main --new HEAD~1", "compare --base=abc --new def"),
        ("compare --rows main --base main", "compare --rows main --base abc"),
        ("compare 'a b' --rows 'x *'", "compare 'a b' --rows 'x *'"),
    ],
)
def test_names_of_commits_are_what_they_stood_for(monkeypatch: pytest.MonkeyPatch, typed: str, meant: str) -> None:
    resolved = {"--base": "abc"} | ({"--new": "def"} if "HEAD" in typed else {})
    monkeypatch.setattr(sys, "argv", ["benchbox", *shlex.split(typed)])
    assert typed_command(resolved) == f"benchbox {meant}"


@given(st.floats(0.001, 99.9))
def test_a_margin_in_per_cent_is_a_ratio(percent: float) -> None:
    assert parse_margin(f"{percent:.6f}%") == pytest.approx(percent / 100, rel=1e-3)
    assert parse_margin(f"{percent / 100:.8f}") == pytest.approx(percent / 100, rel=1e-2)


@given(st.text(max_size=6))
def test_a_text_is_a_ratio_or_refused(text: str) -> None:
    with contextlib.suppress(SpecError):
        assert 0 < parse_margin(text) < 1


def test_texts_of_options() -> None:
    assert parse_pairs("7-20") == parse_pairs(" 7 - 20 ") == (7, 20)
    assert parse_pairs("8") == (8, 8)
    assert parse_shares("3%, 0.05", "--slowdown") == (0.03, 0.05)
    assert parse_today("2026-11-24") == "2026-11-24"
    assert len(parse_today(None)) == 10


@pytest.mark.parametrize("zone", ["Etc/GMT-14", "Etc/GMT+12"])
def test_today_is_in_utc_as_the_records_are(monkeypatch: pytest.MonkeyPatch, zone: str) -> None:
    """At any time one of the two zones has another day."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        before = datetime.now(UTC).date().isoformat()
        assert parse_today(None) in (before, datetime.now(UTC).date().isoformat())
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(("is_report_only", "code"), [(False, 3), (True, 0)])
def test_an_arm_that_is_refused_is_told_with_the_code_that_it_would_have(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], is_report_only: bool, code: int
) -> None:
    output = GateOutput(out=tmp_path, quiet=True, json=False, copies={}, is_report_only=is_report_only)
    with pytest.raises(typer.Exit) as ended, leaving(tmp_path, output):
        raise ArmRefused("it cannot be talked to")
    assert ended.value.exit_code == code
    said = capsys.readouterr().err
    assert "benchbox: it cannot be talked to" in said
    assert ("--report-only: exit code 0 in place of 3" in said) is is_report_only


@pytest.mark.parametrize(("keeps", "said"), [(True, "What was measured lies in"), (False, "Nothing was stored")])
def test_after_a_signal_it_is_told_what_is_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], keeps: bool, said: str
) -> None:
    output = GateOutput(out=tmp_path, quiet=True, json=False, copies={})
    with pytest.raises(typer.Exit) as ended, leaving(tmp_path if keeps else None, output):
        raise Interrupted
    assert ended.value.exit_code == 130
    assert said in capsys.readouterr().err


def test_only_what_was_typed_wins_over_the_file() -> None:
    file = Settings(preset="strict", margin=0.3, seconds=9.0, metrics=("exact",))
    assert override(file, preset=None, margin=None, metrics=None) == file
    typed = override(
        file, preset="shared", margin=None, metrics="time", pairs="7-9", seconds=1.0, time_limit=2.0, seed=3
    )
    assert (typed.margin_in_force, typed.metrics, typed.pairs) == (0.05, ("time",), (7, 9))
    assert (typed.seconds, typed.time_limit, typed.seed) == (1.0, 2.0, 3)
