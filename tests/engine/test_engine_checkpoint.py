"""Checkpoints: what goes in comes out, nothing of theirs is run, and what does not fit is refused by name."""

import pickle
from pathlib import Path

import pytest
import torch
from msgspec.structs import replace
from runs import run_small, small_spec

from benchbox.engine.checkpoint import load_checkpoint, read_cards
from benchbox.engine.training_state import Standing
from benchbox.errors import CheckpointError
from benchbox.plan.requests import CardsRequest
from benchbox.records.checkpoints import check_fit, find_checkpoint, read_card
from benchbox.records.record import Record
from benchbox.records.scores import read_predictions


@pytest.fixture(scope="module")
def trained(pictures: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Record]:
    """A report of a LeNet that was trained for two epochs, under a folder of reports."""
    folder = tmp_path_factory.mktemp("reports") / "train"
    record = run_small(small_spec(pictures, "lenet", cache=cache), folder, cache=cache, keeps_checkpoints=True)
    assert record.status == "ok", record.log
    return folder, record


def test_a_checkpoint_gives_the_same_answers_again(
    trained: tuple[Path, Record], tmp_path: Path, cache: Path
) -> None:
    folder, record = trained
    spec = replace(record.spec, task="evaluate", checkpoint=str(folder / record.files["last"]))
    again = run_small(spec, tmp_path, cache=cache)
    assert again.status == "ok", again.log
    assert again.last("top1") == record.last("top1")
    assert again.last("loss") == pytest.approx(record.last("loss"), rel=1e-5)
    assert again.actual.weights == "epoch 2 of 2"


def test_a_loaded_network_is_ready_to_use(trained: tuple[Path, Record]) -> None:
    folder, record = trained
    checkpoint = load_checkpoint(folder / record.files["best"])
    assert not checkpoint.network.training
    assert checkpoint.classes == ("across", "dark", "down")
    assert checkpoint.network(torch.zeros(2, 1, 64, 64)).shape == (2, 3)


def test_the_card_beside_it_and_the_card_in_it_are_equal(trained: tuple[Path, Record]) -> None:
    path = trained[0] / trained[1].files["best"]
    assert read_cards(CardsRequest(checkpoints=(str(path),))).cards == (read_card(path),)


def test_labels_are_matched_by_name_and_not_by_position(
    trained: tuple[Path, Record], pictures: Path, tmp_path: Path, cache: Path
) -> None:
    folder, record = trained
    fewer = tmp_path / "fewer"
    for label in ("down", "dark"):
        (fewer / label).mkdir(parents=True)
        for picture in (pictures / label).iterdir():
            (fewer / label / picture.name).write_bytes(picture.read_bytes())
    spec = replace(record.spec, task="evaluate", checkpoint=str(folder / record.files["best"]))
    other = replace(spec, data=replace(record.spec.data, source=str(fewer), part="all"))
    whole, few = (run_small(each, tmp_path / each.data.part, cache=cache) for each in (spec, other))
    assert few.status == "ok", few.log
    said = {
        part: read_predictions(tmp_path / part / record.files["predictions"]).set_index("picture")
        for part in ("test", "all")
    }
    of_two = said["test"][said["test"]["label"] != "across"]
    columns = ["label", "predicted", "label_rank"]
    assert said["all"].loc[of_two.index, columns].equals(of_two[columns])
    assert (whole.last("pictures"), few.last("pictures")) == (6, 4)
    assert few.actual.classes == ("across", "dark", "down")


def test_a_best_checkpoint_is_found_by_what_it_is(trained: tuple[Path, Record]) -> None:
    folder, record = trained
    spec, reports = record.spec, folder.parent
    same = {"model": spec.model, "data": spec.data, "digest": record.actual.data_digest}
    others: list[dict[str, object]] = [
        {"model": replace(spec.model, activation="relu")},
        {"data": replace(spec.data, split_seed=1)},
        {"digest": "other pictures"},
        {"network_digest": "other code"},
    ]
    assert find_checkpoint(reports, **same) == folder / record.files["best"]  # type: ignore[arg-type]
    for other in others:
        assert find_checkpoint(reports, **{**same, **other}) is None  # type: ignore[arg-type]
    assert find_checkpoint(reports / "nowhere", **same) is None  # type: ignore[arg-type]


