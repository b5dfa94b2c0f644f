"""Single pictures without labels, as a person names them: files, folders and zips. Decoded as for training."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchbox.data.decoding import Array, DecodeSettings, decode, strict_pillow
from benchbox.data.labels import natural_key
from benchbox.data.listing import LARGEST_FILE, SUFFIXES, Reader, is_zip, list_place
from benchbox.data.workers import in_threads
from benchbox.errors import DataError


@dataclass(frozen=True, kw_only=True)
class Loose:
    """One picture file: its `name` for people, and where a reader of `place` finds it."""

    name: str
    place: Path
    location: str


def find_loose(paths: Sequence[str]) -> list[Loose]:
    """The pictures that are meant, in the order asked, those of a folder or a zip in natural order.

    A file that is named itself counts whatever its name ends in. Raises DataError for a path that is not there,
    for a folder or a zip without pictures, and for a zip that is broken or unsafe.
    """
    places = [Path(path).expanduser() for path in paths]
    missing = [str(place) for place in places if not place.exists()]
    if missing:
        more = f" (and {len(missing) - 1:,} more)" if len(missing) > 1 else ""
        raise DataError(
            f"there is no file or folder {missing[0]!r}{more}", allowed="pictures, folders or zips of them"
        )
    return [item for place in places for item in _below(place)]


def _below(place: Path) -> list[Loose]:
    if not place.is_dir() and not is_zip(place):
        return [Loose(name=str(place), place=place.parent, location=place.name)]
    found = sorted((file.location for file in list_place(place).pictures), key=natural_key)
    if not found:
        raise DataError(f"no pictures in {place}", allowed=f"files ending in {', '.join(SUFFIXES)}")
    return [Loose(name=f"{place}/{location}", place=place, location=location) for location in found]


def decode_loose(items: Sequence[Loose], settings: DecodeSettings) -> list[Array | str]:
    """Each picture as uint8 [channels, height, width], or the reason why it cannot be read; in parallel."""
    with strict_pillow(), ExitStack() as opened:
        readers = {place: opened.enter_context(Reader(place)) for place in dict.fromkeys(i.place for i in items)}
        with in_threads(lambda some: [_decode(item, readers, settings) for item in some], items) as results:
            return [result for block in results for result in block]


def _decode(item: Loose, readers: Mapping[Path, Reader], settings: DecodeSettings) -> Array | str:
    try:
        _refuse_huge(item)
        return decode(readers[item.place](item.location), settings, name=item.name)
    except DataError as fault:
        return fault.what


def _refuse_huge(item: Loose) -> None:
    """Raise DataError for a file too large to be a picture; a listing has refused those of folders and zips."""
    path = item.place / item.location
    if path.is_file() and (size := path.stat().st_size) > LARGEST_FILE:
        raise DataError(f"{item.name} has {size:,} bytes, and a picture at most {LARGEST_FILE:,}")
