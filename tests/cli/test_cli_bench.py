"""Sweeps, processes, resumed and bounded benches, as a user types them, on small pictures."""

import json
import os
import re
from pathlib import Path

import pytest
from commandline import CommandLine, Outcome

import benchbox
from benchbox.records.journal import read, read_journal

FAST = ("--device", "cpu", "--threads", "1", "--image-size", "64", "--fit", "0")


@pytest.fixture
def type_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(tmp_path, monkeypatch, capfd)


@pytest.fixture
def bench(type_: CommandLine, pictures: Path, own_networks: Path):  # type: ignore[no-untyped-def]
    """Benches networks of the test's own file; `precision` fp32 unless named."""

    def run(*names: str, words: tuple[str, ...] = ()) -> Outcome:
        networks = [f"{own_networks}:{name}" for name in names]
        precision = () if "--precision" in words else ("--precision", "fp32")
        return type_("bench", *networks, "--data", pictures, *FAST, *precision, *words)

    return run


def folder(type_: CommandLine) -> Path:
    return (type_.folder / "reports" / "latest").resolve()


def test_a_dry_run_shows_the_sweep_and_leaves_nothing(type_: CommandLine, bench) -> None:  # type: ignore[no-untyped-def]
    words = ("--dry-run", "--batch-size", "1,8", "--precision", "fp32,bf16", "--compile", "--no-compile")
    outcome = bench("small", words=words)
    assert outcome.code == 0, outcome.err
    assert "16 runs of 1 network, at most about" in outcome.out
    assert not (type_.folder / "reports").exists()
    document = json.loads(bench("small", words=(*words, "--json")).out)
    assert document["runs"][-1]["label"].endswith("small batch 8 bf16 eager train step")
    assert len(document["runs"]) == 16


def test_a_sweep_is_one_row_a_combination(type_: CommandLine, bench) -> None:  # type: ignore[no-untyped-def]
    outcome = bench("small", words=("--budget", "4", "--batch-size", "2,4", "--precision", "fp32,bf16"))
    assert outcome.code == 0, outcome.err
    frame = benchbox.load(folder(type_))
    assert len(frame) == 4
    assert set(zip(frame["batch_size"], frame["precision"], strict=True)) == {
        (2, "fp32"), (2, "bf16"), (4, "fp32"), (4, "bf16"),
    }  # fmt: skip
    assert frame["infer_pictures_per_second"].notna().all()


def test_processes_measure_every_cell_afresh_and_make_one_row(type_: CommandLine, bench) -> None:  # type: ignore[no-untyped-def]
    outcome = bench("small", words=("--budget", "3", "--processes", "3"))
    assert outcome.code == 0, outcome.err
    assert len(read(folder(type_))) == 6
    assert len(benchbox.load(folder(type_))) == 1
    assert "3 processes" in outcome.out


def test_resume_runs_only_what_is_missing(type_: CommandLine, bench) -> None:  # type: ignore[no-untyped-def]
    whole = bench("small", words=("--budget", "2", "--batch-size", "2,4"))
    assert whole.code == 0, whole.err
    report = folder(type_)
    journal = report / "results.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    # As kill -9 leaves it: one line whole, the next cut off.
    journal.write_bytes(lines[0] + lines[1][:100])
    resumed = type_("bench", "--resume", report)
    assert resumed.code == 0, resumed.err
    assert "cut off" in resumed.err
    assert journal.read_bytes().startswith(lines[0])
    assert len(read_journal(report).records) == 4
    assert len(benchbox.load(report)) == 2


def test_resume_repeats_what_failed(type_: CommandLine, bench, own_networks: Path) -> None:  # type: ignore[no-untyped-def]
    first = bench("small", "crashing", words=("--budget", "2"))
    assert first.code == 1
    again = type_("bench", "--resume", folder(type_))
    assert again.code == 1
    assert [record.status for record in read_journal(folder(type_)).records] == ["ok"] * 3 + ["crashed"] * 2


def test_resume_of_another_plan_names_the_field(type_: CommandLine, bench) -> None:  # type: ignore[no-untyped-def]
    assert bench("small", words=("--budget", "2", "--batch-size", "2")).code == 0
    report = str(folder(type_))
    other = bench("small", words=("--budget", "2", "--batch-size", "4", "--resume", report))
    assert other.code == 2
    assert "batch_size" in other.err
    same = bench("small", words=("--budget", "2", "--batch-size", "2", "--resume", report))
    assert same.code == 0, same.err


