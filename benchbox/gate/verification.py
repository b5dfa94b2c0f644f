"""The gate put to the proof: how often each answer came, by what was the truth. Numbers of the ledger's trials.

Equal arms count false alarms, a slowed arm counts what is found, and a program beside them says what a bad
neighbour does.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from benchbox.gate.ledger import KINDS, UNCHANGED, Kind, Trial, TrialRow, append_trial, make_trial, read_ledger

__all__ = [
    "KINDS",
    "Kind",
    "OperatingCharacteristic",
    "Rate",
    "Setting",
    "Trial",
    "TrialRow",
    "append_trial",
    "make_trial",
    "operating_characteristic",
    "rate",
    "read_ledger",
]

# Each bound of a rate holds with this chance by itself, so that both hold with 90 %.
ONE_SIDED = 0.95
# The exit code of a gate that found a regression.
REGRESSION = 1


@dataclass(frozen=True, kw_only=True)
class Rate:
    """`count` of `total`, with its exact one-sided 95 % bounds (Clopper and Pearson 1934)."""

    count: int
    total: int
    low: float
    high: float

    @property
    def value(self) -> float:
        """The share that was seen."""
        return self.count / self.total


def rate(count: int, total: int) -> Rate | None:
    """A share with its bounds, None of nothing. 0 of 300 is at most 1 %."""
    from scipy.stats import binomtest

    if not total:
        return None
    # Two one-sided 95 % bounds are the two-sided 90 % interval.
    interval = binomtest(count, total).proportion_ci(2 * ONE_SIDED - 1, method="exact")
    return Rate(count=count, total=total, low=float(interval.low), high=float(interval.high))


@dataclass(frozen=True, kw_only=True)
class Setting:
    """All trials of one kind, preset and injected slowdown: a line of the table, a point of the curve.

    Of gates with a slowed row there are two settings: that of the slowed rows, where FAIL is right (its rates are
    the power), and that of the others, where it is a false alarm. Rows of one gate share its machine and its
    minutes and are not independent, so that `failed_rows` promises too much: `failed_gates` counts a gate once.

    `failed_gates` are those with such a row that failed; without any slowed row, those that exited as a regression.
    `audited` is the median true slowdown as a ratio less 1, `coverage` how often the 98 % interval held the truth,
    `error` the geometric mean of estimate over truth less 1; None where no truth is known. `pairs` and `half_width`
    (a ratio less 1) are medians over rows, `seconds` over gates. `codes` count gates by exit code.
    """

    kind: Kind
    preset: str
    margin: float
    injected: float
    is_altered: bool
    gates: int
    rows: int
    states: Mapping[str, int]
    codes: Mapping[int, int]
    failed_rows: Rate | None
    failed_gates: Rate | None
    audited: float | None
    coverage: Rate | None
    error: float | None
    pairs: float | None
    half_width: float | None
    seconds: float

    def share(self, *states: str) -> float:
        """The share of rows that ended in one of these states; 0 where there are no rows."""
        return sum(self.states.get(state, 0) for state in states) / self.rows if self.rows else 0.0


@dataclass(frozen=True, kw_only=True)
class OperatingCharacteristic:
    """How the gate answers, by what was the truth; and what that rests on.

    `hosts` and `commits` count gates by the host's fingerprint and the base arm's commit. `first` and `last` are
    when the earliest and the latest were made, empty without any; `seconds` what all of them took.
    """

    settings: tuple[Setting, ...]
    gates: int
    hosts: Mapping[str, int]
    commits: Mapping[str, int]
    first: str
    last: str
    seconds: float

    @property
    def scales(self) -> tuple[tuple[str, float], ...]:
        """The presets that were tried, with their margins: each has a curve."""
        return tuple(dict.fromkeys((setting.preset, setting.margin) for setting in self.settings))

    def curve(self, preset: str, margin: float) -> tuple[Setting, ...]:
        """The points of a power curve by what was injected: equal arms, then slowed rows."""
        points = (
            setting
            for setting in self.settings
            if (setting.preset, setting.margin) == (preset, margin)
            and (setting.kind == "same" or setting.is_altered)
        )
        return tuple(sorted(points, key=lambda setting: setting.injected))


def operating_characteristic(trials: Sequence[Trial]) -> OperatingCharacteristic:
    """How often each answer came, by kind, preset and injected slowdown, in that order."""
    groups: dict[tuple[int, float, str, float, bool], list[Trial]] = defaultdict(list)
    for trial in trials:
        for is_altered in _sides(trial):
            key = (KINDS.index(trial.kind), trial.margin, trial.preset, trial.injected, not is_altered)
            groups[key].append(trial)
    made = sorted(trial.made for trial in trials)
    return OperatingCharacteristic(
        settings=tuple(_setting(groups[key], is_altered=not key[-1]) for key in sorted(groups)),
        gates=len(trials),
        hosts=Counter(trial.fingerprint for trial in trials),
        commits=Counter(trial.commit for trial in trials),
        first=made[0] if made else "",
        last=made[-1] if made else "",
        seconds=math.fsum(trial.seconds for trial in trials),
    )


def _sides(trial: Trial) -> frozenset[bool]:
    """Whether a gate has altered rows, others, or both; one without rows counts as unaltered."""
    return frozenset(row.is_altered for row in trial.rows) or frozenset((False,))


def _setting(trials: Sequence[Trial], *, is_altered: bool) -> Setting:
    rows = [row for trial in trials for row in trial.rows if row.is_altered is is_altered]
    failed = sum(_is_failed(trial, is_altered=is_altered) for trial in trials)
    truths = [row.truth for row in rows if row.is_altered and row.truth is not None]
    known = [(row.bounds, row.truth) for row in rows if row.bounds is not None and row.truth is not None]
    bounds = [row.bounds for row in rows if row.bounds is not None]
    return Setting(
        kind=trials[0].kind,
        preset=trials[0].preset,
        margin=trials[0].margin,
        injected=trials[0].injected,
        is_altered=is_altered,
        gates=len(trials),
        rows=len(rows),
        states=Counter(row.state for row in rows),
        codes=Counter(trial.code for trial in trials),
        failed_rows=rate(sum(row.state == "FAIL" for row in rows), len(rows)),
        failed_gates=rate(failed, len(trials)),
        audited=median(truths) - UNCHANGED if truths else None,
        coverage=rate(sum(seen.low <= truth <= seen.high for seen, truth in known), len(known)),
        error=math.expm1(fmean(math.log(seen.value / truth) for seen, truth in known)) if known else None,
        pairs=median(seen.count for seen in bounds) if bounds else None,
        half_width=median(seen.high / seen.value - 1 for seen in bounds) if bounds else None,
        seconds=median(trial.seconds for trial in trials),
    )


def _is_failed(trial: Trial, *, is_altered: bool) -> bool:
    if not any(row.is_altered for row in trial.rows):
        return trial.code == REGRESSION
    return any(row.state == "FAIL" for row in trial.rows if row.is_altered is is_altered)
