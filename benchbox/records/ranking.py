"""Who is ahead of whom: rank ranges with ties, times relative to the fastest, and Pareto fronts. No text.

Only like is ranked with like: rows of one batch size and one image size, since a batch of one picture and one
of 32 answer different questions. What failed, what is void, and a single sample are not ranked. The range of a
few samples is ranked as if it were an interval, but its place says that it is not sure. So is the epoch in which a
fit reached an accuracy: when within it is not known, nor what another seed would need.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from benchbox.records.estimate import ONE_SAMPLE, RANGE, Estimate, exact
from benchbox.records.metrics import Better
from benchbox.records.rows import Row, Slot
from benchbox.records.timing import Timing, times_as_long

Criterion = Literal["inference", "training", "accuracy", "to_100", "to_99", "to_90", "parameters"]
Front = Literal["latency", "parameters"]

# The accuracies to which a time is ranked, the highest first, and what they are called.
SHARES: dict[float, Criterion] = {1.0: "to_100", 0.99: "to_99", 0.9: "to_90"}
ONE_EPOCH = f"{RANGE} one epoch"


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What must be equal for rows to be ranked with one another."""

    batch_size: int
    image_size: int


@dataclass(frozen=True, kw_only=True)
class Rank:
    """The places that a row may hold, from the best possible to the worst possible one, counted from 1.

    `is_sure` is False where the row's own bounds are the range of a few samples, of two processes or of an epoch.
    """

    best: int
    worst: int
    is_sure: bool = True


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A row among those of its setting.

    `ranks` has the criteria in which it is ranked; `times` says, for inference and training, how many times as
    long a batch takes as the fastest row's; `fronts` are the Pareto fronts of accuracy on which it stands.
    """

    row: Row
    setting: Setting
    ranks: Mapping[Criterion, Rank]
    times: Mapping[Slot, Estimate]
    fronts: tuple[Front, ...]


def setting_of(row: Row) -> Setting:
    """The setting of a row."""
    return Setting(batch_size=row.spec.fit.batch, image_size=row.spec.data.image_size)


def by_setting(seen: Iterable[Row]) -> dict[Setting, list[Row]]:
    """Rows grouped by their settings, in order of appearance."""
    groups: dict[Setting, list[Row]] = {}
    for row in seen:
        groups.setdefault(setting_of(row), []).append(row)
    return groups


def is_surely_better(one: Estimate, other: Estimate, better: Better) -> bool:
    """Whether the whole of one interval lies on the better side of the other."""
    return one.low > other.high if better == "higher" else one.high < other.low


def ranks(values: Sequence[Estimate | None], better: Better) -> list[Rank | None]:
    """The rank range of each value: as many are before it as are surely better, and after it as surely worse."""
    known = [value for value in values if value is not None and value.basis != ONE_SAMPLE]
    return [None if value is None else _rank(value, known, better) for value in values]


def _rank(value: Estimate, known: Sequence[Estimate], better: Better) -> Rank | None:
    if value.basis == ONE_SAMPLE:
        return None
    ahead = sum(is_surely_better(other, value, better) for other in known)
    behind = sum(is_surely_better(value, other, better) for other in known)
    return Rank(best=1 + ahead, worst=len(known) - behind, is_sure=value.is_interval)


@dataclass(frozen=True, kw_only=True)
class Point:
    """A row's place in a plane: a cost, of which less is better, and a gain, of which more is better."""

    cost: Estimate
    gain: Estimate


def pareto(points: Sequence[Point | None]) -> list[bool]:
    """Which points stand on the front: those that no other one dominates; an unknown point never does.

    A point dominates another where its values are at least as good in both and surely better in one, that is
    with intervals that do not overlap. What cannot be told apart therefore stands on the front together.
    """
    known = [point for point in points if point is not None]
    return [point is not None and not any(_dominates(other, point) for other in known) for point in points]


def _dominates(one: Point, other: Point) -> bool:
    is_as_good = one.cost.value <= other.cost.value and one.gain.value >= other.gain.value
    is_better = is_surely_better(one.cost, other.cost, "lower") or is_surely_better(one.gain, other.gain, "higher")
    return is_as_good and is_better


def inference_seconds(row: Row) -> Estimate | None:
    """Seconds of an inference batch, None where they may not be ranked."""
    return _seconds(row, "infer")


def training_seconds(row: Row) -> Estimate | None:
    """Seconds of a training step, None where they may not be ranked."""
    return _seconds(row, "train_step")


