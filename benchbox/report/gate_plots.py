"""Figures of a gate's times as SVG for a page in light or dark: ratios against the margin, and both arms over time.

What is neither data nor margin has the colour of the page's text. Equal series give equal bytes.
"""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO
from statistics import fmean, median
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from benchbox.gate.verdict import Bounds, Series
from benchbox.report.figures import PALETTE

BASE, NEW, BAND, RATIO = PALETTE[:4]
# No figure has this colour; in the page it becomes that of the text around.
INK = "#010203"
# So that a long series stays small: blocks a pair, evenly spaced among the ordered ones, and points an arm.
MOST_TICKS = 20
MOST_POINTS = 400
# An axis shows no more than this, whatever an interval of two pairs says.
WIDEST = math.log(4)
# Of a trace, apart from a few calls that were interrupted.
SHOWN = 0.98
_INCHES = 9.0
_LANE, _AXIS = 0.17, 0.75
# matplotlib's type of such a table is a list of all names.
_LOOK: dict[Any, Any] = {
    "font.size": 8.0,
    # Its measures are known to matplotlib everywhere; a page without it takes its own.
    "font.sans-serif": ["DejaVu Sans"],
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
}
_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))
_INDENTED = re.compile(r"\n +")
_NAMESPACES = re.compile(r' (?:xmlns(?::xlink)?|version)="[^"]*"')


@dataclass(frozen=True, kw_only=True)
class Lane:
    """One line of a strip plot: a pair or an arm, its value and what it was made of, as log-ratios."""

    label: str
    value: float
    ticks: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Strip:
    """The lanes of one series with the interval that follows from them."""

    name: str
    lanes: tuple[Lane, ...]
    bounds: Bounds | None


def strip_of(series: Series, bounds: Bounds | None, *, name: str = "98 %") -> Strip:
    """A lane a pair (A/B), or one an arm with a tick a process (stored), both relative to the base's mean."""
    if series.differences:
        blocks = series.blocks or ((),) * len(series.differences)
        lanes = [
            Lane(label=f"pair {number}", value=value, ticks=tuple(_spaced(ticks)))
            for number, (value, ticks) in enumerate(zip(series.differences, blocks, strict=True), start=1)
        ]
        return Strip(name=name, lanes=tuple(lanes), bounds=bounds)
    arms = {arm: [math.log(value) for value in values] for arm, values in _arms(series) if values}
    middle = fmean(arms["base"]) if "base" in arms else 0.0
    lanes = [
        Lane(label=arm, value=fmean(logs) - middle, ticks=tuple(_spaced([log - middle for log in logs])))
        for arm, logs in arms.items()
    ]
    return Strip(name=name, lanes=tuple(lanes), bounds=bounds)


def _arms(series: Series) -> tuple[tuple[str, Sequence[float]], ...]:
    return ("base", series.base), ("new", series.new)


def _spaced(values: Sequence[float]) -> list[float]:
    """At most MOST_TICKS of the values, evenly spaced in their order, with the least and the most."""
    ordered = sorted(values)
    if len(ordered) <= MOST_TICKS:
        return ordered
    return [ordered[round(place * (len(ordered) - 1) / (MOST_TICKS - 1))] for place in range(MOST_TICKS)]


def time_svg(
    strips: Sequence[Strip],
    *,
    margin: float,
    base: Sequence[Sequence[float]],
    new: Sequence[Sequence[float]],
    salt: str,
) -> str:
    """Strips against the margin on the left, the traces of both arms on the right where there are any.

    `base` and `new` are seconds a call, pair by pair or process by process, in the order seen. `salt` tells the
    names inside one figure of a page from those of the next.
    """
    lanes = sum(len(strip.lanes) + 1 for strip in strips)
    height = _AXIS + _LANE * max(8, lanes + 1)
    with rc_context(_LOOK):
        figure = Figure(figsize=(_INCHES, height))
        grid = {"left": 0.075, "right": 0.985, "bottom": 0.5 / height, "top": 1 - 0.28 / height, "wspace": 0.2}
        has_traces = any(base) or any(new)
        panels = figure.subplots(1, 2 if has_traces else 1, squeeze=False, gridspec_kw=grid)[0]
        _draw_strips(panels[0], strips, margin=margin)
        if has_traces:
            _draw_traces(panels[1], base, new)
        return _svg(figure, salt=salt)


def _draw_strips(axes: Axes, strips: Sequence[Strip], *, margin: float) -> None:
    axes.axvspan(1 / (1 + margin), 1 + margin, color=BAND, alpha=0.15, linewidth=0)
    axes.axvline(1, color=INK, linewidth=0.6)
    axes.axvline(1 + margin, color=BAND, linewidth=1.2, linestyle="--")
    reach = _reach(strips, margin)
    labels: list[str] = []
    for strip in strips:
        _draw_lanes(axes, strip.lanes, start=len(labels), reach=reach)
        _draw_bounds(axes, strip.bounds, place=len(labels) + len(strip.lanes), reach=reach)
        labels += [*(lane.label for lane in strip.lanes), strip.name]
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.set_xlim(math.exp(-reach), math.exp(reach))
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.4g}×"))
    _plain(axes, x="new over base; right of the dashed line is worse than the margin")


