"""The judge: which rows are walked, what is accepted, what is told of the whole, and the laws of a comparison."""

import random
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from factories import failed_record
from hypothesis import given, settings
from hypothesis import strategies as st
from records import (
    MODELS,
    TODAY,
    arm,
    case_of,
    cell,
    evaluation,
    fits,
    in_turns,
    judged,
    only,
    peaks,
    stored,
    write,
)

from benchbox.errors import UsageError
from benchbox.gate.evidence import load_arm
from benchbox.gate.judge import judge
from benchbox.gate.rules import Accepted, Rules
from benchbox.gate.verdict import METRICS, GateReport, encode_report
from benchbox.records.record import Measurement, Record

LENET, ALEXNET, VGG = (f"{model} infer b32@128 bf16" for model in ("lenet", "alexnet", "vgg16"))


def states(report: GateReport) -> dict[tuple[str, str], str]:
    return {(seen.row, seen.metric): seen.state for seen in report.verdicts}


def rows(report: GateReport) -> list[str]:
    return list(dict.fromkeys(seen.row for seen in report.verdicts))


def test_rows_stand_in_the_order_of_the_base_and_metrics_in_that_of_the_groups() -> None:
    base, new = in_turns()
    report = judged(base, new[::-1], groups=("time", "exact"))
    assert rows(report) == [LENET, ALEXNET]
    assert [seen.metric for seen in report.verdicts[:2]] == ["sample_seconds", "parameters"]


def test_only_the_declared_rows_count_in_their_order() -> None:
    base, new = in_turns(slower={"lenet": 1.1})
    report = judged(base, new, declared=(ALEXNET,))
    assert rows(report) == [ALEXNET, LENET]
    assert states(report)[LENET, ""] == "SKIPPED"
    assert report.code == 0


def test_a_row_is_declared_by_name_or_by_case() -> None:
    report = judged(*in_turns(), declared=(case_of("alexnet"), LENET))
    assert rows(report) == [ALEXNET, LENET]
    assert report.code == 0


def test_a_declared_row_that_is_nowhere_is_missing() -> None:
    report = judged(*in_turns(), declared=(LENET, "resnet50 infer b8@128"))
    assert states(report)["resnet50 infer b8@128", ""] == "MISSING"
    assert report.code == 1


def test_a_declared_row_that_the_base_has_not_has_no_baseline() -> None:
    base, new = in_turns()
    more = in_turns(("vgg16",))[1]
    report = judged(base, [*new, *more], declared=(LENET, VGG))
    assert states(report)[VGG, ""] == "INCOMPARABLE"
    assert report.code == 3
    assert judged(base, [*new, *more]).code == 0


def test_a_row_that_is_gone_may_be_declared_as_removed() -> None:
    base, new = in_turns()[0], in_turns(("alexnet",))[1]
    assert judged(base, new).code == 1
    for removed in (LENET, case_of("lenet"), "lenet*"):
        report = judged(base, new, removed=(removed,))
        assert states(report)[LENET, ""] == "SKIPPED"
        assert report.code == 0


def test_a_renamed_row_is_judged_against_its_old_self() -> None:
    base = in_turns(("lenet",))[0]
    renamed = called(in_turns(("lenet",), slower=1.1)[1], {"lenet": "tiny.py:net"})
    report = judged(base, renamed, renamed={LENET: "tiny.py:net infer b32@128 bf16"})
    seen = only(report, model="tiny.py:net")
    assert seen.state == "FAIL"
    assert seen.facts["name in the base"] == LENET
    assert len(rows(report)) == 1
    assert judged(base, renamed).of_state("MISSING")


def called(records: Iterable[Record], names: Mapping[str, str]) -> list[Record]:
    """The records of networks that have other names now, and are else as they were."""
    changed = []
    for record in records:
        model = msgspec.structs.replace(record.spec.model, name=names[record.spec.model.name])
        changed.append(msgspec.structs.replace(record, spec=msgspec.structs.replace(record.spec, model=model)))
    return changed


@pytest.mark.parametrize("declared", [(), (VGG,)])
def test_two_rows_that_were_renamed_to_one_are_both_judged(declared: tuple[str, ...]) -> None:
    base, new = in_turns()[0], in_turns(("vgg16",))[1]
    report = judged(base, new, renamed={LENET: VGG, ALEXNET: VGG}, groups=("exact",), declared=declared)
    assert len([seen for seen in report.verdicts if seen.metric == "parameters"]) == 2


