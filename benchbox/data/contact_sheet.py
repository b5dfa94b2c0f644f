"""Contact sheets as PNG: some pictures of every class, a row a class; or pictures that each have a caption."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchbox.data.decoding import Array
from benchbox.data.sources import Item
from benchbox.errors import DataError
from benchbox.records.files import fill_whole

MOST_ROWS, MOST_COLUMNS = 40, 12
SIDE = 64  # pixels
_GAP = 4
_PAPER, _INK = "white", "black"
_LABEL_LETTERS = 20

MOST_MISTAKES = 60
_MISTAKES_ACROSS = 6
_LARGE_SIDE = 128  # pixels; a picture that is wrongly classified is worth a closer look
_LINE = 16


@dataclass(frozen=True, kw_only=True)
class Row:
    """A class and its thumbnails, RGB squares of side SIDE."""

    label: str
    pictures: tuple[Image.Image, ...]


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """A picture as the network saw it, uint8 [channels, height, width], its class, and what it was taken for.

    `probability` is that of the class that it was taken for, a ratio.
    """

    pixels: Array
    label: str
    predicted: str
    probability: float


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
    font = _font(14)
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


def draw_mistakes(mistakes: Sequence[Mistake], *, path: Path, left_out: int = 0) -> None:
    """Write pictures in rows, each above its caption, as PNG; `left_out` are named by their number below.

    Raises OSError where the file cannot be written.
    """
    across = min(len(mistakes), _MISTAKES_ACROSS)
    down = -(-len(mistakes) // across)
    width, height = _LARGE_SIDE + _GAP, _LARGE_SIDE + 2 * _LINE + _GAP
    size = (max(across, 2) * width + _GAP, down * height + _GAP + bool(left_out) * _LINE)
    sheet = Image.new("RGB", size, _PAPER)
    draw, font = ImageDraw.Draw(sheet), _font(11)
    for number, mistake in enumerate(mistakes):
        left, top = _GAP + number % across * width, _GAP + number // across * height
        sheet.paste(_large(mistake.pixels), (left, top))
        for line, text in enumerate(_caption(mistake, font)):
            draw.text((left, top + _LARGE_SIDE + line * _LINE), text, _INK, font)
    if left_out:
        draw.text((_GAP, size[1] - _LINE), f"and {left_out:,} more", _INK, font)
    fill_whole(path, lambda file: sheet.save(file, format="PNG"))


def _large(pixels: Array) -> Image.Image:
    grey_or_rgb = pixels[0] if len(pixels) == 1 else np.ascontiguousarray(pixels.transpose(1, 2, 0))
    side = (_LARGE_SIDE, _LARGE_SIDE)
    return Image.fromarray(grey_or_rgb).convert("RGB").resize(side, Image.Resampling.BILINEAR)


def _caption(mistake: Mistake, font: ImageFont.FreeTypeFont) -> tuple[str, ...]:
    """`obj3 → obj6 87 %`; on two lines where one is too narrow for it."""
    sure = f"{100 * mistake.probability:.0f} %"
    line = f"{mistake.label} → {mistake.predicted} {sure}"
    if font.getlength(line) <= _LARGE_SIDE:
        return (line,)
    return _fitted(mistake.label, "", font), _fitted(f"→ {mistake.predicted}", f" {sure}", font)


def _fitted(text: str, ending: str, font: ImageFont.FreeTypeFont) -> str:
    """A text that is shortened until it stands, with its ending, below a picture."""
    shown = text
    while len(shown) > 1 and font.getlength(shown + ending) > _LARGE_SIDE:
        text = text[:-1]
        shown = f"{text}…"
    return shown + ending


def _font(size: int) -> ImageFont.FreeTypeFont:
    # Pillow's own has no arrow and no letters beyond western Europe's; this one comes with matplotlib.
    from matplotlib import get_data_path

    return ImageFont.truetype(str(Path(get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"), size)


def _short(label: str) -> str:
    return label if len(label) <= _LABEL_LETTERS else label[: _LABEL_LETTERS - 1] + "…"
