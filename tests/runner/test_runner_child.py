"""Calls in a child process: answers, events, refusals, crashes, signals, and the end of the parent."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from benchbox.errors import DataError, Interrupted, SpecError, StorageError
from benchbox.plan.spec import ModelSpec
from benchbox.records.description import DescribeRequest, Description
from benchbox.records.events import AnyEvent, Noted, PhaseBegan, Progress
from benchbox.runner import child
from benchbox.runner.child import SAVING, ChildError, TimedOut, call, call_here

HERE = Path(__file__).parent
STOPPED_WITHIN = """
import os, signal
from torch import nn

class Stopped(nn.Module):
    def forward(self, x):
        os.kill(os.getpid(), signal.SIGTERM)
        return x

def make(classes, channels):
    return Stopped()
"""


def test_the_answer_comes_back_after_the_events() -> None:
    events: list[AnyEvent] = []
    assert call("child_targets:double", 21, returns=int, observer=events.append) == 42
    assert events == [PhaseBegan(name="doubling"), Progress(done=1, total=1)]


def test_every_call_has_a_process_of_its_own() -> None:
    pids = {call("child_targets:own_process", None, returns=int) for _ in range(2)}
    assert len(pids | {os.getpid()}) == 3


def test_a_call_here_stays_here() -> None:
    assert call_here("child_targets:own_process", None, returns=int) == os.getpid()


def test_a_refusal_comes_back_as_it_was() -> None:
    with pytest.raises(DataError) as error:
        call("child_targets:refuse", "x", returns=int)
    assert str(error.value) == "no such folder: x. allowed: a folder. name another."


def test_a_crash_brings_its_traceback() -> None:
    with pytest.raises(ChildError) as error:
        call("child_targets:crash", None, returns=int)
    assert error.value.reason == "ZeroDivisionError: by zero"
    assert "child_targets.py" in error.value.log


@pytest.mark.parametrize(
    ("target", "request_", "reason"),
    [
        ("die", signal.SIGKILL, "ended by SIGKILL, as the kernel does when memory runs out"),
        ("die", signal.SIGSEGV, "ended by SIGSEGV"),
        ("leave", 3, "ended with code 3 and without an answer"),
    ],
)
def test_a_death_without_a_word_is_explained(target: str, request_: int, reason: str) -> None:
    with pytest.raises(ChildError, match=reason):
        call(f"child_targets:{target}", request_, returns=int)


def test_an_answer_of_another_type_is_refused() -> None:
    with pytest.raises(ChildError, match="returned int, not str"):
        call("child_targets:double", 1, returns=str)


def test_what_the_child_prints_goes_to_its_file(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    call("child_targets:talk", "hello", returns=int, output=tmp_path / "output.txt")
    assert sorted((tmp_path / "output.txt").read_text().splitlines()) == ["err hello", "out hello"]
    assert capfd.readouterr().out == ""


def test_a_child_may_save_before_it_stops() -> None:
    with pytest.raises(Interrupted) as stop:
        call("child_targets:save_when_interrupted", str(os.getpid()), returns=str)
    assert stop.value.answer == "saved"


def test_a_signal_leaves_more_time_to_save_than_the_end_of_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that outlasts what a late child is given is not torn by a second signal, and somebody is told."""
    monkeypatch.setattr(child, "GRACE_SECONDS", 0.2)
    events: list[AnyEvent] = []
    with pytest.raises(Interrupted) as stop:
        call("child_targets:end_a_step_when_interrupted", str(os.getpid()), returns=str, observer=events.append)
    assert stop.value.answer == "whole"
    assert events == [Noted(text=SAVING)]


def test_a_signal_while_the_child_leaves_keeps_its_answer() -> None:
    with pytest.raises(Interrupted) as stop:
        call("child_targets:interrupt_after_the_answer", os.getpid(), returns=int)
    assert stop.value.answer == os.getpid()


def test_a_signal_in_a_foreign_network_is_not_taken_for_its_error(tmp_path: Path) -> None:
    """SIGTERM while a network is tried without numbers: whoever catches what networks raise lets it through."""
    own = tmp_path / "own.py"
    own.write_text(STOPPED_WITHIN)
    request = DescribeRequest(model=ModelSpec(name=f"{own}:make"), channels=1, image_size=16, classes=4)
    with pytest.raises(Interrupted):
        call("benchbox.models.describe:describe_named", request, returns=Description)


def test_a_late_child_is_asked_and_its_answer_kept() -> None:
    with pytest.raises(TimedOut) as error:
        call("child_targets:answer_when_stopped", "it", returns=str, timeout=0.2)
    assert (error.value.seconds, error.value.answer) == (0.2, "half of it")


