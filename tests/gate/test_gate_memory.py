"""Peak memory: a regression needs all of three processes above all of three others, and above the margin."""

from collections.abc import Sequence

import pytest
from factories_machine import sample_fingerprint
from hypothesis import given
from hypothesis import strategies as st
from records import MIB, cell, in_turns, judged, only, peaks

from benchbox.gate.verdict import Verdict

GIB = 1024 * MIB


def verdict(base: Sequence[float], new: Sequence[float], *, device: str = "cpu") -> Verdict:
    arms = (peaks([MIB * value for value in side], device=device) for side in (base, new))
    return only(judged(*arms, mode="stored", groups=("memory",)), group="memory")


@pytest.mark.parametrize(
    ("device", "base", "new", "state"),
    [
        ("cpu", (100, 101, 102), (100, 102, 101), "PASS"),
        ("cpu", (100, 101, 102), (110, 111, 112), "FAIL"),
        ("cpu", (100, 101, 102), (109, 111, 112), "INCONCLUSIVE"),
        ("cpu", (100, 101, 102), (101, 110, 112), "INCONCLUSIVE"),
        ("cpu", (110, 111, 112), (100, 101, 102), "IMPROVED"),
        ("cpu", (100, 100, 100), (106, 106, 107), "PASS"),
        ("cuda", (100, 100, 100), (103, 103, 103), "FAIL"),
        ("cuda", (100, 100, 100), (102, 102, 102), "PASS"),
        ("cuda", (2, 2, 2), (3, 3, 3), "PASS"),
    ],
)
def test_complete_separation_and_the_margin_decide(
    device: str, base: Sequence[float], new: Sequence[float], state: str
) -> None:
    assert verdict(base, new, device=device).state == state


@pytest.mark.parametrize(
    ("few", "many"), [((100,), (200, 200, 200)), ((100, 100, 100), (200, 200)), ((100,), (101,))]
)
def test_fewer_than_three_processes_decide_nothing(few: Sequence[float], many: Sequence[float]) -> None:
    seen = verdict(few, many)
    assert seen.state == "INCONCLUSIVE"
    assert f"{len(few)} and {len(many)} processes" in seen.reason


def test_one_process_that_took_no_more_than_another_excludes_a_large_increase() -> None:
    base, new = peaks([100 * MIB]), peaks([101 * MIB])
    assert judged(base, new, mode="stored", groups=("memory",)).code == 0
    assert judged(base, peaks([150 * MIB]), mode="stored", groups=("memory",)).code == 4


@pytest.mark.parametrize("processes", [1, 2])
def test_a_few_processes_that_took_more_than_the_margin_exclude_nothing(processes: int) -> None:
    base, new = (peaks([mib * MIB] * processes) for mib in (100, 119))
    report = judged(base, new, mode="stored", groups=("memory",))
    assert only(report, group="memory").bounds is None
    assert report.code == 4


@pytest.mark.parametrize(
    ("new", "said"),
    [((109, 111, 112), "every process of new took more"), ((101, 110, 112), "the peaks of both arms overlap")],
)
def test_why_nothing_is_decided(new: Sequence[float], said: str) -> None:
    assert verdict((100, 101, 102), new).reason.startswith(said)


def test_a_verdict_tells_its_values_and_its_margin_as_a_share() -> None:
    seen = verdict((100, 101, 102), (110, 111, 112))
    assert (seen.base, seen.new) == (101 * MIB, 111 * MIB)
    assert seen.margin == pytest.approx(0.03 + 4 / 101)
    assert seen.bounds is not None
    assert (seen.bounds.low, seen.bounds.high) == pytest.approx((110 / 102, 112 / 100))


def test_networks_without_a_peak_of_their_own_are_equal() -> None:
    seen = verdict((0, 0, 0), (0, 0, 0))
    assert (seen.state, seen.bounds, seen.margin) == ("PASS", None, None)


def test_the_memory_of_processes_that_held_all_rows_is_none_of_a_row() -> None:
    report = judged(*in_turns())
    assert not [seen for seen in report.verdicts if seen.group == "memory"]
    assert any("memory" in note for note in report.notes)


def test_on_another_machine_memory_is_not_compared() -> None:
    other = [
        cell(peak=200 * MIB, repeat=repeat, fingerprint=sample_fingerprint(torch="2.15.0")) for repeat in range(3)
    ]
    report = judged(peaks([100 * MIB] * 3), other, mode="stored", groups=("memory",))
    assert only(report, group="memory").state == "INCOMPARABLE"


VALUES = st.lists(st.integers(1, 10_000), min_size=3, max_size=5)


@given(base=VALUES, new=VALUES)
def test_swapping_the_arms_turns_a_regression_into_an_improvement(base: list[int], new: list[int]) -> None:
    turned = {"FAIL": "IMPROVED", "IMPROVED": "FAIL"}
    one, other = verdict(base, new).state, verdict(new, base).state
    if one in turned or other in turned:
        assert turned[one] == other


@given(base=VALUES, new=VALUES)
def test_a_regression_is_no_pass_with_more_memory(base: list[int], new: list[int]) -> None:
    if verdict(base, new).state == "FAIL":
        assert verdict(base, [value + 100 for value in new]).state == "FAIL"
