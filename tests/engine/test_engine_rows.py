"""All rows of an arm in one process: each is a record of its own, and one that fails takes no other with it."""

import multiprocessing
import threading
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch
from msgspec.structs import replace
from runs import small_spec

from benchbox.engine.control import CONTROL_DIGEST, Call, Make
from benchbox.engine.place import Place
from benchbox.engine.rows import serve_rows
from benchbox.plan.gate import (
    PROTOCOL,
    Finish,
    Finished,
    Hello,
    Identify,
    Identity,
    Look,
    Looked,
    Lost,
    Message,
    NoMemory,
    Open,
    Opened,
    Refused,
    Said,
    Stopped,
    Turn,
    Turned,
    decode_said,
    encode_message,
)
from benchbox.plan.requests import RunRequest
from benchbox.records.record import SCHEMA, Record, decode
from benchbox.version import __version__

SLICE = 0.002


def idle(place: Place) -> Call:
    return lambda: None


class Arm:
    """An arm in a thread of this process, and our end of its pipe."""

    def __init__(self, make_control: Make = idle) -> None:
        self.pipe, childs_end = multiprocessing.Pipe()
        self._thread = threading.Thread(target=self._serve, args=(childs_end, make_control))
        self._thread.start()
        self.hello = self.hear()

    def _serve(self, pipe: Connection, make_control: Make) -> None:
        with pipe:
            serve_rows(pipe, make_control=make_control)

    def hear(self) -> Said:
        assert self.pipe.poll(30)
        return decode_said(self.pipe.recv_bytes())

    def ask(self, wish: Message) -> Any:
        return self.say(encode_message(wish))

    def say(self, content: bytes) -> Any:
        self.pipe.send_bytes(content)
        return self.hear()

    def finish(self, row: int, **options: Any) -> Record:
        said = self.ask(Finish(row=row, reason="enough", **options))
        assert isinstance(said, Finished)
        return read(said.record)

    def end(self) -> None:
        self.pipe.close()
        self._thread.join(30)
        assert not self._thread.is_alive()


def read(record: msgspec.Raw) -> Record:
    return decode(bytes(record))


@pytest.fixture
def arm() -> Iterator[Arm]:
    arm = Arm()
    yield arm
    arm.end()


@pytest.fixture
def request_of(pictures: Path, cache: Path, tmp_path: Path, own_networks: Path) -> Any:
    """A request for one of the networks of one's own, or of a network by its full name."""

    def make(name: str = "small", *, task: str = "train_step") -> RunRequest:
        full = name if ":" in name or name == "lenet" else f"{own_networks}:{name}"
        spec = small_spec(pictures, full, cache=cache, task=task)
        return RunRequest(spec=spec, name="row", folder=str(tmp_path), dataset=str(cache))

    return make


def test_it_says_by_itself_who_it_is(arm: Arm) -> None:
    assert isinstance(arm.hello, Hello)
    assert (arm.hello.protocol, arm.hello.version, arm.hello.schema) == (PROTOCOL, __version__, SCHEMA)
    assert arm.hello.control == CONTROL_DIGEST


def test_rows_take_turns_and_each_ends_with_a_record_of_its_own(arm: Arm, request_of: Any) -> None:
    requests = {0: request_of(task="infer"), 3: request_of(task="train_step")}
    for row, request in requests.items():
        opened = arm.ask(Open(row=row, request=request))
        assert isinstance(opened, Opened)
        assert opened.call_seconds > 0
        assert opened.peak > 2**20
    seen: dict[int | None, list[float]] = {0: [], 3: [], None: []}
    for block in range(3):
        for turn in (0, None, 3, 3, None, 0):
            turned = arm.ask(Turn(row=turn, block=block, seconds=SLICE))
            assert isinstance(turned, Turned)
            assert turned.calls >= 1
            seen[turn].append(turned.seconds)
    for row, request in requests.items():
        record = arm.finish(row)
        assert (record.status, record.reason, record.spec) == ("ok", "", request.spec)
        assert record.values("sample_seconds") == tuple(seen[row])
        assert record.values("control_seconds") == tuple(seen[None])
        assert (record.actual.in_turns, record.actual.control) == (True, CONTROL_DIGEST)
        assert record.actual.stop_reason == "enough"
        assert record.fingerprint is not None
        assert record.last("parameters") == 195
        assert record.last("parity_error") is None
        assert [name for name, _ in record.phases][-2:] == ["warm-up", "turns"]


