"""How work on many pictures is dealt out to threads; Pillow, zlib and sha256 release Python's lock."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

_BLOCK = 32  # items long enough together that handing them to a thread costs little beside the work
_MOST_THREADS = 16


@contextmanager
def in_threads(work: Callable[[Sequence[T]], R], items: Sequence[T]) -> Iterator[Iterator[R]]:
    """The results of `work` on runs of items, in order; one thread for every core that may be used.

    Leaving the context drops what was not begun, so that Ctrl-C need not wait for the rest.
    """
    pool = ThreadPoolExecutor(min(_MOST_THREADS, core_count()))
    try:
        yield pool.map(work, [items[start : start + _BLOCK] for start in range(0, len(items), _BLOCK)])
    finally:
        pool.shutdown(cancel_futures=True)


def core_count() -> int:
    """The cores that this process may use: fewer than the machine has where a container or a mask says so."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return available or 1
