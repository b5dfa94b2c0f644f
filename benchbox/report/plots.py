"""Figures of single runs and arms: learning curves, confusion matrices. Files are written elsewhere."""

from collections.abc import Mapping, Sequence, Sized

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import NDArray

from benchbox.records.rows import Row
from benchbox.report import text
from benchbox.report.figures import PALETTE, new_figure, tidy

STYLES = ("-", "--", "-.", ":")
LEGEND_COLUMNS = 3
# Panels side by side.
MOST_PANELS = 3
# Two values give a standard deviation that says less than the two themselves.
LEAST_FOR_DEVIATION = 3
# More classes than this leave no room for a number in each cell.
MOST_ANNOTATED = 25
# Beyond this many ticks the class names would lie upon one another.
MOST_NAMED = 50


def _accuracy_axis(axes: Axes, *, y: str) -> None:
    tidy(axes, x="epoch", y=y)
    axes.set_ylim(-0.03, 1.03)
    axes.yaxis.set_major_formatter(PercentFormatter(xmax=1.0))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


def _loss_axis(axes: Axes, *, y: str) -> None:
    tidy(axes, x="epoch", y=y)
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


def learning_figure(name: str, row: Row) -> Figure | None:
    """Loss and accuracy of one fit, training and held-out, over its epochs; None where no epoch ended."""
    curves = row.learning.curves if row.learning else {}
    if not curves:
        return None
    figure = new_figure(9, 3.8, f"{name}: learning curves")
    left, right = figure.subplots(1, 2)
    for axes, what in ((left, "loss"), (right, "accuracy")):
        for place, (part, label) in enumerate((("train", "training (dropout active)"), ("test", "held out"))):
            values = curves.get(f"{part}_{what}", ())
            epochs = range(1, len(values) + 1)
            marker = "o" if len(values) == 1 else None
            axes.plot(epochs, values, STYLES[1 - place], color=PALETTE[place], label=label, marker=marker)
    _loss_axis(left, y="cross-entropy (nat)")
    _accuracy_axis(right, y="accuracy")
    right.legend(loc="lower right")
    return figure


def comparison_figure(title: str, learned: Mapping[str, Row]) -> Figure | None:
    """Held-out loss and accuracy of several fits over their epochs. None where no epoch ended."""
    known = {name: row for name, row in learned.items() if row.learning}
    if not known:
        return None
    figure = new_figure(9, 3.8 + _legend_height(known), title)
    left, right = figure.subplots(1, 2)
    for place, (name, row) in enumerate(known.items()):
        _line(left, [_curve(row, "test_loss")], name, place)
        _line(right, [_curve(row, "test_accuracy")], name, place)
    _loss_axis(left, y="held-out cross-entropy (nat)")
    _accuracy_axis(right, y="held-out accuracy")
    _legend_below(figure, right)
    return figure


