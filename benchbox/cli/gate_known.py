"""How well the rows of a series are known by now: when it may end, and what people are told of it.

Only widths are looked at, never on which side of the margin a row is.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from benchbox.gate.decision import SHARE, bounds, is_known
from benchbox.gate.pairs import blocks_of, slices
from benchbox.gate.rules import Rules
from benchbox.gate.times import CONTROL, METRIC, relative
from benchbox.plan.gate import GateSeries
from benchbox.plan.spec import case
from benchbox.records.record import Record
from benchbox.report.text import about
from benchbox.runner.pairs import Pair


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known of a series of so many `pairs`, or of processes of one arm, as `unit` says.

    `widest` names the row that is known least by what is wanted, with its half-width and the one that is wanted.
    """

    unit: str
    pairs: int
    is_enough: bool
    seconds: float
    widest: tuple[str, float, float] | None = None

    def words(self, series: GateSeries, *, left: float) -> str:
        """`pair 7 of 7 to 20: lenet infer b8@128 is known to ±1.9 %, wanted is ±1.5 %; at most about 9 s more`."""
        said = f"{self.unit} {self.pairs} of {series.least} to {series.most}"
        if self.widest is not None:
            name, width, wanted = self.widest
            seen = f"±{100 * width:.1f} %" if width < 1 else "within a factor of two or more"
            said += f": {name} is known to {seen}, wanted is ±{100 * wanted:.1f} %"
        if self.is_enough or self.pairs >= series.most:
            return said
        longest = min(max(0.0, left), (series.most - self.pairs) * self.seconds / self.pairs)
        return f"{said}; at most about {about(longest)} more"


def how_known(rules: Rules, series: GateSeries) -> Callable[[Sequence[Pair]], Known]:
    """What tells of the pairs of a series how well its rows are known.

    A row that failed keeps nobody waiting. The control need only be known to the margin: beyond that the run's
    noise floor would hide every row.
    """
    names = {case(spec): label for spec, label in zip(series.specs, series.labels, strict=True)}
    margins = {row: rules.margin_of(row, name) for row, name in names.items()}

    def known(pairs: Sequence[Pair]) -> Known:
        rows = _differences(pairs, names)
        control = _control(pairs)
        is_enough = bool(rows) and all(is_known(seen, margin=margins[row]) for row, seen in rows.items())
        return Known(
            unit="pair",
            pairs=len(pairs),
            is_enough=is_enough and is_known(control, margin=rules.margin / SHARE),
            seconds=sum(pair.seconds for pair in pairs),
            widest=_widest(rows, names, margins),
        )

    return known


def how_known_alone(rules: Rules, series: GateSeries) -> Callable[[Sequence[Pair]], Known]:
    """As `how_known`, of one arm alone: how well the times are known, each process's relative to its control."""
    names = {case(spec): label for spec, label in zip(series.specs, series.labels, strict=True)}
    margins = {row: rules.margin_of(row, name) for row, name in names.items()}

    def known(pairs: Sequence[Pair]) -> Known:
        records = [record for pair in pairs for record in pair.records[0]]
        failed = {record.case for record in records if record.status != "ok"}
        rows = {
            row: [relative(record) for record in _of(records, row) if record.values(CONTROL)]
            for row in names
            if row not in failed
        }
        return Known(
            unit="process",
            pairs=len(pairs),
            is_enough=bool(rows) and all(is_known(seen, margin=margins[row]) for row, seen in rows.items()),
            seconds=sum(pair.seconds for pair in pairs),
            widest=_widest(rows, names, margins),
        )

    return known


def _differences(pairs: Sequence[Pair], names: Mapping[str, str]) -> dict[str, list[float]]:
    """By row one log-ratio a pair, of the rows that never failed."""
    base, new = ([record for pair in pairs for record in pair.records[arm]] for arm in range(2))
    failed = {record.case for record in (*base, *new) if record.status != "ok"}
    return {row: _medians(_of(base, row), _of(new, row), METRIC) for row in names if row not in failed}


def _of(records: Sequence[Record], row: str) -> list[Record]:
    return [record for record in records if record.case == row]


def _control(pairs: Sequence[Pair]) -> list[float]:
    base, new = ([record for pair in pairs for record in pair.records[arm]] for arm in range(2))
    return _medians(base, new, CONTROL)


def _medians(base: Sequence[Record], new: Sequence[Record], metric: str) -> list[float]:
    blocks = blocks_of(slices(base, metric=metric), slices(new, metric=metric))
    return [median(seen) for seen in blocks.values()]


def _widest(
    rows: Mapping[str, Sequence[float]], names: Mapping[str, str], margins: Mapping[str, float]
) -> tuple[str, float, float] | None:
    """The row whose half-width is largest by its margin, where two pairs have shown one."""
    found = []
    for row, differences in rows.items():
        seen = bounds(differences, margin=margins[row])
        if seen is not None:
            width = (seen.high / seen.low) ** 0.5 - 1
            found.append((width / margins[row], (names[row], width, SHARE * margins[row])))
    return max(found)[1] if found else None
