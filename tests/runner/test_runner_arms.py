"""Live arms in processes of their own: they answer, sleep without a core, and whatever ends them is a record."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from factories import sample_facts, sample_spec
from msgspec.structs import replace
from processes import is_gone

from benchbox.errors import Interrupted
from benchbox.plan.requests import RunRequest
from benchbox.plan.slices import Looked, Ready, Sliced
from benchbox.plan.spec import DataSpec, FitSpec, ModelSpec, PlacementSpec, Plan, RunSpec, TimingSpec
from benchbox.records.events import AnyEvent, Observer, PhaseBegan
from benchbox.records.ratios import block_ratios, slowdown
from benchbox.records.record import Record
from benchbox.runner.arms import Arm, LiveArm
from benchbox.runner.turns import run_turns

# Longer than a busy machine needs to start a child, shorter than a test may take.
LATE_AFTER, GIVEN_UP_AFTER = 2.0, 0.5


class Told(list[AnyEvent]):
    def __call__(self, event: AnyEvent, /) -> None:
        self.append(event)

    def run_started(self, index: int, spec: RunSpec, label: str, /) -> None:
        pass

    def run_ended(self, record: Record, /) -> None:
        pass


def arm_of(target: str, *, folder: str = "", **options: Any) -> LiveArm:
    request = RunRequest(spec=sample_spec("lenet", "train_step"), name="arm", folder=folder)
    return LiveArm(request, target=f"arm_targets:{target}", **({"observer": Told()} | options))


@pytest.fixture(autouse=True)
def _no_child_is_left() -> Iterator[None]:
    yield
    assert [child.name() for child in psutil.Process().children() if child.name() == "arm"] == []


@pytest.mark.parametrize("method", [None, "spawn"])
def test_an_arm_answers_each_wish_and_ends_with_its_record(method: str | None) -> None:
    told = Told()
    arm = arm_of("obedient", observer=told, method=method)
    ready = arm.prepare()
    assert isinstance(ready, Ready)
    assert told == [PhaseBegan(name="build")]
    assert arm.look((ready.process,)) == Looked()
    assert [arm.work(0.01), arm.work(0.01)] == [Sliced(calls=1, seconds=1.0), Sliced(calls=1, seconds=2.0)]
    assert arm.record is None
    arm.finish("enough")
    assert arm.record is not None
    assert (arm.record.status, arm.record.reason) == ("ok", "enough after 2 slices")
    assert is_gone(ready.process)


def test_what_is_over_says_nothing_any_more() -> None:
    arm = arm_of("obedient")
    arm.prepare()
    arm.finish("enough")
    record = arm.record
    assert arm.work(0.01) is None
    assert arm.look(()) is None
    arm.finish("again")
    arm.stop()
    assert arm.record is record


@pytest.mark.parametrize(
    ("target", "status", "reason"),
    [("never_ready", "oom", "too large after 0 slices"), ("broken", "crashed", "ZeroDivisionError: by zero")],
)
def test_an_arm_that_does_not_get_ready_is_a_record(target: str, status: str, reason: str) -> None:
    arm = arm_of(target)
    assert arm.prepare() is None
    assert arm.record is not None
    assert (arm.record.status, arm.record.reason) == (status, reason)


@pytest.mark.parametrize(("kills", "status"), [([3, 3], "crashed"), ([3, 4], "oom")])
def test_an_arm_that_is_killed_is_a_record_and_the_kernel_is_told_from_others(
    kills: list[int], status: str
) -> None:
    arm = arm_of("dying", oom_kills=lambda: kills.pop(0))
    ready = arm.prepare()
    assert arm.work(0.01) is not None
    assert arm.work(0.01) is None
    assert arm.record is not None
    assert arm.record.status == status
    assert ready is not None
    assert is_gone(ready.process)


def test_an_arm_that_dies_in_its_sleep_is_noticed_when_it_is_asked() -> None:
    arm = arm_of("obedient")
    ready = arm.prepare()
    assert ready is not None
    psutil.Process(ready.process).kill()
    while not is_gone(ready.process):
        time.sleep(0.01)
    assert arm.work(0.01) is None
    assert arm.record is not None
    assert arm.record.status == "crashed"


@pytest.mark.parametrize(("target", "seen"), [("hanging", "1 slices"), ("deaf", "")])
def test_an_arm_that_hangs_is_a_timeout_and_does_not_stay(target: str, seen: str) -> None:
    arm = arm_of(target, timeout=LATE_AFTER, late=GIVEN_UP_AFTER)
    ready = arm.prepare()
    assert arm.work(0.01) is not None
    assert arm.work(0.01) is None
    assert arm.record is not None
    assert arm.record.status == "timeout"
    assert arm.record.reason.startswith("over 2 s; a longer --timeout")
    # The fake leaves the count of its slices there, where it could still say so.
    assert arm.record.log == seen
    assert ready is not None
    assert is_gone(ready.process)


def test_an_arm_has_one_time_for_all_that_it_does() -> None:
    """Each slice of half a second would be in time."""
    arm = arm_of("slow", timeout=LATE_AFTER)
    arm.prepare()
    for _ in range(5):
        arm.work(0.01)
    assert arm.record is not None
    assert arm.record.status == "timeout"


def test_the_time_of_an_arm_stands_still_while_it_waits() -> None:
    arm = arm_of("obedient", timeout=10 * LATE_AFTER)
    assert arm.prepare() is not None
    left = arm.seconds_left
    time.sleep(0.1)
    assert arm.seconds_left == left
    arm.stop()


def test_a_stop_keeps_what_was_seen() -> None:
    arm = arm_of("obedient")
    arm.prepare()
    arm.work(0.01)
    arm.stop()
    assert arm.record is not None
    assert (arm.record.status, arm.record.reason) == ("interrupted", "stopped after 1 slices")


def test_an_arm_that_was_never_started_can_be_stopped() -> None:
    arm = arm_of("obedient")
    arm.stop()
    assert arm.record is not None
    assert arm.record.status == "interrupted"


def test_a_signal_to_the_parent_ends_the_group_with_a_record_of_each_arm() -> None:
    """Ctrl-C in the middle of a slice: the arm in it and the one asleep both end, with what they had seen."""
    spec = sample_spec("lenet", "train_step")
    specs = (spec, replace(spec, seed=1))
    plan = Plan(command="ablate speed", specs=specs, labels=("a", "b"), facts=sample_facts())
    processes: list[int] = []

    def make_arm(request: RunRequest, observer: Observer) -> Arm:
        target = "asking_to_stop" if request.spec.seed else "obedient"
        return _Remembering(arm_of(target, folder=str(os.getpid()), observer=observer), processes)

    records: list[Record] = []
    with pytest.raises(Interrupted):
        records.extend(
            run_turns(
                plan, (0, 1), names=("a", "b"), folder=Path(), dataset=Path(), watcher=Told(), make_arm=make_arm
            )
        )
    assert [record.status for record in records] == ["interrupted", "interrupted"]
    assert records[1].reason == "stopped after 1 slices"
    assert len(processes) == 2
    assert all(map(is_gone, processes))


class _Remembering:
    """A live arm whose process number is kept."""

    def __init__(self, arm: LiveArm, processes: list[int]) -> None:
        self._arm, self._processes = arm, processes
        self.look, self.work, self.finish, self.stop = arm.look, arm.work, arm.finish, arm.stop

    @property
    def record(self) -> Record | None:
        return self._arm.record

    def prepare(self) -> Ready | None:
        ready = self._arm.prepare()
        if ready is not None:
            self._processes.append(ready.process)
        return ready


def test_a_second_signal_ends_an_arm_at_once() -> None:
    arm = arm_of("deaf")
    ready = arm.prepare()
    again = threading.Timer(GIVEN_UP_AFTER, os.kill, (os.getpid(), signal.SIGINT))
    again.start()
    with pytest.raises(Interrupted):
        arm.stop()
    again.join()
    assert arm.record is not None
    assert arm.record.status == "interrupted"
    assert ready is not None
    assert is_gone(ready.process)


@pytest.fixture
def lenets(pictures: Path, cache: Path) -> Plan:
    """Two training steps of one and the same network."""
    spec = RunSpec(
        task="train_step",
        model=ModelSpec(name="lenet"),
        data=DataSpec(source=str(pictures), image_size=64),
        fit=FitSpec(batch_size=16, lr=0.01, epochs=1, weight_decay=0.0, schedule="constant"),
        placement=PlacementSpec(device="cpu", precision="fp32", threads=1, workers=0),
        timing=TimingSpec(seconds=0.5, goal=0.05),
    )
    specs = (spec, replace(spec, repeat=1))
    return Plan(command="ablate speed", specs=specs, labels=("one", "same"), turns=((0, 1),))


def test_two_copies_of_one_network_take_turns(lenets: Plan, cache: Path, tmp_path: Path) -> None:
    records = list(run_turns(lenets, (0, 1), names=lenets.labels, folder=tmp_path, dataset=cache, watcher=Told()))
    assert [(record.status, record.reason) for record in records] == [("ok", "")] * 2
    one, same = (record.values("sample_seconds") for record in records)
    assert len(one) == len(same) == 2 * len(block_ratios(one, same)) >= 12
    # How near it is to 1 is the machine's business, and no test's.
    assert slowdown(one, same) is not None
    assert all("blocks in turns" in record.actual.stop_reason for record in records)
    assert all(len(record.states) == 2 and record.environment for record in records)


def test_a_waiting_arm_burns_no_core(lenets: Plan, cache: Path, tmp_path: Path) -> None:
    """Torch's threads spin after their work: only for so long that a slice of another arm does not feel it."""
    spec = replace(lenets.specs[0], placement=replace(lenets.specs[0].placement, threads=2))
    arm = LiveArm(RunRequest(spec=spec, name="arm", folder=str(tmp_path), dataset=str(cache)), observer=Told())
    try:
        ready = arm.prepare()
        assert ready is not None
        arm.work(0.05)
        process = psutil.Process(ready.process)
        before, began = process.cpu_times(), time.monotonic()
        time.sleep(0.5)
        after, waited = process.cpu_times(), time.monotonic() - began
        burnt = after.user + after.system - before.user - before.system
        assert burnt < 0.2 * waited
    finally:
        arm.stop()