@pytest.mark.parametrize(
    "names", [{"alexnet": "vgg16", "vgg16": "tiny.py:net"}, {"alexnet": "vgg16", "vgg16": "alexnet"}]
)
@pytest.mark.parametrize("slower", ["alexnet", "vgg16"])
def test_a_row_that_takes_the_name_of_another_hides_neither(names: dict[str, str], slower: str) -> None:
    base, new = in_turns(("alexnet", "vgg16"), slower={slower: 1.1})
    titles = {"alexnet": ALEXNET, "vgg16": VGG, "tiny.py:net": "tiny.py:net infer b32@128 bf16"}
    renamed = {titles[old]: titles[now] for old, now in names.items()}
    report = judged(base, called(new, names), renamed=renamed)
    assert rows(report) == [titles[now] for now in names.values()]
    assert states(report)[titles[names[slower]], "sample_seconds"] == "FAIL"
    assert not report.of_state("NEW", "MISSING")


def test_a_renaming_that_is_long_over_hides_no_row_of_the_base() -> None:
    base, new = in_turns()[0], in_turns(("alexnet",))[1]
    report = judged(base, new, renamed={LENET: ALEXNET}, groups=("exact",))
    was = [seen.facts.get("name in the base") for seen in report.verdicts if seen.metric == "parameters"]
    assert was == [LENET, None]


def test_a_row_of_another_machine_is_the_same_row_and_counts_alone_are_judged() -> None:
    base, new = stored(("lenet",)), stored(("lenet",), threads=4, seed=1)
    report = judged(base, new, mode="stored")
    assert rows(report) == [LENET]
    assert {seen.state for seen in report.verdicts if seen.group == "exact"} == {"PASS"}
    assert only(report).reason == "threads: 2 → 4"
    assert report.code == 3


@pytest.mark.parametrize("word", [LENET, case_of(), case_of(threads=4), "ours"])
def test_a_row_of_another_machine_is_declared_by_the_case_or_name_of_either(word: str) -> None:
    base, new = stored(threads=2), stored(("lenet",), threads=4, seed=1)
    names = {case_of(): "ours", case_of(threads=4): "ours"} if word == "ours" else {}
    report = judged(base, new, mode="stored", declared=(word,), names=names, groups=("exact",))
    assert {seen.row for seen in report.gated} == {"ours" if names else LENET}
    assert report.code == 0


def test_which_of_two_rows_of_another_machine_is_meant_is_not_guessed() -> None:
    new = [*stored(("lenet",), threads=4), *stored(("lenet",), threads=1)]
    report = judged(stored(("lenet",)), new, mode="stored")
    assert len(report.of_state("MISSING")) == 1
    assert len(report.of_state("NEW")) == 2


def test_a_row_that_was_removed_is_not_taken_for_that_of_another_machine() -> None:
    removed = (case_of(),)
    report = judged(stored(("lenet",)), stored(("lenet",), threads=4), mode="stored", removed=removed)
    assert [seen.state for seen in report.verdicts] == ["SKIPPED", "NEW"]


def test_a_row_that_was_repaired_by_the_commit_that_declares_it_is_new() -> None:
    base, new = in_turns()
    broken = [failed_record("lenet", "infer"), *in_turns(("alexnet",))[0]]
    report = judged(broken, new, declared=(LENET, ALEXNET))
    assert states(report)[LENET, ""] == "NEW"
    assert report.code == 0
    assert judged(base, new, declared=(LENET, ALEXNET)).code == 0


def test_a_row_has_the_name_that_the_user_gave_it() -> None:
    report = judged(*in_turns(), names={case_of(): "serving"}, declared=("serving",), margins={"serving": 0.5})
    assert rows(report) == ["serving", ALEXNET]
    assert report.of_state("PASS")[-1].margin == 0.5


def test_a_row_may_be_chosen_by_its_name_in_either_arm() -> None:
    base, new = stored(("lenet",)), stored(("lenet",), threads=4, seed=1)
    for skipped in (case_of(), case_of(threads=4)):
        assert only(judged(base, new, mode="stored", skipped=(skipped,))).state == "INCOMPARABLE"
    report = judged(base, new, mode="stored", skipped=(case_of(), case_of(threads=4)))
    assert {seen.state for seen in report.verdicts} == {"SKIPPED"}


def test_a_margin_may_be_set_by_a_name_that_looks_like_a_pattern() -> None:
    name = "a[1].py:net infer b32@128 bf16"
    assert Rules(margins={name: 0.1}).margin_of("infer/a/x", name) == 0.1


def test_rows_that_were_left_out_are_listed() -> None:
    report = judged(*in_turns(slower={"lenet": 1.1}), skipped=("lenet*",))
    assert states(report)[LENET, ""] == "SKIPPED"
    assert report.code == 0


