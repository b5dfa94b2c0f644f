"""What is typed again, which exit code counts, and what texts of options mean."""

import contextlib
import itertools
import shlex
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchbox.cli.gate_options import override, parse_margin, parse_pairs, parse_shares, parse_today
from benchbox.cli.gate_output import PRECEDENCE, first_code, typed_command
from benchbox.errors import SpecError
from benchbox.gate.settings import Settings


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


def test_only_what_was_typed_wins_over_the_file() -> None:
    file = Settings(preset="strict", margin=0.3, seconds=9.0, metrics=("exact",))
    assert override(file, preset=None, margin=None, metrics=None) == file
    typed = override(
        file, preset="shared", margin=None, metrics="time", pairs="7-9", seconds=1.0, time_limit=2.0, seed=3
    )
    assert (typed.margin_in_force, typed.metrics, typed.pairs) == (0.05, ("time",), (7, 9))
    assert (typed.seconds, typed.time_limit, typed.seed) == (1.0, 2.0, 3)