def test_resume_with_another_budget_is_refused(type_: CommandLine, bench) -> None:  # type: ignore[no-untyped-def]
    assert bench("small", words=("--budget", "2")).code == 0
    other = bench("small", words=("--budget", "3", "--resume", str(folder(type_))))
    assert other.code == 2
    assert "budget was 2.0 and is 3.0 now" in other.err


def test_what_remains_of_a_report_is_shown_by_a_dry_run(type_: CommandLine, bench) -> None:  # type: ignore[no-untyped-def]
    assert bench("small", words=("--budget", "2")).code == 0
    report = folder(type_)
    journal = report / "results.jsonl"
    journal.write_bytes(journal.read_bytes().splitlines(keepends=True)[0])
    shown = type_("bench", "--resume", report, "--dry-run", "--json")
    assert shown.code == 0, shown.err
    assert [run["task"] for run in json.loads(shown.out)["runs"]] == ["train_step"]
    assert len(read(report)) == 1


def test_a_finished_report_can_be_asked_for_the_best_under_another_constraint(type_: CommandLine, bench) -> None:  # type: ignore[no-untyped-def]
    assert bench("small", words=("--budget", "2")).code == 0
    asked = type_("report", folder(type_), "--under", "latency<9s")
    assert "Under latency<9s" in asked.out
    again = type_("bench", "--resume", folder(type_), "--under", "latency<8s")
    assert "Under latency<8s" in again.out


def test_resume_of_another_command_names_it(type_: CommandLine, bench) -> None:  # type: ignore[no-untyped-def]
    assert bench("small", words=("--budget", "2")).code == 0
    other = type_("train", "--resume", folder(type_))
    assert other.code == 2
    assert "benchbox bench --resume" in other.err


def test_a_run_over_its_timeout_is_a_row(type_: CommandLine, bench) -> None:  # type: ignore[no-untyped-def]
    outcome = bench("small", "sleeping", words=("--budget", "2", "--timeout", "8"))
    assert outcome.code == 1
    assert "timeout" in outcome.out
    statuses = [record.status for record in read(folder(type_))]
    assert statuses == ["ok", "ok", "ok", "timeout"]


WITNESS = """
import os
from pathlib import Path
from torch import nn

def witness(classes, channels):
    with Path(__file__).with_name("processes.txt").open("a") as seen:
        print(os.getpid(), file=seen)
    return nn.Sequential(nn.AdaptiveAvgPool2d(8), nn.Flatten(), nn.Linear(64 * channels, classes))
"""


@pytest.mark.parametrize(("words", "is_here"), [(("--no-isolate",), True), ((), False)])
def test_without_isolation_everything_runs_here(
    type_: CommandLine, pictures: Path, words: tuple[str, ...], is_here: bool
) -> None:
    """The network itself writes down in which processes it is built: in others only with isolation."""
    (type_.folder / "witness.py").write_text(WITNESS)
    network = f"{type_.folder / 'witness.py'}:witness"
    outcome = type_("bench", network, "--data", pictures, *FAST, "--precision", "fp32", "--budget", "1", *words)
    assert outcome.code == 0, outcome.err
    processes = {int(line) for line in (type_.folder / "processes.txt").read_text().split()}
    assert (processes == {os.getpid()}) == is_here
    assert (os.getpid() in processes) == is_here
    assert len(benchbox.load(folder(type_))) == 1


def test_the_best_under_a_constraint_is_named(type_: CommandLine, bench) -> None:  # type: ignore[no-untyped-def]
    outcome = bench("small", words=("--budget", "1", "--under", "latency<10s"))
    assert outcome.code == 0, outcome.err
    said = " ".join(outcome.out.split())
    assert re.search(r"Under latency<10s · \S*small \([^)]*\): the fastest, since no row that holds has an", said)


def test_the_largest_batch_is_searched(type_: CommandLine, bench) -> None:  # type: ignore[no-untyped-def]
    outcome = bench("small", words=("--budget", "1.5", "--max-batch"))
    assert outcome.code == 0, outcome.err
    assert benchbox.load(folder(type_))["largest_batch"].iloc[0] >= 1


def test_a_profile_leaves_a_trace_and_the_costliest_operators(type_: CommandLine, bench) -> None:  # type: ignore[no-untyped-def]
    outcome = bench("small", words=("--budget", "1", "--profile"))
    assert outcome.code == 0, outcome.err
    assert list((folder(type_) / "trace").rglob("*.pt.trace.json*"))
    assert "aten::" in outcome.out
