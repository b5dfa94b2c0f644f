"""What an evaluation leaves beside its scores: calibration, and a sheet of its mistakes."""

from pathlib import Path

import pytest
from msgspec.structs import replace
from PIL import Image
from runs import run_small, small_spec

from benchbox.records.calibration import calibrate
from benchbox.records.record import Record
from benchbox.records.scores import read_predictions

# A network that is right, or always says the same.
OWN = """
import torch
from torch import nn


class Stubborn(nn.Module):
    def __init__(self, classes, channels):
        super().__init__()
        self.sure = nn.Parameter(torch.zeros(classes).index_fill(0, torch.tensor([0]), 3.0))

    def forward(self, x):
        # A little surer of brighter pictures.
        return self.sure.expand(len(x), -1) * (1 + x.mean((1, 2, 3))[:, None] / 100)
"""


def evaluated(pictures: Path, name: str, folder: Path, cache: Path, **fit: object) -> Record:
    """Trains a network and evaluates its last checkpoint."""
    spec = small_spec(pictures, name, cache=cache)
    spec = replace(spec, fit=replace(spec.fit, **fit))
    trained = run_small(spec, folder / "train", cache=cache, keeps_checkpoints=True)
    assert trained.status == "ok", trained.log
    again = replace(trained.spec, task="evaluate", checkpoint=str(folder / "train" / trained.files["last"]))
    record = run_small(again, folder / "eval", cache=cache, model=name if ":" in name else None)
    assert record.status == "ok", record.log
    return record


def test_every_mistake_is_on_the_sheet(pictures: Path, tmp_path: Path, cache: Path) -> None:
    own = tmp_path / "own.py"
    own.write_text(OWN)
    record = evaluated(pictures, f"{own}:Stubborn", tmp_path, cache, epochs=1, lr=1e-9)
    assert record.files["mistakes"] == "plots/mistakes-run.png"
    with Image.open(tmp_path / "eval" / record.files["mistakes"]) as sheet:
        # Two of three classes, two held-out pictures each.
        assert sheet.width == 4 * 132 + 4
    assert record.last("top1") == pytest.approx(1 / 3)


def test_the_error_in_the_record_is_that_of_the_predictions_file(
    pictures: Path, tmp_path: Path, cache: Path
) -> None:
    own = tmp_path / "own.py"
    own.write_text(OWN)
    record = evaluated(pictures, f"{own}:Stubborn", tmp_path, cache, epochs=1, lr=1e-9)
    frame = read_predictions(tmp_path / "eval" / record.files["predictions"])
    found = calibrate(frame["probability"].tolist(), (frame["label_rank"] == 1).tolist())
    assert record.last("calibration_error") == pytest.approx(found.error, abs=1e-12)
    assert found.error > 0.5


def test_a_network_without_mistakes_leaves_no_sheet(
    pictures: Path, own_networks: Path, tmp_path: Path, cache: Path
) -> None:
    record = evaluated(pictures, f"{own_networks}:small", tmp_path, cache, epochs=20)
    assert record.last("top1") == 1.0
    assert "mistakes" not in record.files
    assert not (tmp_path / "eval" / "plots").exists()
