"""The sheet of mistakes: every picture with its caption, at any size, however long its names are."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchbox.data.contact_sheet import Mistake, draw_mistakes


def mistake(*, grey: int = 128, channels: int = 1, side: int = 32, label: str = "obj3") -> Mistake:
    pixels = np.full((channels, side, side), grey, dtype=np.uint8)
    return Mistake(pixels=pixels, label=label, predicted="obj6", probability=0.87)


def drawn(mistakes: list[Mistake], path: Path, *, left_out: int = 0) -> Image.Image:
    draw_mistakes(mistakes, path=path, left_out=left_out)
    with Image.open(path) as sheet:
        return sheet.convert("RGB")


@pytest.mark.parametrize(("count", "across", "down"), [(1, 2, 1), (6, 6, 1), (7, 6, 2), (60, 6, 10)])
def test_pictures_stand_in_rows_of_six(tmp_path: Path, count: int, across: int, down: int) -> None:
    sheet = drawn([mistake()] * count, tmp_path / "plots" / "a.png")
    assert sheet.size == (across * 132 + 4, down * 164 + 4)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("side", [1, 32, 500])
def test_a_picture_is_shown_as_the_network_saw_it(tmp_path: Path, channels: int, side: int) -> None:
    sheet = drawn([mistake(grey=77, channels=channels, side=side)], tmp_path / "a.png")
    assert sheet.getpixel((4 + 64, 4 + 64)) == (77, 77, 77)


def test_each_has_a_caption_and_the_rest_is_counted(tmp_path: Path) -> None:
    plain = drawn([mistake()], tmp_path / "a.png")
    more = drawn([mistake()], tmp_path / "b.png", left_out=12)
    other = drawn([mistake(label="obj4")], tmp_path / "c.png")
    assert more.height == plain.height + 16
    assert plain.tobytes() != other.tobytes()


def test_a_long_name_stays_below_its_picture(tmp_path: Path) -> None:
    sheet = drawn([mistake(label="a name that is far too long for it")] * 2, tmp_path / "a.png")
    between = np.asarray(sheet)[4 + 128 : 4 + 160, 4 + 128 : 4 + 132]
    assert (between == 255).all()


def test_a_name_in_other_letters_is_no_row_of_boxes(tmp_path: Path) -> None:
    greek, cyrillic = (drawn([mistake(label=label)], tmp_path / "a.png") for label in ("ωω", "жж"))
    assert greek.tobytes() != cyrillic.tobytes()
