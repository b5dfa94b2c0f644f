"""How the seconds of a bench are shared among its cells."""

import math
from collections.abc import Sequence

from benchbox.errors import SpecError

# Shorter than this a cell cannot even see the timer's own noise.
LEAST_SECONDS = 0.2


def least_budget(least: Sequence[float], *, fits: int, fit_seconds: float) -> float:
    """The smallest budget, in seconds, with one sample of each cell; `least` are a sample's least seconds."""
    return fits * fit_seconds + sum(map(_floor, least))


def share_budget(budget: float, *, least: Sequence[float], fits: int, fit_seconds: float) -> list[float]:
    """Each timed cell's seconds: one sample of its own, and an equal share of what the fits and these leave.

    Raises SpecError where the budget does not even hold one sample of each cell.
    """
    needed = least_budget(least, fits=fits, fit_seconds=fit_seconds)
    if budget < needed and not math.isclose(budget, needed):
        fitting = f" and {fits} fits of {fit_seconds:g} s" if fits else ""
        raise SpecError.of(
            "--budget",
            f"{budget:g} s for {len(least)} timed cells{fitting}",
            allowed=f"{math.ceil(needed)} s or more, one sample of each cell",
            hint=f"raise --budget{', or lower --fit (0 turns it off)' if fits else ' or leave some out'}",
        )
    rest = max(0.0, budget - needed) / max(len(least), 1)
    return [_floor(seconds) + rest for seconds in least]


def _floor(seconds: float) -> float:
    return max(LEAST_SECONDS, seconds)
