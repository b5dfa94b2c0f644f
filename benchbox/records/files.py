"""Writing files whole or not at all."""

from pathlib import Path

import msgspec


def write_whole(path: Path, content: bytes) -> None:
    """Write beside the path, then rename: a reader sees the old file or the new one, never a half."""
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    part.replace(path)


def write_json(path: Path, value: msgspec.Struct) -> None:
    """A struct as indented JSON, whole or not at all."""
    write_whole(path, msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n")
