"""Peak memory above the floor: what is held at once counts, even if it is gone by then."""

import mmap

import torch

from benchbox.engine.memory import mark_floor, peak_above

MIB = 2**20
PAGE = b"x" * MIB


def hold(size: int) -> mmap.mmap:
    """Fresh pages that are really written: malloc might give pages that the process already had."""
    held = mmap.mmap(-1, size * MIB)
    for _ in range(size):
        held.write(PAGE)
    return held


def test_the_peak_is_seen_after_it_has_gone() -> None:
    floor = mark_floor(torch.device("cpu"))
    hold(64).close()
    assert peak_above(floor) > 60 * MIB


def test_what_was_held_before_is_not_counted() -> None:
    held = hold(64)
    floor = mark_floor(torch.device("cpu"))
    assert peak_above(floor) < 32 * MIB
    held.close()