@pytest.mark.parametrize("metric", ["time", "sample_seconds"])
@pytest.mark.parametrize(("bound", "state"), [(0.15, "PASS"), (0.05, "FAIL")])
def test_an_accepted_slowdown_passes_within_its_bound(metric: str, bound: float, state: str) -> None:
    entry = accepted(metric, bound)
    seen = only(judged(*in_turns(("lenet",), slower=1.1), accepted=(entry,)))
    assert seen.state == state
    assert (seen.accepted == "needed for training") == (state == "PASS")


def accepted(metric: str, bound: float = 0.1, *, row: str = "lenet*", expires: str = "2026-11-24") -> Accepted:
    return Accepted(row=row, metric=metric, bound=bound, reason="needed for training", expires=expires)


def test_a_collapse_is_no_accepted_slowdown() -> None:
    arms = in_turns(("lenet",), slower=0.03, is_compared=False)
    report = judged(*arms, accepted=(accepted("time", 0.08, row="*"),))
    assert (only(report).state, report.code) == ("IMPLAUSIBLE", 1)


def test_what_is_too_good_to_be_true_is_accepted_by_its_own_word_alone() -> None:
    arms = in_turns(("lenet",), slower=0.03, is_compared=False)
    seen = only(judged(*arms, accepted=(accepted("implausible", 0.01),)))
    assert (seen.state, seen.accepted) == ("PASS", "needed for training")
    assert only(judged(*in_turns(("lenet",), slower=1.1), accepted=(accepted("implausible", 9.0),))).state == "FAIL"


@pytest.mark.parametrize("bounds", [(0.05, 0.15), (0.15, 0.05)])
def test_one_accepted_regression_of_several_is_enough(bounds: tuple[float, ...]) -> None:
    entries = tuple(accepted("time", bound) for bound in bounds)
    assert only(judged(*in_turns(("lenet",), slower=1.1), accepted=entries)).state == "PASS"
    beyond = only(judged(*in_turns(("lenet",), slower=1.3), accepted=entries))
    assert (beyond.state, beyond.reason.rpartition("; ")[2]) == ("FAIL", "more than the accepted 15.0%")


def test_every_metric_of_a_verdict_may_be_accepted() -> None:
    reports = judged(stored(), stored(), mode="stored"), judged(fits([0.9]), fits([0.9]), mode="stored")
    assert {seen.metric for report in reports for seen in report.verdicts} == set(METRICS)


def test_what_is_accepted_of_one_row_or_metric_is_not_of_another() -> None:
    entry = accepted("time", 0.15, row="alexnet*")
    assert only(judged(*in_turns(("lenet",), slower=1.1), accepted=(entry,))).state == "FAIL"
    entry = accepted("memory", 0.15)
    assert only(judged(*in_turns(("lenet",), slower=1.1), accepted=(entry,))).state == "FAIL"


def test_more_memory_and_less_accuracy_can_be_accepted_too() -> None:
    mib = 2**20
    arms = peaks([100 * mib] * 3), peaks([120 * mib] * 3)
    assert judged(*arms, mode="stored", groups=("memory",)).code == 1
    assert judged(*arms, mode="stored", groups=("memory",), accepted=(accepted("memory", 0.25),)).code == 0
    trained = fits([0.95] * 5), fits([0.90] * 5)
    assert judged(*trained, mode="stored", groups=("accuracy",)).code == 1
    assert judged(*trained, mode="stored", groups=("accuracy",), accepted=(accepted("top1", 0.06),)).code == 0
    assert judged(*trained, mode="stored", groups=("accuracy",), accepted=(accepted("top1", 0.04),)).code == 1


def test_a_change_that_has_no_ratio_is_not_within_a_bound() -> None:
    more = msgspec.structs.replace(
        cell(), measurements=tuple(_with_buffers(seen) for seen in cell().measurements), seconds=1.0
    )
    report = judged([cell()], [more], mode="stored", groups=("exact",), accepted=(accepted("buffers", 9.0),))
    assert [seen.metric for seen in report.of_state("FAIL")] == ["buffers"]


def _with_buffers(seen: Measurement) -> Measurement:
    return msgspec.structs.replace(seen, values=(5.0,)) if seen.metric == "buffers" else seen


def test_a_crash_is_never_accepted() -> None:
    base, _ = in_turns(("lenet",))
    report = judged(
        base, [failed_record("lenet", "infer")], accepted=(accepted("time", 9.0), accepted("exact", 9.0))
    )
    assert report.code == 1


@pytest.mark.parametrize("expires", ["2026-11-23", "2025-12-31"])
def test_an_accepted_regression_that_expired_stops_the_gate(expires: str) -> None:
    with pytest.raises(UsageError, match=f"lenet.* expired on {expires}"):
        judged(*in_turns(), accepted=(accepted("time", expires=expires),))


