"""Time: pairs against the margin, the control and the noise floor, the second series, stored runs."""

from typing import Any

import msgspec
import pytest
from factories import with_actual
from hypothesis import given, settings
from hypothesis import strategies as st
from records import MODELS, TODAY, arm, cell, in_turns, judged, only, stored

from benchbox.gate.control import control_seen, disturbance
from benchbox.gate.decision import LEAST_PAIRS
from benchbox.gate.judge import flagged, judge
from benchbox.gate.pairing import match_rows
from benchbox.gate.rules import Accepted, Rules
from benchbox.gate.verdict import Bounds, ControlSeen, GateReport, Verdict
from benchbox.records.record import Record

Arms = tuple[list[Record], list[Record]]


def control(low: float, high: float) -> ControlSeen:
    middle = (low * high) ** 0.5
    bounds = Bounds(value=middle, low=low, high=high, count=8, method="Student's t")
    return ControlSeen(bounds=bounds, floor=(high / low) ** 0.5 - 1, is_clean=True)


def twice(first: Arms, second: Arms, **rules: Any) -> GateReport:
    """A gate whose flagged rows were measured a second time."""
    base, new = first
    arms = arm(base), arm(new, "new")
    again = arm(second[0]), arm(second[1], "new")
    return judge(*arms, rules=Rules(today=TODAY, **rules), mode="A/B", confirmation=again)


def test_a_slowdown_of_one_row_is_its_own() -> None:
    report = judged(*in_turns(slower={"lenet": 1.1}))
    assert only(report, model="lenet").state == "FAIL"
    assert only(report, model="alexnet").state == "PASS"
    assert flagged(report) == (only(report, model="lenet").case,)


def test_a_verdict_tells_what_it_rests_on() -> None:
    base, new = in_turns(("lenet",), pairs=7, slower=1.1)
    seen = only(judged(base, new))
    assert seen.bounds is not None
    assert seen.bounds.low < 1.1 < seen.bounds.high
    assert seen.bounds.count == len(seen.series.differences) == len(seen.series.blocks) == 7
    assert seen.base == pytest.approx(0.010, rel=0.05)
    assert seen.new == pytest.approx(0.011, rel=0.05)
    assert seen.series.base_traces[3] == base[3].values("sample_seconds")
    assert seen.margin == 0.025


def test_a_row_has_its_own_margin() -> None:
    arms = in_turns(slower=1.1)
    report = judged(*arms, margins={"lenet *": 0.2})
    assert only(report, model="lenet").state == "PASS"
    assert only(report, model="alexnet").state == "FAIL"


def test_a_second_series_that_says_the_same_confirms() -> None:
    seen = only(twice(in_turns(slower=1.1), in_turns(slower=1.1, seed=1)))
    assert seen.state == "FAIL"
    assert "second series" in seen.reason
    assert seen.confirmed is not None
    assert len(seen.confirmation.differences) == 8


def test_a_second_series_that_says_otherwise_is_believed() -> None:
    report = twice(in_turns(slower=1.1), in_turns(seed=1))
    assert only(report).state == "NOT_REPRODUCED"
    assert report.code == 0
    assert flagged(report) == ()


def test_a_second_series_that_cannot_exclude_a_large_slowdown_is_no_pass() -> None:
    report = twice(in_turns(slower=1.1), in_turns(pairs=3, noise=0.03, slower=1.03, seed=1))
    assert only(report).state == "INCONCLUSIVE"
    assert report.code == 4


@pytest.mark.parametrize(
    ("first", "second", "state"), [(1.06, 1.2, "FAIL"), (1.2, 1.06, "FAIL"), (1.06, 1.06, "PASS")]
)
def test_of_two_series_the_worse_is_held_to_what_is_accepted(first: float, second: float, state: str) -> None:
    entry = Accepted(row="*", metric="time", bound=0.08, reason="needed", expires=TODAY)
    arms = in_turns(("lenet",), slower=first), in_turns(("lenet",), slower=second, seed=1)
    assert only(twice(*arms, accepted=(entry,))).state == state


def test_one_pair_names_how_many_are_better() -> None:
    assert only(judged(*in_turns(("lenet",), pairs=1))).reason.endswith(f"better {LEAST_PAIRS}")


def test_a_row_that_could_not_be_measured_a_second_time_stays_failed() -> None:
    report = twice(in_turns(slower=1.1), in_turns(("alexnet",), slower=1.1, seed=1))
    assert only(report, model="lenet").state == "FAIL"
    assert "could not be measured a second time" in only(report, model="lenet").reason


