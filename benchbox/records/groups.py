"""The control groups that this process is in, and the memory that they leave it: cgroups(7), version 1 and 2.

Everything lies below a root that tests may replace. Nothing is changed, and nothing is judged. Where a file is
missing (another system, a container) there is no limit.
"""

from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/")


def read(path: Path) -> str | None:
    """A small file's text without the blanks around it, None where it cannot be read."""
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError):
        return None


def group_folders(controller: str, root: Path = ROOT) -> Iterator[Path]:
    """The folders of the groups that may limit what `controller` counts, such as `cpu` or `memory`.

    Up to the mount itself: a container often shows its group there, under a path that exists only outside.
    """
    mount = root / "sys/fs/cgroup"
    for line in (read(root / "proc/self/cgroup") or "0::/").splitlines():
        _, controllers, path = line.split(":", 2)
        # Version 2 names no controllers: all are in its one tree.
        if controllers and controller not in controllers.split(","):
            continue
        top = mount / controllers
        group = top / path.lstrip("/")
        yield from (folder for folder in (group, *group.parents) if folder.is_relative_to(top))


def free_bytes(root: Path = ROOT) -> int:
    """Bytes that this process may still take before the kernel ends somebody.

    The machine's own available memory, and what is left of the tightest limit of the process's groups. Pages of
    files that were not used lately can be had back and count as free.
    """
    import psutil  # `benchbox --help` need not wait for it

    return min((psutil.virtual_memory().available, *_left_in_groups(root)))


def _left_in_groups(root: Path) -> Iterator[int]:
    for folder in group_folders("memory", root):
        limit = _number(folder, "memory.max", "memory.limit_in_bytes")
        used = _number(folder, "memory.current", "memory.usage_in_bytes")
        if limit is not None and used is not None:
            yield max(0, limit - used + _reclaimable(folder))


def _number(folder: Path, *names: str) -> int | None:
    """The number in the first of these files that is there; None where there is none, or no limit (`max`)."""
    said = next((text for name in names if (text := read(folder / name)) is not None), "")
    return int(said) if said.isdecimal() else None


def _reclaimable(folder: Path) -> int:
    lines = (read(folder / "memory.stat") or "").splitlines()
    values = dict(line.split(maxsplit=1) for line in lines if " " in line)
    return int(values.get("inactive_file", "0"))
