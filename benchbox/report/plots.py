"""Figures of a report: learning curves, confusion matrices, the overview of a bench. Files are written elsewhere.

Figures are made without pyplot, so that nothing global changes and no window is sought. The palette is
Okabe and Ito's (2008), told apart by people with any colour vision; line styles repeat what colours say.
"""

from collections.abc import Mapping, Sequence
from io import BytesIO

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter, PercentFormatter
from numpy.typing import NDArray

from benchbox.records.rows import Row, Timing
from benchbox.report import text

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
STYLES = ("-", "--", "-.", ":")
DOTS_AN_INCH = 120
# More classes than this leave no room for a number in each cell.
MOST_ANNOTATED = 25
# Beyond this many ticks the class names would lie upon one another.
MOST_NAMED = 50


# Bars whose lengths differ by more than this cannot share a linear axis.
FAR_APART = 20


def png(figure: Figure) -> bytes:
    """The figure as a PNG; equal figures give equal bytes, since no time or version is written into it."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=DOTS_AN_INCH, metadata={"Software": None})
    return buffer.getvalue()


def _figure(width: float, height: float, title: str) -> Figure:
    figure = Figure(figsize=(width, height), layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.08))
    figure.suptitle(title, fontsize=12, fontweight="bold")
    return figure


def _tidy(axes: Axes, *, x: str, y: str) -> None:
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(alpha=0.3, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _accuracy_axis(axes: Axes, *, y: str) -> None:
    _tidy(axes, x="epoch", y=y)
    axes.set_ylim(-0.03, 1.03)
    axes.yaxis.set_major_formatter(PercentFormatter(xmax=1.0))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


def _loss_axis(axes: Axes, *, y: str) -> None:
    _tidy(axes, x="epoch", y=y)
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


def learning_figure(name: str, row: Row) -> Figure | None:
    """Loss and accuracy of one fit, training and held-out, over its epochs; None where no epoch ended."""
    curves = row.learning.curves if row.learning else {}
    if not curves:
        return None
    figure = _figure(9, 3.8, f"{name}: learning curves")
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
    figure = _figure(9, 3.8 + 0.25 * lines_below, title)
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
    figure = _figure(side + 1, side, f"{name}: confusion on {on}")
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


def bench_figure(rows: Sequence[Row], names: Sequence[str]) -> Figure | None:
    """Throughput as bars and, where rows have both, accuracy against latency; None where nothing was timed."""
    named = list(zip(names, rows, strict=True))
    timed = [(name, row) for name, row in named if row.inference or row.training]
    if not timed:
        return None
    scattered = [(name, row) for name, row in timed if row.inference and row.accuracy]
    height = max(3.8, 0.5 * len(timed) + 2)
    if not scattered:
        figure = _figure(8, height, "Speed")
        _bars(figure, figure.subplots(), timed)
        return figure
    figure = _figure(11, height, "Speed and accuracy")
    left, right = figure.subplots(1, 2)
    _scatter(figure, left, scattered)
    _bars(figure, right, timed)
    return figure


def _scatter(figure: Figure, axes: Axes, shown: Sequence[tuple[str, Row]]) -> None:
    axes.set_title("the upper left is best", fontsize=10)
    _tidy(axes, x="median latency of a batch (ms, logarithmic)", y="held-out accuracy, Wilson 95 %")
    points = [(row.inference.p50 * 1000, row.accuracy.top1) for _, row in shown if row.inference and row.accuracy]
    for place, (latency, top1) in enumerate(points):
        bounds = [[top1.value - top1.low], [top1.high - top1.value]]
        colour = PALETTE[place % len(PALETTE)]
        axes.errorbar(
            latency, top1.value, yerr=bounds, fmt="o", color=colour, capsize=3, label=_trained(*shown[place])
        )
    _latency_axis(axes, [latency for latency, _ in points])
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}%"))
    # Accuracies often lie on one line at 100 %, where names beside the points would cover one another.
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower left", ncols=min(4, len(labels)), fontsize=8)


def _trained(name: str, row: Row) -> str:
    """A name, with the epochs of a fit: a network that had one is not comparable with one that had thirty."""
    return f"{name}, {text.plural(row.learning.epochs, 'epoch')}" if row.learning else name


def _latency_axis(axes: Axes, latencies: Sequence[float]) -> None:
    """A logarithmic axis with ticks at 1, 2, 5 × powers of ten, in plain numbers."""
    low, high = min(latencies) / 1.5, max(latencies) * 1.5
    ticks = [step * 10.0**power for power in range(-4, 7) for step in (1, 2, 5)]
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.set_xticks([tick for tick in ticks if low <= tick <= high])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _bars(figure: Figure, axes: Axes, shown: Sequence[tuple[str, Row]]) -> None:
    axes.set_title("throughput, median with its interval or range", fontsize=10)
    both = {
        "inference": [row.inference for _, row in shown],
        "training": [row.training for _, row in shown],
    }
    series = {label: timings for label, timings in both.items() if any(timings)}
    for place, (label, timings) in enumerate(series.items()):
        shift = 0.0 if len(series) == 1 else 0.4 * place - 0.2
        _bar_series(axes, timings, shift=shift, label=label)
    axes.set_yticks(range(len(shown)), [name for name, _ in shown])
    axes.invert_yaxis()
    _tidy(axes, x="pictures a second", y="")
    timed = [timing for timings in series.values() for timing in timings if timing]
    _room_for_numbers(axes, [timing.pictures_per_second.value for timing in timed])
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower right", ncols=2, fontsize=8)


def _room_for_numbers(axes: Axes, values: Sequence[float]) -> None:
    """Room right of the bars; a logarithmic axis where the shortest bar would else have no length."""
    if values and max(values) > FAR_APART * min(values):
        axes.set_xscale("log")
        axes.set_xlabel("pictures a second (logarithmic)")
        axes.set_xlim(min(values) / 3, max(values) * 4)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
    else:
        axes.margins(x=0.18)


def _bar_series(axes: Axes, timings: Sequence[Timing | None], *, shift: float, label: str) -> None:
    speeds = [timing.pictures_per_second if timing else None for timing in timings]
    values = [speed.value if speed else 0.0 for speed in speeds]
    errors = [(speed.value - speed.low, speed.high - speed.value) if speed else (0.0, 0.0) for speed in speeds]
    bars = axes.barh(
        np.arange(len(timings)) + shift,
        values,
        height=0.38,
        color=PALETTE[0] if label == "inference" else PALETTE[1],
        label=label,
        xerr=np.array(errors).T,
    )
    said = [text.number(value) if value else "not timed" for value in values]
    axes.bar_label(bars, labels=said, padding=4, fontsize=8)