def test_a_second_series_on_a_disturbed_machine_confirms_nothing() -> None:
    report = twice(in_turns(slower=1.1), in_turns(slower=1.1, control=1.1, seed=1))
    assert only(report).state == "CONTAMINATED"
    assert report.code == 3


def test_a_second_series_changes_no_row_that_was_not_flagged() -> None:
    first = in_turns(slower={"lenet": 1.1})
    report = twice(first, in_turns(slower=2.0, seed=1))
    assert only(report, model="alexnet") == only(judged(*first), model="alexnet")


@pytest.mark.parametrize(
    ("low", "high", "state"),
    [
        (0.99, 1.01, None),
        (0.995, 1.024, None),
        (1.001, 1.02, None),
        (1.001, 1.03, "CONTAMINATED"),
        (1.03, 1.04, "CONTAMINATED"),
        (0.96, 0.999, "CONTAMINATED"),
        (0.96, 1.04, "INCONCLUSIVE"),
        (0.98, 1.029, None),
    ],
)
def test_a_control_off_1_and_beyond_the_margin_contaminates_and_a_wide_one_decides_nothing(
    low: float, high: float, state: str | None
) -> None:
    seen = disturbance(control(low, high), margin=0.025)
    assert (seen and seen[0]) == state


def test_the_control_of_a_report_is_that_of_its_pairs() -> None:
    seen = judged(*in_turns()).control
    assert seen is not None
    assert seen.is_clean
    assert len(seen.series.differences) == 8
    assert seen.bounds.low < 1 < seen.bounds.high
    assert seen.floor == pytest.approx((seen.bounds.high / seen.bounds.low) ** 0.5 - 1)
    dirty = judged(*in_turns(control=1.1)).control
    assert dirty is not None
    assert not dirty.is_clean


def test_pairs_without_the_controls_times_are_not_compared() -> None:
    base, new = in_turns()
    bare = [
        msgspec.structs.replace(
            record, measurements=tuple(seen for seen in record.measurements if seen.metric != "control_seconds")
        )
        for record in new
    ]
    assert only(judged(base, bare)).state == "INCOMPARABLE"


def test_a_control_of_one_pair_alone_judges_no_row() -> None:
    assert disturbance(None, margin=0.025) == ("INCOMPARABLE", "the control network was not timed in two pairs")


def test_rows_with_more_pairs_than_the_control_are_not_judged() -> None:
    arms = in_turns(("lenet",))
    short = [[_with_control(record, record.spec.repeat == 0) for record in side] for side in arms]
    seen = only(judged(*short))
    assert (seen.state, seen.reason) == ("INCOMPARABLE", "the control network was not timed in two pairs")


def _with_control(record: Record, is_whole: bool) -> Record:
    """The record with one slice of the control, which makes no block."""
    seen = tuple(
        msgspec.structs.replace(each, values=each.values if is_whole else each.values[:1])
        if each.metric == "control_seconds"
        else each
        for each in record.measurements
    )
    return msgspec.structs.replace(record, measurements=seen)


def test_twenty_noisy_pairs_can_still_pass() -> None:
    report = judged(*in_turns(pairs=20, noise=0.02))
    assert report.control is not None
    assert report.control.floor < 0.025
    assert {only(report, model=model).state for model in MODELS} <= {"PASS", "INCONCLUSIVE"}


def test_a_stored_run_on_a_slower_day_is_as_fast_as_before() -> None:
    report = judged(stored(), stored(machine=1.3, seed=1), mode="stored")
    assert only(report).state == "PASS"
    assert report.control is not None
    assert report.control.is_clean
    assert report.control.bounds.value == pytest.approx(1.3, rel=0.05)


def test_a_stored_process_that_took_turns_is_its_blocks_over_those_of_the_control() -> None:
    base, new = in_turns(slower=1.1)
    seen = only(judged(base, new, mode="stored"))
    assert seen.state == "FAIL"
    assert seen.bounds is not None
    assert seen.bounds.value == pytest.approx(1.1, rel=0.01)
    assert seen.series.base[0] == pytest.approx(0.010 / 0.008, rel=0.05)


def test_cells_by_themselves_and_in_turns_are_not_compared() -> None:
    seen = only(judged(stored(), in_turns()[1], mode="stored"))
    assert seen.state == "INCOMPARABLE"
    assert "by itself → in turns" in seen.reason


def test_much_faster_with_right_answers_is_an_improvement() -> None:
    assert only(judged(*in_turns(slower=0.5))).state == "IMPROVED"
    unseen = judged(*in_turns(slower=0.5, is_compared=False))
    assert only(unseen).state == "IMPLAUSIBLE"
    assert unseen.code == 1


