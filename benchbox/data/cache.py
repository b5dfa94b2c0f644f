"""Decoded pictures on the disk, whole or absent. A cache that fails costs time and a note, never a run.

An entry is an uncompressed npz without pickled objects; its checksums tell a damaged entry from a good one.
"""

import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from benchbox.records.events import Noted, Observer
from benchbox.records.files import fill_whole

FOLDER = ".cache"


@dataclass(frozen=True, kw_only=True)
class Decoded:
    """What decoding a source gave. Rows follow `kept`, the positions of the items that are pictures.

    `pixels`: uint8 [kept, channels, height, width], None where they are too many to be held.
    `twins`: for every row the first row with the same content. `faults`: why an item was not kept, by its
    position.
    """

    pixels: npt.NDArray[np.uint8] | None
    kept: npt.NDArray[np.int64]
    twins: npt.NDArray[np.int64]
    faults: dict[int, str]


def read_entry(path: Path, observer: Observer) -> Decoded | None:
    """The entry at `path`, None where there is none or it is damaged (which is noted)."""
    if not path.exists():
        return None
    try:
        # Opened here, since numpy leaves the file open where it turns out to be no archive.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as entry:
            where, why = entry["fault_positions"].tolist(), entry["fault_reasons"].tolist()
            return Decoded(
                pixels=entry.get("pixels"),
                kept=entry["kept"],
                twins=entry["twins"],
                faults=dict(zip(where, why, strict=True)),
            )
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        observer(Noted(text=f"the cached pictures {path} are damaged ({error}); decoding again"))
        return None


def write_entry(path: Path, decoded: Decoded, observer: Observer) -> None:
    """Keep `decoded` at `path`; a folder that cannot be written to is noted and not an error."""
    arrays: dict[str, npt.NDArray[np.generic]] = {
        "kept": decoded.kept,
        "twins": decoded.twins,
        "fault_positions": np.array(list(decoded.faults), dtype=np.int64),
        "fault_reasons": np.array(list(decoded.faults.values()), dtype=np.str_),
    }
    if decoded.pixels is not None:
        arrays["pixels"] = decoded.pixels
    _write(path, lambda file: np.savez(file, **arrays), observer)  # type: ignore[arg-type]


def write_notes(path: Path, content: bytes, observer: Observer) -> None:
    """Keep bytes at `path`, with the same promises as `write_entry`."""
    _write(path, lambda file: file.write(content), observer)


def _write(path: Path, fill: Callable[[IO[bytes]], object], observer: Observer) -> None:
    try:
        fill_whole(path, fill)
    except OSError as error:
        observer(Noted(text=f"cannot keep decoded pictures in {path.parent} ({error.strerror}); going on without"))