def test_a_late_child_that_does_not_hear_is_killed(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    with pytest.raises(TimedOut) as error:
        call("child_targets:hang", str(mark), returns=int, timeout=0.3, late=0.2)
    assert error.value.answer is None
    assert has_ended(int(mark.read_text()))


def test_a_late_child_in_a_long_step_is_told_twice() -> None:
    with pytest.raises(TimedOut) as error:
        call("child_targets:end_a_step_first", "it", returns=str, timeout=0.3, late=6.0)
    assert error.value.answer == "left in the middle"


def test_a_child_in_time_is_not_late() -> None:
    assert call("child_targets:double", 21, returns=int, timeout=60.0) == 42


def test_where_there_is_no_forkserver_spawn_does_the_same(tmp_path: Path) -> None:
    events: list[AnyEvent] = []
    output = tmp_path / "output.txt"
    assert call("child_targets:double", 21, returns=int, observer=events.append, method="spawn") == 42
    assert events == [PhaseBegan(name="doubling"), Progress(done=1, total=1)]
    call("child_targets:talk", "hello", returns=int, output=output, method="spawn")
    assert "out hello" in output.read_text()


def test_a_death_tells_its_signal() -> None:
    with pytest.raises(ChildError) as error:
        call("child_targets:die", signal.SIGKILL, returns=int)
    assert error.value.signal == signal.SIGKILL


@pytest.mark.parametrize("target", ["leave_a_grandchild", "die_with_a_grandchild"])
def test_what_a_child_leaves_behind_ends_with_it(tmp_path: Path, target: str) -> None:
    mark = tmp_path / "pid"
    with suppress(ChildError):
        call(f"child_targets:{target}", str(mark), returns=int)
    wait_until_ended([int(mark.read_text())])


def test_an_observer_that_raises_ends_the_child_at_once(tmp_path: Path) -> None:
    def full(event: AnyEvent) -> None:
        raise StorageError(str(tmp_path), "No space left on device")

    began = time.monotonic()
    with pytest.raises(StorageError):
        call("child_targets:tell_and_sleep", None, returns=int, observer=full)
    assert time.monotonic() - began < 30


def test_a_call_here_makes_a_crash_an_error_with_its_cause() -> None:
    with pytest.raises(ChildError, match="ZeroDivisionError: by zero") as error:
        call_here("child_targets:crash", None, returns=int)
    assert isinstance(error.value.__cause__, ZeroDivisionError)
    assert "child_targets.py" in error.value.log


def test_a_call_here_survives_an_exit_and_hands_refusals_and_interrupts_on() -> None:
    with pytest.raises(ChildError, match="SystemExit: 3"):
        call_here("child_targets:exit_", 3, returns=int)
    with pytest.raises(DataError):
        call_here("child_targets:refuse", "x", returns=int)
    with pytest.raises(KeyboardInterrupt):
        call_here("child_targets:interrupt", None, returns=int)


def test_a_call_here_cannot_be_ended_in_time() -> None:
    with pytest.raises(SpecError, match="none without a process of its own"):
        call_here("child_targets:double", 1, returns=int, timeout=5.0)


PARENT = """
import sys
sys.path.insert(0, {here!r})
from benchbox.runner.child import call
if __name__ == "__main__":
    call("child_targets:{target}", {mark!r}, returns=int, method={method!r})
"""


@pytest.mark.parametrize(
    ("how", "target", "method"),
    [
        (signal.SIGTERM, "sleep_and_tell", None),
        (signal.SIGKILL, "sleep_with_a_grandchild", None),
        (signal.SIGKILL, "hang", None),
        (signal.SIGKILL, "sleep_with_a_grandchild", "spawn"),
        (signal.SIGKILL, "hang", "spawn"),
    ],
)
def test_nobody_outlives_the_parent(tmp_path: Path, how: int, target: str, method: str | None) -> None:
    mark, script = tmp_path / "pid", tmp_path / "parent.py"
    script.write_text(PARENT.format(here=str(HERE), mark=str(mark), target=target, method=method))
    parent = subprocess.Popen([sys.executable, str(script)])
    told = [int(pid) for pid in wait_for(mark).split()]
    children = [child.pid for child in psutil.Process(parent.pid).children(recursive=True)]
    assert set(told) <= set(children), "the forkserver and the tracker are watched, too"
    parent.send_signal(how)
    parent.wait(10)
    wait_until_ended(children)


def wait_until_ended(pids: Sequence[int]) -> None:
    deadline = time.monotonic() + 10
    while not all(map(has_ended, pids)):
        assert time.monotonic() < deadline, f"still there: {[pid for pid in pids if not has_ended(pid)]}"
        time.sleep(0.05)


def has_ended(pid: int) -> bool:
    """Whether a process is gone, or dead and only not yet collected by its parent."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def wait_for(mark: Path) -> str:
    deadline = time.monotonic() + 60
    while not (mark.exists() and mark.read_text()):
        assert time.monotonic() < deadline, "the child never started"
        time.sleep(0.05)
    return mark.read_text()