def test_the_passes_of_a_cell_are_made_where_they_are_asked_for(arm: Arm, request_of: Any) -> None:
    arm.ask(Open(row=0, request=request_of()))
    arm.ask(Turn(row=0, block=0, seconds=SLICE))
    record = arm.finish(0, passes="all")
    assert {"parity_error", "forward_seconds", "activation_bytes"} <= {seen.metric for seen in record.measurements}


def test_memory_alone_is_measured_without_a_turn(arm: Arm, request_of: Any) -> None:
    arm.ask(Open(row=0, request=request_of()))
    record = arm.finish(0, passes="memory")
    assert record.last("peak_memory") is not None
    assert record.values("sample_seconds") == record.values("control_seconds") == ()
    assert not record.actual.in_turns


@pytest.mark.parametrize(("network", "status"), [("crashing", "crashed"), ("out_of_memory", "oom")])
def test_a_row_that_fails_is_lost_and_the_others_go_on(
    arm: Arm, request_of: Any, network: str, status: str
) -> None:
    """Its fault comes in its fourth step, which is one of warming up or one of a slice."""
    arm.ask(Open(row=0, request=request_of()))
    said = arm.ask(Open(row=1, request=request_of(network)))
    while not isinstance(said, Lost):
        said = arm.ask(Turn(row=1, block=0, seconds=1e-6))
    assert read(said.record).status == status
    assert isinstance(arm.ask(Turn(row=0, block=0, seconds=SLICE)), Turned)
    assert arm.finish(0).status == "ok"


def test_a_control_without_memory_is_told_and_the_rows_live(request_of: Any) -> None:
    def fail(place: Place) -> Call:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")

    arm = Arm(fail)
    try:
        arm.ask(Open(row=0, request=request_of()))
        said = arm.ask(Turn(row=None, block=0, seconds=SLICE))
        assert isinstance(said, NoMemory)
        assert "memory ran out for the control network: OutOfMemoryError" in said.reason
        assert isinstance(arm.ask(Turn(row=0, block=0, seconds=SLICE)), Turned)
    finally:
        arm.end()


def test_a_row_that_cannot_be_is_lost_when_it_is_opened(arm: Arm, request_of: Any, own_networks: Path) -> None:
    request = request_of()
    absent = replace(request.spec, model=replace(request.spec.model, name=f"{own_networks}:absent"))
    said = arm.ask(Open(row=0, request=replace(request, spec=absent)))
    assert isinstance(said, Lost)
    record = read(said.record)
    assert record.status == "unsupported"
    assert "has no 'absent'" in record.reason


def test_a_signal_ends_all_rows_with_what_they_saw(arm: Arm, request_of: Any) -> None:
    """It comes in the fourth step of one of them."""
    arm.ask(Open(row=0, request=request_of()))
    turned = arm.ask(Turn(row=0, block=0, seconds=SLICE))
    said = arm.ask(Open(row=1, request=request_of("interrupted")))
    while not isinstance(said, Stopped):
        said = arm.ask(Turn(row=1, block=0, seconds=1e-6))
    records = {row: read(record) for row, record in said.records.items()}
    assert [records[row].status for row in (0, 1)] == ["interrupted", "interrupted"]
    assert records[0].values("sample_seconds") == (turned.seconds,)


def test_what_it_imported_is_told_by_file_and_hash(
    arm: Arm, request_of: Any, own_networks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = request_of()
    arm.ask(Open(row=0, request=request))
    monkeypatch.chdir(own_networks.parent)
    inside = arm.ask(Identify())
    assert isinstance(inside, Identity)
    assert list(inside.imported.values()) == ["networks.py"]
    assert list(inside.files) == ["networks.py"]
    (own_networks.parent / "elsewhere").mkdir()
    monkeypatch.chdir(own_networks.parent / "elsewhere")
    outside = arm.ask(Identify())
    assert list(outside.imported.values()) == [str(own_networks)]
    assert outside.files == {}


def test_the_state_of_the_machine_is_kept_and_doubted_only_beside_the_same_arms(arm: Arm, request_of: Any) -> None:
    arm.ask(Open(row=0, request=request_of()))
    assert isinstance(arm.ask(Look(processes=(1,))), Looked)
    assert isinstance(arm.ask(Look(processes=(1, 2))), Looked)
    record = arm.finish(0)
    assert len(record.states) == 2
    assert not [said for said in record.actual.doubts if "other processes" in said]


@pytest.mark.parametrize("content", [b"hello", b"{}", b'{"type": "Dance"}', b'{"type": "Turn", "row": "none"}'])
def test_what_it_does_not_understand_it_refuses(arm: Arm, content: bytes) -> None:
    assert isinstance(arm.say(content), Refused)
