"""The Python API: light to import, and the same engine as the command line."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from msgspec.structs import replace
from torch import nn

import benchbox
from benchbox import DataSpec, FitSpec, ModelSpec, PlacementSpec, Plan, RunSpec
from benchbox.engine.allocator import can_keep_memory
from benchbox.errors import DataError, ModelError, SpecError
from benchbox.records.events import AnyEvent, EpochEnded


def spec_for(pictures: Path, name: str, **fields: object) -> RunSpec:
    return RunSpec(
        model=ModelSpec(name=name),
        data=DataSpec(source=str(pictures), image_size=64),
        fit=FitSpec(epochs=2, batch_size=16),
        placement=PlacementSpec(device="cpu", precision="fp32", threads=1),
        **fields,  # type: ignore[arg-type]
    )


def test_importing_it_loads_neither_torch_nor_pandas() -> None:
    code = "import sys, benchbox; print({'torch', 'pandas', 'numpy', 'scipy'} & set(sys.modules))"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout == "set()\n"


@pytest.mark.parametrize("name", benchbox.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    assert name == "__version__" or getattr(benchbox, name).__doc__


def test_a_model_is_built_to_measure() -> None:
    network = benchbox.build_model("lenet", classes=7, channels=3, image_size=64, activation="relu", dropout=0.0)
    assert network(torch.zeros(2, 3, 64, 64)).shape == (2, 7)
    assert any(isinstance(layer, nn.ReLU) for layer in network.modules())


def test_a_model_that_cannot_be_built_is_refused() -> None:
    with pytest.raises(ModelError, match="64 pixels"):
        benchbox.build_model("lenet", image_size=20)


@pytest.mark.parametrize("isolate", [False, True])
def test_a_spec_runs_and_leaves_a_report(
    pictures: Path, own_networks: Path, cache: Path, tmp_path: Path, isolate: bool
) -> None:
    events: list[AnyEvent] = []
    spec = spec_for(pictures, f"{own_networks}:small")
    record = benchbox.run(spec, out=tmp_path, dataset=cache, observer=events.append, isolate=isolate)
    assert record.status == "ok", record.log
    assert record.spec.fit.lr is not None
    # What this process once keeps it keeps to its end.
    assert record.spec.placement.keeps_memory is (isolate and can_keep_memory())
    assert len([event for event in events if isinstance(event, EpochEnded)]) == 2
    frame = benchbox.load(tmp_path / "latest")
    assert frame["accuracy"].tolist() == [record.last("top1")]


def test_a_plan_runs_in_order(pictures: Path, own_networks: Path, cache: Path, tmp_path: Path) -> None:
    name = f"{own_networks}:small"
    plan = Plan(command="two", specs=(spec_for(pictures, name), spec_for(pictures, name, seed=1)))
    records = benchbox.run(plan, out=tmp_path, dataset=cache)
    assert [record.spec.seed for record in records] == [0, 1]
    assert len(benchbox.load(tmp_path / "latest-two")) == 2


@pytest.mark.skipif(not can_keep_memory(), reason="this C library has no such setting")
def test_runs_of_one_process_all_keep_freed_memory_or_none_does(
    pictures: Path, own_networks: Path, cache: Path, tmp_path: Path
) -> None:
    spec = spec_for(pictures, f"{own_networks}:small")
    keeping = replace(spec, placement=replace(spec.placement, keeps_memory=True))
    with pytest.raises(SpecError, match="isolate=True"):
        benchbox.run(Plan(command="two", specs=(spec, keeping)), out=tmp_path / "out", dataset=cache)
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(not can_keep_memory(), reason="this C library has no such setting")
@pytest.mark.parametrize(("asked", "kept"), [(None, 0), (True, 1)])
def test_predicting_keeps_freed_memory_only_where_it_is_told_to(
    pictures: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: bool | None, kept: int
) -> None:
    plan = Plan(command="train", specs=(spec_for(pictures, "lenet"),), keeps_checkpoints=True)
    [record] = benchbox.run(plan, out=tmp_path, dataset=cache)
    told: list[None] = []
    monkeypatch.setattr("benchbox.engine.place.keep_freed_memory", lambda: told.append(None))
    placement = PlacementSpec(device="cpu", precision="fp32", threads=1, keeps_memory=asked)
    checkpoint = tmp_path / "latest" / record.files["best"]
    said = benchbox.predict(checkpoint, [pictures / "dark" / "00.png"], placement=placement)
    assert said.pictures[0].likeliest
    assert len(told) == kept


def test_a_kept_checkpoint_loads_as_a_network(pictures: Path, cache: Path, tmp_path: Path) -> None:
    plan = Plan(command="train", specs=(spec_for(pictures, "lenet"),), keeps_checkpoints=True)
    [record] = benchbox.run(plan, out=tmp_path, dataset=cache)
    checkpoint = benchbox.load_checkpoint(tmp_path / "latest" / record.files["best"])
    assert checkpoint.network(torch.zeros(1, 1, 64, 64)).shape == (1, 3)
    assert checkpoint.classes == ("across", "dark", "down")


def test_what_cannot_run_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere"):
        benchbox.run(spec_for(Path("nowhere"), "lenet"), out=tmp_path / "out", dataset=tmp_path)
    assert not (tmp_path / "out").exists()
