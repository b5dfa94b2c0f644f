"""A verdict of a gate as text: values, change, bounds, margin and reason. No layout, no colours."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from benchbox.gate.verdict import Bounds, Verdict
from benchbox.report import text
from benchbox.report.text import ABSENT

_METRICS = {"sample_seconds": "time", "flops": "FLOP", "peak_memory": "memory", "top1": "accuracy"}
_WHOLE_ROW, _WHOLE_ARM = "whole row", "whole arm"
# What would command a terminal, such as the colours in a compiler's message; lines stay lines.
_CONTROLS = dict.fromkeys({*range(0x20), *range(0x7F, 0xA0)} - {ord("\n"), ord("\t")}, "\N{REPLACEMENT CHARACTER}")
# Beyond it a ratio is no number that anybody compares.
MOST_TIMES = 1000


@dataclass(frozen=True, kw_only=True)
class Told:
    """A verdict as text; what it has not is a dash.

    `change` is new against base, `interval` its bounds in brackets. `sees` is the smallest change that would have
    failed with 90 % chance, `count` the replicates, `why` the reason and what else is known.
    """

    row: str
    metric: str
    base: str
    new: str
    change: str
    interval: str
    margin: str
    sees: str
    count: str
    state: str
    why: str

    @property
    def name(self) -> str:
        """`resnet50 infer b8@128, time`; of a whole row or arm that alone."""
        return self.row if self.metric in (_WHOLE_ROW, _WHOLE_ARM) else f"{self.row}, {self.metric}"


def metric_of(verdict: Verdict) -> str:
    """A verdict's metric in the reader's words: time, FLOP, weight bytes; else what it is of."""
    if not verdict.metric:
        return _WHOLE_ROW if verdict.case else _WHOLE_ARM
    return _METRICS.get(verdict.metric, verdict.metric.replace("_", " "))


def tell(verdict: Verdict) -> Told:
    """A verdict as text."""
    change, interval = _change(verdict)
    seen = verdict.bounds
    return Told(
        row=printable(row_of(verdict)),
        metric=printable(metric_of(verdict)),
        base=_value(verdict, verdict.base),
        new=_value(verdict, verdict.new),
        change=change,
        interval=interval,
        margin=_margin(verdict),
        sees=ABSENT if seen is None or seen.detectable is None else _sees(verdict, seen.detectable),
        count=f"{seen.count:,}" if seen else ABSENT,
        state=verdict.state,
        why=printable("; ".join(_why(verdict))),
    )


def printable(said: str) -> str:
    """A text from outside without the characters that a terminal would obey."""
    return said.translate(_CONTROLS)


def row_of(verdict: Verdict) -> str:
    """A verdict's row for people; of one that concerns a whole arm, that it does."""
    return verdict.row or verdict.case or "all rows"


def _value(verdict: Verdict, value: float | None) -> str:
    """An arm's value: every digit of a count, since one more is a failure."""
    if value is None or not math.isfinite(value):
        return ABSENT if value is None else str(value)
    if verdict.group == "exact":
        return f"{value:,.0f}"
    if verdict.group == "memory":
        return text.size(value)
    return text.share(value) if verdict.group == "accuracy" else text.duration(value)


def _change(verdict: Verdict) -> tuple[str, str]:
    if verdict.group == "exact":
        return _counted(verdict.base, verdict.new)
    seen = verdict.bounds
    if seen is None:
        return ABSENT, ""
    if verdict.group == "accuracy":
        return points(seen.value, signed=True), f"({_signed(seen.low)} to {_signed(seen.high)})"
    return times(seen.value), interval_text(seen)


def _counted(base: float | None, new: float | None) -> tuple[str, str]:
    """How many more: `+1`, and in brackets which share that is."""
    if base is None or new is None:
        return ABSENT, ""
    if new == base:
        return "same", ""
    sign, more = "+" if new > base else "−", abs(new - base)
    return f"{sign}{more:,.0f}", f"({sign}{text.number(100 * more / base)} %)" if base else ""


def times(ratio: float) -> str:
    """A ratio of new over base: 1.068×."""
    return f"{_ratio(ratio)}×"


def _ratio(ratio: float) -> str:
    return f"{ratio:.3f}" if ratio < MOST_TIMES else f"over {MOST_TIMES:,}"


def interval_text(seen: Bounds) -> str:
    """`(1.055–1.082)`."""
    return f"({_ratio(seen.low)}–{_ratio(seen.high)})"


def times_text(seen: Bounds) -> str:
    """`1.068× (1.055–1.082)`."""
    return f"{times(seen.value)} {interval_text(seen)}"


def points(share: float, *, signed: bool = False) -> str:
    """A difference of shares in percentage points: 0.50 pt."""
    return f"{_signed(share) if signed else f'{100 * share:.2f}'} pt"


def _signed(share: float) -> str:
    # Adding zero takes the sign from what rounds to nothing.
    return f"{round(100 * share, 2) + 0.0:+.2f}".replace("-", "−")


def _margin(verdict: Verdict) -> str:
    if verdict.margin is None:
        return ABSENT
    return points(verdict.margin) if verdict.group == "accuracy" else times(1 + verdict.margin)


def _sees(verdict: Verdict, detectable: float) -> str:
    return points(abs(detectable)) if verdict.group == "accuracy" else times(detectable)


def _why(verdict: Verdict) -> Iterator[str]:
    if verdict.reason:
        yield verdict.reason.rstrip(".")
    if verdict.accepted:
        yield f"accepted: {verdict.accepted.rstrip('.')}"
    if verdict.confirmed is not None and verdict.state != "NOT_REPRODUCED":
        yield f"second series {times_text(verdict.confirmed)} over {verdict.confirmed.count} pairs"
    yield from (f"{name}: {value}" for name, value in verdict.facts.items())
