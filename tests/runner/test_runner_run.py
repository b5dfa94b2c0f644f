"""Running a plan: every record in the journal before the next run, failures as rows, skips with reasons."""

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from factories import failed_record, fit_record, sample_facts, sample_spec, timed_record
from msgspec.structs import replace

from benchbox.errors import Interrupted, RecordError, StorageError
from benchbox.plan.bench import BenchOptions, plan_bench
from benchbox.plan.facts import Ceiling
from benchbox.plan.requests import RunRequest
from benchbox.plan.spec import ModelSpec, Plan, RunSpec
from benchbox.records.checkpoints import checkpoint_path, state_beside
from benchbox.records.events import AnyEvent
from benchbox.records.journal import JOURNAL, append, latest, read, read_journal
from benchbox.records.record import Record
from benchbox.runner.child import ChildError, TimedOut, call_here
from benchbox.runner.pace import epoch_seconds, why_not_fit
from benchbox.runner.run import UNSAVED, Runner, Watcher


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


Asked = list[tuple[RunRequest, dict[str, object]]]


def fake(*outcomes: Record | BaseException, asked: Asked | None = None) -> Callable[..., Record]:
    """A `call` that gives its outcomes in turn, and tells what it was asked."""
    left, told = list(outcomes), [] if asked is None else asked

    def call(target: str, request: RunRequest, **options: object) -> Record:
        assert target == "benchbox.engine:execute"
        told.append((request, options))
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


@pytest.mark.parametrize("stop", [Interrupted("interrupted"), KeyboardInterrupt()])
def test_an_interruption_is_the_last_row(tmp_path: Path, stop: BaseException) -> None:
    runner = Runner(folder=tmp_path, watcher=Watching(), call=fake(fit_record(), stop))
    with pytest.raises(Interrupted):
        list(runner.run(plan_of(sample_spec(), sample_spec("alexnet"), sample_spec("vgg16"))))
    assert [record.status for record in read(tmp_path)] == ["ok", "interrupted"]


def test_a_run_that_ended_well_in_the_moment_of_a_signal_is_kept_and_the_plan_ends(tmp_path: Path) -> None:
    runner = Runner(folder=tmp_path, watcher=Watching(), call=fake(Interrupted("interrupted", fit_record())))
    with pytest.raises(Interrupted):
        list(runner.run(plan_of(sample_spec(), sample_spec("alexnet"))))
    assert read(tmp_path) == [fit_record()]


@pytest.mark.parametrize(
    ("keeps", "task", "notes"), [(True, "fit", (UNSAVED,)), (False, "fit", ()), (True, "infer", ())]
)
def test_a_fit_that_was_ended_before_it_could_save_says_so(
    tmp_path: Path, keeps: bool, task: Any, notes: tuple[str, ...]
) -> None:
    plan, watcher = replace(plan_of(sample_spec("lenet", task)), keeps_checkpoints=keeps), Watching()
    with pytest.raises(Interrupted):
        run_all(tmp_path, plan, fake(Interrupted()), watcher=watcher)
    assert [record.actual.notes for record in read(tmp_path)] == [notes]
    assert any(UNSAVED in told for told in watcher.told) is bool(notes)


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


def test_the_cells_of_a_bench_tell_the_pace_of_its_fits_however_long_and_often_they_are_timed() -> None:
    models = [ModelSpec(name=name) for name in ("lenet", "vgg16")]
    plan = plan_bench(RunSpec(), models, sample_facts(), options=BenchOptions(processes=2))
    cells = [timed(spec, spec.task, 16.0) for spec in plan.specs if spec.task in ("infer", "train_step")]
    fits = [spec for spec in plan.specs if spec.task == "fit"]
    assert len(fits) == 2
    for fit in fits:
        assert epoch_seconds(fit, cells, sample_facts().data) == pytest.approx((1296 + 144) / 2)


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


def run_all(folder: Path, plan: Plan, call: Callable[..., Record], **options: Any) -> list[Record]:
    """What is yielded; `done` is for `run`, the rest for the Runner."""
    done = options.pop("done", ())
    watcher = options.pop("watcher", None) or Watching()
    return list(Runner(folder=folder, watcher=watcher, call=call, **options).run(plan, done=done))


THREE = ("lenet", "alexnet", "vgg16")


def test_the_order_of_the_plan_is_followed(tmp_path: Path) -> None:
    watcher, asked = Watching(), Asked()
    plan = replace(plan_of(*map(sample_spec, THREE)), order=(2, 0, 1))
    run_all(tmp_path, plan, fake(*map(fit_record, THREE), asked=asked), watcher=watcher)
    assert [request.spec.model.name for request, _ in asked] == ["vgg16", "lenet", "alexnet"]
    assert [told for told in watcher.told if "started" in told] == [
        "started 0 run 2",
        "started 1 run 0",
        "started 2 run 1",
    ]


