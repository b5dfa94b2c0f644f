"""The kernel's count of processes that it killed because memory ran out.

Only a rise of the count beside a death by SIGKILL tells that the kernel did it, and not somebody's `kill -9`.
"""

from collections.abc import Sequence
from pathlib import Path

from benchbox.records.groups import ROOT, group_folders, read

# Of a control group in version 2, then in version 1.
COUNTERS = ("memory.events", "memory.oom_control")


def count_oom_kills(counters: Sequence[Path] | None = None) -> int:
    """The sum of all counters that can be read; 0 where the system has none. It never falls while they stand."""
    return sum(map(_count, own_counters() if counters is None else counters))


def own_counters(root: Path = ROOT) -> list[Path]:
    """The counters of the whole machine and of the control groups that this process is in, each once."""
    groups = [folder / name for folder in group_folders("memory", root) for name in COUNTERS]
    return list(dict.fromkeys((root / "proc/vmstat", *groups)))


def _count(counter: Path) -> int:
    """The number behind `oom_kill`; all three files have a name and a number in a line."""
    words = (line.split() for line in (read(counter) or "").splitlines())
    return next((int(pair[1]) for pair in words if len(pair) == 2 and pair[0] == "oom_kill"), 0)
