"""Content hashes of pictures, and the notes by which files that did not change are not read again.

The hash of a data set is over labels, file names and bytes: the same for a folder and for its zip, whatever
the order of the listing. Where folders give the sides of a split these belong to it as well: what is held out
there cannot be told from names and a seed, so the same pictures in train/ and test/ are another data set.
"""

import hashlib
import time
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import msgspec

from benchbox.data.cache import write_notes
from benchbox.data.listing import Reader
from benchbox.data.sources import Item, Source
from benchbox.data.workers import in_threads
from benchbox.records.events import Observer, PhaseBegan, Progress, ignore

_SETTLED_NS = 2_000_000_000


class _Notes(msgspec.Struct, frozen=True):
    """What was hashed last time. `stamps` tells whether the files are still the same ones."""

    stamps: str
    hashes: tuple[str, ...]


def digest_of(items: Sequence[Item], hashes: Sequence[str]) -> str:
    """The content hash of labelled pictures (hexadecimal sha256); items in natural order."""
    whole = hashlib.sha256()
    for item, content in zip(items, hashes, strict=True):
        side = f"{item.side}\0" if item.side else ""
        whole.update(f"{side}{item.label}\0{PurePosixPath(item.name).name}\0{content}\n".encode())
    return whole.hexdigest()


def hash_items(source: Source, *, folder: Path, observer: Observer = ignore) -> tuple[str, ...]:
    """The sha256 of every item's bytes, in the items' order.

    Files whose sizes and stamps equal those noted in `folder` are not read. Raises DataError for a file that
    cannot be read.
    """
    path = folder / f"hashes-{hashlib.sha256(str(source.path.resolve()).encode()).hexdigest()[:16]}.json"
    stamps = _stamps(source)
    noted = _read_notes(path)
    if noted is not None and noted.stamps == stamps:
        return noted.hashes
    hashes = _hash_all(source, observer)
    if _is_settled(source):
        write_notes(path, msgspec.json.encode(_Notes(stamps, hashes)), observer)
    return hashes


def _stamps(source: Source) -> str:
    lines = "".join(f"{item.location}\0{item.size}\0{item.stamp}\n" for item in source.items)
    return hashlib.sha256(lines.encode()).hexdigest()


def _read_notes(path: Path) -> _Notes | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Notes)
    except (OSError, msgspec.MsgspecError):
        return None  # absent or damaged notes cost one reading of the files, nothing else


def _is_settled(source: Source) -> bool:
    """Whether no file was changed so recently that it could change again under the same time stamp."""
    in_folder = source.path.is_dir()
    return not in_folder or max(item.stamp for item in source.items) < time.time_ns() - _SETTLED_NS


def _hash_all(source: Source, observer: Observer) -> tuple[str, ...]:
    observer(PhaseBegan(name="hashing"))
    hashes: list[str] = []
    with (
        Reader(source.path) as read,
        in_threads(lambda block: _hash_block(read, block), source.items) as results,
    ):
        for some in results:
            hashes.extend(some)
            observer(Progress(done=len(hashes), total=len(source.items)))
    return tuple(hashes)


def _hash_block(read: Reader, items: Sequence[Item]) -> list[str]:
    return [hashlib.sha256(read(item.location)).hexdigest() for item in items]
