"""The program as a process: quick help, versions, signals, exit codes."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

HELP = Path(__file__).parent / "options.txt"
COMMANDS = (
    "",
    "train",
    "eval",
    "predict",
    "bench",
    "ablate",
    "compare",
    "baseline",
    "baseline record",
    "baseline show",
    "gate",
    "gate verify",
    "report",
    "models",
    "env",
    "data",
    "data get",
    "data show",
)


def start(*words: str | Path, cwd: Path, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "benchbox", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
        env={**os.environ, "COLUMNS": "100", "TERM": "dumb", **environment},
        start_new_session=True,
    )


def test_help_loads_neither_torch_nor_pandas_nor_scipy(tmp_path: Path) -> None:
    code = (
        "import sys; sys.argv = ['benchbox', '--help']\n"
        "from benchbox.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print({'torch', 'pandas', 'scipy', 'matplotlib', 'numpy'} & set(sys.modules))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert ended.stdout.endswith("set()\n")


def test_the_options_of_all_commands_are_those_on_record(tmp_path: Path) -> None:
    """`options.txt` freezes the command line; change it only together with the CHANGELOG."""
    seen = []
    for command in COMMANDS:
        process = start(*command.split(), "--help", cwd=tmp_path, COLUMNS="200")
        out, _ = process.communicate(timeout=60)
        options = sorted(set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", out)))
        seen.append(f"{command or 'benchbox'}: {' '.join(options)}")
    assert "\n".join(seen) + "\n" == HELP.read_text()


def test_the_version_names_torch_and_the_devices(tmp_path: Path) -> None:
    out, err = start("--version", cwd=tmp_path).communicate(timeout=60)
    assert re.match(r"benchbox \d+\.\d+\.\d+, torch \d+\.\d+", out), err
    assert "cpu: " in out


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_training_leaves_a_readable_report_and_no_process(
    tmp_path: Path, pictures: Path, own_networks: Path, how: int
) -> None:
    names = [f"{own_networks}:{name}" for name in ("small", "sleeping", "crashing")]
    options = ("--data", pictures, "--epochs", "2", "--image-size", "64", "--device", "cpu", "--precision", "fp32")
    process = start("train", *names, *options, cwd=tmp_path)
    journal = tmp_path / "reports" / "latest" / "results.jsonl"
    wait_until(lambda: journal.exists() and len(journal.read_bytes().splitlines()) == 1)
    log = tmp_path / "reports" / "latest" / "log.txt"
    wait_until(lambda: "sleeping: training" in log.read_text())
    children = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, how) if how == signal.SIGINT else process.send_signal(how)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "reports/" in err
    assert "interrupted" in out
    assert len(journal.read_bytes().splitlines()) == 2
    assert (tmp_path / "reports" / "latest" / "report.md").exists()
    wait_until(lambda: all(has_ended(child) for child in children))


def has_ended(process: psutil.Process) -> bool:
    """Whether a process is gone, or dead and only not yet collected by its parent."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def wait_until(is_so: object, seconds: float = 60) -> None:
    assert callable(is_so)
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)
