"""One picture's bytes to one array of the asked size and channels. Knows no files and keeps nothing.

Transparent pictures are laid on black: it is the background of COIL-20 and the border of `fit_mode` pad, so a
cut-out looks like the pictures beside it.
"""

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from benchbox.errors import DataError
from benchbox.plan.spec import DataSpec, FitMode

# Raise it whenever the same bytes give other pixels: it is part of the cache's key.
DECODER_VERSION = 1
FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "PPM", "GIF", "TIFF")

Array = npt.NDArray[np.uint8]

_FULL_SCALE = 65535
# What Pillow's readers raise for bytes that they cannot make sense of.
_UNREADABLE = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    EOFError,
    IndexError,
    KeyError,
    OverflowError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


@dataclass(frozen=True, kw_only=True)
class DecodeSettings:
    """The form that all pictures are brought to: a square side in pixels, channels, how the side is met."""

    image_size: int
    channels: int
    fit_mode: FitMode

    @classmethod
    def of(cls, spec: DataSpec) -> "DecodeSettings":
        """The settings that a spec asks for."""
        return cls(image_size=spec.image_size, channels=spec.channels, fit_mode=spec.fit_mode)

    @property
    def shape(self) -> tuple[int, int, int]:
        """The shape of a decoded picture: channels, height, width."""
        return self.channels, self.image_size, self.image_size


@contextmanager
def strict_pillow() -> Iterator[None]:
    """A picture too large to trust is an error, damaged notes inside a picture are not worth a warning.

    Warning filters belong to the process, not to a thread: enter this once, outside the pool that decodes.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="PIL")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def decode(data: bytes, settings: DecodeSettings, *, name: str) -> Array:
    """A picture's bytes as uint8 [channels, height, width].

    EXIF orientation is honoured; 16 bits a pixel are scaled to 8; the size is met with antialiased bilinear
    filtering, and not at all where it fits already. Raises DataError that names the picture.
    """
    image = load(data, name=name)
    try:
        image = _to_channels(ImageOps.exif_transpose(image), settings.channels)
        image = _to_size(image, settings)
    except _UNREADABLE as error:
        raise _not_a_picture(name, error) from error
    array = np.asarray(image, dtype=np.uint8)
    return array[np.newaxis] if array.ndim == 2 else np.ascontiguousarray(array.transpose(2, 0, 1))


def load(data: bytes, *, name: str) -> Image.Image:
    """The picture as it was saved, wholly read. Raises DataError that names the picture."""
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
        image.load()
        return image
    except _UNREADABLE as error:
        raise _not_a_picture(name, error) from error


def _not_a_picture(name: str, error: BaseException) -> DataError:
    unidentified = isinstance(error, UnidentifiedImageError)
    reason = "its bytes are of no known format" if unidentified else str(error) or type(error).__name__
    return DataError(
        f"{name} cannot be read as a picture: {reason}",
        allowed="PNG, JPEG, BMP, WebP, PGM, PPM, GIF, TIFF",
        hint="replace it, or leave it out with --skip-bad",
    )


def _to_channels(image: Image.Image, channels: int) -> Image.Image:
    mode = "L" if channels == 1 else "RGB"
    if image.mode == "F" or image.mode.startswith("I"):
        image = _from_many_bits(image)
    elif image.has_transparency_data:
        black = Image.new("RGBA", image.size, (0, 0, 0, 255))
        image = Image.alpha_composite(black, image.convert("RGBA"))
    return image if image.mode == mode else image.convert(mode)


def _from_many_bits(image: Image.Image) -> Image.Image:
    """16 bits a pixel as 8, rounded: Pillow's own conversion would clip them."""
    values = np.asarray(image)
    if image.mode == "F" or values.min() < 0 or values.max() > _FULL_SCALE:
        raise ValueError("its pixels are wider than 16 bits")
    wide = values.astype(np.uint32)
    return Image.fromarray(((wide * 255 + _FULL_SCALE // 2) // _FULL_SCALE).astype(np.uint8))


def _to_size(image: Image.Image, settings: DecodeSettings) -> Image.Image:
    size = (settings.image_size, settings.image_size)
    if image.size == size:
        return image
    method = Image.Resampling.BILINEAR
    if settings.fit_mode == "pad":
        return ImageOps.pad(image, size, method, color="black")
    if settings.fit_mode == "crop":
        return ImageOps.fit(image, size, method)
    return image.resize(size, method)
