"""Single pictures by a checkpoint's own card: the answers of an evaluation, or why one cannot be read."""

from pathlib import Path

import pytest
from msgspec.structs import replace
from PIL import Image
from runs import Events, run_small, small_spec

from benchbox.engine import predict
from benchbox.errors import CheckpointError, DataError, NotFiniteError, SpecError
from benchbox.plan.spec import PlacementSpec
from benchbox.records.events import Noted, Progress
from benchbox.records.predictions import Predictions, PredictRequest
from benchbox.records.record import Record
from benchbox.records.scores import read_predictions

PLAIN = PlacementSpec(device="cpu", precision="fp32", threads=1)


@pytest.fixture(scope="module")
def trained(pictures: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Record]:
    """The checkpoint of a LeNet that was trained for two epochs, and its record."""
    folder = tmp_path_factory.mktemp("train")
    record = run_small(small_spec(pictures, "lenet", cache=cache), folder, cache=cache, keeps_checkpoints=True)
    assert record.status == "ok", record.log
    return folder / record.files["last"], record


def said(checkpoint: Path, *paths: Path, observer: Events | None = None, **fields: object) -> Predictions:
    given = {"placement": PLAIN, **fields}
    request = PredictRequest(checkpoint=str(checkpoint), pictures=tuple(map(str, paths)), **given)  # type: ignore[arg-type]
    return predict(request, observer=Events() if observer is None else observer)


def test_the_answers_are_those_of_an_evaluation(trained: tuple[Path, Record], pictures: Path) -> None:
    path, record = trained
    frame = read_predictions(path.parents[1] / record.files["predictions"])
    seen = said(path, *(pictures / name for name in frame["picture"]))
    assert [each.likeliest[0].label for each in seen.pictures] == frame["predicted"].tolist()
    probabilities = [each.likeliest[0].probability for each in seen.pictures]
    assert probabilities == pytest.approx(frame["probability"].tolist(), abs=2e-6)
    assert (seen.network, seen.weights, seen.device, seen.precision) == ("lenet", "epoch 2 of 2", "cpu", "fp32")
    assert seen.classes == ("across", "dark", "down")


def test_all_classes_are_told_likeliest_first_and_no_more_than_are_asked_for(
    trained: tuple[Path, Record], pictures: Path
) -> None:
    [whole] = said(trained[0], pictures / "dark" / "00.png").pictures
    assert sum(guess.probability for guess in whole.likeliest) == pytest.approx(1, abs=1e-5)
    assert [guess.probability for guess in whole.likeliest] == sorted(
        (guess.probability for guess in whole.likeliest), reverse=True
    )
    [first] = said(trained[0], pictures / "dark" / "00.png", top=1).pictures
    assert first.likeliest == whole.likeliest[:1]


def test_a_picture_says_the_same_alone_as_among_others(trained: tuple[Path, Record], pictures: Path) -> None:
    events = Events()
    many = said(trained[0], pictures, batch_size=7, observer=events)
    assert Progress(done=60, total=60) in events
    assert [each.picture for each in many.pictures][:2] == [
        f"{pictures}/across/00.png",
        f"{pictures}/across/01.png",
    ]
    [alone] = said(trained[0], pictures / "down" / "19.png").pictures
    assert many.pictures[-1].likeliest[0].probability == pytest.approx(alone.likeliest[0].probability, abs=1e-5)


def test_pictures_of_any_size_and_colour_are_brought_to_the_form_of_the_card(
    trained: tuple[Path, Record], pictures: Path, tmp_path: Path
) -> None:
    with Image.open(pictures / "down" / "03.png") as grey:
        grey.convert("RGBA").save(tmp_path / "colour.webp", lossless=True)
        grey.resize((512, 512), Image.Resampling.NEAREST).save(tmp_path / "large.png")
    whole, colour, large = said(
        trained[0], pictures / "down" / "03.png", tmp_path / "colour.webp", tmp_path / "large.png"
    ).pictures
    assert colour.likeliest == whole.likeliest
    assert large.likeliest[0].probability == pytest.approx(whole.likeliest[0].probability, abs=1e-2)