def _reach(strips: Sequence[Strip], margin: float) -> float:
    """How far the axis goes to both sides of 1, as a log-ratio: to all values and bounds, within reason."""
    values = [lane.value for strip in strips for lane in strip.lanes]
    ends = [math.log(end) for strip in strips if strip.bounds for end in (strip.bounds.low, strip.bounds.high)]
    spread = [_typical(lane.ticks) for strip in strips for lane in strip.lanes]
    return min(WIDEST, 1.1 * max(map(abs, (*values, *ends, *spread, 1.5 * math.log1p(margin)))))


def _typical(ticks: Sequence[float]) -> float:
    """How far most ticks of a lane are from 1: a few far ones are drawn at the edge."""
    distances = sorted(map(abs, ticks))
    return distances[int(0.9 * (len(distances) - 1))] if distances else 0.0


def _draw_lanes(axes: Axes, lanes: Sequence[Lane], *, start: int, reach: float) -> None:
    """All ticks as one path, which takes a fraction of the bytes of as many markers."""
    xs, ys = [], []
    for place, lane in enumerate(lanes, start=start):
        for tick in lane.ticks:
            xs += [_inside(tick, reach)] * 2 + [math.nan]
            ys += [place - 0.3, place + 0.3, math.nan]
    axes.plot(xs, ys, color=INK, alpha=0.35, linewidth=0.7)
    values = [_inside(lane.value, reach) for lane in lanes]
    places = range(start, start + len(lanes))
    axes.plot(values, places, "D", color=RATIO, markersize=4.5, markeredgecolor=INK, markeredgewidth=0.4)


def _draw_bounds(axes: Axes, bounds: Bounds | None, *, place: int, reach: float) -> None:
    if bounds is None:
        return
    low, value, high = (_inside(math.log(end), reach) for end in (bounds.low, bounds.value, bounds.high))
    axes.plot([low, high], [place, place], color=INK, linewidth=2.2, solid_capstyle="butt")
    axes.plot(value, place, "o", color=RATIO, markersize=6, markeredgecolor=INK, markeredgewidth=0.6)


def _inside(log: float, reach: float) -> float:
    return math.exp(max(-reach, min(reach, log)))


def _draw_traces(axes: Axes, base: Sequence[Sequence[float]], new: Sequence[Sequence[float]]) -> None:
    for label, traces, colour, style in (("base", base, BASE, "-"), ("new", new, NEW, "--")):
        xs, ys = _joined(traces)
        axes.plot(xs, ys, style, color=colour, linewidth=0.8, label=label)
    shown = [1000 * value for value in _most(value for trace in (*base, *new) for value in trace)]
    rim = 0.08 * (max(shown) - min(shown)) or 0.05 * max(shown)
    low, high = min(shown) - rim, max(shown) + rim
    axes.vlines(range(1, max(len(base), len(new))), low, high, color=INK, alpha=0.25, linewidth=0.5)
    axes.set_ylim(low, high)
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), borderpad=0, frameon=False, labelcolor=INK, ncols=2)
    _plain(axes, x="pairs or processes, in the order seen", y="ms a call")


def _joined(traces: Sequence[Sequence[float]]) -> tuple[list[float], list[float]]:
    """Traces one behind the other, each as wide as the next, in milliseconds; a gap between two."""
    most = max(2, MOST_POINTS // max(1, len(traces)))
    xs, ys = [], []
    for number, trace in enumerate(traces):
        points = _thinned(trace, most)
        xs += [number + (place + 0.5) / len(points) for place in range(len(points))] + [math.nan]
        ys += [1000 * value for value in points] + [math.nan]
    return xs, ys


def _thinned(trace: Sequence[float], most: int) -> list[float]:
    """A trace as at most so many medians of neighbours, so that a drift stays and its bytes do not."""
    step = -(-len(trace) // most) or 1
    return [median(trace[start : start + step]) for start in range(0, len(trace), step)]


def _most(values: Iterable[float]) -> Sequence[float]:
    """The middle SHOWN of the values."""
    ordered = sorted(values)
    cut = int((1 - SHOWN) / 2 * len(ordered))
    return ordered[cut : len(ordered) - cut]


def _plain(axes: Axes, *, x: str, y: str = "") -> None:
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.tick_params(colors=INK, length=2.5)
    axes.spines[["top", "right"]].set_visible(False)


def _svg(figure: Figure, *, salt: str) -> str:
    """The figure as an element of a page: no prologue, no names of schemas, no date; text stays text."""
    content = BytesIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": salt}):
        figure.savefig(content, format="svg", transparent=True, metadata=_METADATA)
    drawn = content.getvalue().decode()
    element = _NAMESPACES.sub("", drawn[drawn.index("<svg") :])
    return _INDENTED.sub("\n", element).replace(INK, "currentColor").strip()
