"""A verdict as text: every digit where it counts, both directions told apart, nothing that merely looks exact."""

import math

import gates
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from benchbox.gate.verdict import STATES, Bounds, KeyDifference, Source, Verdict
from benchbox.report.gate_facts import (
    conclusion,
    control_text,
    counts,
    difference_texts,
    explained,
    facts,
    source_text,
)
from benchbox.report.gate_order import code_word, in_order, sections
from benchbox.report.gate_words import tell


def test_time_is_a_ratio_with_its_interval_and_what_would_have_been_seen() -> None:
    told = tell(gates.failing().verdicts[0])
    assert (told.base, told.new) == ("100 ms", "107 ms")
    assert (told.change, told.interval) == ("1.068×", "(1.055–1.081)")
    assert (told.margin, told.sees, told.count) == ("1.025×", "1.046×", "8")
    assert told.why == (
        "at least 5.5% slower, and at least 5.1% in a second series; "
        "second series 1.064× (1.051–1.077) over 6 pairs"
    )


@pytest.mark.parametrize(
    ("more", "change", "interval"),
    [(1, "+1", "(+0.00000387 %)"), (-258_541, "−258,541", "(−1.00 %)"), (0, "same", "")],
)
def test_counts_keep_every_digit_and_their_sign(more: float, change: str, interval: str) -> None:
    told = tell(gates.exact_verdict("parameters", more=more))
    assert told.base == "25,854,076"
    assert told.new == f"{25_854_076 + more:,.0f}"
    assert (told.change, told.interval) == (change, interval)


def test_a_count_that_was_nothing_has_no_share() -> None:
    told = tell(gates.exact_verdict("buffers", base=0.0, new=8.0, bounds=None))
    assert (told.change, told.interval) == ("+8", "")


def test_accuracy_is_told_in_points_with_the_sign_of_the_change() -> None:
    seen = Bounds(value=-0.012, low=-0.0201, high=-0.0039, count=10_000, method="Student's t", detectable=-0.015)
    told = tell(gates.accuracy_verdict(state="FAIL", bounds=seen, new=0.918))
    assert (told.base, told.new) == ("93.0 %", "91.8 %")
    assert (told.change, told.interval) == ("−1.20 pt", "(−2.01 to −0.39)")
    assert (told.margin, told.sees) == ("0.50 pt", "1.50 pt")


def test_nothing_that_rounds_to_zero_has_a_sign() -> None:
    seen = Bounds(value=-1e-9, low=-1e-9, high=1e-9, count=100, method="Student's t")
    told = tell(gates.accuracy_verdict(bounds=seen))
    assert (told.change, told.interval) == ("+0.00 pt", "(+0.00 to +0.00)")


def test_what_a_verdict_has_not_is_a_dash() -> None:
    told = tell(gates.row_verdict(gates.LENET, "MISSING", "in the base, but not in new"))
    assert (told.base, told.new, told.change, told.margin, told.sees, told.count) == ("–",) * 6
    assert (told.name, told.why) == (gates.LENET, "in the base, but not in new")


def test_a_verdict_of_a_whole_arm_has_a_name() -> None:
    verdict = Verdict(case="", row="base", metric="", group="exact", state="INCOMPARABLE")
    assert (tell(verdict).metric, tell(verdict).name) == ("whole arm", "base")
    assert tell(replace(verdict, row="")).row == "all rows"


@pytest.mark.parametrize("ratio", [math.exp(700), 1e6, 1000.0])
def test_a_ratio_without_end_is_not_written_out(ratio: float) -> None:
    told = tell(gates.time_verdict(bounds=Bounds(value=1.0, low=1 / ratio, high=ratio, count=2, method="t")))
    assert told.interval in ("(0.000–over 1,000)", "(0.001–over 1,000)")


def test_a_second_series_that_saw_nothing_is_told_once() -> None:
    (verdict,) = gates.inconclusive().of_state("NOT_REPRODUCED")
    assert tell(verdict).why.count("second series") == 1


def test_every_state_has_a_place_and_failures_come_first() -> None:
    report = gates.every_state()
    ordered = in_order(report)
    assert sorted(verdict.state for verdict in ordered) == sorted(STATES)
    assert [verdict.state for verdict in ordered][:5] == [
        "FAIL",
        "MISSING",
        "ERROR",
        "NONDETERMINISTIC",
        "IMPLAUSIBLE",
    ]
    assert ordered[-1].state == "PASS"


