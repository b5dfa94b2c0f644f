"""How the seconds of a bench are shared among its cells."""

import math
from collections.abc import Sequence

from benchbox.errors import SpecError

# Shorter than this a cell cannot even see the timer's own noise.
LEAST_SECONDS = 0.2


def least_budget(least: Sequence[float], *, fits: int, fit_seconds: float) -> float:
    """The smallest budget, in seconds, with one sample of each cell; `least` are a sample's least seconds."""
    return fits * fit_seconds + sum(max(LEAST_SECONDS, seconds) for seconds in least)


def seconds_a_cell(budget: float, *, least: Sequence[float], fits: int, fit_seconds: float) -> float:
    """Each timed cell's share, in seconds, of a budget of which each fit may take `fit_seconds`.

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
    return (budget - fits * fit_seconds) / max(len(least), 1)
