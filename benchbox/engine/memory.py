"""Peak memory of a run: the allocator's own count on CUDA, the process's resident set elsewhere."""

import contextlib
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil
import torch

# Writing 5 resets a process's high-water mark (Linux, proc(5)).
_CLEAR = Path("/proc/self/clear_refs")
_STATUS = Path("/proc/self/status")
# What allocators say that have no exception of their own: the CPU's (on Linux and on Windows), CUDA outside of its
# caching allocator, its libraries, Apple's, and C++.
_RAN_OUT = (
    "DefaultCPUAllocator: can't allocate memory",
    "DefaultCPUAllocator: not enough memory",
    "CUDA error: out of memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
    "MPS backend out of memory",
    "std::bad_alloc",
)


@dataclass(frozen=True, kw_only=True)
class MemoryFloor:
    """What a process held before it built anything, in bytes."""

    device: torch.device
    held: int


def mark_floor(device: torch.device) -> MemoryFloor:
    """Start counting: what is held now is not the network's."""
    if device.type == "cuda":
        torch.cuda.init()  # type: ignore[no-untyped-call] # the counters do not start CUDA themselves
        held = torch.cuda.memory_allocated(device)
    else:
        held = psutil.Process().memory_info().rss
    floor = MemoryFloor(device=device, held=held)
    forget_peak(floor)
    return floor


def forget_peak(floor: MemoryFloor) -> None:
    """Leave out of the peak what was held for a moment until now, such as the trial of a foreign network."""
    if floor.device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(floor.device)
    elif _CLEAR.exists():
        # A container may forbid it: the peak then counts from the start of the process.
        with contextlib.suppress(OSError):
            _CLEAR.write_text("5")


def peak_above(floor: MemoryFloor) -> int:
    """The most bytes held at once since the floor was marked, above the floor."""
    if floor.device.type == "cuda":
        return torch.cuda.max_memory_allocated(floor.device) - floor.held
    return max(0, _peak_resident() - floor.held)


def held_above(floor: MemoryFloor) -> int:
    """The bytes that the process holds now above the floor, on a CPU."""
    return max(0, psutil.Process().memory_info().rss - floor.held)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out: CUDA's caching allocator has a type for it, others only a text."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(text in str(error) for text in _RAN_OUT)


def peak_reserved(device: torch.device) -> int | None:
    """The most bytes that CUDA's allocator took from the device, fragments included; None on other devices.

    Unlike `peak_above` it knows no floor: a fresh process's is nothing.
    """
    return torch.cuda.max_memory_reserved(device) if device.type == "cuda" else None


def _peak_resident() -> int:
    """The process's high-water mark in bytes."""
    if _STATUS.exists():
        line = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    import resource  # not to be had on Windows

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
