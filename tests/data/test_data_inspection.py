from pathlib import Path
from typing import Any

import pytest
from picture_files import contents, encoded, png, write_folder
from PIL import Image

from benchbox.data.contact_sheet import MOST_COLUMNS, MOST_ROWS, SIDE, Row, choose_shown, draw_sheet
from benchbox.data.inspection import inspect_pictures
from benchbox.data.sources import find_source
from benchbox.errors import DataError
from benchbox.plan.spec import DataSpec
from benchbox.records.pictures import Count, InspectRequest, PictureReport


def _inspect(folder: Path, root: Path, sheet: str = "", **fields: Any) -> PictureReport:
    data = DataSpec(source=str(folder), image_size=8, test_fraction=0.5, **fields)
    return inspect_pictures(InspectRequest(data=data, root=str(root), sheet=sheet))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "set", contents({"a": 4, "b": 2}))


def test_classes_sizes_modes_and_formats_are_counted(folder: Path, tmp_path: Path) -> None:
    (folder / "b__7.jpg").write_bytes(encoded(Image.new("RGB", (30, 20)), "JPEG"))
    report = _inspect(folder, tmp_path)
    assert report.classes == (Count(name="a", count=4), Count(name="b", count=3))
    assert report.sizes == (Count(name="9×7", count=6), Count(name="30×20", count=1))
    assert report.modes == (Count(name="L", count=6), Count(name="RGB", count=1))
    assert report.formats == (Count(name="PNG", count=6), Count(name="JPEG", count=1))
    assert report.bytes == sum(path.stat().st_size for path in folder.iterdir())
    assert (report.pictures, report.views) == (7, 5)


def test_bad_files_are_listed_and_do_not_stop_it(folder: Path, tmp_path: Path) -> None:
    (folder / "a__9.png").write_bytes(b"no picture")
    (folder / "notes.txt").write_bytes(b"")
    report = _inspect(folder, tmp_path)
    assert [line.split()[0] for line in report.bad] == ["a__9.png"]
    assert report.others == ("notes.txt",)
    assert (report.train + report.test, report.problem) == (6, "")


def test_duplicates_are_grouped_and_counted_across_the_split(folder: Path, tmp_path: Path) -> None:
    for view in range(4):
        (folder / f"a__{view}.png").write_bytes(png(1))
    report = _inspect(folder, tmp_path)
    assert report.duplicates == (("a__0.png", "a__1.png", "a__2.png", "a__3.png"),)
    assert report.twins == 2


def test_a_set_that_cannot_be_split_is_described_with_the_reason(folder: Path, tmp_path: Path) -> None:
    (folder / "c__1.png").write_bytes(png(50))
    report = _inspect(folder, tmp_path)
    assert "class 'c' has a single picture" in report.problem
    assert (report.train, report.test) == (0, 0)


def test_the_sides_of_the_asked_split_are_counted(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "set", contents({"a": 8, "b": 8}))
    report = _inspect(folder, tmp_path, split="sector:90", val_fraction=0.25)
    assert (report.split, report.train, report.test, report.validation) == ("sector:90", 9, 4, 3)


def test_a_split_that_does_not_fit_is_the_reason_that_there_can_be_no_run(folder: Path, tmp_path: Path) -> None:
    report = _inspect(folder, tmp_path, split="views:2")
    assert "--split views:2: class 'b' has 2 views, and class 'a' has 4" in report.problem


def test_folders_that_give_the_sides_are_described(tmp_path: Path) -> None:
    files = {
        f"{side}/{name}": data for side in ("train", "val") for name, data in contents({"a": 3, "b": 2}).items()
    }
    report = _inspect(write_folder(tmp_path / "set", files), tmp_path, split="folders")
    assert report.classes == (Count(name="a", count=6), Count(name="b", count=4))
    assert (report.train, report.test, report.twins) == (5, 5, 5)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no pictures in"):
        _inspect(tmp_path, tmp_path)


def test_the_sheet_has_a_row_a_class(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "sheet.png"
    assert _inspect(folder, tmp_path, str(path)).sheet == str(path)
    with Image.open(path) as sheet:
        assert sheet.height == 2 * SIDE + 3 * 4
        assert sheet.width > 4 * SIDE


def test_the_sheet_shows_views_evenly_from_every_class(tmp_path: Path) -> None:
    items = find_source(str(write_folder(tmp_path, contents({"a": 72, "b": 3})))).items
    shown = choose_shown(items)
    assert [items[i].view for i in shown[:MOST_COLUMNS]] == list(range(0, 72, 6))
    assert [items[i].view for i in shown[MOST_COLUMNS:]] == [0, 1, 2]


def test_the_sheet_has_an_end(tmp_path: Path) -> None:
    items = find_source(str(write_folder(tmp_path, contents({f"c{i}": 1 for i in range(50)})))).items
    assert len(choose_shown(items)) == MOST_ROWS


def test_a_sheet_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    row = Row(label="a" * 99, pictures=(Image.new("RGB", (SIDE, SIDE)),))
    with pytest.raises(DataError, match="cannot write the contact sheet"):
        draw_sheet([row], path=tmp_path, left_out=3)


@pytest.mark.coil20
def test_the_real_pictures_are_as_published(coil20_zip: Path, tmp_path: Path) -> None:
    report = inspect_pictures(InspectRequest(data=DataSpec(source=str(coil20_zip)), root=str(tmp_path)))
    assert report.sizes == (Count(name="128×128", count=1440),)
    assert report.modes == (Count(name="L", count=1440),)
    assert (report.views, report.duplicates, report.bad) == (72, (), ())
    assert (report.train, report.test, report.twins) == (1296, 144, 0)
