"""How far probabilities can be believed: the table of calibration errors, and a network's reliability plot."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from benchbox.records.calibration import BINS, Bin, Calibration
from benchbox.records.estimate import wilson
from benchbox.report import text
from benchbox.report.cells import NAME, name_cell, notes_of
from benchbox.report.figures import PALETTE, new_figure, tidy
from benchbox.report.grid import Cell, Column, Grid

COLUMNS = (
    NAME,
    Column(title="Error", detail="%"),
    Column(title="By chance", detail="% at most"),
    Column(title="Said", detail="% right"),
    Column(title="Was", detail="% right"),
    Column(title="Pictures"),
)
EXPLAINED = (
    f"Error: expected calibration error, the distance between the likeliest class's probability and the share of "
    f"right answers, over {BINS} bins of equal width (Guo et al. 2017). By chance: exact probabilities would stay "
    "under this in 19 of 20 cases; the fewer the pictures, the higher it is. Said, was: over all pictures."
)
TOO_HIGH = "its probabilities are too high: it is less often right than it says."
TOO_LOW = "its probabilities are too low: it is more often right than it says."
MIXED = "its probabilities are too high for some pictures and too low for others."
BY_CHANCE = "chance explains the error."


def calibration_grid(found: Mapping[str, Calibration]) -> Grid | None:
    """A line for each network by its name, and below whether its probabilities can be believed; None for none."""
    if not found:
        return None
    lines = tuple(
        (
            name_cell(name),
            Cell(text=text.percent(seen.error)),
            Cell(text=text.percent(seen.by_chance)),
            Cell(text=text.percent(seen.confidence)),
            Cell(text=text.percent(seen.accuracy)),
            Cell(text=f"{seen.pictures:,}"),
        )
        for name, seen in found.items()
    )
    verdicts = notes_of(list(found), map(_verdict, found.values()))
    return Grid(title="Calibration", columns=COLUMNS, sections=(lines,), notes=(EXPLAINED, *verdicts))


def _verdict(seen: Calibration) -> str:
    if not seen.is_shown:
        return BY_CHANCE
    over = seen.confidence - seen.accuracy
    # Where most of the error lies to both sides, its mean says little.
    if abs(over) < seen.error / 2:
        return MIXED
    return TOO_HIGH if over > 0 else TOO_LOW


def reliability_figure(name: str, seen: Calibration, *, on: str) -> Figure:
    """Right answers over the probability that was said, bin by bin with Wilson's interval; below, the pictures.

    Exact probabilities lie on the diagonal.
    """
    figure = new_figure(5.2, 5.6, f"{name}: reliability on {on}")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    filled = [each for each in seen.bins if each.pictures]
    upper.plot((0, 1), (0, 1), "--", color="black", linewidth=1, label="exact")
    _draw_bins(upper, filled)
    tidy(upper, x="", y="right answers")
    upper.set_ylim(-0.03, 1.03)
    upper.yaxis.set_major_formatter(PercentFormatter(xmax=1.0))
    upper.legend(loc="upper left")
    bars = lower.bar(
        [each.low for each in seen.bins],
        [each.pictures for each in seen.bins],
        width=1 / BINS,
        align="edge",
        color=PALETTE[5],
        edgecolor="white",
    )
    # Empty bins stay empty: a zero over each of them would be read as a bar.
    lower.bar_label(bars, [f"{each.pictures:,}" if each.pictures else "" for each in seen.bins], fontsize=7)
    lower.margins(y=0.25)
    tidy(lower, x="probability of the likeliest class", y="pictures")
    lower.set_xlim(0, 1)
    lower.xaxis.set_major_formatter(PercentFormatter(xmax=1.0))
    lower.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=3))
    return figure


def _draw_bins(axes: Axes, filled: Sequence[Bin]) -> None:
    shares = [wilson(each.right, each.pictures) for each in filled]
    values = np.array([share.value for share in shares])
    # Rounding may put a bound of 0 or 1 a hair on the wrong side of the value.
    below = np.maximum(values - [share.low for share in shares], 0)
    above = np.maximum([share.high for share in shares] - values, 0)
    said = np.array([each.confidence for each in filled])
    axes.errorbar(
        said, values, yerr=(below, above), fmt="o", color=PALETTE[0], capsize=3, label="seen, Wilson 95 %"
    )
