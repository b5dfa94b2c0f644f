"""The table of an ablation's differences, each arm against the first of its network, and the numbers as text."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from benchbox.records.comparison import Difference
from benchbox.records.contest import Contest, Side, between
from benchbox.report import text
from benchbox.report.cells import name_cell
from benchbox.report.grid import Cell, Column, Grid, Line

COLUMNS = (
    Column(title="Network", is_text=True),
    Column(title="Arm", detail="− the first", is_text=True),
    Column(title="Difference", detail="points"),
    Column(title="Could show", detail="points"),
    Column(title="p", detail="Holm"),
    Column(title="Seeds"),
)
EXPLAINED = (
    "Difference: held-out accuracy of the arm minus that of the first, paired over equal seeds: mean and 95 % "
    "interval (paired t). Could show: the smallest true difference that so many seeds would have shown at 80 % "
    "power (two-sided 5 % without a correction, noncentral t at the spread of the paired differences; Cohen 1988, "
    "chapter 2)."
)
CONSTANT = "in every seed: the difference is the same in each, which leaves no interval and no test."
BEYOND = "Near 0 and 100 % an interval by t reaches beyond what an accuracy can be; it is shown as it is."


@dataclass(frozen=True, kw_only=True)
class Unit:
    """What a difference is told in: how many of it make one of the metric's, and its word."""

    scale: float
    word: str

    def number(self, value: float, *, of: float | None = None) -> str:
        """The value alone: 93.5; two decimals where `of`, else it itself, is less than one."""
        digits = 1 if abs(self.scale * (value if of is None else of)) >= 1 else 2
        # Adding zero takes the sign from what rounds to nothing.
        return f"{round(self.scale * value, digits) + 0.0:.{digits}f}".replace("-", "−")

    def amount(self, value: float) -> str:
        """The value with its word: 93.5 points."""
        return f"{self.number(value)} {self.word}"

    def interval(self, seen: Difference) -> str:
        """`90.1 to 96.9`; empty where there is no interval."""
        if seen.low is None or seen.high is None:
            return ""
        return " to ".join(self.number(bound, of=seen.mean) for bound in (seen.low, seen.high))


POINTS = Unit(scale=100, word="points")
EPOCHS = Unit(scale=1, word="epochs")


def p_text(p: float) -> str:
    """`0.61`, `0.012`, `<0.001`."""
    if p < 0.001:
        return "<0.001"
    return f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def differences_grid(found: Sequence[Contest]) -> Grid | None:
    """A line for each arm but the first of its network; None where no two arms have two seeds in common.

    Where the first has no result, the others are held against the first that has one.
    """
    if max((contest.common for contest in found), default=0) < 2:
        return None
    sections = tuple(tuple(_lines(contest)) for contest in found)
    return Grid(title="Differences in accuracy", columns=COLUMNS, sections=sections, notes=_notes(found))


def _lines(contest: Contest) -> Iterator[Line]:
    base = _base(contest)
    first = contest.sides[base]
    for place, side in enumerate(contest.sides):
        if place == base:
            continue
        seen = between(contest.accuracy, base, place)
        cells = (Cell(),) * 4 if seen is None else (*_cells(seen), _seeds_cell(seen, (first, side)))
        yield (name_cell(contest.network), Cell(text=side.name, detail=f"− {first.name}"), *cells)


def _base(contest: Contest) -> int:
    """The place of the first arm that has an accuracy."""
    return next((place for place, side in enumerate(contest.sides) if side.accuracy), 0)


def _cells(seen: Difference) -> tuple[Cell, ...]:
    sign = "+" if seen.mean > 0 else ""
    interval = POINTS.interval(seen)
    spread = f"({interval})" if interval else "in every seed" if seen.is_constant else "one seed"
    return (
        Cell(text=f"{sign}{POINTS.number(seen.mean)}", detail=spread),
        Cell() if seen.could_show is None else Cell(text=POINTS.number(seen.could_show)),
        Cell() if seen.holm is None else Cell(text=p_text(seen.holm)),
    )


def _seeds_cell(seen: Difference, sides: Sequence[Side]) -> Cell:
    planned = max(side.planned for side in sides)
    paired = len(seen.seeds)
    return Cell(text=str(paired), detail=f"of {planned}" if paired < planned else "")


def _notes(found: Sequence[Contest]) -> tuple[str, ...]:
    pairs = sum(seen.p is not None for contest in found for seen in contest.accuracy.values())
    holm = f"p: paired t-test, Holm-corrected over the {text.plural(pairs, 'pair')} of arms that were tested."
    shown = [(contest, seen) for contest in found for seen in _against_first(contest)]
    return (
        EXPLAINED,
        *((holm,) if pairs else ()),
        *((CONSTANT,) if any(seen.is_constant for _, seen in shown) else ()),
        *((BEYOND,) if any(_is_beyond(contest.sides[_base(contest)], seen) for contest, seen in shown) else ()),
        *_replaced(found),
        *_saturated(found),
    )


def _against_first(contest: Contest) -> list[Difference]:
    return [seen for (base, _), seen in contest.accuracy.items() if base == _base(contest)]


def _is_beyond(first: Side, seen: Difference) -> bool:
    """Whether the interval, laid from the first arm's accuracy, leaves the accuracies that there are."""
    if seen.low is None or seen.high is None:
        return False
    accuracy = float(np.mean([first.accuracy[seed] for seed in seen.seeds]))
    return accuracy + seen.low < 0 or accuracy + seen.high > 1


def _replaced(found: Sequence[Contest]) -> tuple[str, ...]:
    """The networks whose first arm has no result, and which arm takes its place."""
    bases = [(contest, base) for contest in found if (base := _base(contest))]
    return tuple(
        f"{contest.network}: {contest.sides[0].name} has no result to compare with; {contest.sides[base].name} is "
        "the first that has."
        for contest, base in bases
    )


def _saturated(found: Sequence[Contest]) -> tuple[str, ...]:
    """The networks of which every arm is at 100 % in every seed."""
    full = [one.network for one in found if all(side.accuracy and min(side.values) >= 1 for side in one.sides)]
    said = "every seed of every arm is at 100 %, so that accuracy cannot tell the arms apart."
    return (f"{', '.join(full)}: {said}",) if full else ()
