"""Two commits of a user's own network, measured live: each arm imports its own file, and nothing stays behind."""

import math
import statistics
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest
from repositories import commit, git, make_repository

from benchbox.plan.gate import GateSeries
from benchbox.plan.spec import DataSpec, FitSpec, ModelSpec, PlacementSpec, RunSpec
from benchbox.records.events import AnyEvent
from benchbox.records.ratios import block_ratios
from benchbox.records.record import Record
from benchbox.runner.pairs import Pair, measure_memory, measure_pairs
from benchbox.runner.places import is_same, open_place, open_places

NETWORKS = """
import torch
from torch import nn

from parts import REPEATS


class Own(nn.Module):
    def __init__(self, classes, channels):
        super().__init__()
        self.layer = nn.Conv2d(channels, 16, 3, padding=1)
        self.head = nn.Linear(16, classes)

    def forward(self, x):
        for _ in range(REPEATS):
            features = self.layer(x)
        return self.head(features.mean((2, 3)))


class Fragile(Own):
    def forward(self, x):
        {fault}
        return super().forward(x)
"""
KILL = "import os; os.kill(os.getpid(), 9) if not x.is_meta and REPEATS > 1 else None"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """In its second commit everything is done four times, and one network ends its process."""
    made = make_repository(tmp_path / "repository")
    commit(made, {"networks.py": NETWORKS.format(fault="pass"), "parts.py": "REPEATS = 1\n"})
    commit(made, {"networks.py": NETWORKS.format(fault=KILL), "parts.py": "REPEATS = 4\n"})
    return made


def spec_of(name: str, pictures: Path, *, task: str = "infer") -> RunSpec:
    """A resolved spec of a network in the arm's own folder."""
    return RunSpec(
        task=task,  # type: ignore[arg-type]
        model=ModelSpec(name=f"networks.py:{name}", init="default"),
        data=DataSpec(source=str(pictures), image_size=64),
        fit=FitSpec(epochs=1, batch_size=8, lr=0.01, weight_decay=0.0, schedule="constant", augment="none"),
        placement=PlacementSpec(device="cpu", precision="fp32", threads=1, workers=0, keeps_memory=False),
    )


def series_of(*specs: RunSpec) -> GateSeries:
    return GateSeries(
        specs=specs,
        labels=tuple(f"row {place}" for place in range(len(specs))),
        seconds=0.3,
        least=1,
        most=1,
        timeout=60.0,
    )


def of(records: Sequence[Record], name: str) -> Record:
    return next(record for record in records if record.spec.model.name.endswith(name))


def never(pairs: Sequence[Pair]) -> bool:
    return False


def test_each_arm_measures_its_own_commit(
    repository: Path, pictures: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository)
    before = psutil.Process().children(recursive=True)
    events: list[AnyEvent] = []
    series = series_of(spec_of("Own", pictures), spec_of("Fragile", pictures))
    with open_places("HEAD~1", ".") as places:
        [pair] = measure_pairs(
            series, places, folder=tmp_path, dataset=cache, watcher=events.append, is_known=never
        )
    base, new = (of(records, "Own") for records in pair.records)
    assert (base.status, new.status) == ("ok", "ok"), new.log
    ratios = block_ratios(base.values("sample_seconds"), new.values("sample_seconds"))
    assert len(ratios) >= 6
    # Four convolutions in the place of one, beside the rest of a call.
    assert math.exp(statistics.median(map(math.log, ratios))) > 1.5
    for record in (base, new):
        assert len(record.values("control_seconds")) == len(record.values("sample_seconds"))
        assert record.actual.in_turns
        assert record.fingerprint is not None
        assert record.last("parity_error") is not None
    assert (of(pair.records[0], "Fragile").status, of(pair.records[1], "Fragile").status) == ("ok", "crashed")
    own, other = pair.identities
    assert set(own.files) == {"networks.py", "parts.py"}
    assert set(own.imported.values()) == {"networks.py"}
    assert not is_same(own, other)
    assert git(repository, "worktree", "list", "--porcelain").count("worktree ") == 1
    assert set(psutil.Process().children(recursive=True)) <= set(before)


def test_memory_of_a_row_is_that_of_its_own_process(
    repository: Path, pictures: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository)
    series = series_of(spec_of("Own", pictures, task="train_step"))
    rounds = measure_memory(series, [open_place()], folder=tmp_path, dataset=cache, watcher=lambda event: None)
    first = next(rounds)
    rounds.close()  # type: ignore[attr-defined]
    record = first.records[0][0]
    assert record.status == "ok", record.log
    assert record.last("peak_memory") is not None
    assert not record.actual.in_turns
    assert record.values("sample_seconds") == ()
