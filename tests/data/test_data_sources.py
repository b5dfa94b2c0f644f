from pathlib import Path

import pytest
from picture_files import contents, write_folder, write_zip

from benchbox.data.sources import decide, find_source
from benchbox.errors import DataError

COIL = contents({"obj1": 2, "obj2": 2, "obj10": 2})


def test_auto_is_turntable_without_coil20_and_coil20_with_it(tmp_path: Path) -> None:
    assert decide("auto", root=tmp_path) == "turntable"
    write_folder(tmp_path / "coil20", COIL)
    assert decide("auto", root=tmp_path) == "coil20"


@pytest.mark.parametrize("prefix", ["", "coil-20-proc/", "deep/er/"])
def test_coil20_is_found_however_its_pictures_are_nested(tmp_path: Path, prefix: str) -> None:
    write_folder(tmp_path / "coil20", {prefix + name: data for name, data in COIL.items()})
    source = find_source("coil20", root=tmp_path)
    assert source.classes == ("obj1", "obj2", "obj10")
    assert [item.name for item in source.items[:2]] == ["obj1__0.png", "obj1__1.png"]


def test_coil20_is_read_from_any_zip(tmp_path: Path) -> None:
    write_zip(tmp_path / "coil20" / "mine.zip", {f"coil-20-proc/{name}": data for name, data in COIL.items()})
    assert len(find_source("coil20", root=tmp_path).items) == 6


def test_the_archive_beside_its_pictures_is_no_stray_file(tmp_path: Path) -> None:
    write_folder(tmp_path / "coil20", COIL)
    write_zip(tmp_path / "coil20" / "coil-20-proc.zip", COIL)
    assert find_source("coil20", root=tmp_path).others == ()


def test_the_label_comes_from_the_name_not_from_the_place_in_a_listing(tmp_path: Path) -> None:
    shuffled = dict(reversed(COIL.items()))
    source = find_source(str(write_zip(tmp_path / "a.zip", shuffled)))
    assert [(item.label, item.view) for item in source.items] == [
        (label, view) for label in ("obj1", "obj2", "obj10") for view in (0, 1)
    ]


def test_folders_are_classes(tmp_path: Path) -> None:
    write_folder(tmp_path, {"cat/1.png": b"", "dog/x/2.png": b""})
    assert find_source(str(tmp_path)).classes == ("cat", "dog")


@pytest.mark.parametrize("prefix", ["", "birds/", "deep/er/"])
def test_sides_come_above_the_classes_however_they_are_nested(tmp_path: Path, prefix: str) -> None:
    names = ("train/wren/1.png", "train/crow/1.png", "test/wren/1.png", "test/crow/1.png")
    archive = write_zip(tmp_path / "birds.zip", {prefix + name: b"" for name in names})
    items = find_source(str(archive), sides="asked").items
    assert [(item.label, item.side, item.name) for item in items] == [
        ("crow", "test", "test/crow/1.png"),
        ("crow", "train", "train/crow/1.png"),
        ("wren", "test", "test/wren/1.png"),
        ("wren", "train", "train/wren/1.png"),
    ]


def test_below_the_sides_a_name_may_say_the_class(tmp_path: Path) -> None:
    write_folder(tmp_path, {"train/wren__1.png": b"", "val/wren__7.png": b""})
    items = find_source(str(tmp_path), sides="asked").items
    assert [(item.label, item.view, item.side) for item in items] == [("wren", 1, "train"), ("wren", 7, "test")]


@pytest.mark.parametrize("name", ["coil20", "turntable", "auto"])
def test_pictures_that_come_without_sides_are_not_asked_for_them(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match=r"--split folders: .* does not come in folders.*views:K"):
        find_source(name, root=tmp_path, sides="asked")


@pytest.mark.parametrize("prefix", ["train/", "train/birds/"])
def test_where_sides_may_be_classes_are_found_with_and_without_them(tmp_path: Path, prefix: str) -> None:
    flat = {"wren/1.png": b"", "crow/1.png": b""}
    sided = {"train/wren/1.png": b"", "val/crow/1.png": b""}
    one, two = write_folder(tmp_path / "flat", flat), write_folder(tmp_path / "sided", sided)
    assert [item.side for item in find_source(str(one), sides="either").items] == [None, None]
    found = find_source(str(two), sides="either")
    assert (found.classes, [item.side for item in found.items]) == (("crow", "wren"), ["test", "train"])
    alone = write_folder(tmp_path / "alone", {prefix + name: data for name, data in flat.items()})
    assert find_source(str(alone), sides="either").classes == ("crow", "wren")


def test_coil20_absent_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="benchbox data get coil20"):
        find_source("coil20", root=tmp_path)


def test_turntable_absent_says_how_to_render_it(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="renders them"):
        find_source("turntable", root=tmp_path)


def test_no_such_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"there is no folder or zip .*nowhere"):
        find_source(str(tmp_path / "nowhere"))


def test_a_file_that_is_no_zip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("")
    with pytest.raises(DataError, match="is a file, but no zip"):
        find_source(str(tmp_path / "x.txt"))


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no pictures in"):
        find_source(str(tmp_path))