def test_a_request_says_all_that_the_plan_knows(tmp_path: Path) -> None:
    asked = Asked()
    ceiling = Ceiling(device="cpu", precision="bf16", threads=2, flops_per_second=1e12, copy_bytes_per_second=1e10)
    plan = plan_of(sample_spec(), sample_spec(precision="fp32"))
    assert plan.facts is not None
    machine = replace(plan.facts.machine, ceilings=(ceiling,))
    plan = replace(plan, facts=replace(plan.facts, machine=machine), profiles=True, trusted=("lenet",), timeout=7.0)
    run_all(tmp_path, plan, fake(fit_record(), fit_record(), asked=asked))
    (first, options), (second, _) = asked
    assert (first.ceiling, second.ceiling) == (ceiling, None)
    assert (first.profiles, first.model, first.name) == (True, "lenet", "run-0")
    assert options["timeout"] == 7.0


def test_a_run_over_its_time_is_a_row_and_the_others_go_on(tmp_path: Path) -> None:
    half = failed_record("lenet", status="interrupted")
    call = fake(TimedOut(5.0, half), TimedOut(5.0), fit_record("vgg16"))
    records = run_all(tmp_path, plan_of(*map(sample_spec, THREE)), call)
    assert [record.status for record in records] == ["timeout", "timeout", "ok"]
    assert "--timeout" in records[0].reason


@pytest.mark.parametrize(("counts", "status"), [((3, 4), "oom"), ((3, 3), "crashed")])
def test_a_kill_is_oom_where_the_kernels_count_rose(tmp_path: Path, counts: tuple[int, int], status: str) -> None:
    counter = iter(counts)
    call = fake(ChildError("the process was ended by SIGKILL", signal=9))
    [record] = run_all(tmp_path, plan_of(sample_spec()), call, oom_kills=lambda: next(counter))
    assert record.status == status


def test_a_resumed_report_runs_what_remains_and_knows_the_rest(tmp_path: Path) -> None:
    fit = replace(sample_spec("vgg16"), fit=replace(sample_spec("vgg16").fit, seconds=30.0))
    step = timed(fit, "train_step", 0.02)
    plan = plan_of(step.spec, sample_spec("alexnet"), fit)
    done = [step, failed_record("alexnet", status="interrupted")]
    for record in done:
        append(tmp_path / JOURNAL, record)
    asked, watcher = Asked(), Watching()
    call = fake(fit_record("alexnet"), replace(fit_record("vgg16"), spec=fit), asked=asked)
    fresh = run_all(tmp_path, plan, call, done=done, watcher=watcher)
    assert watcher.told == ["started 0 run 1", "ended ok", "started 1 run 2", "ended ok"]
    assert asked[-1][0].epoch_seconds == pytest.approx(1440 * 0.02 / 32), "the pace comes from the old records"
    assert latest(read_journal(tmp_path).records, plan.specs) == [step, *fresh]


def test_a_finished_report_runs_nothing(tmp_path: Path) -> None:
    assert run_all(tmp_path, plan_of(sample_spec()), fake(), done=[fit_record()]) == []


def test_a_torn_end_is_cut_off_before_the_next_line(tmp_path: Path) -> None:
    append(tmp_path / JOURNAL, fit_record())
    with (tmp_path / JOURNAL).open("ab") as file:
        file.write(b'{"schema": 2, "spe')
    done = read_journal(tmp_path).records
    run_all(tmp_path, plan_of(sample_spec(), sample_spec("alexnet")), fake(fit_record("alexnet")), done=done)
    assert read_journal(tmp_path).note == ""
    assert read(tmp_path) == [fit_record(), fit_record("alexnet")]


def test_a_report_is_written_by_one_at_a_time(tmp_path: Path) -> None:
    plan = plan_of(sample_spec(), sample_spec("alexnet"))
    first = Runner(folder=tmp_path, watcher=Watching(), call=fake(fit_record(), fit_record("alexnet"))).run(plan)
    next(first)
    with pytest.raises(RecordError, match="being written"):
        run_all(tmp_path, plan, fake())
    assert list(first) == [fit_record("alexnet")]
    assert len(run_all(tmp_path, plan_of(sample_spec()), fake(fit_record()))) == 1


def test_a_journal_that_takes_nothing_ends_the_plan(tmp_path: Path) -> None:
    (tmp_path / JOURNAL).symlink_to("/dev/full")
    with pytest.raises(StorageError, match="No space left"):
        run_all(tmp_path, plan_of(sample_spec()), fake(fit_record()))


def with_checkpoints(folder: Path, record: Record, run: str) -> tuple[Record, Path]:
    """The record of a fit that left a last checkpoint and its state, and where the state is."""
    last = checkpoint_path(folder, run, "last")
    last.parent.mkdir(exist_ok=True)
    state_beside(last).touch()
    return replace(record, files={"last": last.relative_to(folder).as_posix()}), state_beside(last)


