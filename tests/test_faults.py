"""Faults, injected: every other row is there, nobody is left behind, and the exit code is the documented one."""

import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from processes import is_gone

from benchbox.errors import EXIT_INTERRUPTED, EXIT_ROW_FAILED, EXIT_STORAGE, EXIT_USAGE
from benchbox.records.journal import read_journal

MORE_NETWORKS = '''

class Slow(Small):
    """Every call takes long enough to be met in it."""

    def forward(self, x):
        if not x.is_meta:
            import time
            time.sleep(0.1)
        return super().forward(x)


def slow(classes, channels):
    return Slow(classes, channels)


def patient(classes, channels):
    """Sleeps in its second epoch."""
    def fault(network, x):
        import time
        time.sleep(60)
    return Breaking(classes, channels, fault, after=2)
'''

FAST = ("--image-size", "64", "--device", "cpu", "--precision", "fp32", "--threads", "1")


@pytest.fixture
def networks(tmp_path: Path, own_networks: Path) -> Path:
    path = tmp_path / "networks.py"
    path.write_text(own_networks.read_text() + MORE_NETWORKS)
    return path


class Commands:
    """Commands as processes of their own in one folder; none of them outlives the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._started: list[subprocess.Popen[str]] = []

    def start(self, *words: str | Path) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "benchbox", *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            env={**os.environ, "COLUMNS": "100", "TERM": "dumb", "OMP_NUM_THREADS": "1"},
        )
        self._started.append(process)
        return process

    def run(self, *words: str | Path) -> tuple[int, str, str]:
        process = self.start(*words)
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err

    def end(self) -> None:
        for process in self._started:
            process.kill()
            process.communicate()


@pytest.fixture
def commands(tmp_path: Path) -> Iterator[Commands]:
    started = Commands(tmp_path)
    yield started
    started.end()


def wait_until(is_so: Callable[[], bool], what: str = "", seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def kill_in(process: subprocess.Popen[str], is_there: Callable[[], object], what: str) -> None:
    """Kill a command once it is where it should be, and see that all of its processes end."""

    def is_there_or_over() -> bool:
        return bool(is_there()) or process.poll() is not None

    wait_until(is_there_or_over, f"it never came to {what}")
    assert process.poll() is None, f"it ended before {what}: {process.communicate()}"
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert children, "there is somebody to end"
    wait_until(lambda: all(is_gone(child.pid) for child in children), f"after {what}, left: {children}", seconds=15)


def test_every_fault_is_a_row_and_the_others_are_there(commands: Commands, pictures: Path, networks: Path) -> None:
    names = ("out_of_memory", "small", "killed", "not_a_number", "patient", "crashing", "lenet")
    words = [name if name == "lenet" else f"{networks}:{name}" for name in names]
    options = ("--data", pictures, "--epochs", "2", "--timeout", "8", "--json", *FAST)
    code, out, err = commands.run("train", *words, *options)
    assert code == EXIT_ROW_FAILED, err
    assert [row["status"] for row in json.loads(out)["rows"]] == [
        "oom", "ok", "crashed", "nan", "timeout", "crashed", "ok",
    ]  # fmt: skip
    reasons = {run["label"]: run["reason"] for run in json.loads(out)["runs"]}
    assert "over 8 s; a longer --timeout" in next(reasons[label] for label in reasons if "patient" in label)
    records = read_journal(commands.folder / "reports" / "latest").records
    heard = next(record for record in records if "patient" in record.case)
    assert heard.values("train_loss"), "what was measured before the time was up is kept"


# As the log tells them: a fit, the parts of cells, and the writing of the report.
PHASES = (
    r"slow fit: epoch 1/2",
    r"slow infer: first batch",
    r"slow infer: timing",
    r"slow train step: memory",
    r"slow train step: [\d.]+ /s",
)


def test_a_killed_parent_loses_one_run_in_any_phase_and_the_rest_can_be_resumed(
    commands: Commands, pictures: Path, networks: Path
) -> None:
    options = ("--fit-epochs", "2", "--budget", "1", "--batch-size", "8")
    process = commands.start("bench", f"{networks.name}:slow", "--data", pictures, *options, *FAST)
    report = commands.folder / "reports" / "latest"
    read = 0
    for phase in PHASES:
        seen = re.compile(phase)
        kill_in(process, lambda seen=seen, read=read: seen.search(log_of(report)[read:]), phase)  # type: ignore[misc]
        read = len(log_of(report))
        before = read_journal(report).records
        assert {record.status for record in before} <= {"ok"}
        process = commands.start("bench", "--resume", report)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    after = read_journal(report).records
    assert after == before, "nothing is made again that was there"
    assert len({record.spec for record in after}) == len(after) == 3
    assert (report / "report.md").exists()


def test_a_training_that_is_killed_and_stopped_ends_with_the_weights_of_one_that_was_not(
    commands: Commands, pictures: Path
) -> None:
    """Killed in the middle, then asked to stop by both signals, in a process of its own and in this one."""
    options = ("--data", pictures, "--epochs", "120", "--batch-size", "8", *FAST)
    latest = commands.folder / "reports" / "latest"
    process = commands.start("train", "lenet", *options)
    kill_in(process, lambda: "epoch 2/120" in log_of(latest), "its second epoch")
    report = latest.resolve()
    assert read_journal(report).records == ()
    assert [path.name for path in (report / "checkpoints").glob("*-state.pt")] == ["lenet-state.pt"]
    for epoch, number, words in ((20, signal.SIGTERM, ()), (40, signal.SIGINT, ("--no-isolate",))):
        stop_in(commands.start("train", "--resume", report, *words), number, report, f"epoch {epoch}/120")
    assert commands.run("train", "--resume", report)[0] == 0
    assert commands.run("train", "lenet", *options)[0] == 0
    assert latest.resolve() != report
    cut, whole = (read_journal(folder).records[-1] for folder in (report, latest))
    assert cut.actual.weights_digest == whole.actual.weights_digest != ""
    for metric in ("train_loss", "train_accuracy", "test_loss", "test_accuracy", "learning_rate", "top1", "loss"):
        assert cut.values(metric) == whole.values(metric), metric
    assert len([note for note in cut.actual.notes if note.startswith("went on")]) == 3
    files = [f"lenet-{kind}.{ending}" for kind in ("best", "last") for ending in ("json", "pt")]
    for folder in (report, latest):
        assert sorted(path.name for path in (folder / "checkpoints").iterdir()) == files


def stop_in(process: subprocess.Popen[str], number: int, report: Path, words: str) -> None:
    """Send a signal to a command once its log says so, and see that it ends as interrupted."""
    wait_until(lambda: words in log_of(report) or process.poll() is not None, f"it never came to {words}")
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == EXIT_INTERRUPTED, err


def log_of(report: Path) -> str:
    log = report / "log.txt"
    return log.read_text() if log.exists() else ""


def test_a_parent_killed_before_its_first_run_leaves_nobody(
    commands: Commands, pictures: Path, networks: Path
) -> None:
    process = commands.start("train", f"{networks}:small", "--data", pictures, *FAST)
    kill_in(process, lambda: bool(psutil.Process(process.pid).children(recursive=True)), "its first child")


def test_a_report_that_is_being_written_is_not_resumed_and_workers_end_with_it(
    commands: Commands, pictures: Path, networks: Path
) -> None:
    options = ("--workers", "1", "--cache-limit", "0")
    first = commands.start("train", f"{networks}:sleeping", "--data", pictures, *options, *FAST)
    report = commands.folder / "reports" / "latest"
    wait_until(lambda: first.poll() is not None or "sleeping: training" in log_of(report))
    code, _, err = commands.run("train", "--resume", report)
    assert code == EXIT_USAGE
    assert "is being written by another benchbox" in err
    others = 3  # the forkserver, the tracker of multiprocessing and the run; the others are its loaders' workers
    kill_in(first, lambda: len(psutil.Process(first.pid).children(recursive=True)) > others, "its sleep")


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux limits another process")
def test_a_full_disk_ends_with_its_code_and_what_was_written_is_whole(
    commands: Commands, pictures: Path, networks: Path
) -> None:
    options = ("--data", pictures, "--budget", "3", "--fit", "0", "--batch-size", "4", *FAST)
    process = commands.start("bench", f"{networks}:small", f"{networks}:slow", *options)
    report = commands.folder / "reports" / "latest"
    journal = report / "results.jsonl"
    wait_until(lambda: process.poll() is not None or (journal.exists() and journal.stat().st_size > 0))
    size = journal.stat().st_size + 100
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, size))
    _, err = process.communicate(timeout=120)
    assert process.returncode == EXIT_STORAGE, err
    assert err.splitlines()[-1].startswith("benchbox: cannot write reports/")
    assert "File too large" in err
    assert "--resume" in err
    assert "Traceback" not in err
    seen = read_journal(report)
    assert (seen.note, [record.status for record in seen.records][:1]) == ("", ["ok"])