@pytest.mark.parametrize("batch_size", [1, 2, 64])
def test_what_cannot_be_read_is_answered_in_its_place(
    trained: tuple[Path, Record], pictures: Path, tmp_path: Path, batch_size: int
) -> None:
    (tmp_path / "text.png").write_text("no picture")
    good = pictures / "dark" / "00.png"
    seen = said(trained[0], tmp_path / "text.png", good, tmp_path / "text.png", good, batch_size=batch_size)
    assert [bool(each.fault) for each in seen.pictures] == [True, False, True, False]
    assert "of no known format" in seen.faults[0].fault
    first, second = (each.likeliest for each in seen.pictures if not each.fault)
    assert [guess.label for guess in first] == [guess.label for guess in second]
    assert first[0].probability == pytest.approx(second[0].probability, abs=1e-5)


def test_a_users_code_runs_only_where_it_is_named(
    pictures: Path, own_networks: Path, tmp_path: Path, cache: Path, trained: tuple[Path, Record]
) -> None:
    name = f"{own_networks}:small"
    record = run_small(small_spec(pictures, name, cache=cache), tmp_path, cache=cache, keeps_checkpoints=True)
    path, picture = tmp_path / record.files["last"], pictures / "dark" / "00.png"
    with pytest.raises(CheckpointError, match="not run unasked"):
        said(path, picture)
    assert said(path, picture, model=name).pictures[0].likeliest
    with pytest.raises(CheckpointError, match="leave --model out"):
        said(trained[0], picture, model=name)


STIFF = """
import torch
from torch import nn


class Stiff(nn.Module):
    def __init__(self, classes, channels):
        super().__init__()
        self.head = nn.Linear(channels, classes)

    def forward(self, x):
        if x.device.type != "meta" and not x.is_contiguous():
            raise RuntimeError("wants contiguous pictures")
        return self.head(x.mean((2, 3))) * {scale}
"""


def test_a_memory_format_that_a_network_does_not_take_is_given_up(
    pictures: Path, tmp_path: Path, cache: Path
) -> None:
    own = tmp_path / "stiff.py"
    own.write_text(STIFF.format(scale="1"))
    spec = small_spec(pictures, f"{own}:Stiff", cache=cache)
    colour = replace(spec, data=replace(spec.data, channels=3))
    record = run_small(colour, tmp_path / "out", cache=cache, keeps_checkpoints=True)
    assert record.status == "ok", record.log
    path, events = tmp_path / "out" / record.files["last"], Events()
    assert said(path, pictures / "dark" / "00.png", model=f"{own}:Stiff", observer=events).faults == ()
    assert [event for event in events if isinstance(event, Noted) and "contiguous" in event.text]


def test_answers_that_are_no_numbers_are_an_error(pictures: Path, tmp_path: Path, cache: Path) -> None:
    own = tmp_path / "own.py"
    own.write_text(STIFF.format(scale="1"))
    name = f"{own}:Stiff"
    record = run_small(
        small_spec(pictures, name, cache=cache), tmp_path / "out", cache=cache, keeps_checkpoints=True
    )
    own.write_text(STIFF.format(scale="float('nan')"))
    with pytest.raises(NotFiniteError, match="no numbers"):
        said(tmp_path / "out" / record.files["last"], pictures / "dark" / "00.png", model=name)


def test_what_is_not_there_is_refused(trained: tuple[Path, Record], pictures: Path, tmp_path: Path) -> None:
    picture = pictures / "dark" / "00.png"
    with pytest.raises(DataError, match="no file or folder"):
        said(trained[0], picture, tmp_path / "gone.png")
    with pytest.raises(CheckpointError, match="no file"):
        said(tmp_path / "gone.pt", picture)
    with pytest.raises(CheckpointError, match="not a checkpoint"):
        said(picture, picture)
    with pytest.raises(SpecError, match="precision"):
        said(trained[0], picture, placement=replace(PLAIN, precision="fp16"))
