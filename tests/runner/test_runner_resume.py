"""Going on with a report: what remains, in which order, and plans that are not the same."""

from pathlib import Path
from typing import Any

import pytest
from factories import failed_record, fit_record, sample_facts, sample_spec, timed_record
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from benchbox.errors import RecordError
from benchbox.plan.spec import Plan, RunSpec, TimingSpec
from benchbox.records.journal import JOURNAL, append
from benchbox.records.record import Record
from benchbox.runner.folder import read_plan, write_plan
from benchbox.runner.lock import writing
from benchbox.runner.resume import finished, first_difference, open_report, remaining

NAMES = ("lenet", "alexnet", "vgg16", "resnet50")


def plan_of(*specs: RunSpec, **fields: Any) -> Plan:
    labels = tuple(f"run {number}" for number, _ in enumerate(specs))
    return Plan(command="bench", specs=specs, labels=labels, facts=sample_facts(), **fields)


PLAN = plan_of(*map(sample_spec, NAMES))


def test_a_report_comes_back_with_what_it_holds(tmp_path: Path) -> None:
    write_plan(tmp_path, PLAN)
    assert open_report(tmp_path)[1].records == ()
    append(tmp_path / JOURNAL, fit_record())
    plan, journal = open_report(tmp_path)
    assert (plan, journal.records) == (PLAN, (fit_record(),))


def test_a_folder_without_a_plan_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="no plan in"):
        open_report(tmp_path)
    (tmp_path / "plan.json").write_bytes(b'"\xff"')
    with pytest.raises(RecordError, match="no plan in"):
        read_plan(tmp_path)


def test_a_report_that_is_being_written_is_refused(tmp_path: Path) -> None:
    write_plan(tmp_path, PLAN)
    with writing(tmp_path / JOURNAL), pytest.raises(RecordError, match="is being written by another benchbox"):
        open_report(tmp_path)


def test_ok_and_skipped_stay_and_all_else_runs_again() -> None:
    records = [fit_record("lenet"), failed_record("alexnet"), failed_record("vgg16", status="skipped")]
    assert finished(PLAN, records) == {0, 2}
    assert remaining(PLAN, records) == [(1,), (3,)]
    assert remaining(PLAN, [*records, fit_record("alexnet")]) == [(3,)]


@pytest.mark.parametrize("status", ["oom", "timeout", "nan", "crashed", "interrupted", "unsupported"])
def test_every_failure_runs_again(status: Any) -> None:
    assert 0 in [step[0] for step in remaining(PLAN, [failed_record("lenet", status=status)])]


def test_the_order_of_execution_is_followed() -> None:
    assert remaining(replace(PLAN, order=(2, 0, 3, 1)), [fit_record("lenet")]) == [(2,), (3,), (1,)]


def test_runs_that_take_turns_run_again_together() -> None:
    plan = replace(PLAN, turns=((0, 1, 2),))
    assert remaining(plan, []) == [(0, 1, 2), (3,)]
    some = [fit_record("lenet"), fit_record("alexnet"), failed_record("vgg16")]
    assert finished(plan, some) == set()
    assert remaining(plan, some) == [(0, 1, 2), (3,)]
    assert remaining(plan, [*some, fit_record("vgg16")]) == [(3,)]


@given(
    order=st.permutations(range(4)), count=st.integers(0, 4), turns=st.sampled_from([(), ((0, 2),), ((1, 3, 0),)])
)
def test_every_place_is_finished_or_remains_once(order: list[int], count: int, turns: Any) -> None:
    plan = replace(PLAN, order=tuple(order), turns=turns)
    records: list[Record] = [fit_record(name) for name in NAMES[:count]]
    steps = [place for step in remaining(plan, records) for place in step]
    assert sorted([*steps, *finished(plan, records)]) == [0, 1, 2, 3]


def test_equal_plans_do_not_differ() -> None:
    assert first_difference(PLAN, PLAN) == ""
    later = replace(PLAN, created="later", arguments=("x",), notes=("n",), under=("latency<1ms",), timeout=3.0)
    assert first_difference(PLAN, replace(later, order=(3, 2, 1, 0))) == ""


def test_what_is_measured_or_newly_there_is_no_difference() -> None:
    timed = plan_of(timed_record().spec)
    longer = plan_of(replace(timed.specs[0], timing=TimingSpec(seconds=3.0)))
    assert first_difference(timed, longer) == ""
    scored = sample_spec("lenet", "evaluate")
    assert first_difference(plan_of(scored), plan_of(replace(scored, checkpoint="newer.pt"))) == ""


def test_the_sides_that_facts_tell_of_are_no_difference() -> None:
    """The digest and each run's own spec fix them, and the runs of a plan may be split in several ways."""
    facts = sample_facts()
    sides = replace(facts, data=replace(facts.data, train=80, test=1280, validation=80))
    assert first_difference(PLAN, replace(PLAN, facts=sides)) == ""
    spec = PLAN.specs[0]
    split = replace(spec, data=replace(spec.data, split="views:4"))
    words = "run 0: data.split was 'random' and is 'views:4' now"
    assert first_difference(PLAN, plan_of(split, *PLAN.specs[1:])) == words


def facts_with(**machine: Any) -> Plan:
    facts = sample_facts()
    return replace(PLAN, facts=replace(facts, machine=replace(facts.machine, **machine)))


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (replace(PLAN, command="train"), "command was 'bench' and is 'train' now"),
        (replace(PLAN, labels=("run 0", "b", "c", "d")), "run 2 was 'run 1' and is 'b' now"),
        (replace(PLAN, profiles=True), "profiles was False and is True now"),
        (plan_of(sample_spec()), "the number of runs was 4 and is 1 now"),
        (
            plan_of(sample_spec(lr=0.5), *PLAN.specs[1:]),
            "run 0: fit.lr was 0.001 and is 0.5 now",
        ),
        (
            plan_of(*PLAN.specs[:3], sample_spec("resnet50", precision="fp32")),
            "run 3: placement.precision was 'bf16' and is 'fp32' now",
        ),
        (plan_of(replace(PLAN.specs[0], repeat=1), *PLAN.specs[1:]), "run 0: repeat was 0 and is 1 now"),
        (facts_with(torch="9.9"), "machine.torch was '2.14.1' and is '9.9' now"),
        (facts_with(cores=64), "machine.cores was 2 and is 64 now"),
        (
            replace(PLAN, facts=replace(sample_facts(), data=replace(sample_facts().data, digest="other"))),
            "data.digest was",
        ),
        (
            replace(PLAN, facts=replace(sample_facts(), network_digests={"mine.py:net": "new"})),
            "source of mine.py:net was None and is 'new' now",
        ),
    ],
)
def test_the_first_difference_is_named(other: Plan, words: str) -> None:
    assert first_difference(PLAN, other).startswith(words)
