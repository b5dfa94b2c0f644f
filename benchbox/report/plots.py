"""Figures of single runs and arms: learning curves, confusion matrices. Files are written elsewhere."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import NDArray

from benchbox.records.rows import Row
from benchbox.report.figures import PALETTE, new_figure, tidy

STYLES = ("-", "--", "-.", ":")
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


def comparison_figure(title: str, arms: Mapping[str, Sequence[Row]]) -> Figure | None:
    """Held-out loss and accuracy of several arms; over an arm's seeds the mean, with a band from least to most.

    An arm's curves are drawn up to its shortest run. None where no arm has an epoch.
    """
    known = {name: [row for row in rows if row.learning] for name, rows in arms.items()}
    known = {name: rows for name, rows in known.items() if rows}
    if not known:
        return None
    lines_below = -(-len(known) // 3)
    figure = new_figure(9, 3.8 + 0.25 * lines_below, title)
    left, right = figure.subplots(1, 2)
    for place, (name, rows) in enumerate(known.items()):
        colour = PALETTE[place % len(PALETTE)]
        style = STYLES[place % len(STYLES)]
        _band(left, [_curve(row, "test_loss") for row in rows], name, colour, style)
        _band(right, [_curve(row, "test_accuracy") for row in rows], name, colour, style)
    _loss_axis(left, y="held-out cross-entropy (nat)")
    _accuracy_axis(right, y="held-out accuracy")
    handles, labels = right.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=min(3, len(known)))
    return figure


def _curve(row: Row, metric: str) -> tuple[float, ...]:
    return row.learning.curves.get(metric, ()) if row.learning else ()


def _band(axes: Axes, curves: Sequence[tuple[float, ...]], name: str, colour: str, style: str) -> None:
    epochs = min(len(curve) for curve in curves)
    if not epochs:
        return
    values = np.array([curve[:epochs] for curve in curves])
    places = np.arange(1, epochs + 1)
    label = name if len(curves) == 1 else f"{name} (mean of {len(curves)})"
    marker = "o" if epochs == 1 else None
    axes.plot(places, values.mean(axis=0), style, color=colour, label=label, marker=marker)
    if len(curves) > 1:
        axes.fill_between(places, values.min(axis=0), values.max(axis=0), color=colour, alpha=0.18, linewidth=0)


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
