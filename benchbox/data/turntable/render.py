"""Renders the turntable's pictures into a folder, whole or not at all, under COIL-20's names.

The files hold plain, uncompressed PNG that is written here: what a compressor makes of the same pixels differs
between releases of zlib, and the content hash of the data set shall be the same on every machine.
"""

import re
import shutil
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor

from benchbox.data.sources import TURNTABLE
from benchbox.data.turntable.objects import OBJECTS, Solid
from benchbox.data.turntable.tracing import SIDE, render
from benchbox.errors import DataError
from benchbox.records.events import Observer, PhaseBegan, Progress, ignore
from benchbox.records.files import beside

VIEWS, STEP = 72, 5  # degrees

# Raise it whenever a pixel changes: pictures of another version are rendered again.
VERSION = "1"
_MARK = ".version"
_VIEWS_AT_ONCE = 6  # enough rays to outweigh the cost of a call, few enough to stay in a core's cache

Draw = Callable[[Solid, Sequence[float]], Tensor]


def ensure_turntable(root: Path, *, observer: Observer = ignore, draw: Draw = render) -> Path:
    """The folder `root`/turntable with all 1,440 pictures, rendered now by `draw` if it is not there.

    An interrupted rendering leaves nothing behind. Raises DataError where `root` cannot be written to.
    """
    folder = root / TURNTABLE
    if not is_rendered(folder):
        _refuse_foreign(folder)
        try:
            _render_into(folder, observer, draw)
        except OSError as error:
            raise DataError(
                f"cannot write the turntable pictures to {folder}: {error.strerror}",
                hint="make the folder writable, or give pictures of your own with --data FOLDER",
            ) from error
    return folder


def is_rendered(folder: Path) -> bool:
    """Whether a folder holds all pictures of this version."""
    mark = folder / _MARK
    is_current = mark.is_file() and mark.read_text(encoding="utf-8") == VERSION
    return is_current and len(list(folder.glob("obj*__*.png"))) == len(OBJECTS) * VIEWS


def encode_png(grey: bytes, *, side: int) -> bytes:
    """A square of 8-bit grey pixels as a PNG without compression (W3C PNG specification; RFC 1950, RFC 1951).

    One stored block holds at most 65,535 bytes, which bounds `side` to 255.
    """
    rows = b"".join(b"\0" + grey[start : start + side] for start in range(0, side * side, side))
    block = struct.pack("<BHH", 1, len(rows), len(rows) ^ 0xFFFF) + rows
    data = b"\x78\x01" + block + struct.pack(">I", zlib.adler32(rows))
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _refuse_foreign(folder: Path) -> None:
    """Raises DataError where the folder holds anything that was not rendered here: it would be replaced."""
    strange = [path.name for path in folder.iterdir() if not _is_own(path)] if folder.exists() else []
    if strange:
        raise DataError(
            f"{folder} holds {strange[0]}, which is not of the turntable",
            allowed="a folder that benchbox alone writes to",
            hint="move it away; pictures of your own go anywhere else and are named with --data",
        )


def _is_own(path: Path) -> bool:
    return path.name == _MARK or re.fullmatch(r"obj\d+__\d+\.png", path.name) is not None


def _remove_own(folder: Path) -> None:
    for path in folder.iterdir():
        if _is_own(path):
            path.unlink()
    folder.rmdir()


def _render_into(folder: Path, observer: Observer, draw: Draw) -> None:
    temporary = beside(folder)
    temporary.mkdir(parents=True)
    try:
        _render_all(temporary, observer, draw)
        (temporary / _MARK).write_text(VERSION, encoding="utf-8")
        if is_rendered(folder):  # by another process, meanwhile
            return
        if folder.exists():
            _remove_own(folder)
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _render_all(folder: Path, observer: Observer, draw: Draw) -> None:
    observer(PhaseBegan(name="rendering"))
    jobs = [(row, first) for row in range(len(OBJECTS)) for first in range(0, VIEWS, _VIEWS_AT_ONCE)]
    with _one_thread_a_call():
        for done, (row, first) in enumerate(jobs, start=1):
            _render_some(folder, row, range(first, first + _VIEWS_AT_ONCE), draw)
            observer(Progress(done=done * _VIEWS_AT_ONCE, total=len(OBJECTS) * VIEWS))


def _render_some(folder: Path, row: int, views: range, draw: Draw) -> None:
    pixels = draw(OBJECTS[row], [view * STEP for view in views])
    for view, picture in zip(views, pixels, strict=True):
        content = encode_png(picture.numpy().tobytes(), side=SIDE)
        (folder / f"obj{row + 1}__{view}.png").write_bytes(content)


@contextmanager
def _one_thread_a_call() -> Iterator[None]:
    """Threads inside operations this short mostly wait for each other: one was measured to be the fastest."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
