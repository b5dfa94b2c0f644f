"""How the seconds of a bench are shared among its cells."""

from benchbox.errors import SpecError

# Shorter than this a cell cannot even see the timer's own noise.
LEAST_SECONDS = 0.2


def seconds_a_cell(budget: float, *, cells: int, fits: int, fit_seconds: float) -> float:
    """Each timed cell's share, in seconds, of a budget of which each fit may take `fit_seconds`.

    Raises SpecError where the budget leaves nothing for timing.
    """
    left = budget - fits * fit_seconds
    share = left / max(cells, 1)
    if cells and share < LEAST_SECONDS:
        needed = fits * fit_seconds + cells * LEAST_SECONDS
        raise SpecError.of(
            "budget",
            f"{budget:g} s for {cells} timed cells and {fits} fits of {fit_seconds:g} s",
            allowed=f"{needed:.0f} s or more",
            hint="raise --budget, or lower --fit (0 turns it off)",
        )
    return share