def test_an_accepted_regression_does_not_hide_among_what_passed() -> None:
    titles = {section.title: section for section in sections(gates.failing())}
    assert [verdict.row for verdict in titles["Accepted"].verdicts] == [gates.EFFICIENT]
    assert not titles["Accepted"].is_folded
    assert titles["Passed"].is_folded


@given(order=st.permutations(gates.failing().verdicts))
def test_no_verdict_is_lost_or_doubled_in_any_order(order: list[Verdict]) -> None:
    report = replace(gates.failing(), verdicts=tuple(order))
    assert sorted(map(id, in_order(report))) == sorted(map(id, order))


def test_counts_are_of_metrics_and_name_what_was_not_gated() -> None:
    assert counts(gates.failing()) == (
        "17 metrics of 6 rows declared, 15 gated: 2 FAIL, 1 INCONCLUSIVE, 1 IMPROVED, 11 PASS (1 accepted); "
        "1 NEW, 2 SKIPPED"
    )
    assert counts(gates.nothing()) == "2 metrics of 0 rows declared, 0 gated; 2 SKIPPED"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (Source(asked="main", commit="1a2b3c4d5e6f7a8b9c"), "main (1a2b3c4d5e6f)"),
        (Source(asked="1a2b3c4", commit="1a2b3c4d5e6f7a8b9c"), "1a2b3c4"),
        (Source(asked=".", commit="1a2b3c", is_dirty=True), ". (1a2b3c, with uncommitted changes)"),
        (Source(asked="base.jsonl", benchbox="0.1.0", age_days=1.0), "base.jsonl, benchbox 0.1.0, 1 day old"),
        (Source(asked="base.jsonl", age_days=0.0), "base.jsonl, of today"),
        (Source(asked="base.jsonl", age_days=-2.0), "base.jsonl, made 2 days after today"),
    ],
)
def test_an_arm_is_told_by_what_was_asked_and_what_it_was(source: Source, said: str) -> None:
    assert source_text(source) == said


def test_the_control_says_whose_change_it_saw() -> None:
    clean, dirty, stored = gates.passing(), gates.contaminated(), gates.stored()
    assert clean.control is not None
    assert dirty.control is not None
    assert stored.control is not None
    assert control_text(clean.control, clean) == ("1.001× (0.994–1.008) over 8 pairs: clean; noise floor 1.007×")
    noisy = gates.control(half=clean.margin + 0.001)
    assert "over 8 pairs: too noisy for the margin; noise floor 1.026×" in control_text(noisy, clean)
    assert "the machine was not the same for both arms" in control_text(dirty.control, dirty)
    assert "over 3 processes a side: the machine's own change, divided out" in control_text(stored.control, stored)


def test_keys_that_differ_have_both_values_and_the_rest_a_number() -> None:
    differences = [
        KeyDifference(key=f"k{number}", base="1", new="", row="r" * (number == 0)) for number in range(5)
    ]
    assert difference_texts(differences, most=2) == ["k0: 1 → – (r)", "k1: 1 → –", "and 3 more"]
    assert len(difference_texts(differences, most=5)) == 5


def test_only_what_is_shown_is_explained() -> None:
    said = " ".join(explained(gates.passing().verdicts))
    assert "above 1 is slower" in said
    assert "Student's t" in said
    assert "Memory" not in said
    assert "Accuracy" not in said
    assert explained(gates.nothing().verdicts) == ()


def test_equal_records_explain_no_interval() -> None:
    same = Bounds(value=1.0, low=1.0, high=1.0, count=3, method="the very same records")
    assert explained([gates.time_verdict(bounds=same)]) == ()


def test_the_schedule_is_told() -> None:
    blocks = dict(facts(replace(gates.passing(), schedule="blocks")))
    assert "A B B A" in blocks["Mode"]
    assert "stored" in dict(facts(gates.stored()))["Mode"]


def test_the_conclusion_ends_in_the_exit_code() -> None:
    assert conclusion(gates.passing()) == "PASS: none of 10 gated metrics got worse (exit code 0)"


def test_each_exit_code_has_a_word() -> None:
    assert [code_word(code) for code in (0, 1, 3, 4, 70)] == [
        "pass",
        "regression",
        "unasserted",
        "inconclusive",
        "error",
    ]
