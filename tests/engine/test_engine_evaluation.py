"""What an evaluation leaves beside its scores, and that it scores nothing that was trained on unasked."""

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


@pytest.fixture(scope="module")
def trained(
    pictures: Path, own_networks: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Record]:
    """A report of a small network that takes pictures of any size."""
    folder = tmp_path_factory.mktemp("reports") / "train"
    spec = small_spec(pictures, f"{own_networks}:small", cache=cache)
    record = run_small(spec, folder, cache=cache, keeps_checkpoints=True)
    assert record.status == "ok", record.log
    return folder, record


def scored(trained: tuple[Path, Record], folder: Path, cache: Path, **data: object) -> Record:
    """An evaluation of the network's last checkpoint, on other pictures or in another form."""
    path, record = trained
    spec = replace(record.spec, task="evaluate", checkpoint=str(path / record.files["last"]))
    spec = replace(spec, data=replace(spec.data, **data))
    return run_small(spec, folder, cache=cache, model=spec.model.name)


def copied(root: Path, pictures: Path, *, prefix: str = "") -> Path:
    """The pictures again, under other names where there is a prefix."""
    for path in pictures.rglob("*.png"):
        copy = root / path.parent.name / f"{prefix}{path.name}"
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    return root


@pytest.mark.parametrize("form", [{}, {"image_size": 48}, {"image_size": 80, "fit_mode": "crop"}])
def test_what_was_trained_on_is_left_out_in_whatever_form_it_is_shown(
    trained: tuple[Path, Record], form: dict[str, object], tmp_path: Path, cache: Path
) -> None:
    record = scored(trained, tmp_path, cache, part="all", **form)
    assert record.status == "ok", record.log
    assert record.last("pictures") == 6
    assert "left out 54 pictures that the network was trained on" in record.actual.notes
    frame = read_predictions(tmp_path / record.files["predictions"])
    assert sorted(frame["picture"]) == sorted(trained[1].actual.test_pictures)


def test_what_was_trained_on_is_left_out_however_its_picture_became_square(
    pictures: Path, own_networks: Path, tmp_path: Path, cache: Path
) -> None:
    wide = copied(tmp_path / "wide", pictures)
    for path in wide.rglob("*.png"):
        with Image.open(path) as seen:
            seen.resize((64, 40)).save(path)
    spec = small_spec(wide, f"{own_networks}:small", cache=cache)
    record = run_small(spec, tmp_path / "train", cache=cache, keeps_checkpoints=True)
    again = scored((tmp_path / "train", record), tmp_path / "pad", cache, part="all", fit_mode="pad")
    assert again.last("pictures") == 6


def test_of_pictures_under_other_names_only_those_held_out_of_the_training_are_scored(
    trained: tuple[Path, Record], pictures: Path, tmp_path: Path, cache: Path
) -> None:
    renamed = copied(tmp_path / "renamed", pictures, prefix="x")
    # Another seed each draws other held-out pictures: among twenty draws some are of the training's own.
    seen = [
        scored(trained, tmp_path / str(seed), cache, source=str(renamed), part="test", split_seed=seed)
        for seed in range(4)
    ]
    held_out = {f"{name.rpartition('/')[0]}/x{name.rpartition('/')[2]}" for name in trained[1].actual.test_pictures}
    drawn = [len(held_out.intersection(record.actual.test_pictures)) for record in seen]
    assert min(drawn) < 6
    for record, count in zip(seen, drawn, strict=True):
        if count == 0:
            assert (record.status, "all these pictures were trained on" in record.reason) == ("unsupported", True)
        else:
            assert record.last("pictures") == count


def test_another_split_of_the_training_s_own_pictures_is_looked_at_too(
    trained: tuple[Path, Record], tmp_path: Path, cache: Path
) -> None:
    own = scored(trained, tmp_path / "own", cache, part="test")
    assert (own.last("pictures"), own.actual.notes) == (6, ())
    copy = scored(trained, tmp_path / "other", cache, part="test", test_fraction=0.5)
    assert copy.last("pictures") == 6
    assert "left out 24 pictures that the network was trained on" in copy.actual.notes


def test_a_held_out_picture_that_was_also_trained_on_stays_where_the_split_is_the_training_s(
    pictures: Path, own_networks: Path, tmp_path: Path, cache: Path
) -> None:
    twins = copied(copied(tmp_path / "twins", pictures), pictures, prefix="x")
    spec = small_spec(twins, f"{own_networks}:small", cache=cache)
    record = run_small(spec, tmp_path / "train", cache=cache, keeps_checkpoints=True)
    again = scored((tmp_path / "train", record), tmp_path / "own", cache, part="test")
    assert (again.last("pictures"), again.last("top1")) == (12, record.last("top1"))


def test_the_training_side_is_scored_where_it_is_asked_for(
    trained: tuple[Path, Record], tmp_path: Path, cache: Path
) -> None:
    assert scored(trained, tmp_path, cache, part="train", image_size=48).last("pictures") == 54


def test_where_it_cannot_be_told_what_was_trained_on_that_is_noted(
    trained: tuple[Path, Record], pictures: Path, tmp_path: Path, cache: Path
) -> None:
    renamed = copied(tmp_path / "renamed", pictures, prefix="x")
    record = scored(trained, tmp_path / "out", cache, source=str(renamed), part="test", cache_limit=0)
    assert record.status == "ok", record.log
    assert record.last("pictures") == 6
    assert any(
        "could not be checked whether some of these pictures were trained on" in n for n in record.actual.notes
    )
