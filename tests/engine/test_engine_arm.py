"""A live arm on the child's side: slices when told, untimed calls before each, and a cell's record at the end."""

import itertools
import multiprocessing
import threading
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil
import pytest
from msgspec.structs import replace
from runs import Events, small_spec

from benchbox.engine.arm import take_turns
from benchbox.engine.sampling import Clock
from benchbox.plan.requests import RunRequest
from benchbox.plan.slices import ArmRequest, Finish, Look, Looked, Ready, Slice, Sliced
from benchbox.records.events import PhaseBegan
from benchbox.records.ratios import took_turns
from benchbox.records.record import Record


class Arm:
    """An arm in a thread of this process, and our end of its pipe."""

    def __init__(self, request: RunRequest, *, clock: Clock = time.perf_counter) -> None:
        self.pipe, childs_end = multiprocessing.Pipe()
        self.events = Events()
        self.record: Record | None = None
        self._thread = threading.Thread(target=self._run, args=(ArmRequest(run=request, turns=childs_end), clock))
        self._thread.start()

    def _run(self, request: ArmRequest, clock: Clock) -> None:
        self.record = take_turns(request, observer=self.events, clock=clock)
        request.turns.close()

    def hear(self) -> Any:
        assert self.pipe.poll(30)
        return self.pipe.recv()

    def ask(self, wish: Look | Slice) -> Any:
        self.pipe.send(wish)
        return self.hear()

    def finish(self, reason: str = "seen enough") -> Record:
        self.pipe.send(Finish(reason=reason))
        return self.ended()

    def ended(self) -> Record:
        self._thread.join(30)
        self.pipe.close()
        assert self.record is not None
        return self.record


@pytest.fixture
def request_of(pictures: Path, cache: Path, tmp_path: Path, own_networks: Path) -> Any:
    """A request for a cell of one of the networks of one's own, or of a network by its full name."""

    def make(name: str = "small", *, task: str = "train_step", **placement: Any) -> RunRequest:
        full = name if ":" in name else f"{own_networks}:{name}"
        spec = small_spec(pictures, full, cache=cache, task=task)
        spec = replace(spec, placement=replace(spec.placement, **placement))
        return RunRequest(spec=spec, name="arm", folder=str(tmp_path), dataset=str(cache))

    return make


@pytest.mark.parametrize("task", ["train_step", "infer"])
def test_an_arm_works_slice_by_slice_and_ends_with_the_record_of_a_cell(request_of: Any, task: str) -> None:
    arm = Arm(request_of(task=task))
    ready = arm.hear()
    assert isinstance(ready, Ready)
    assert ready.process == psutil.Process().pid
    assert ready.call_seconds > 0
    assert isinstance(arm.ask(Look(processes=(ready.process,))), Looked)
    seen = [arm.ask(Slice(seconds=0.01)) for _ in range(4)]
    assert isinstance(arm.ask(Look(processes=(ready.process,))), Looked)
    record = arm.finish("4 slices")
    assert (record.status, record.reason) == ("ok", "")
    assert record.values("sample_seconds") == tuple(sliced.seconds for sliced in seen)
    assert record.actual.stop_reason == "4 slices"
    measured = {"build_seconds", "first_batch_seconds", "warmup_seconds", "parity_error", "parameters"}
    assert measured <= {seen.metric for seen in record.measurements}
    assert len(record.states) == 2


def test_a_slice_is_about_as_long_as_asked_for(request_of: Any) -> None:
    """A clock that counts one second a look: a call between two looks takes one."""
    ticks: Iterator[float] = itertools.count(0.0)
    arm = Arm(request_of(), clock=lambda: next(ticks))
    assert arm.hear().call_seconds == pytest.approx(1.0)
    first = arm.ask(Slice(seconds=4.0))
    assert (first.calls, first.seconds) == (4, 0.25)
    assert arm.ask(Slice(seconds=0.001)) == Sliced(calls=1, seconds=1.0)
    arm.finish()


COUNTING = """
from torch import nn

class Counting(nn.Module):
    def __init__(self, classes, channels):
        super().__init__()
        self.head = nn.Sequential(nn.AdaptiveAvgPool2d(8), nn.Flatten(), nn.Linear(64 * channels, classes))

    def forward(self, x):
        if self.training and not x.is_meta:
            with open({path!r}, "a") as counts:
                counts.write(".")
        return self.head(x)

def counting(classes, channels):
    return Counting(classes, channels)
"""


@pytest.mark.parametrize(
    ("placement", "call", "untimed"), [({}, 1.0, 1), ({}, 0.004, 3), ({"feed": "loader", "workers": 1}, 1.0, 2)]
)
def test_the_calls_that_wake_it_up_are_not_counted(
    request_of: Any, tmp_path: Path, placement: dict[str, Any], call: float, untimed: int
) -> None:
    """By a clock that goes on by `call` at every look, so that a call takes that."""
    ticks = itertools.count(0.0, call)
    counts, own = tmp_path / "counts.txt", tmp_path / "counting.py"
    own.write_text(COUNTING.format(path=str(counts)))
    arm = Arm(request_of(f"{own}:counting", **placement), clock=lambda: next(ticks))
    arm.hear()
    before = len(counts.read_text())
    sliced = arm.ask(Slice(seconds=1e-6))
    assert sliced.calls == 1
    assert len(counts.read_text()) - before == untimed + 1
    arm.finish()


def test_no_event_is_sent_while_it_takes_turns(request_of: Any) -> None:
    arm = Arm(request_of())
    arm.hear()
    before = len(arm.events)
    for _ in range(5):
        arm.ask(Slice(seconds=0.005))
    assert len(arm.events) == before
    arm.finish()
    phases = [event.name for event in arm.events if isinstance(event, PhaseBegan)]
    assert phases[:6] == ["pictures", "build", "counting", "placement", "first batch", "warm-up"]
    assert "parity" in phases


@pytest.mark.parametrize(
    ("network", "status"), [("out_of_memory", "oom"), ("crashing", "crashed"), ("interrupted", "interrupted")]
)
def test_an_arm_that_breaks_off_keeps_what_it_saw(request_of: Any, network: str, status: str) -> None:
    arm = Arm(request_of(network))
    said = [message for message in _until_the_end(arm.pipe) if isinstance(message, Sliced)]
    record = arm.ended()
    assert record.status == status
    assert record.values("sample_seconds") == tuple(sliced.seconds for sliced in said)
    assert not said or took_turns(record)


def _until_the_end(pipe: Connection) -> Iterator[Any]:
    """Slice after slice until the arm is lost."""
    try:
        while pipe.poll(30):
            yield pipe.recv()
            pipe.send(Slice(seconds=1e-6))
    except (EOFError, OSError):
        return


def test_doubts_are_told_only_where_all_arms_lived(request_of: Any) -> None:
    ticks = itertools.count(0.0)
    arm = Arm(request_of(), clock=lambda: next(ticks))  # real calls may be doubted for their warm-up
    ready = arm.hear()
    arm.ask(Look(processes=(ready.process, 1)))
    arm.ask(Slice(seconds=0.001))
    arm.ask(Look(processes=(ready.process,)))
    assert arm.finish().actual.doubts == ()
