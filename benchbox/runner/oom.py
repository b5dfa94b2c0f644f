"""The kernel's count of processes that it killed because memory ran out.

Only a rise of the count beside a death by SIGKILL tells that the kernel did it, and not somebody's `kill -9`.
"""

from collections.abc import Sequence
from pathlib import Path

# The whole machine, then this control group in version 2 as a container sees it, then in version 1.
COUNTERS = (
    Path("/proc/vmstat"),
    Path("/sys/fs/cgroup/memory.events"),
    Path("/sys/fs/cgroup/memory/memory.oom_control"),
)
OWN_GROUPS = Path("/proc/self/cgroup")
_MOUNT = Path("/sys/fs/cgroup")


def count_oom_kills(counters: Sequence[Path] | None = None) -> int:
    """The sum of all counters that can be read; 0 where the system has none. It never falls while they stand."""
    files = (*COUNTERS, *own_counters()) if counters is None else counters
    return sum(map(_count, dict.fromkeys(files)))


def own_counters(groups: Path = OWN_GROUPS, mount: Path = _MOUNT) -> list[Path]:
    """The counters of the control groups that this process is in, as /proc/self/cgroup names them."""
    found = []
    for line in _text(groups).splitlines():
        number, controllers, path = line.split(":", 2)
        inside = path.lstrip("/")
        if number == "0":
            found.append(mount / inside / "memory.events")
        elif "memory" in controllers.split(","):
            found.append(mount / "memory" / inside / "memory.oom_control")
    return found


def _count(counter: Path) -> int:
    """The number behind `oom_kill`; all three files have a name and a number in a line."""
    words = (line.split() for line in _text(counter).splitlines())
    return next((int(pair[1]) for pair in words if len(pair) == 2 and pair[0] == "oom_kill"), 0)


def _text(path: Path) -> str:
    """A file of the kernel's, empty where this system has it not or does not show it."""
    try:
        return path.read_text()
    except OSError:
        return ""
