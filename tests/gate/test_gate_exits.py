"""Exit codes by the closed table, their precedence, and the line that says why."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchbox.gate.exits import FAILING, NEUTRAL, UNASSERTED, UNDECIDED, conclusion, exit_code
from benchbox.gate.verdict import STATES, Bounds, Verdict

GOOD = ("PASS", "IMPROVED")


def verdict(state: str, *, high: float | None = None, **fields: Any) -> Verdict:
    bounds = None if high is None else Bounds(value=1.0, low=0.9, high=high, count=6, method="Student's t")
    given = {"row": "lenet infer b8@64", "metric": "sample_seconds", "group": "time", "margin": 0.025, **fields}
    return Verdict(**{"case": "c", "state": state, "bounds": bounds, **given})


def test_every_state_has_its_place_in_the_table() -> None:
    assert sorted((*FAILING, *UNASSERTED, *UNDECIDED, *NEUTRAL, *GOOD)) == sorted(STATES)


@pytest.mark.parametrize(
    ("states", "code"),
    [
        ((), 3),
        (("NEW",), 3),
        (("SKIPPED", "NEW"), 3),
        (("PASS",), 0),
        (("IMPROVED",), 0),
        (("PASS", "NEW", "SKIPPED"), 0),
        *(((state,), 1) for state in FAILING),
        *(((state, "PASS"), 3) for state in UNASSERTED),
        *(((state, "PASS"), 4) for state in UNDECIDED),
        (("INCONCLUSIVE", "INCOMPARABLE"), 3),
        (("INCONCLUSIVE", "INCOMPARABLE", "FAIL"), 1),
    ],
)
def test_the_first_of_1_3_and_4_counts(states: tuple[str, ...], code: int) -> None:
    assert exit_code([verdict(state) for state in states]) == code


@pytest.mark.parametrize(("high", "code"), [(1.07, 0), (1.08, 4), (None, 4)])
@pytest.mark.parametrize("state", UNDECIDED)
def test_what_is_undecided_passes_only_where_three_margins_are_excluded(
    state: str, high: float | None, code: int
) -> None:
    assert exit_code([verdict(state, high=high), verdict("PASS")]) == code


def test_of_two_series_the_second_tells_what_is_excluded() -> None:
    narrow = Bounds(value=1.0, low=0.99, high=1.01, count=6, method="Student's t")
    assert exit_code([verdict("NOT_REPRODUCED", high=1.2, confirmed=narrow)]) == 0


@pytest.mark.parametrize(("low", "code"), [(-0.014, 0), (-0.016, 4)])
def test_of_an_accuracy_it_is_the_lower_bound(low: float, code: int) -> None:
    bounds = Bounds(value=0.0, low=low, high=0.001, count=500, method="Student's t")
    seen = verdict("INCONCLUSIVE", group="accuracy", metric="top1", margin=0.005)
    assert exit_code([Verdict(**{**_fields(seen), "bounds": bounds})]) == code


def _fields(seen: Verdict) -> dict[str, Any]:
    return {name: getattr(seen, name) for name in seen.__struct_fields__}


@pytest.mark.parametrize(
    ("states", "line"),
    [
        ((), "NOTHING GATED: none of 0 verdicts counts, and that is no pass"),
        (("PASS", "IMPROVED"), "PASS: none of 2 gated metrics got worse, 1 improved"),
        (
            ("FAIL", "PASS"),
            "FAIL: 1 of 2 gated metrics is worse, broken or missing: lenet infer b8@64 time (FAIL)",
        ),
        (
            ("INCONCLUSIVE",),
            "INCONCLUSIVE: 1 of 1 gated metric is undecided, and 3 margins are not excluded: "
            "lenet infer b8@64 time (INCONCLUSIVE)",
        ),
        (
            ("CONTAMINATED", "NEW"),
            "NOT ASSERTED: 1 of 1 gated metric cannot be compared: lenet infer b8@64 time (CONTAMINATED)",
        ),
    ],
)
def test_one_line_says_why(states: tuple[str, ...], line: str) -> None:
    assert conclusion([verdict(state) for state in states]) == line


def test_the_line_stays_short() -> None:
    line = conclusion([verdict("FAIL")] * 10)
    assert line.startswith("FAIL: 10 of 10 gated metrics are worse")
    assert line.endswith("and 7 more")


def test_where_times_cannot_be_compared_it_names_what_can() -> None:
    exact = verdict("PASS", group="exact", metric="parameters")
    assert "`--metrics exact`" in conclusion([verdict("INCOMPARABLE"), exact])
    assert "`--metrics exact`" not in conclusion([verdict("INCOMPARABLE")])
    assert "`--metrics exact`" not in conclusion([verdict("CONTAMINATED"), exact])


@given(st.lists(st.sampled_from(STATES)), st.lists(st.sampled_from(STATES)))
def test_more_verdicts_never_hide_a_regression(some: list[str], others: list[str]) -> None:
    seen, more = [verdict(state) for state in some], [verdict(state) for state in others]
    if exit_code(seen) == 1:
        assert exit_code(seen + more) == 1
    assert exit_code(seen + more) == exit_code(more + seen)
