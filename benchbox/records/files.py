"""Writing files whole or not at all."""

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import IO

import msgspec


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


def write_whole(path: Path, content: bytes) -> None:
    """Bytes, whole or not at all."""
    fill_whole(path, lambda file: file.write(content))


def write_json(path: Path, value: msgspec.Struct) -> None:
    """A struct as indented JSON, whole or not at all."""
    write_whole(path, msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n")


def beside(path: Path) -> Path:
    """A hidden, unused name beside `path`, to be renamed to it when all is written.

    The `tempfile` module would make files that nobody else can read, whatever the user's umask says.
    """
    return path.with_name(f".{path.name}-{secrets.token_hex(6)}")
