"""A PNG that shows some pictures of every class, a row a class."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from benchbox.data.sources import Item
from benchbox.errors import DataError
from benchbox.records.files import fill_whole

MOST_ROWS, MOST_COLUMNS = 40, 12
SIDE = 64  # pixels
_GAP = 4
_PAPER, _INK = "white", "black"
_LABEL_LETTERS = 20


@dataclass(frozen=True, kw_only=True)
class Row:
    """A class and its thumbnails, RGB squares of side SIDE."""

    label: str
    pictures: tuple[Image.Image, ...]


def choose_shown(items: Sequence[Item]) -> list[int]:
    """The positions of items on the sheet: of every class as many as fit, evenly spaced; the first classes."""
    by_class: dict[str, list[int]] = {}
    for position, item in enumerate(items):
        by_class.setdefault(item.label, []).append(position)
    shown: list[int] = []
    for positions in list(by_class.values())[:MOST_ROWS]:
        columns = min(len(positions), MOST_COLUMNS)
        shown += [positions[column * len(positions) // columns] for column in range(columns)]
    return shown


def draw_sheet(rows: Sequence[Row], *, path: Path, left_out: int = 0) -> None:
    """Write the sheet as PNG; `left_out` classes are named by their number below.

    Raises DataError where the file cannot be written.
    """
    columns = max((len(row.pictures) for row in rows), default=1)
    height = (len(rows) + bool(left_out)) * (SIDE + _GAP) + _GAP
    font = ImageFont.load_default(size=14)
    margin = 4 * _GAP + round(max((font.getlength(_short(row.label)) for row in rows), default=0))
    sheet = Image.new("RGB", (margin + columns * (SIDE + _GAP), height), _PAPER)
    draw = ImageDraw.Draw(sheet)
    for number, row in enumerate(rows):
        top = _GAP + number * (SIDE + _GAP)
        draw.text((_GAP * 2, top + SIDE // 2), _short(row.label), _INK, font, anchor="lm")
        for column, picture in enumerate(row.pictures):
            sheet.paste(picture, (margin + column * (SIDE + _GAP), top))
    if left_out:
        text = f"and {left_out} classes more"
        draw.text((_GAP * 2, height - SIDE // 2), text, _INK, font, anchor="lm")
    try:
        fill_whole(path, lambda file: sheet.save(file, format="PNG"))
    except OSError as error:
        raise DataError(
            f"cannot write the contact sheet {path}: {error.strerror}", hint="name another file"
        ) from error


def _short(label: str) -> str:
    return label if len(label) <= _LABEL_LETTERS else label[: _LABEL_LETTERS - 1] + "…"
