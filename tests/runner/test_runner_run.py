"""Running a plan: every record in the journal before the next run, failures as rows, skips with reasons."""

from collections.abc import Callable
from pathlib import Path

import pytest
from factories import failed_record, fit_record, sample_facts, sample_spec, timed_record
from msgspec.structs import replace

from benchbox.errors import Interrupted
from benchbox.plan.requests import RunRequest
from benchbox.plan.spec import Plan, RunSpec
from benchbox.records.events import AnyEvent
from benchbox.records.journal import JOURNAL, read
from benchbox.records.record import Record
from benchbox.runner.child import ChildError
from benchbox.runner.pace import epoch_seconds, why_not_fit
from benchbox.runner.run import Runner


class Watching:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def run_started(self, index: int, spec: RunSpec, label: str, /) -> None:
        self.told.append(f"started {index} {label}")

    def __call__(self, event: AnyEvent, /) -> None:
        self.told.append(str(event))

    def run_ended(self, record: Record, /) -> None:
        self.told.append(f"ended {record.status}")


def plan_of(*specs: RunSpec) -> Plan:
    labels = tuple(f"run {number}" for number, _ in enumerate(specs))
    return Plan(command="bench", specs=specs, labels=labels, facts=sample_facts())


def fake(*outcomes: Record | BaseException) -> Callable[..., Record]:
    """A `call` that gives its outcomes in turn."""
    left = list(outcomes)

    def call(target: str, request: RunRequest, **options: object) -> Record:
        assert target == "benchbox.engine:execute"
        outcome = left.pop(0)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    return call


def test_each_record_is_in_the_journal_before_the_next_run(tmp_path: Path) -> None:
    records = [fit_record("lenet"), fit_record("alexnet")]
    runner = Runner(folder=tmp_path, watcher=Watching(), call=fake(*records))
    seen = []
    for record in runner.run(plan_of(*(record.spec for record in records))):
        seen.append(record)
        assert read(tmp_path) == seen
    assert seen == records


def test_the_watcher_is_told_in_order(tmp_path: Path) -> None:
    watcher = Watching()
    list(Runner(folder=tmp_path, watcher=watcher, call=fake(fit_record())).run(plan_of(sample_spec())))
    assert watcher.told == ["started 0 run 0", "ended ok"]


def test_a_child_that_dies_is_a_row_and_the_others_go_on(tmp_path: Path) -> None:
    dead = ChildError("the process was ended by SIGKILL", "a traceback")
    call = fake(fit_record(), dead, fit_record("vgg16"))
    plan = plan_of(sample_spec(), sample_spec("alexnet"), sample_spec("vgg16"))
    records = list(Runner(folder=tmp_path, watcher=Watching(), call=call).run(plan))
    assert [record.status for record in records] == ["ok", "crashed", "ok"]
    assert (records[1].reason, records[1].log) == ("the process was ended by SIGKILL", "a traceback")
    assert records[1].spec == plan.specs[1]


@pytest.mark.parametrize("signal", [Interrupted("interrupted"), KeyboardInterrupt()])
def test_an_interruption_is_the_last_row(tmp_path: Path, signal: BaseException) -> None:
    runner = Runner(folder=tmp_path, watcher=Watching(), call=fake(fit_record(), signal))
    with pytest.raises(Interrupted):
        list(runner.run(plan_of(sample_spec(), sample_spec("alexnet"), sample_spec("vgg16"))))
    assert [record.status for record in read(tmp_path)] == ["ok", "interrupted"]


def test_an_interrupted_answer_of_the_child_ends_the_plan_too(tmp_path: Path) -> None:
    call = fake(failed_record("lenet", status="interrupted"))
    with pytest.raises(Interrupted):
        list(
            Runner(folder=tmp_path, watcher=Watching(), call=call).run(
                plan_of(sample_spec(), sample_spec("alexnet"))
            )
        )
    assert len((tmp_path / JOURNAL).read_bytes().splitlines()) == 1


def timed(spec: RunSpec, task: str, seconds: float) -> Record:
    """A timed record of the same network, `seconds` a batch."""
    record = timed_record(spec.model.name, task)  # type: ignore[arg-type]
    values = tuple(
        replace(seen, values=(seconds,) * 6) if seen.metric == "sample_seconds" else seen
        for seen in record.measurements
    )
    return replace(record, spec=replace(spec, task=task), measurements=values)


def test_the_pace_is_told_from_what_was_timed() -> None:
    spec = replace(sample_spec("vgg16"), fit=replace(sample_spec("vgg16").fit, seconds=30.0, batch_size=32))
    data = sample_facts().data
    assert epoch_seconds(spec, [], data) is None
    records = [timed(spec, "train_step", 16.0)]
    assert epoch_seconds(spec, records, data) == pytest.approx((1296 + 144) / 2)
    records.append(timed(spec, "infer", 3.2))
    assert epoch_seconds(spec, records, data) == pytest.approx(1296 / 2 + 144 / 10)
    other = replace(spec, placement=replace(spec.placement, precision="fp32"))
    assert epoch_seconds(other, records, data) is None


def test_a_fit_that_cannot_end_an_epoch_is_not_started(tmp_path: Path) -> None:
    fit = replace(sample_spec("vgg16"), fit=replace(sample_spec("vgg16").fit, seconds=30.0))
    step = timed(fit, "train_step", 20.0)
    runner = Runner(folder=tmp_path, watcher=Watching(), call=fake(step))
    records = list(runner.run(plan_of(step.spec, fit)))
    assert records[1].status == "skipped"
    assert "about 15 min here, more than the 30 s for a fit" in records[1].reason
    assert "`benchbox train vgg16 --data" in records[1].reason


def test_a_fit_without_a_bound_is_always_started() -> None:
    assert why_not_fit(sample_spec(), 1e9) == ""