def _seconds(row: Row, slot: Slot) -> Estimate | None:
    timing = row.timing(slot)
    return timing.seconds if timing is not None and row.is_sound(slot) else None


def top1(row: Row) -> Estimate | None:
    """Accuracy, None where it may not be ranked."""
    return row.accuracy.top1 if row.accuracy is not None and row.is_sound("accuracy") else None


def parameters(row: Row) -> Estimate | None:
    """The count of parameters, None where it is not known or the row is void."""
    return None if row.parameters is None or row.void else exact(row.parameters)


def seconds_to(row: Row, share: float) -> Estimate | None:
    """Seconds of training, evaluations left out, to the end of the first epoch with a held-out accuracy.

    The lower bound is the end of the epoch before. None where the accuracy was not reached, or no fit was seen.
    """
    reached = row.learning.milestone(share) if row.learning is not None else None
    if row.learning is None or reached is None or reached.seconds is None:
        return None
    before = sum(row.learning.curves["epoch_seconds"][: reached.epoch - 1])
    return Estimate(value=reached.seconds, low=before, high=reached.seconds, basis=ONE_EPOCH)


def ranked_seconds_to(row: Row, share: float) -> Estimate | None:
    """As `seconds_to`, None where they may not be ranked."""
    return seconds_to(row, share) if row.is_sound("accuracy") else None


def common_share(seen: Sequence[Row]) -> float | None:
    """The accuracy to which the times of all rows are compared: the highest of SHARES that one of them reached."""
    return next((share for share in SHARES if any(ranked_seconds_to(row, share) for row in seen)), None)


_CRITERIA: tuple[tuple[Criterion, Callable[[Row], Estimate | None], Better], ...] = (
    ("inference", inference_seconds, "lower"),
    ("training", training_seconds, "lower"),
    ("accuracy", top1, "higher"),
    ("parameters", parameters, "lower"),
)
_COSTS: tuple[tuple[Front, Callable[[Row], Estimate | None]], ...] = (
    ("latency", inference_seconds),
    ("parameters", parameters),
)
TIMED: tuple[Slot, ...] = ("infer", "train_step")


def front(seen: Sequence[Row], cost: Front) -> list[bool]:
    """Which rows stand on the front of accuracy against latency or parameters."""
    return pareto([_point(row, dict(_COSTS)[cost]) for row in seen])


def _point(row: Row, cost: Callable[[Row], Estimate | None]) -> Point | None:
    seen, gain = cost(row), top1(row)
    # A single sample's bounds are the sample itself: it would look like a count.
    if seen is None or gain is None or seen.basis == ONE_SAMPLE:
        return None
    return Point(cost=seen, gain=gain)


def standings(seen: Sequence[Row]) -> list[Standing]:
    """The standing of each row, in their order."""
    share = common_share(seen)
    found = {id(one.row): one for group in by_setting(seen).values() for one in _group_standings(group, share)}
    return [found[id(row)] for row in seen]


def _group_standings(group: Sequence[Row], share: float | None) -> list[Standing]:
    columns = {name: ranks([of(row) for row in group], better) for name, of, better in _CRITERIA}
    if share is not None:
        columns[SHARES[share]] = ranks([ranked_seconds_to(row, share) for row in group], "lower")
    fronts = {name: front(group, name) for name, _ in _COSTS}
    times = {slot: _times(group, slot) for slot in TIMED}
    return [
        Standing(
            row=row,
            setting=setting_of(row),
            ranks={name: rank for name, column in columns.items() if (rank := column[place]) is not None},
            times={slot: time for slot, column in times.items() if (time := column[place]) is not None},
            fronts=tuple(name for name, column in fronts.items() if column[place]),
        )
        for place, row in enumerate(group)
    ]


def _times(group: Sequence[Row], slot: Slot) -> list[Estimate | None]:
    """Times relative to the fastest row's; that row's own is exactly 1."""
    timings = [_sound_timing(row, slot) for row in group]
    known = [timing for timing in timings if timing is not None]
    if not known:
        return [None] * len(timings)
    fastest = min(known, key=lambda timing: timing.seconds.value)
    return [
        None if timing is None else exact(1.0) if timing is fastest else times_as_long(timing, fastest)
        for timing in timings
    ]


def _sound_timing(row: Row, slot: Slot) -> Timing | None:
    return row.timing(slot) if row.is_sound(slot) else None
