"""Reports that are gone on with, and runs that share this process, as a user types them."""

import json
from pathlib import Path

import pytest
from commandline import CommandLine
from test_cli_eval import views
from test_cli_refusals import refused

from benchbox.engine.allocator import can_keep_memory
from benchbox.engine.prepare import prepare
from benchbox.plan.axes import make_factor
from benchbox.plan.commands import plan_ablate
from benchbox.plan.requests import PrepareRequest
from benchbox.plan.spec import DataSpec, FitSpec, ModelSpec, PlacementSpec, RunSpec
from benchbox.records.journal import read_journal
from benchbox.runner.folder import read_plan, write_plan

FAST = ("--device", "cpu", "--precision", "fp32", "--threads", "1", "--image-size", "64")
KEEPING = pytest.mark.skipif(not can_keep_memory(), reason="this C library has no such setting")


@pytest.fixture
def type_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(tmp_path, monkeypatch, capfd)


def broken_off(report: Path) -> Path:
    """A report of which only the first run has ended."""
    journal = report / "results.jsonl"
    journal.write_bytes(journal.read_bytes().splitlines(keepends=True)[0])
    return report


def test_an_ablation_of_the_split_is_resumed_without_its_options(
    type_: CommandLine, pictures: Path, own_networks: Path
) -> None:
    """Its first run holds other pictures out than the split that the plan's facts tell of."""
    data = views(type_.folder / "turned", pictures)
    words = ("split", "--values", "views:4,random", "--models", f"{own_networks}:small", "--epochs", "1")
    whole = type_("ablate", *words, "--data", data, *FAST)
    assert whole.code == 0, whole.err
    report = broken_off((type_.folder / "reports" / "latest").resolve())
    resumed = type_("ablate", "--resume", report)
    assert resumed.code == 0, resumed.err
    records = read_journal(report).records
    assert [(record.spec.data.split, record.actual.test) for record in records] == [("views:4", 48), ("random", 6)]


def test_a_report_with_a_timeout_is_resumed_in_this_process_without_one(
    type_: CommandLine, pictures: Path, own_networks: Path
) -> None:
    options = ("--data", pictures, "--budget", "1", "--fit", "0")
    whole = type_("bench", f"{own_networks}:small", *options, *FAST)
    assert whole.code == 0, whole.err
    report = broken_off((type_.folder / "reports" / "latest").resolve())
    assert read_plan(report).timeout == 3600.0
    resumed = type_("bench", "--resume", report, "--no-isolate")
    assert resumed.code == 0, resumed.err
    assert [record.status for record in read_journal(report).records] == ["ok", "ok"]


@KEEPING
def test_runs_that_share_this_process_keep_no_memory(
    type_: CommandLine, pictures: Path, own_networks: Path
) -> None:
    """It would stay kept for all that come after, also for those that measure how it is without."""
    words = (
        "ablate",
        "speed",
        "--models",
        f"{own_networks}:small",
        "--data",
        pictures,
        "--dry-run",
        "--json",
        *FAST,
    )
    rungs = {}
    for option in ((), ("--no-isolate",)):
        outcome = type_(*words, *option)
        assert outcome.code == 0, outcome.err
        rungs[option] = [run["label"].split("small ")[-1] for run in json.loads(outcome.out)["runs"]]
    apart, together = rungs.values()
    assert "+ kept memory" in apart
    assert together == [rung for rung in apart if rung != "+ kept memory"]


@KEEPING
def test_runs_that_share_this_process_are_not_compared_by_what_it_keeps(
    type_: CommandLine, pictures: Path, own_networks: Path
) -> None:
    words = ("keeps-memory", "--models", f"{own_networks}:small", "--data", pictures, *FAST)
    message = refused(type_, "ablate", *words, "--no-isolate")
    assert "--keeps-memory: got 'true and false'. allowed: one of them where runs share a process" in message
    assert "without --no-isolate" in message
    assert not (type_.folder / "reports").exists()


@KEEPING
def test_nor_is_such_a_report_resumed_here(type_: CommandLine, pictures: Path, own_networks: Path) -> None:
    model = ModelSpec(name=f"{own_networks}:small")
    base = RunSpec(
        data=DataSpec(source=str(pictures), image_size=64),
        fit=FitSpec(epochs=1),
        placement=PlacementSpec(device="cpu", precision="fp32", threads=1),
    )
    facts = prepare(PrepareRequest(data=base.data, models=(model,), dataset=str(type_.folder / "dataset")))
    report = type_.folder / "report"
    report.mkdir()
    write_plan(report, plan_ablate(base, [model], [make_factor("keeps-memory")], 1, facts))
    assert "one of them where runs share a process" in refused(type_, "ablate", "--resume", report, "--no-isolate")
