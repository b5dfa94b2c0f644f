import pytest

from benchbox.data.sides import SIDE_FOLDERS, below_side, tell_sides
from benchbox.errors import DataError


def test_the_first_folder_is_the_side_whatever_its_case() -> None:
    assert tell_sides(["Train/cat/1.png", "TEST/cat/2.png"]) == ["train", "test"]


@pytest.mark.parametrize("folder", ["val", "valid", "validation"])
def test_a_validation_folder_is_held_out_where_nothing_else_is(folder: str) -> None:
    assert tell_sides(["training/cat/1.png", f"{folder}/cat/2.png"]) == ["train", "test"]


@pytest.mark.parametrize("folder", ["val", "valid", "validation"])
def test_a_validation_folder_beside_a_test_folder_is_for_choosing(folder: str) -> None:
    names = ["train/cat/1.png", f"{folder}/cat/2.png", "testing/cat/3.png"]
    assert tell_sides(names) == ["train", "validation", "test"]


REFUSED = {
    "no folder to train on": (["test/cat/1.png", "val/cat/2.png"], "no folder to train on, only test, val"),
    "no folder to hold out": (["train/cat/1.png"], "no folder to hold out, only train"),
    "a folder that is no side": (["train/cat/1.png", "test/cat/1.png", "extra/cat/1.png"], "extra is no side"),
    "classes and no sides": ([f"c{i}/1.png" for i in range(9)], "c0, c1, c2, c3, c4 and 4 more are no side"),
    "two folders for one side": (["train/a.png", "training/a.png", "test/a.png"], "train, training are one"),
}


@pytest.mark.parametrize(("names", "message"), REFUSED.values(), ids=REFUSED)
def test_folders_that_are_no_sides_are_refused_by_name(names: list[str], message: str) -> None:
    with pytest.raises(DataError, match=f"--split folders: .*{message}"):
        tell_sides(names)


def test_a_class_comes_below_its_side() -> None:
    assert below_side("train/cat/old/1.png") == "cat/old/1.png"


def test_every_side_has_a_usual_name() -> None:
    assert {"train", "test", "val"} <= SIDE_FOLDERS.keys()
