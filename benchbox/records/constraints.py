"""Constraints such as `latency<10ms`: read from text, held against rows, a row chosen under them. No text out.

A row holds a constraint surely, perhaps (its interval crosses the limit) or not; what was not measured, and what
is void, holds none.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from scipy.special import ndtri

from benchbox.errors import SpecError
from benchbox.records.estimate import CONFIDENCE, Estimate, exact
from benchbox.records.rows import Row

Holds = Literal["surely", "perhaps", "not"]

OPERATORS = ("<", "<=", ">", ">=")
_FORM = re.compile(r"\s*([a-z0-9_]+)\s*([<>]=?)\s*(\d+(?:\.\d*)?|\.\d+)\s*(\S*)\s*")
_SECONDS = {"us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0}
_COUNTS = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9}
_BYTES = {
    "B": 1.0,
    "kB": 1e3,
    "MB": 1e6,
    "GB": 1e9,
    "KiB": 2.0**10,
    "MiB": 2.0**20,
    "GiB": 2.0**30,
}
_RATES = {"": 1.0, "/s": 1.0, "k/s": 1e3}


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """What a constraint may bound: the units of its limit with their size, and how a row yields it."""

    units: Mapping[str, float]
    of: Callable[[Row], Estimate | None]


def _latency(row: Row) -> Estimate | None:
    return row.inference.seconds if row.inference and row.is_sound("infer") else None


def _inference(row: Row) -> Estimate | None:
    return row.inference.pictures_per_second if row.inference and row.is_sound("infer") else None


def _training(row: Row) -> Estimate | None:
    return row.training.pictures_per_second if row.training and row.is_sound("train_step") else None


def _memory(row: Row) -> Estimate | None:
    part = row.parts.get("train_step") or row.parts.get("infer")
    return None if part is None or part.peak_memory is None else exact(part.peak_memory)


def _accuracy(row: Row) -> Estimate | None:
    return row.accuracy.top1 if row.accuracy and row.is_sound("accuracy") else None


def _counted(value: float | None) -> Estimate | None:
    return None if value is None else exact(value)


QUANTITIES: dict[str, Quantity] = {
    "latency": Quantity(units=_SECONDS, of=_latency),
    "inference": Quantity(units=_RATES, of=_inference),
    "training": Quantity(units=_RATES, of=_training),
    "memory": Quantity(units=_BYTES, of=_memory),
    "accuracy": Quantity(units={"": 1.0, "%": 0.01}, of=_accuracy),
    "parameters": Quantity(units=_COUNTS, of=lambda row: _counted(row.parameters)),
    "weights": Quantity(units=_BYTES, of=lambda row: _counted(row.weight_bytes)),
    "gflop": Quantity(units={"": 1e9}, of=lambda row: _counted(row.flops)),
}


@dataclass(frozen=True, kw_only=True)
class Constraint:
    """A bound on one quantity, in seconds, bytes, ratios or counts; `text` is what the user wrote."""

    quantity: str
    operator: str
    limit: float
    text: str

    def holds(self, row: Row) -> Holds:
        """Whether a row holds the bound with the whole of its interval, with some of it, or not at all."""
        seen = None if row.void else QUANTITIES[self.quantity].of(row)
        if seen is None:
            return "not"
        ends = {self._is_met(seen.low), self._is_met(seen.high)}
        return "perhaps" if len(ends) > 1 else "surely" if ends == {True} else "not"

    def excess(self, row: Row) -> float:
        """How far a row lies beyond the limit, as the logarithm of a ratio; 0 within it, infinite if unknown."""
        seen = None if row.void else QUANTITIES[self.quantity].of(row)
        if seen is None or seen.value <= 0:
            return math.inf
        beyond = math.log(seen.value / self.limit)
        return max(0.0, beyond if self.operator.startswith("<") else -beyond)

    def pictures_needed(self, row: Row) -> int | None:
        """How many held-out pictures would tell, where a row is accurate enough but its Wilson bound is not.

        The count at which Wilson's bound of the same share is the limit itself: z²·L·(1−L) / (p−L)², since his
        bounds are the shares that the score test just does not reject. None where no count is what is missing.
        """
        accuracy = _accuracy(row)
        if self.quantity != "accuracy" or accuracy is None or self.holds(row) != "perhaps":
            return None
        beyond = accuracy.value - self.limit
        if not self._is_met(accuracy.value) or not beyond:
            return None
        z = float(ndtri((1 + CONFIDENCE) / 2))
        return math.ceil(z**2 * self.limit * (1 - self.limit) / beyond**2)

    def _is_met(self, value: float) -> bool:
        match self.operator:
            case "<":
                return value < self.limit
            case "<=":
                return value <= self.limit
            case ">":
                return value > self.limit
            case _:
                return value >= self.limit


def parse(text: str) -> Constraint:
    """A constraint from `metric OP value[unit]`, such as `latency<10ms` or `accuracy>=95%`.

    Raises SpecError naming the metrics, operators or units that are allowed.
    """
    form = _FORM.fullmatch(text)
    if form is None:
        allowed = f"METRIC OP VALUE[UNIT] with METRIC of {', '.join(QUANTITIES)} and OP of {' '.join(OPERATORS)}"
        raise SpecError.of("--under", text, allowed=allowed, hint="for example latency<10ms")
    name, operator, number, unit = form.groups()
    if name not in QUANTITIES:
        raise SpecError.of("metric of --under", name, allowed=", ".join(QUANTITIES))
    units = QUANTITIES[name].units
    if unit not in units:
        allowed = ", ".join(known or "none" for known in units)
        raise SpecError.of(f"unit of {name} in --under", unit, allowed=allowed)
    # 102 ms is 0.102 s, and not the next float above it.
    limit = float(Decimal(number) * Decimal(str(units[unit])))
    _need_sense(name, limit, text)
    return Constraint(quantity=name, operator=operator, limit=limit, text="".join(text.split()))


def _need_sense(name: str, limit: float, text: str) -> None:
    if limit <= 0:
        raise SpecError.of("limit of --under", text, allowed="more than 0")
    if name == "accuracy" and limit > 1:
        raise SpecError.of("limit of --under", text, allowed="a ratio up to 1, or per cent up to 100 %")


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The best row under constraints, and what else may be said of the others.

    `chosen` surely holds all of them: of those the most accurate one, and of those whose accuracy cannot be told
    apart from it (`equals`) the fastest. Without an accuracy `is_by_accuracy` is False and it is the fastest.
    `unscored` surely hold all of them too, but have no accuracy by which they could be chosen.
    `perhaps` hold all of them at best; `nearest` exceeds them by the least, where none holds them surely.
    """

    chosen: Row | None
    equals: tuple[Row, ...]
    unscored: tuple[Row, ...]
    perhaps: tuple[Row, ...]
    nearest: Row | None
    is_by_accuracy: bool


