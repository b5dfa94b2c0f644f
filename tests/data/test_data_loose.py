"""Single pictures by their paths: files, folders, zips, and what is none."""

from pathlib import Path

import numpy as np
import pytest
from picture_files import contents, encoded, noise, png, write_folder, write_zip
from PIL import Image

from benchbox.data.decoding import DecodeSettings, decode
from benchbox.data.loose import decode_loose, find_loose
from benchbox.errors import DataError

SETTINGS = DecodeSettings(image_size=8, channels=1, fit_mode="pad")


def test_files_folders_and_zips_come_in_the_order_asked_and_each_in_natural_order(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "many", {f"deep/{number}.png": png(number) for number in (10, 9)})
    archive = write_zip(tmp_path / "all.zip", {"b.png": png(1), "readme.txt": b"no picture"})
    alone = tmp_path / "alone.jpeg"
    alone.write_bytes(png(3))
    found = find_loose([str(alone), str(folder), str(archive)])
    assert [item.name for item in found] == [
        str(alone),
        f"{folder}/deep/9.png",
        f"{folder}/deep/10.png",
        f"{archive}/b.png",
    ]


def test_they_are_decoded_as_for_training(tmp_path: Path) -> None:
    files = contents({"a": 40})
    folder, archive = write_folder(tmp_path / "f", files), write_zip(tmp_path / "z.zip", files)
    found = find_loose([str(folder), str(archive)])
    decoded = decode_loose(found, SETTINGS)
    for item, array in zip(found, decoded, strict=True):
        wanted = decode(files[item.location], SETTINGS, name="")
        assert not isinstance(array, str)
        assert np.array_equal(array, wanted)


def test_a_photograph_that_lies_on_its_side_is_turned(tmp_path: Path) -> None:
    upright = Image.fromarray(noise(1, width=8, height=8))
    tags = Image.Exif()
    tags[0x0112] = 6  # turn by 90° clockwise to see it upright
    upright.rotate(90).save(tmp_path / "a.png", exif=tags)
    [turned] = decode_loose(find_loose([str(tmp_path / "a.png")]), SETTINGS)
    assert np.array_equal(turned, decode(encoded(upright), SETTINGS, name=""))


def test_what_is_no_picture_is_answered_with_the_reason_and_the_others_are_read(tmp_path: Path) -> None:
    files = {"a.png": png(1), "b.png": b"text", "c.png": png(2)[:60]}
    found = find_loose([str(write_folder(tmp_path, files))])
    good, text, cut = decode_loose(found, SETTINGS)
    assert not isinstance(good, str)
    assert text == f"{tmp_path}/b.png cannot be read as a picture: its bytes are of no known format"
    assert isinstance(cut, str)
    assert "c.png" in cut


def test_a_file_that_was_taken_away_meanwhile_is_a_reason_too(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png(1))
    found = find_loose([str(tmp_path / "a.png")])
    (tmp_path / "a.png").unlink()
    assert decode_loose(found, SETTINGS) == ["cannot read a.png: No such file or directory"]


def test_a_file_too_large_to_be_a_picture_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "a.png").open("wb") as file:
        file.truncate(2**29)  # sparse: it takes no room
    [reason] = decode_loose(find_loose([str(tmp_path / "a.png")]), SETTINGS)
    assert isinstance(reason, str)
    assert "536,870,912 bytes" in reason


@pytest.mark.parametrize(
    ("paths", "said"),
    [
        (["gone.png"], "no file or folder 'gone.png'. allowed"),
        (["here.png", "gone.png", "also.png"], r"'gone.png' \(and 1 more\)"),
        (["empty"], "no pictures in empty"),
    ],
)
def test_what_is_not_there_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, paths: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here.png").write_bytes(png(1))
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=said):
        find_loose(paths)
