"""How much memory is free for this process on a CPU: the machine's, or less where a control group limits it."""

from collections.abc import Iterator
from pathlib import Path

import psutil

from benchbox.engine import system


def free_bytes(root: Path = system.ROOT) -> int:
    """Bytes that this process may still take before the kernel ends somebody.

    The machine's own available memory, and what is left of the tightest limit of the process's control groups
    (cgroups(7), version 1 and 2). Pages of files that were not used lately can be had back and count as free.
    """
    return min((psutil.virtual_memory().available, *_left_in_groups(root)))


def _left_in_groups(root: Path) -> Iterator[int]:
    for folder in _groups(root):
        limit = _number(folder, "memory.max", "memory.limit_in_bytes")
        used = _number(folder, "memory.current", "memory.usage_in_bytes")
        if limit is not None and used is not None:
            yield max(0, limit - used + _reclaimable(folder))


def _groups(root: Path) -> Iterator[Path]:
    """The folders of this process's groups and of those above them, up to the mount itself."""
    mount = root / "sys/fs/cgroup"
    for line in (system.read(root / "proc/self/cgroup") or "0::/").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        group = mount / controllers / path.lstrip("/")
        yield from (folder for folder in (group, *group.parents) if folder.is_relative_to(mount / controllers))


def _number(folder: Path, *names: str) -> int | None:
    """The number in the first of these files that is there; None where there is none, or no limit (`max`)."""
    said = next((text for name in names if (text := system.read(folder / name)) is not None), "")
    return int(said) if said.isdecimal() else None


def _reclaimable(folder: Path) -> int:
    lines = (system.read(folder / "memory.stat") or "").splitlines()
    values = dict(line.split(maxsplit=1) for line in lines if " " in line)
    return int(values.get("inactive_file", "0"))