def test_pictures_that_were_trained_on_are_left_out_of_other_data(
    trained: tuple[Path, Record], pictures: Path, tmp_path: Path, cache: Path
) -> None:
    folder, record = trained
    grown = tmp_path / "grown"
    for path in pictures.rglob("*.png"):
        copy = grown / path.relative_to(pictures)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    (grown / "dark" / "99.png").write_bytes(b"" + (pictures / "down" / "00.png").read_bytes())
    data = replace(record.spec.data, source=str(grown), part="all")
    spec = replace(record.spec, task="evaluate", checkpoint=str(folder / record.files["best"]), data=data)
    again = run_small(spec, tmp_path / "out", cache=cache)
    assert again.status == "ok", again.log
    # The new picture is a copy of one that was trained on, or of one that was held out.
    is_new = "down/00.png" in record.actual.test_pictures
    assert again.last("pictures") == 6 + is_new
    assert f"left out {55 - is_new} pictures" in again.actual.notes[0]


def test_classes_and_channels_that_do_not_fit_are_refused_by_name(trained: tuple[Path, Record]) -> None:
    card = read_card(trained[0] / trained[1].files["best"])
    with pytest.raises(CheckpointError, match="does not know the class zebra"):
        check_fit(card, name="a.pt", classes=("dark", "zebra"), channels=1)
    with pytest.raises(CheckpointError, match=r"takes pictures of 1 channel"):
        check_fit(card, name="a.pt", classes=("dark",), channels=3)


class Evil:
    """Pickles as a call that would leave a mark."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.mark,)


def test_a_checkpoint_with_code_is_refused_and_not_run(tmp_path: Path) -> None:
    path, mark = tmp_path / "evil.pt", tmp_path / "mark"
    torch.save({"kind": "benchbox checkpoint", "weights": Evil(mark)}, path)
    with pytest.raises(CheckpointError, match="without running code"):
        load_checkpoint(path)
    assert not mark.exists()


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", pickle.dumps({"a": 1})])
def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file.pt"
    path.write_bytes(content)
    with pytest.raises(CheckpointError):
        load_checkpoint(path)


def test_somebody_elses_checkpoint_is_refused(tmp_path: Path) -> None:
    torch.save({"state_dict": {}}, tmp_path / "other.pt")
    with pytest.raises(CheckpointError, match="not a checkpoint of benchbox"):
        load_checkpoint(tmp_path / "other.pt")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"gone\.pt"):
        load_checkpoint(tmp_path / "gone.pt")


def test_a_users_code_runs_only_when_it_is_named_again(
    pictures: Path, own_networks: Path, tmp_path: Path, cache: Path
) -> None:
    name = f"{own_networks}:small"
    record = run_small(small_spec(pictures, name, cache=cache), tmp_path, cache=cache, keeps_checkpoints=True)
    path = tmp_path / record.files["best"]
    with pytest.raises(CheckpointError, match="not run unasked"):
        load_checkpoint(path)
    assert load_checkpoint(path, model=name).classes == ("across", "dark", "down")


def test_the_best_is_better_by_accuracy_then_by_loss() -> None:
    first = Standing(epoch=1, accuracy=0.9, loss=0.5)
    assert first.is_better_than(None)
    assert Standing(epoch=2, accuracy=0.95, loss=0.9).is_better_than(first)
    assert Standing(epoch=2, accuracy=0.9, loss=0.4).is_better_than(first)
    assert not Standing(epoch=2, accuracy=0.9, loss=0.5).is_better_than(first)
    assert not Standing(epoch=2, accuracy=0.8, loss=0.1).is_better_than(first)
