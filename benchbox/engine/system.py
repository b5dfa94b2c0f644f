"""What Linux says of itself in /proc and /sys, below a root that tests may replace.

Nothing is changed there, and nothing is judged here. Where a file is missing (another system, a container) the
answer is None or empty.
"""

from pathlib import Path

from benchbox.records.groups import ROOT, group_folders, read

__all__ = ["ROOT", "count_runnable", "cpu_quota", "governors", "has_turbo", "is_virtual", "stolen_share"]

# Columns of a `cpu` line of /proc/stat, proc_stat(5). Guests' time is part of user's.
STOLEN, COLUMNS = 7, 8


def count_runnable(root: Path = ROOT) -> int | None:
    """Threads that run or wait for a core now, this one included: `1/91` in proc_loadavg(5)."""
    words = (read(root / "proc/loadavg") or "").split()
    return int(words[3].partition("/")[0]) if len(words) > 3 else None


def governors(root: Path = ROOT) -> tuple[str, ...]:
    """The policies by which the cores choose their clocks, each once."""
    paths = sorted((root / "sys/devices/system/cpu").glob("cpu[0-9]*/cpufreq/scaling_governor"))
    return tuple(dict.fromkeys(said for said in map(read, paths) if said))


def has_turbo(root: Path = ROOT) -> bool | None:
    """Whether clocks may rise above the nominal one for as long as heat allows."""
    cpu = root / "sys/devices/system/cpu"
    if (forbidden := read(cpu / "intel_pstate/no_turbo")) is not None:
        return forbidden == "0"
    allowed = read(cpu / "cpufreq/boost")
    return None if allowed is None else allowed == "1"


def is_virtual(root: Path = ROOT) -> bool:
    """Whether a hypervisor says that it is there."""
    lines = (read(root / "proc/cpuinfo") or "").splitlines()
    return any("hypervisor" in line.split() for line in lines if line.startswith("flags"))


def stolen_share(root: Path = ROOT) -> float | None:
    """The share of the cores' time that the host gave to others since this machine was started."""
    words = (read(root / "proc/stat") or "").split("\n")[0].split()
    if len(words) <= COLUMNS:
        return None
    ticks = [int(word) for word in words[1 : COLUMNS + 1]]
    return ticks[STOLEN] / sum(ticks) if sum(ticks) else None


def cpu_quota(root: Path = ROOT) -> float | None:
    """How many cores' worth of time a control group allows this process; None for no limit.

    The tightest limit of the group and those above it, in version 1 and 2 of cgroups(7).
    """
    limits = [limit for folder in group_folders("cpu", root) if (limit := _limit(folder)) is not None]
    return min(limits, default=None)


def _limit(folder: Path) -> float | None:
    both = read(folder / "cpu.max")
    if both is None:
        both = f"{read(folder / 'cpu.cfs_quota_us') or ''} {read(folder / 'cpu.cfs_period_us') or ''}"
    words = both.split()
    # No limit is `max` in version 2 and −1 in version 1.
    if len(words) != 2 or not words[0].isdecimal():
        return None
    return int(words[0]) / int(words[1])
