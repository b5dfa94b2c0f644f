"""Calls in a child process: answers, events, refusals, crashes, signals, and the end of the parent."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from benchbox.errors import DataError
from benchbox.records.events import AnyEvent, PhaseBegan, Progress
from benchbox.runner.child import ChildError, call, call_here

HERE = Path(__file__).parent


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
    answer = call("child_targets:save_when_interrupted", str(os.getpid()), returns=str)
    assert answer == "saved"


PARENT = """
import sys
sys.path.insert(0, {here!r})
from benchbox.runner.child import call
if __name__ == "__main__":
    call("child_targets:sleep_and_tell", {mark!r}, returns=int)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_child_does_not_outlive_its_parent(tmp_path: Path, how: int) -> None:
    mark, script = tmp_path / "pid", tmp_path / "parent.py"
    script.write_text(PARENT.format(here=str(HERE), mark=str(mark)))
    parent = subprocess.Popen([sys.executable, str(script)])
    child = int(wait_for(mark))
    parent.send_signal(how)
    parent.wait(10)
    deadline = time.monotonic() + 10
    while not has_ended(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert has_ended(child)


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
