"""Figures of a bench: accuracy against latency and size with their Pareto fronts, and throughput as bars."""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from benchbox.records.estimate import Estimate
from benchbox.records.ranking import Front, by_setting, front, inference_seconds, parameters, top1
from benchbox.records.rows import Row, Slot
from benchbox.records.timing import Timing
from benchbox.report import text
from benchbox.report.figures import PALETTE, new_figure, tidy

MARKERS = ("o", "s", "^", "D", "v", "P", "X")
# Bars whose lengths differ by more than this cannot share a linear axis.
FAR_APART = 20
LEGEND_COLUMNS = 3

Named = Sequence[tuple[str, Row]]


def bench_figure(rows: Sequence[Row], names: Sequence[str]) -> Figure | None:
    """Throughput as bars; None where nothing was timed."""
    shown = [(name, row) for name, row in zip(names, rows, strict=True) if row.inference or row.training]
    if not shown:
        return None
    figure = new_figure(8, max(3.8, 0.5 * len(shown) + 2), "Throughput, median with its interval or range")
    axes = figure.subplots()
    _bars(axes, shown)
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, fontsize=9)
    return figure


def trade_off_figure(rows: Sequence[Row], names: Sequence[str]) -> Figure | None:
    """Accuracy against latency and against parameters, each with its Pareto front; None without two such rows.

    Failed and void rows are left out, as they are of the ranking.
    """
    named = list(zip(names, rows, strict=True))
    shown = [(name, row) for name, row in named if top1(row) and (inference_seconds(row) or parameters(row))]
    if len(shown) < 2:
        return None
    lines = -(-(len(shown) + 1) // LEGEND_COLUMNS)
    figure = new_figure(11, 4.4 + 0.24 * lines, "Accuracy against speed and size: the upper left is best")
    left, right = figure.subplots(1, 2, sharey=True)
    _scatter(left, shown, "latency", lambda row: _scaled(inference_seconds(row), 1e3))
    _scatter(right, shown, "parameters", lambda row: _scaled(parameters(row), 1e-6))
    tidy(left, x="median latency of a batch (ms, logarithmic)", y="held-out accuracy, Wilson 95 %")
    tidy(right, x="parameters (millions, logarithmic)", y="")
    left.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}%"))
    # Accuracies often lie on one line at 100 %, where names beside the points would cover one another.
    known = {
        label: handle
        for axes in (left, right)
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    figure.legend(known.values(), known.keys(), loc="outside lower center", ncols=LEGEND_COLUMNS, fontsize=8)
    return figure


def _scaled(seen: Estimate | None, scale: float) -> Estimate | None:
    if seen is None:
        return None
    return Estimate(value=scale * seen.value, low=scale * seen.low, high=scale * seen.high, basis=seen.basis)


def _scatter(axes: Axes, shown: Named, against: Front, cost: Callable[[Row], Estimate | None]) -> None:
    """Each row as a point with its bounds both ways, and the front of each setting as steps."""
    costs: list[float] = []
    for (name, row), (colour, marker) in zip(shown, _looks(shown), strict=True):
        seen, gain = cost(row), top1(row)
        if seen is None or gain is None:
            continue
        costs += (seen.low, seen.high)
        axes.errorbar(
            seen.value,
            gain.value,
            xerr=_distances(seen),
            yerr=_distances(gain),
            fmt=marker,
            color=colour,
            capsize=3,
            label=_trained(name, row),
        )
    if costs:
        _logarithmic(axes, costs)
    for group in by_setting(row for _, row in shown).values():
        _steps(axes, group, against, cost)


def _looks(shown: Named) -> list[tuple[str, str]]:
    """A colour for each architecture, a marker for each of its rows."""
    variants: dict[str, int] = {}
    looks = []
    order = list(dict.fromkeys(row.model for _, row in shown))
    for _, row in shown:
        number = order.index(row.model)
        variant = variants[row.model] = variants.get(row.model, -1) + 1
        looks.append((PALETTE[number % len(PALETTE)], MARKERS[(number // len(PALETTE) + variant) % len(MARKERS)]))
    return looks


def _distances(seen: Estimate) -> list[list[float]]:
    return [[seen.value - seen.low], [seen.high - seen.value]]


def _steps(axes: Axes, group: Sequence[Row], against: Front, cost: Callable[[Row], Estimate | None]) -> None:
    """The most accuracy that is had for a cost, through the rows on the front up to the edge."""
    on_front = [row for row, is_on in zip(group, front(group, against), strict=True) if is_on]
    points = [(seen.value, gain.value) for row in on_front if (seen := cost(row)) and (gain := top1(row))]
    if len(group) < 2 or not points:
        return
    costs, gains = zip(*sorted(points), strict=True)
    most = np.maximum.accumulate([*gains, 0.0])
    edge = axes.get_xlim()[1]
    axes.step([*costs, edge], most, where="post", color="0.5", linestyle="--", linewidth=1, label="Pareto front")


def _trained(name: str, row: Row) -> str:
    """A name, with the epochs of a fit: a network that had one is not comparable with one that had thirty."""
    return f"{name}, {text.plural(row.learning.epochs, 'epoch')}" if row.learning else name


def _logarithmic(axes: Axes, values: Sequence[float]) -> None:
    """A logarithmic axis with ticks at 1, 2, 5 × powers of ten, in plain numbers, and fewer where they are many."""
    low, high = min(values) / 1.5, max(values) * 1.5
    steps = (1, 2, 5) if high < 200 * low else (1,)
    ticks = [step * 10.0**power for power in range(-6, 7) for step in steps]
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.set_xticks([tick for tick in ticks if low <= tick <= high])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _bars(axes: Axes, shown: Named) -> None:
    slots: dict[Slot, str] = {"infer": "inference", "train_step": "training"}
    series = {label: [row.timing(slot) for _, row in shown] for slot, label in slots.items()}
    series = {label: timings for label, timings in series.items() if any(timings)}
    for place, (label, timings) in enumerate(series.items()):
        shift = 0.0 if len(series) == 1 else 0.4 * place - 0.2
        _bar_series(axes, timings, shift=shift, label=label)
    names = [f"{name} (void)" if row.void else name for name, row in shown]
    axes.set_yticks(range(len(shown)), names)
    axes.margins(y=0.02)
    axes.invert_yaxis()
    tidy(axes, x="pictures a second", y="")
    timed = [timing for timings in series.values() for timing in timings if timing]
    _room_for_numbers(axes, [timing.pictures_per_second.value for timing in timed])


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
