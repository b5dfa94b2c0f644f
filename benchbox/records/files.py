"""Writing files whole or not at all, and names for them."""

import errno
import glob
import os
import re
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import msgspec

# File systems allow 255 bytes; a number and endings are added.
MOST_LETTERS = 100
_HEAD = 20
# Bytes of chance in the name of a file that is being written.
_TOKEN = 6
# Folders that may be written to and not read, and file systems that synchronise no folders: fsync(2).
NO_SYNC = (errno.EACCES, errno.EINVAL, errno.ENOTSUP)

Sync = Callable[[int], object]


def fill_whole(path: Path, fill: Callable[[IO[bytes]], object]) -> None:
    """Let `fill` write a file beside the path, then rename it: a reader sees the old file or the new one.

    Folders above it are made. What was begun is removed where it fails. Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = beside(path)
    try:
        with temporary.open("xb") as file:
            fill(file)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes, *, sync: Sync = os.fsync) -> None:
    """Bytes, whole or not at all, and on the disk: a power cut cannot take them away."""

    def fill(file: IO[bytes]) -> None:
        file.write(content)
        file.flush()
        sync(file.fileno())

    fill_whole(path, fill)
    sync_folder(path.parent, sync=sync)


def append_line(path: Path, line: bytes, *, sync: Sync = os.fsync) -> None:
    """Add a line, given without its end, and force it to the disk, and a new file's name with it.

    Raises OSError where that fails; the file is then as it was.
    """
    size = path.stat().st_size if path.exists() else 0
    try:
        with path.open("ab") as file:
            file.write(line + b"\n")
            file.flush()
            sync(file.fileno())
        if not size:
            sync_folder(path.parent, sync=sync)
    except OSError:
        # The part of a line that found room would damage the file.
        with suppress(OSError):
            os.truncate(path, size)
        raise


def write_json(path: Path, value: msgspec.Struct, *, sync: Sync = os.fsync) -> None:
    """A struct as indented JSON; as `write_whole`."""
    write_whole(path, msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n", sync=sync)


def sync_folder(folder: Path, *, sync: Sync = os.fsync) -> None:
    """Force the names in a folder to the disk: a file that is there may otherwise have none after a power cut.

    Nothing where the system cannot, as Windows and some network disks. Raises OSError where the disk fails.
    """
    if os.name != "posix":
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            sync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in NO_SYNC:
            raise


def beside(path: Path) -> Path:
    """A hidden, unused name beside `path`, to be renamed to it when all is written.

    The `tempfile` module would make files that nobody else can read, whatever the user's umask says.
    """
    return path.with_name(f".{path.name}-{secrets.token_hex(_TOKEN)}")


def remove_remains(path: Path) -> None:
    """Remove what writers that were killed left beside `path`. Raises OSError."""
    for remains in path.parent.glob(f".{glob.escape(path.name)}-{'[0-9a-f]' * 2 * _TOKEN}"):
        remains.unlink(missing_ok=True)


def file_names(labels: Sequence[str]) -> list[str]:
    """A different file name, without ending, for each label: letters, digits, dot, dash, underscore.

    Names differ on file systems that know no case, too. Of a long label the head and the tail are kept.
    """
    taken: set[str] = set()
    chosen = []
    for label in labels:
        plain = _shortened(re.sub(r"[^\w.-]+", "-", label, flags=re.ASCII).strip("-.") or "run")
        tries = (plain, *(f"{plain}-{number}" for number in range(2, len(labels) + 2)))
        chosen.append(next(name for name in tries if name.lower() not in taken))
        taken.add(chosen[-1].lower())
    return chosen


def _shortened(name: str) -> str:
    return name if len(name) <= MOST_LETTERS else f"{name[:_HEAD]}-{name[_HEAD + 1 - MOST_LETTERS :]}"