def test_what_is_void_in_both_arms_is_compared_and_told() -> None:
    base, new = ([with_actual(record, void="low parity") for record in side] for side in in_turns())
    seen = only(judged(base, new))
    assert seen.state == "PASS"
    assert "low parity" in seen.facts["answers of both arms"]


def test_a_second_series_of_a_stored_run_does_not_matter() -> None:
    base, new = stored(), stored(slower=1.1, seed=1)
    report = judge(arm(base), arm(new), rules=Rules(), mode="stored", confirmation=(arm(base), arm(base)))
    assert only(report).state == "FAIL"
    assert flagged(report) == ()


def test_a_few_equal_samples_are_only_a_short_run() -> None:
    base, new = (
        [cell(samples=[0.01 * factor] * 6, control=[0.008] * 6, repeat=repeat) for repeat in range(3)]
        for factor in (1.0, 1.001)
    )
    assert only(judged(base, new, mode="stored")).state == "PASS"


def bounds_of(verdict: Verdict) -> Bounds:
    assert verdict.bounds is not None
    return verdict.bounds


@settings(max_examples=15)
@given(seed=st.integers(0, 1000), slower=st.floats(0.8, 1.25))
def test_swapping_the_arms_inverts_the_ratio(seed: int, slower: float) -> None:
    base, new = in_turns(("lenet",), pairs=6, slower=slower, seed=seed)
    one, other = bounds_of(only(judged(base, new))), bounds_of(only(judged(new, base)))
    assert one.value == pytest.approx(1 / other.value)
    assert one.low == pytest.approx(1 / other.high)
    assert one.count == other.count


@settings(max_examples=15)
@given(seed=st.integers(0, 1000), slower=st.floats(0.8, 1.25))
def test_swapping_stored_runs_inverts_the_ratio(seed: int, slower: float) -> None:
    base, new = stored(("lenet",), seed=seed), stored(("lenet",), seed=seed + 1, slower=slower)
    one = bounds_of(only(judged(base, new, mode="stored")))
    other = bounds_of(only(judged(new, base, mode="stored")))
    assert one.value == pytest.approx(1 / other.value)
    assert one.low == pytest.approx(1 / other.high)


@settings(max_examples=15)
@given(factor=st.floats(1e-3, 1e3), mode=st.sampled_from(["A/B", "stored"]))
def test_a_machine_of_another_speed_changes_nothing(factor: float, mode: Any) -> None:
    arms = in_turns(slower=1.1)
    scaled = [[scale(record, factor) for record in side] for side in arms]
    for model in MODELS:
        one, other = (only(judged(*each, mode=mode), model=model) for each in (arms, scaled))
        assert one.state == other.state
        assert bounds_of(one).low == pytest.approx(bounds_of(other).low)


def scale(record: Record, factor: float) -> Record:
    """The record with all its times scaled."""
    seen = tuple(
        msgspec.structs.replace(each, values=tuple(factor * value for value in each.values))
        if each.metric in ("sample_seconds", "control_seconds")
        else each
        for each in record.measurements
    )
    return msgspec.structs.replace(record, measurements=seen)


def test_the_control_is_the_same_whichever_row_tells_of_it() -> None:
    base, new = in_turns()
    rows = [match.both for match in match_rows(arm(base), arm(new), Rules())]
    both = [row for row in rows if row is not None]
    assert control_seen(both, mode="A/B", margin=0.025) == control_seen(both[::-1], mode="A/B", margin=0.025)
    assert control_seen(both[:1], mode="A/B", margin=0.025) == control_seen(both, mode="A/B", margin=0.025)


def test_where_each_row_had_a_process_to_itself_the_control_of_every_process_counts() -> None:
    alone = [in_turns((model,), pairs=6, control=control) for model, control in (("lenet", 1.0), ("alexnet", 1.02))]
    base, new = ([record for arms in alone for record in arms[side]] for side in (0, 1))
    seen = judged(base, new).control
    assert seen is not None
    assert [len(blocks) for blocks in seen.series.blocks] == [16] * 6
    assert 1.0 < seen.bounds.value < 1.02


def test_rows_of_one_process_tell_of_its_control_once_though_one_worked_longer() -> None:
    base, new = in_turns()
    shorter = [
        [shorten(record) if record.spec.model.name == "lenet" else record for record in side]
        for side in (base, new)
    ]
    assert judged(*shorter).control == judged(base, new).control


def shorten(record: Record) -> Record:
    """The record of a row that ended three blocks earlier."""
    seen = tuple(
        msgspec.structs.replace(each, values=each.values[:-6])
        if each.metric in ("sample_seconds", "control_seconds")
        else each
        for each in record.measurements
    )
    return msgspec.structs.replace(record, measurements=seen)