def test_a_fit_that_is_over_and_written_down_needs_its_state_no_more(tmp_path: Path) -> None:
    record, state = with_checkpoints(tmp_path, fit_record(), "run-0")

    def looking(journal: Path, record: Record) -> None:
        assert state.exists(), "before the record is written down the state must stay"
        append(journal, record)

    run_all(tmp_path, plan_of(sample_spec()), fake(record), append=looking)
    assert not state.exists()


@pytest.mark.parametrize("status", ["interrupted", "timeout", "nan", "crashed"])
def test_a_fit_that_broke_off_keeps_its_state(tmp_path: Path, status: Any) -> None:
    record, state = with_checkpoints(tmp_path, failed_record("lenet", status=status), "run-0")
    with suppress(Interrupted):
        run_all(tmp_path, plan_of(sample_spec()), fake(record))
    assert state.exists()


def test_a_state_that_was_left_by_a_kill_after_the_end_goes_when_the_report_is_resumed(tmp_path: Path) -> None:
    record, state = with_checkpoints(tmp_path, fit_record(), "run-0")
    append(tmp_path / JOURNAL, record)
    assert run_all(tmp_path, plan_of(sample_spec()), fake(), done=[record]) == []
    assert not state.exists()


@pytest.mark.parametrize("resumes", [False, True])
def test_only_a_resumed_report_goes_on_from_states(tmp_path: Path, resumes: bool) -> None:
    asked = Asked()
    run_all(tmp_path, plan_of(sample_spec()), fake(fit_record(), asked=asked), resumes=resumes)
    assert asked[0][0].resumes is resumes


def in_turns(*records: Record) -> Callable[..., Iterator[Record]]:
    def turns(plan: Plan, places: Sequence[int], *, first: int, watcher: Watcher, **_: object) -> Iterator[Record]:
        for number, (place, record) in enumerate(zip(places, records, strict=True)):
            watcher.run_started(first + number, plan.specs[place], plan.labels[place])
            yield record

    return turns


def test_a_group_takes_turns_in_its_place(tmp_path: Path) -> None:
    plan = replace(plan_of(*map(sample_spec, ("resnet50", *THREE))), turns=((1, 2),))
    turns, watcher = in_turns(fit_record("lenet"), failed_record("alexnet")), Watching()
    records = run_all(
        tmp_path, plan, fake(fit_record("resnet50"), fit_record("vgg16")), turns=turns, watcher=watcher
    )
    assert [record.spec.model.name for record in records] == ["resnet50", *THREE]
    assert [told for told in watcher.told if "started" in told] == [f"started {n} run {n}" for n in range(4)]
    assert read_journal(tmp_path).records == tuple(records)


def test_where_nothing_takes_turns_a_group_runs_one_by_one(tmp_path: Path) -> None:
    plan = replace(plan_of(*map(sample_spec, THREE)), turns=((0, 2),))
    done = [fit_record("lenet")]
    records = run_all(tmp_path, plan, fake(fit_record("alexnet"), fit_record("vgg16")), turns=None, done=done)
    assert [record.spec.model.name for record in records] == ["alexnet", "vgg16"]


def test_all_of_an_interrupted_group_is_kept(tmp_path: Path) -> None:
    plan = replace(plan_of(*map(sample_spec, THREE)), turns=((0, 1),))
    stopped = [failed_record(name, status="interrupted") for name in THREE[:2]]
    with pytest.raises(Interrupted):
        run_all(tmp_path, plan, fake(), turns=in_turns(*stopped))
    assert read(tmp_path) == stopped


def test_a_signal_between_the_records_of_a_group_is_handed_to_it(tmp_path: Path) -> None:
    """It comes while the first record is written; the group then ends its other run early."""
    stopped = failed_record("alexnet", status="interrupted")

    def turns(plan: Plan, places: Sequence[int], **_: object) -> Iterator[Record]:
        try:
            yield fit_record("lenet")
        except Interrupted:
            yield stopped
            raise
        raise AssertionError("it was not told")

    def interrupting(journal: Path, record: Record) -> None:
        append(journal, record)
        signal.raise_signal(signal.SIGINT)

    plan = replace(plan_of(*map(sample_spec, THREE)), turns=((0, 1),))
    with pytest.raises(Interrupted):
        run_all(tmp_path, plan, fake(), turns=turns, append=interrupting)
    assert read(tmp_path) == [fit_record("lenet"), stopped]


def test_without_isolation_a_crash_is_a_row_and_ctrl_c_ends_the_plan(tmp_path: Path) -> None:
    def broken(request: RunRequest, *, returns: type, observer: object, output: Path, timeout: None) -> Record:
        target = {"lenet": "crash", "alexnet": "exit_"}.get(request.spec.model.name, "interrupt")
        return call_here(f"child_targets:{target}", request, returns=Record, timeout=timeout)

    def call(target: str, request: RunRequest, **options: Any) -> Record:
        return broken(request, **options)

    with pytest.raises(Interrupted):
        run_all(tmp_path, plan_of(*map(sample_spec, (*THREE, "resnet50"))), call)
    assert [record.status for record in read(tmp_path)] == ["crashed", "crashed", "interrupted"]
