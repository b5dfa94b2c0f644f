"""How work on many pictures is dealt out to threads; Pillow, zlib and sha256 release Python's lock."""

import os
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

_BLOCK = 32
_MOST_THREADS = 16


def worker_count() -> int:
    """Threads for reading and decoding: one a core that this process may use."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(_MOST_THREADS, available or 1)


def blocks(items: Sequence[T]) -> list[Sequence[T]]:
    """Items in runs long enough that handing them to a thread costs little beside the work."""
    return [items[start : start + _BLOCK] for start in range(0, len(items), _BLOCK)]
