"""Freed memory that stays in the process: seen in a process of its own, since it lasts to the process's end."""

import subprocess
import sys

import pytest

from benchbox.engine.allocator import can_keep_memory

MIB = 2**20
# Allocates, touches and frees 64 MiB, and prints how many of them the process still holds.
PROGRAM = f"""
import psutil, torch
from benchbox.engine.allocator import keep_freed_memory
if {{keeps}}:
    keep_freed_memory()
before = psutil.Process().memory_info().rss
blocks = [torch.ones({MIB}) for _ in range(16)]
del blocks
print((psutil.Process().memory_info().rss - before) // {MIB})
"""


def held_after(*, keeps: bool) -> int:
    """MiB that a fresh process still holds of 64 that it freed."""
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(keeps=keeps)], check=True, capture_output=True, text=True
    )
    return int(ended.stdout)


@pytest.mark.skipif(not can_keep_memory(), reason="this C library has no such setting")
def test_freed_memory_is_kept_only_where_it_is_asked_for() -> None:
    assert held_after(keeps=True) > 48
    assert held_after(keeps=False) < 32