def ablation_figure(title: str, networks: Mapping[str, Mapping[str, Sequence[Row]]]) -> Figure | None:
    """Held-out accuracy over the epochs, a panel a network, a line an arm: the mean of its seeds, with a band.

    The band is one standard deviation to both sides from three seeds on, of two seeds from one to the other, and
    the legend says which; one seed has none. An arm is drawn up to its shortest run. None where no epoch ended.
    """
    curves = {network: _learned(arms) for network, arms in networks.items()}
    curves = {network: arms for network, arms in curves.items() if arms}
    if not curves:
        return None
    # An arm has one look in all panels.
    names = dict.fromkeys(name for arms in curves.values() for name in arms)
    looks = {name: place for place, name in enumerate(names)}
    across = min(len(curves), MOST_PANELS)
    down = -(-len(curves) // across)
    figure = new_figure(max(5.5, 4.2 * across), 3.6 * down + 0.3 + _legend_height(looks), title)
    panels = list(figure.subplots(down, across, squeeze=False, sharey=True).flat)
    for place, (panel, (network, arms)) in enumerate(zip(panels, curves.items(), strict=False)):
        for name, seeds in arms.items():
            _line(panel, seeds, name, looks[name])
        _accuracy_axis(panel, y="" if place % across else "held-out accuracy")
        panel.set_title(network, fontsize=11)
    for panel in panels[len(curves) :]:
        panel.set_visible(False)
    _legend_below(figure, *panels, title=_bands(curves))
    return figure


def _learned(arms: Mapping[str, Sequence[Row]]) -> dict[str, list[tuple[float, ...]]]:
    """The accuracy curves of each arm's seeds, of those arms that have any."""
    curves = {name: [_curve(row, "test_accuracy") for row in rows] for name, rows in arms.items()}
    return {name: known for name, seeds in curves.items() if (known := [curve for curve in seeds if curve])}


def _bands(networks: Mapping[str, Mapping[str, Sequence[object]]]) -> str:
    """What the bands are, each kind that there is."""
    counts = {len(seeds) for arms in networks.values() for seeds in arms.values()}
    many = text.several((count for count in counts if count >= LEAST_FOR_DEVIATION), "seed")
    kinds = [f"± one standard deviation of {many}"] * bool(many) + ["the range of 2 seeds"] * (2 in counts)
    return f"line: mean, band: {' or '.join(kinds)}" if kinds else ""


def _curve(row: Row, metric: str) -> tuple[float, ...]:
    return row.learning.curves.get(metric, ()) if row.learning else ()


def _line(axes: Axes, curves: Sequence[tuple[float, ...]], name: str, place: int) -> None:
    """The mean of the curves up to the end of the shortest, and the band around it; `place` decides its look."""
    epochs = min(len(curve) for curve in curves)
    if not epochs:
        return
    values = np.array([curve[:epochs] for curve in curves])
    xs, colour = np.arange(1, epochs + 1), PALETTE[place % len(PALETTE)]
    marker = "o" if epochs == 1 else None
    axes.plot(xs, values.mean(axis=0), STYLES[place % len(STYLES)], color=colour, label=name, marker=marker)
    if len(curves) > 1:
        low, high = _band(values)
        axes.fill_between(xs, low, high, color=colour, alpha=0.18, linewidth=0)


def _band(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if len(values) < LEAST_FOR_DEVIATION:
        return values.min(axis=0), values.max(axis=0)
    mean, deviation = values.mean(axis=0), values.std(axis=0, ddof=1)
    return mean - deviation, mean + deviation


def _legend_height(names: Sized) -> float:
    """Inches that a legend of so many names takes below a figure."""
    return 0.25 * -(-len(names) // LEGEND_COLUMNS)


def _legend_below(figure: Figure, *panels: Axes, title: str = "") -> None:
    """One legend for all panels, each name once."""
    known = {
        label: handle for panel in panels for handle, label in zip(*panel.get_legend_handles_labels(), strict=True)
    }
    ncols = min(LEGEND_COLUMNS, len(known))
    figure.legend(known.values(), known.keys(), loc="outside lower center", ncols=ncols, title=title or None)


def confusion_figure(name: str, matrix: pd.DataFrame, *, on: str) -> Figure:
    """The confusion matrix, coloured by the share of a class's pictures, annotated with counts up to 25 classes."""
    counts = matrix.to_numpy()
    support = counts.sum(axis=1, keepdims=True)
    shares = counts / np.maximum(support, 1)
    side = float(np.clip(0.27 * len(counts) + 2, 4.5, 12))
    figure = new_figure(side + 1, side, f"{name}: confusion on {on}")
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    bar = figure.colorbar(image, ax=axes, shrink=0.8, format=PercentFormatter(xmax=1.0))
    bar.set_label("share of the class's pictures")
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    _name_classes(axes, matrix)
    if len(counts) <= MOST_ANNOTATED:
        _annotate(axes, counts, shares)
    return figure


def _name_classes(axes: Axes, matrix: pd.DataFrame) -> None:
    step = -(-len(matrix) // MOST_NAMED)
    places = range(0, len(matrix), step)
    names = [_shortened(str(matrix.index[place])) for place in places]
    axes.set_xticks(places, names, rotation=90, fontsize=8)
    axes.set_yticks(places, names, fontsize=8)


def _shortened(name: str) -> str:
    return name if len(name) <= 20 else f"{name[:18]}…"


def _annotate(axes: Axes, counts: NDArray[np.int64], shares: NDArray[np.float64]) -> None:
    for row, column in np.argwhere(counts > 0):
        is_dark = shares[row, column] > 0.5
        colour = "white" if is_dark else "black"
        said = f"{counts[row, column]}"
        axes.text(column, row, said, ha="center", va="center", color=colour, fontsize=8)
