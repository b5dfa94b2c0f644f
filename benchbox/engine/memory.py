"""Peak memory of a run: the allocator's own count on CUDA, the process's resident set elsewhere."""

import resource
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil
import torch

# Writing 5 resets a process's high-water mark (Linux, proc(5)).
_CLEAR = Path("/proc/self/clear_refs")
_STATUS = Path("/proc/self/status")


@dataclass(frozen=True, kw_only=True)
class MemoryFloor:
    """What a process held before it built anything, in bytes."""

    device: torch.device
    held: int


def mark_floor(device: torch.device) -> MemoryFloor:
    """Start counting: what is held now is not the network's."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        return MemoryFloor(device=device, held=torch.cuda.memory_allocated(device))
    if _CLEAR.exists():
        _CLEAR.write_text("5")
    return MemoryFloor(device=device, held=psutil.Process().memory_info().rss)


def peak_above(floor: MemoryFloor) -> int:
    """The most bytes held at once since the floor was marked, above the floor."""
    if floor.device.type == "cuda":
        return torch.cuda.max_memory_allocated(floor.device) - floor.held
    return max(0, _peak_resident() - floor.held)


def _peak_resident() -> int:
    """The process's high-water mark in bytes."""
    if _STATUS.exists():
        line = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