@pytest.mark.parametrize(("expires", "today"), [("soon", TODAY), ("2026-12-31", "")])
def test_a_date_that_is_none_stops_the_gate(expires: str, today: str) -> None:
    with pytest.raises(UsageError, match="2026-12-31"):
        judged(*in_turns(), accepted=(accepted("time", expires=expires),), today=today)


def test_an_old_baseline_is_told(tmp_path: Path) -> None:
    arms = [load_arm(write(tmp_path / name, stored()), today="2026-12-20") for name in ("a.jsonl", "b.jsonl")]
    report = judge(*arms, rules=Rules(today="2026-12-20"), mode="stored")
    assert "the base is 26 days old: record a new one" in report.notes


def test_equal_digests_are_a_self_comparison() -> None:
    base, new = in_turns()
    arms = arm(base, digest="d1"), arm(new, "new", digest="d1")
    assert judge(*arms, rules=Rules(), mode="A/B").is_self
    assert not judge(arms[0], arm(new, digest="d2"), rules=Rules(), mode="A/B").is_self
    assert not judged(base, new).is_self


def test_what_no_row_of_the_base_has_is_told() -> None:
    base, new = in_turns()
    assert "not gated, since no gated row of the base has it: memory, accuracy" in judged(base, new).notes


def test_what_only_a_row_has_that_was_left_out_is_told_as_not_gated() -> None:
    scored = evaluation([True] * 10)
    report = judged([*stored(), scored], [*stored(), scored], mode="stored", skipped=("*evaluate*",))
    assert "not gated, since no gated row of the base has it: accuracy" in report.notes


def test_the_report_keeps_what_it_was_told() -> None:
    base, new = (arm(side) for side in in_turns())
    report = judge(
        base, new, rules=Rules(today=TODAY), mode="A/B", schedule="slices", reproduce="again", notes=("one", "one")
    )
    assert (report.schedule, report.reproduce, report.today) == ("slices", "again", TODAY)
    assert report.notes.count("one") == 1


@pytest.mark.parametrize("mode", ["A/B", "stored"])
def test_equal_inputs_give_equal_bytes(mode: Any) -> None:
    reports = {encode_report(judged(*in_turns(slower=1.1), mode=mode)) for _ in range(2)}
    assert len(reports) == 1


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000), mode=st.sampled_from(["A/B", "stored"]))
def test_the_order_of_the_records_changes_no_verdict(seed: int, mode: Any) -> None:
    base, new = in_turns(slower={"lenet": 1.1}, noise=0.01)
    chance, shuffled = random.Random(seed), [list(base), list(new)]
    for side in shuffled:
        chance.shuffle(side)
    one, other = judged(base, new, mode=mode), judged(*shuffled, mode=mode)
    assert {(seen.case, seen.metric): seen for seen in one.verdicts} == {
        (seen.case, seen.metric): seen for seen in other.verdicts
    }
    assert (one.code, one.control) == (other.code, other.control)


@settings(max_examples=10)
@given(seed=st.integers(0, 10_000), slower=st.floats(0.9, 1.1))
def test_one_more_row_that_did_not_change_changes_no_other_verdict(seed: int, slower: float) -> None:
    base, new = in_turns(MODELS, slower={"lenet": slower}, seed=seed)
    alone = [[record for record in side if record.spec.model.name == "lenet"] for side in (base, new)]
    whole = judged(base, new)
    assert [seen for seen in whole.verdicts if seen.row == LENET] == list(judged(*alone).verdicts)


@settings(max_examples=10)
@given(seed=st.integers(0, 10_000), factor=st.floats(1.05, 1.5))
def test_a_row_that_gets_still_slower_stays_failed(seed: int, factor: float) -> None:
    base, new = in_turns(("lenet",), slower=1.1, seed=seed)
    if only(judged(base, new)).state == "FAIL":
        slower = in_turns(("lenet",), slower=1.1 * factor, seed=seed)[1]
        assert only(judged(base, slower)).state == "FAIL"


def test_a_thousand_rows_are_judged() -> None:
    base, new = (thousand(factor) for factor in (1.0, 1.1))
    report = judged(base, new, mode="stored", removed=("none",), renamed={"one": "other"})
    timed = [seen for seen in report.verdicts if seen.group == "time"]
    assert len(timed) == 1000
    assert {seen.state for seen in timed} == {"FAIL"}


def thousand(factor: float) -> list[Record]:
    """Two processes of each of a thousand rows."""
    paces = (1.0, 1.001)
    return [
        cell(
            f"timm:net{number}",
            samples=[0.01 * factor * pace, 0.011 * factor * pace],
            control=[0.008],
            repeat=repeat,
        )
        for number in range(1000)
        for repeat, pace in enumerate(paces)
    ]