def choose(seen: Sequence[Row], constraints: Sequence[Constraint]) -> Choice:
    """Choose among rows under constraints."""
    held = [_all_hold([constraint.holds(row) for constraint in constraints]) for row in seen]
    sure = [row for row, state in zip(seen, held, strict=True) if state == "surely"]
    chosen, equals, is_by_accuracy = _best(sure)
    return Choice(
        chosen=chosen,
        equals=equals,
        unscored=tuple(row for row in sure if _accuracy(row) is None),
        perhaps=tuple(row for row, state in zip(seen, held, strict=True) if state == "perhaps"),
        nearest=None if chosen else _nearest(seen, constraints),
        is_by_accuracy=is_by_accuracy,
    )


def _all_hold(states: Iterable[Holds]) -> Holds:
    known = set(states)
    return "not" if "not" in known else "perhaps" if "perhaps" in known else "surely"


def _best(sure: Sequence[Row]) -> tuple[Row | None, tuple[Row, ...], bool]:
    scored = [(accuracy, row) for row in sure if (accuracy := _accuracy(row)) is not None and not row.void]
    if not scored:
        timed = [row for row in sure if _latency(row) is not None]
        return (min(timed, key=_seconds) if timed else next(iter(sure), None)), (), False
    top = max(accuracy.value for accuracy, _ in scored)
    floor = min(accuracy.low for accuracy, _ in scored if accuracy.value == top)
    equal = [row for accuracy, row in scored if accuracy.high >= floor]
    chosen = min(equal, key=_seconds)
    return chosen, tuple(row for row in equal if row is not chosen), True


def _seconds(row: Row) -> float:
    """Seconds a picture, so that rows of several batch sizes can be told apart; infinite where not timed."""
    speed = _inference(row)
    return math.inf if speed is None else 1 / speed.value


def _nearest(seen: Sequence[Row], constraints: Sequence[Constraint]) -> Row | None:
    excess = {place: max(one.excess(row) for one in constraints) for place, row in enumerate(seen)}
    known = {place: far for place, far in excess.items() if math.isfinite(far)}
    return seen[min(known, key=lambda place: known[place])] if known else None
