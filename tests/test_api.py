"""The Python API: light to import, and the same engine as the command line."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

import benchbox
from benchbox import DataSpec, FitSpec, ModelSpec, PlacementSpec, Plan, RunSpec
from benchbox.errors import DataError, ModelError
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
    assert len([event for event in events if isinstance(event, EpochEnded)]) == 2
    frame = benchbox.load(tmp_path / "latest")
    assert frame["accuracy"].tolist() == [record.last("top1")]


def test_a_plan_runs_in_order(pictures: Path, own_networks: Path, cache: Path, tmp_path: Path) -> None:
    name = f"{own_networks}:small"
    plan = Plan(command="two", specs=(spec_for(pictures, name), spec_for(pictures, name, seed=1)))
    records = benchbox.run(plan, out=tmp_path, dataset=cache)
    assert [record.spec.seed for record in records] == [0, 1]
    assert len(benchbox.load(tmp_path / "latest-two")) == 2


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
