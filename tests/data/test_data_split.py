from dataclasses import replace
from pathlib import Path

import pytest
import torch
from picture_files import contents, png, write_folder

from benchbox.data.drawing import choose
from benchbox.data.pictures import Pictures, open_pictures
from benchbox.data.split import Split, count_twins, split
from benchbox.errors import DataError
from benchbox.plan.spec import DataSpec

KINDS = {
    "by chance": DataSpec(test_fraction=0.3),
    "by views": DataSpec(split="views:2"),
    "by a sector": DataSpec(split="sector:90"),
    "with some set aside": DataSpec(split="sector:90", val_fraction=0.2),
}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Pictures:
    folder = write_folder(tmp_path_factory.mktemp("set"), contents({"a": 8, "b": 8}))
    return open_pictures(DataSpec(source=str(folder), image_size=8), root=tmp_path_factory.mktemp("root"))


@pytest.mark.parametrize("spec", KINDS.values(), ids=KINDS)
def test_the_sides_are_a_partition_in_ascending_order(spec: DataSpec, pictures: Pictures) -> None:
    parts = split(pictures, spec)
    sides = [parts.train, parts.test, parts.validation]
    assert torch.cat(sides).sort().values.tolist() == list(range(16))
    assert all(side.dtype == torch.int64 for side in sides)
    assert all(side.tolist() == sorted(side.tolist()) for side in sides)


def test_the_held_out_pictures_are_those_drawn_by_name(pictures: Pictures) -> None:
    labels = [pictures.classes[label] for label in pictures.labels.tolist()]
    drawn = choose(pictures.names, labels, fraction=0.3, seed=4)
    assert split(pictures, DataSpec(test_fraction=0.3, split_seed=4)).test.tolist() == drawn


def test_without_a_fraction_nothing_is_set_aside(pictures: Pictures) -> None:
    assert len(split(pictures, DataSpec()).validation) == 0


def test_where_all_pictures_are_asked_for_no_rule_need_fit(pictures: Pictures) -> None:
    parts = split(pictures, DataSpec(part="all", split="views:3", val_fraction=0.5))
    assert (len(parts.train), len(parts.test), len(parts.validation)) == (16, 0, 0)


def test_a_split_that_cannot_be_is_refused_before_anything_is_decoded(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "s", contents({"a": 8, "b": 7}) | {"a__0.png": b"no picture"})
    with pytest.raises(DataError, match="class 'b' has 7 views"):
        open_pictures(DataSpec(source=str(folder), split="views:4"), root=tmp_path)
    assert not (tmp_path / ".cache").exists()


def test_a_bad_file_that_is_skipped_does_not_hinder_the_split_of_the_others(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "s", contents({"a": 4, "b": 4}) | {"b__4.png": b"no picture"})
    spec = DataSpec(source=str(folder), split="views:2", image_size=8, skip_bad=True)
    parts = split(open_pictures(spec, root=tmp_path), spec)
    assert (len(parts.train), len(parts.test)) == (4, 4)


def test_folders_give_the_sides_and_belong_to_the_names(tmp_path: Path) -> None:
    files = contents({"a": 4, "b": 4})
    moved = {f"{'train' if '__3' not in name else 'val'}/{name}": data for name, data in files.items()}
    spec = DataSpec(source=str(write_folder(tmp_path / "s", moved)), split="folders", image_size=8)
    pictures = open_pictures(spec, root=tmp_path)
    parts = split(pictures, spec)
    assert [pictures.names[place] for place in parts.test.tolist()] == ["val/a__3.png", "val/b__3.png"]
    assert (len(parts.train), len(parts.validation)) == (6, 0)
    assert pictures.classes == ("a", "b")


@pytest.mark.parametrize("rule", ["random", "views:2", "folders"])
def test_all_pictures_are_read_whatever_split_a_checkpoint_was_trained_on(tmp_path: Path, rule: str) -> None:
    flat = {f"{label}/{number}.png": png(number) for label in "ab" for number in range(3)}
    sided = {f"{'test' if '2' in name else 'train'}/{name}": data for name, data in flat.items()}
    for files in (flat, sided):
        folder = write_folder(tmp_path / str(len(str(files))), files)
        spec = DataSpec(source=str(folder), image_size=8, split=rule, part="all")
        pictures = open_pictures(spec, root=tmp_path)
        assert (pictures.classes, len(split(pictures, spec).train)) == (("a", "b"), 6)


def test_twins_of_held_out_pictures_are_counted_on_both_other_sides(pictures: Pictures) -> None:
    twins = torch.arange(16)
    twins[8:11] = torch.tensor([0, 1, 2])
    alike = replace(pictures, twins=twins)
    train, test, validation = torch.tensor([0, 1, 3]), torch.tensor([8, 9, 10, 11]), torch.tensor([2])
    assert count_twins(alike, Split(train=train, test=test, validation=validation)) == 3
    assert count_twins(alike, Split(train=train, test=test, validation=torch.tensor([4]))) == 2


@pytest.mark.coil20
@pytest.mark.parametrize(
    ("rule", "counts"),
    [("random", (1296, 144)), ("views:4", (80, 1360)), ("views:8", (160, 1280)), ("sector:90", (1080, 360))],
)
def test_the_real_pictures_are_split_in_equal_parts_of_every_class(
    coil20_zip: Path, tmp_path: Path, rule: str, counts: tuple[int, int]
) -> None:
    spec = DataSpec(source=str(coil20_zip), image_size=8, split=rule, val_fraction=0.1)
    pictures = open_pictures(spec, root=tmp_path)
    parts = split(pictures, spec)
    assert (len(parts.train) + len(parts.validation), len(parts.test)) == counts
    held = pictures.labels[parts.test].bincount()
    assert held.max() - held.min() <= (1 if rule == "random" else 0)
    assert pictures.labels[parts.train].bincount(minlength=20).min() > 0
    assert pictures.labels[parts.validation].bincount(minlength=20).min() > 0


@pytest.mark.coil20
@pytest.mark.parametrize(
    ("rule", "allowed"), [("views:7", "1, 2, 3, 4, 6, 8, 9"), ("sector:91", "a multiple of 5")]
)
def test_a_rule_that_does_not_fit_the_real_pictures_says_what_does(
    coil20_zip: Path, tmp_path: Path, rule: str, allowed: str
) -> None:
    with pytest.raises(DataError, match=allowed):
        open_pictures(DataSpec(source=str(coil20_zip), split=rule), root=tmp_path)
