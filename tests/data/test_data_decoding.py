import io

import numpy as np
import pytest
from picture_files import encoded, noise, png
from PIL import Image

from benchbox.data.decoding import Array, DecodeSettings, decode, strict_pillow
from benchbox.errors import DataError
from benchbox.plan.spec import FitMode

GREY = noise(1, width=8, height=8)


def _decode(data: bytes, size: int = 8, channels: int = 1, fit_mode: FitMode = "stretch") -> Array:
    settings = DecodeSettings(image_size=size, channels=channels, fit_mode=fit_mode)
    return decode(data, settings, name="p.png")


@pytest.mark.parametrize("kind", ["PNG", "BMP", "PPM", "TIFF", "GIF"])
def test_exact_formats_give_the_pixels_untouched(kind: str) -> None:
    assert np.array_equal(_decode(encoded(Image.fromarray(GREY), kind))[0], GREY)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_lossy_formats_give_nearly_the_pixels(kind: str) -> None:
    flat = Image.new("L", (8, 8), 100)
    assert np.abs(_decode(encoded(flat, kind)).astype(int) - 100).max() <= 2


def test_grey_becomes_three_equal_channels() -> None:
    colour = _decode(encoded(Image.fromarray(GREY)), channels=3)
    assert colour.shape == (3, 8, 8)
    assert all(np.array_equal(channel, GREY) for channel in colour)


def test_colour_keeps_its_order_of_channels() -> None:
    red = _decode(encoded(Image.new("RGB", (8, 8), (200, 10, 20))), channels=3)
    assert red[:, 0, 0].tolist() == [200, 10, 20]


@pytest.mark.parametrize("kind", ["PNG", "PPM", "TIFF"])
def test_sixteen_bits_are_scaled_and_not_clipped(kind: str) -> None:
    wide = np.array([[0, 257, 32896], [65535, 300, 129]], dtype=np.uint16)
    image = Image.fromarray(wide).resize((6, 4), Image.Resampling.NEAREST)
    decoded = _decode(encoded(image, kind), size=6)
    whole = _decode(encoded(Image.fromarray(wide[:2, :2]), kind), size=2)
    assert whole[0].tolist() == [[0, 1], [255, 1]]
    assert decoded.max() > 250


def test_pixels_wider_than_sixteen_bits_are_refused() -> None:
    image = Image.fromarray(np.full((4, 4), 70000, dtype=np.int32))
    with pytest.raises(DataError, match="wider than 16 bits"):
        _decode(encoded(image, "TIFF"))


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_what_is_transparent_is_black(mode: str) -> None:
    image = Image.new(mode, (8, 8), (255, 255, 255, 0) if mode == "RGBA" else (255, 0))
    assert _decode(encoded(image)).max() == 0


def test_half_transparent_white_is_half_grey() -> None:
    image = Image.new("RGBA", (8, 8), (255, 255, 255, 128))
    assert _decode(encoded(image))[0, 0, 0] == 128


def test_a_palette_is_looked_up() -> None:
    image = Image.new("RGB", (8, 8), (250, 0, 0)).quantize(4)
    assert _decode(encoded(image), channels=3)[:, 0, 0].tolist() == [250, 0, 0]


def test_the_orientation_of_a_camera_is_honoured() -> None:
    image = Image.fromarray(np.array([[255, 0], [0, 0]], dtype=np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90° clockwise
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", exif=exif)
    assert _decode(buffer.getvalue(), size=2)[0].tolist() == [[0, 255], [0, 0]]


@pytest.mark.parametrize("fit_mode", ["stretch", "pad", "crop"])
def test_every_fit_mode_meets_the_size(fit_mode: FitMode) -> None:
    image = Image.fromarray(noise(2, width=31, height=12))
    assert _decode(encoded(image), size=16, fit_mode=fit_mode).shape == (1, 16, 16)


def test_pad_adds_black_and_keeps_the_whole() -> None:
    white = _decode(encoded(Image.new("L", (16, 8), 255)), size=16, fit_mode="pad")[0]
    assert (white[:4].max(), white[4:12].min(), white[12:].max()) == (0, 255, 0)


def test_crop_keeps_the_middle() -> None:
    wide = np.zeros((8, 24), dtype=np.uint8)
    wide[:, 8:16] = 200
    assert _decode(encoded(Image.fromarray(wide)), fit_mode="crop").min() == 200


def test_shrinking_averages_instead_of_picking() -> None:
    board = np.indices((64, 64)).sum(axis=0) % 2 * 255
    small = _decode(encoded(Image.fromarray(board.astype(np.uint8))))
    assert np.abs(small.astype(int) - 127).max() < 10


@pytest.mark.parametrize("data", [b"", b"text", png(1)[:60], b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
def test_what_is_no_picture_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(DataError, match=r"p\.png cannot be read as a picture"):
        _decode(data)


def test_a_truncated_picture_is_refused() -> None:
    data = encoded(Image.fromarray(noise(3, width=64, height=64)))
    with pytest.raises(DataError, match=r"p\.png .*--skip-bad"):
        _decode(data[: len(data) // 2], size=64)


def test_a_decompression_bomb_is_refused() -> None:
    side = 10_000  # more pixels than Pillow trusts, in a header that costs nothing
    with strict_pillow(), pytest.raises(DataError, match=r"p\.png .*decompression bomb"):
        _decode(f"P5 {side} {side} 255\n".encode() + b"\0" * 8)
