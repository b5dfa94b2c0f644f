"""Peak memory above the floor: what is held at once counts, even if it is gone by then."""

import numpy as np
import torch

from benchbox.engine.memory import mark_floor, peak_above

MIB = 2**20


def test_the_peak_is_seen_after_it_has_gone() -> None:
    floor = mark_floor(torch.device("cpu"))
    held = np.ones(64 * MIB, dtype=np.uint8)
    del held
    assert peak_above(floor) > 60 * MIB


def test_what_was_held_before_is_not_counted() -> None:
    held = np.ones(64 * MIB, dtype=np.uint8)
    floor = mark_floor(torch.device("cpu"))
    assert peak_above(floor) < 32 * MIB
    del held
