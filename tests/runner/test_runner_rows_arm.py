"""An arm's process: talked to, refused where it speaks otherwise, and whatever ends it, nobody stays behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from factories import sample_spec
from processes import is_gone

from benchbox.plan.gate import Hello, Opened, Turned
from benchbox.plan.requests import RunRequest
from benchbox.records.record import Record
from benchbox.runner.arm_process import COMMAND, SHOWN_BYTES, ArmProcess, environment_of
from benchbox.runner.places import ArmPlace
from benchbox.runner.rows_arm import ArmLost, ArmRefused, LiveRows, version_in
from benchbox.version import __version__

TARGETS = Path(__file__).parent / "rows_targets.py"
REQUEST = RunRequest(spec=sample_spec("lenet", "infer"), name="row", folder="reports")
# Longer than a busy machine needs to start a process; the second is shorter than a test may take, too.
PATIENT, LATE_AFTER = 30.0, 2.0


class Arms:
    """Arms in processes of their own in one folder; none of them outlives the test."""

    def __init__(self, root: Path) -> None:
        self.root, self.output = root, root / "output.txt"
        self._started: list[LiveRows] = []

    def make(self, behaviour: str, **options: Any) -> LiveRows:
        command = (sys.executable, str(TARGETS), behaviour)
        process = ArmProcess(self.root, output=self.output, command=options.pop("command", command))
        place = ArmPlace(asked="HEAD~1", root=self.root)
        arm = LiveRows(place, process, **{"timeout": PATIENT} | options)
        self._started.append(arm)
        return arm

    def ready(self, behaviour: str, **options: Any) -> tuple[LiveRows, Hello]:
        """One that is there, with a row that is open and had one turn."""
        arm = self.make(behaviour, **options)
        arm.start()
        hello = arm.greet()
        assert isinstance(arm.open(0, REQUEST), Opened)
        assert arm.work(0, block=0, seconds=0.1) == Turned(calls=1, seconds=1.0)
        return arm, hello

    def end(self) -> None:
        for arm in self._started:
            arm.end()


@pytest.fixture
def arms(tmp_path: Path) -> Iterator[Arms]:
    arms, before = Arms(tmp_path), psutil.Process().children(recursive=True)
    yield arms
    arms.end()
    assert set(psutil.Process().children(recursive=True)) <= set(before)


def gone(process: int) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if is_gone(process):
            return True
        time.sleep(0.01)
    return False


def test_an_arm_answers_and_leaves_when_it_is_told_to(arms: Arms) -> None:
    arm, hello = arms.ready("obedient")
    arm.look((hello.process,))
    assert arm.work(None, block=0, seconds=0.1) == Turned(calls=1, seconds=2.0)
    assert arm.identify().files == {}
    record = arm.finish(0, reason="enough", passes="none")
    assert (record.status, record.log) == ("ok", "2 turns")
    arm.end()
    arm.end()
    assert gone(hello.process)


def test_an_arm_stands_in_its_folder_and_imports_from_there_first(
    arms: Arms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.setenv("GIT_DIR", "/elsewhere/.git")
    (arms.root / "src").mkdir()
    _, hello = arms.ready("obedient")
    assert hello.benchbox == str(arms.root)
    assert hello.control == os.pathsep.join([str(arms.root), str(arms.root / "src"), "/elsewhere"])
    assert hello.python == "drawn"
    assert "GIT_DIR" not in environment_of(arms.root)


@pytest.mark.parametrize(
    ("behaviour", "status", "reason"),
    [
        ("dying", "crashed", "ended by SIGKILL"),
        ("dying_beside_a_child", "crashed", "ended by SIGKILL"),
        ("leaving", "crashed", "ended with code 7"),
        ("nonsense", "crashed", "what is no message"),
        ("other_words", "crashed", "said Looked, not Turned"),
    ],
)
def test_an_arm_that_is_lost_in_a_slice_is_the_fault_of_the_row_that_worked(
    arms: Arms, behaviour: str, status: str, reason: str
) -> None:
    arm, hello = arms.ready(behaviour)
    with pytest.raises(ArmLost) as caught:
        arm.work(0, block=0, seconds=0.1)
    record = caught.value.record
    assert record is not None
    assert (record.status, record.spec) == (status, REQUEST.spec)
    assert reason in record.reason
    assert gone(hello.process)
    if behaviour == "leaving":
        assert record.log == "something went wrong"


def test_an_arm_that_hangs_is_a_timeout(arms: Arms) -> None:
    arm, hello = arms.ready("hanging", timeout=LATE_AFTER)
    with pytest.raises(ArmLost) as caught:
        arm.work(0, block=0, seconds=0.1)
    assert caught.value.record is not None
    assert caught.value.record.status == "timeout"
    assert gone(hello.process)


def test_the_control_and_an_arm_that_died_in_its_sleep_are_no_row_s_fault(arms: Arms) -> None:
    arm, _ = arms.ready("dying")
    with pytest.raises(ArmLost) as caught:
        arm.work(None, block=0, seconds=0.1)
    assert caught.value.record is None
    arm, hello = arms.ready("obedient")
    psutil.Process(hello.process).kill()
    # Until all of its threads are over, and not only the first; it is left to be reaped.
    os.waitid(os.P_PID, hello.process, os.WEXITED | os.WNOWAIT)
    with pytest.raises(ArmLost) as caught:
        arm.work(0, block=0, seconds=0.1)
    assert caught.value.record is None


def test_a_death_while_the_kernel_ends_processes_for_memory_is_told_as_that(arms: Arms) -> None:
    kills = iter([3, 4])
    arm, _ = arms.ready("dying", oom_kills=lambda: next(kills))
    with pytest.raises(ArmLost) as caught:
        arm.work(0, block=0, seconds=0.1)
    assert caught.value.is_memory
    assert caught.value.record is not None
    assert caught.value.record.status == "oom"


def test_a_control_without_memory_is_no_row_s_fault_and_ends_the_arm(arms: Arms) -> None:
    arm, hello = arms.ready("without_memory")
    with pytest.raises(ArmLost, match="memory ran out for the control") as caught:
        arm.work(None, block=0, seconds=0.1)
    assert caught.value.is_memory
    assert caught.value.record is None
    assert gone(hello.process)


def test_of_what_an_arm_printed_only_the_end_is_read(arms: Arms) -> None:
    arm, _ = arms.ready("talkative")
    with pytest.raises(ArmLost) as caught:
        arm.work(0, block=0, seconds=0.1)
    assert caught.value.record is not None
    assert caught.value.record.log.endswith("\nits last words")
    assert len(caught.value.record.log) < SHOWN_BYTES


def test_a_row_that_is_lost_leaves_the_arm_alive(arms: Arms) -> None:
    arm, hello = arms.ready("losing")
    record = arm.work(0, block=0, seconds=0.1)
    assert isinstance(record, Record)
    assert record.status == "nan"
    assert psutil.pid_exists(hello.process)


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ("other_protocol", f"its benchbox 7.0 speaks protocol 99, this one ({__version__}) speaks 1"),
        ("garbage", "HEAD~1 cannot be measured"),
        ("no_json", "its first word was no message"),
        ("failing_at_once", "ZeroDivisionError: at once"),
    ],
)
def test_an_arm_that_cannot_be_talked_to_is_refused_with_the_reason(
    arms: Arms, behaviour: str, reason: str
) -> None:
    arm = arms.make(behaviour)
    arm.start()
    with pytest.raises(ArmRefused) as caught:
        arm.greet()
    assert reason in str(caught.value)


def test_an_arm_that_says_nothing_is_refused_in_time(arms: Arms) -> None:
    arm = arms.make("silent", timeout=0.5)
    arm.start()
    with pytest.raises(ArmRefused, match=r"no answer for 0\.5 s"):
        arm.greet()


@pytest.mark.parametrize(
    ("behaviour", "reason"), [("not_understanding", "does not understand"), ("newer_records", "cannot read")]
)
def test_an_arm_of_another_release_is_refused_where_the_two_do_not_fit(
    arms: Arms, behaviour: str, reason: str
) -> None:
    arm, hello = arms.ready(behaviour)
    with pytest.raises(ArmRefused, match=reason) as caught:
        arm.work(0, block=0, seconds=0.1)
    assert __version__ in str(caught.value)
    assert gone(hello.process)


def test_a_benchbox_from_before_such_arms_is_refused_by_both_versions(arms: Arms) -> None:
    package = arms.root / "benchbox"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "version.py").write_text('__version__ = "0.0.1"\n')
    arm = arms.make("", command=COMMAND)
    arm.start()
    with pytest.raises(ArmRefused, match=rf"its benchbox 0\.0\.1 is from before .* this one is {__version__}"):
        arm.greet()
    assert version_in(arms.root / "benchbox") == "unknown"


@pytest.mark.parametrize(("behaviour", "rows"), [("obedient", [0]), ("hanging", [0]), ("deaf", [])])
def test_a_stop_keeps_what_the_arm_still_says(arms: Arms, behaviour: str, rows: list[int]) -> None:
    arm, hello = arms.ready(behaviour)
    records = arm.stop(2.0 if rows else 0.3)
    assert list(records) == rows
    assert all((record.status, record.log) == ("interrupted", "1 turns") for record in records.values())
    assert gone(hello.process)


def test_a_signal_to_the_parent_leaves_an_arm_that_can_be_stopped(arms: Arms) -> None:
    arm, hello = arms.ready("interrupting")
    with pytest.raises(KeyboardInterrupt):
        arm.work(0, block=0, seconds=0.1)
    assert [record.status for record in arm.stop(PATIENT).values()] == ["interrupted"]
    assert gone(hello.process)


def test_what_an_arm_started_ends_with_it(arms: Arms) -> None:
    arm, hello = arms.ready("with_a_grandchild")
    grandchild = int(arm.identify().hello.python)
    arm.end()
    assert gone(hello.process)
    assert gone(grandchild)


ORPHANING = """
import sys, time
from pathlib import Path
from benchbox.runner.arm_process import ArmProcess
root = Path(sys.argv[1])
process = ArmProcess(root, output=root / "output.txt", command=(sys.executable, *sys.argv[2:]))
process.start()
process.receive(30)
print(process._process.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="groups are POSIX")
def test_an_arm_ends_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ORPHANING, str(tmp_path), str(TARGETS), "obedient"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
    assert gone(child)
