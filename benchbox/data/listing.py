"""Which picture files lie in a folder or a zip, and their bytes. Knows no labels and decodes nothing.

An archive is never unpacked: its members are read one at a time, so that no member can leave a folder.
"""

import os
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Self

from benchbox.errors import DataError

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".pgm", ".ppm", ".pnm", ".gif", ".tif", ".tiff")
LARGEST_FILE = 2**28  # bytes; what a member claims is allocated before it is decoded, once a thread
_CLUTTER = ("__macosx", "thumbs.db", "desktop.ini")


@dataclass(frozen=True, kw_only=True)
class Found:
    """One file. `stamp` changes with its bytes: the time of change in a folder, the CRC in a zip."""

    location: str
    size: int
    stamp: int


@dataclass(frozen=True, kw_only=True)
class Listing:
    """The pictures in a place, and the `others` that were left out because of their names' endings."""

    pictures: tuple[Found, ...]
    others: tuple[str, ...]


def is_zip(path: Path) -> bool:
    """Whether a path is a file that is read as an archive."""
    return path.is_file() and path.suffix.lower() == ".zip"


def list_place(path: Path) -> Listing:
    """The files of a folder or a zip. Raises DataError for a zip that is broken or unsafe."""
    found = list(_zip_members(path) if path.is_file() else _folder_files(path))
    visible = [file for file in found if not _is_clutter(file.location)]
    pictures = tuple(file for file in visible if file.location.lower().endswith(SUFFIXES))
    others = tuple(file.location for file in visible if not file.location.lower().endswith(SUFFIXES))
    for file in pictures:
        _refuse_huge(path, file)
    return Listing(pictures=pictures, others=others)


class Reader:
    """From a file's location to its bytes, for a folder or a zip. Threads may share one that was entered.

    An archive is opened on entry, or when it is first needed: a reader that was not opened yet can be handed
    to another process. Calling it raises DataError, naming the file, where that cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._is_archive = path, path.is_file()
        self._archive: zipfile.ZipFile | None = None

    def __call__(self, location: str) -> bytes:
        """The bytes of the file at `location`."""
        return _read_member(self._opened(), location) if self._is_archive else _read_file(self._path, location)

    def __enter__(self) -> Self:
        if self._is_archive:
            self._opened()
        return self

    def __exit__(self, *_: object) -> None:
        if self._archive is not None:
            self._archive.close()
            self._archive = None

    def _opened(self) -> zipfile.ZipFile:
        if self._archive is None:
            self._archive = _open_zip(self._path)
        return self._archive


def _is_clutter(location: str) -> bool:
    parts = PurePosixPath(location).parts
    return any(part.startswith(".") or part.lower() in _CLUTTER for part in parts)


def _refuse_huge(path: Path, file: Found) -> None:
    if file.size > LARGEST_FILE:
        raise DataError(
            f"{path.name}: {file.location} has {file.size:,} bytes",
            allowed=f"pictures of at most {LARGEST_FILE:,} bytes",
            hint="take it out, or save it smaller",
        )


def _folder_files(folder: Path) -> Iterator[Found]:
    seen: set[tuple[int, int]] = set()
    for where, folders, names in os.walk(folder, followlinks=True, onerror=_refuse_unreadable):
        here = Path(where).stat()
        if (here.st_dev, here.st_ino) in seen:  # a link back to a folder above it
            folders.clear()
            continue
        seen.add((here.st_dev, here.st_ino))
        prefix = os.path.relpath(where, folder)
        for name in names:
            yield _found_file(where, "" if prefix == "." else Path(prefix).as_posix() + "/", name)


def _refuse_unreadable(error: OSError) -> None:
    raise DataError(f"cannot read {error.filename}: {error.strerror}", hint="check its permissions")


def _found_file(where: str, prefix: str, name: str) -> Found:
    try:
        (prefix + name).encode()
    except UnicodeEncodeError as error:
        shown = (prefix + name).encode(errors="replace").decode()
        raise DataError(f"the file name {shown} is not UTF-8", hint="rename it") from error
    try:
        status = os.stat(f"{where}/{name}")  # noqa: PTH116 - a Path for each file takes longer than its stat
    except OSError as error:
        raise DataError(f"cannot read {prefix}{name}: {error.strerror}", hint="remove the link") from error
    return Found(location=prefix + name, size=status.st_size, stamp=status.st_mtime_ns)


def _read_file(folder: Path, location: str) -> bytes:
    try:
        return (folder / location).read_bytes()
    except OSError as error:
        raise DataError(f"cannot read {location}: {error.strerror}", hint="check its permissions") from error


def _open_zip(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError) as error:
        raise DataError(f"{path} is not a zip that can be read: {error}", hint="copy it again") from error


def _zip_members(path: Path) -> Iterator[Found]:
    with _open_zip(path) as archive:
        for member in archive.infolist():
            _refuse_unsafe(path, member)
            if not member.is_dir():
                yield Found(location=member.filename, size=member.file_size, stamp=member.CRC)


def _refuse_unsafe(path: Path, member: zipfile.ZipInfo) -> None:
    # Windows' rules know both slashes and drive letters, so they are the stricter ones everywhere.
    parts = PureWindowsPath(member.filename)
    if parts.anchor or ".." in parts.parts:
        raise DataError(
            f"{path.name}: member {member.filename!r} leaves the folder",
            allowed="members below the archive's own folder",
            hint="do not trust this archive; pack the pictures again",
        )
    if member.flag_bits & 1:
        raise DataError(f"{path.name}: member {member.filename!r} is encrypted", hint="unpack it first")


def _read_member(archive: zipfile.ZipFile, location: str) -> bytes:
    try:
        return archive.read(location)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
        raise DataError(f"cannot read {location} in the archive: {error}", hint="copy it again") from error
