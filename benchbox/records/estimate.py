"""Estimates from raw samples: medians and shares with their intervals, percentiles. No tables, no text.

The statistics are scipy's and numpy's; what is decided here is only which of them an estimate may use. What needs
scipy.stats imports it when it is called: it takes as long as half of torch, and a timed cell does not need it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr

CONFIDENCE = 0.95
# Below six samples no order statistic brackets the median with 95 %: 1 − 2·0.5⁵ is only 93.75 %.
LEAST_FOR_INTERVAL = 6
# A percentile is shown from the count on at which its own error is small (MLPerf's query counts).
LEAST_FOR_PERCENTILE = {50: 1, 90: 64, 95: 130, 99: 662}
# Two medians give a t interval twelve times as wide as their distance: their range says more.
LEAST_PROCESSES = 3
ONE_SAMPLE, RANGE, WELCH = "one sample", "range of", "Welch over processes"


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A value and where it may lie. `basis` says what `low` and `high` are: an interval or a mere range."""

    value: float
    low: float
    high: float
    basis: str

    @property
    def half_width(self) -> float:
        """The larger of the two distances to a bound, as a ratio of the value; 0 for a value of 0."""
        return max(self.high - self.value, self.value - self.low) / self.value if self.value else 0.0

    @property
    def is_interval(self) -> bool:
        """Whether the bounds are those of an interval, and not the mere range of what was seen."""
        return self.basis != ONE_SAMPLE and not self.basis.startswith(RANGE)

    def inverse(self, numerator: float) -> "Estimate":
        """`numerator` / value, such as pictures / seconds; the bounds change places."""
        return Estimate(
            value=numerator / self.value, low=numerator / self.high, high=numerator / self.low, basis=self.basis
        )


def median(samples: Sequence[float]) -> Estimate:
    """The median with its distribution-free 95 % interval (Conover 1999, section 3.2).

    With fewer than six samples the bounds are the range, and the basis says so. Raises ValueError for none.
    """
    if not samples:
        raise ValueError("the median of no samples")
    middle = float(np.median(samples))
    if len(samples) < LEAST_FOR_INTERVAL:
        basis = ONE_SAMPLE if len(samples) == 1 else f"{RANGE} {len(samples)}"
        return Estimate(value=middle, low=min(samples), high=max(samples), basis=basis)
    ordered, (low, high) = sorted(samples), _ranks(len(samples))
    return Estimate(value=middle, low=float(ordered[low]), high=float(ordered[high]), basis="95 % interval")


@cache
def _ranks(count: int) -> tuple[int, int]:
    """Which of `count` ordered samples bracket the median: scipy.stats.quantile_test's, the same for all samples.

    They are told from the binomial distribution itself, since every child process would wait for scipy.stats.
    """
    below = bdtr(np.arange(count), count, 0.5)
    tail = (1 - CONFIDENCE) / 2
    return int(np.searchsorted(below, tail)) - 1, int(np.searchsorted(below, 1 - tail))


def exact(value: float) -> Estimate:
    """A value that was counted, not sampled."""
    return Estimate(value=value, low=value, high=value, basis="exact")


def over_processes(medians: Sequence[float]) -> Estimate:
    """The geometric mean of the medians of fresh processes; from three on with Student's t 95 % interval.

    The interval is that of the mean logarithm, exponentiated: times are skewed to the right. Of two processes
    the bounds are the range, and the basis says so. Raises ValueError for fewer than two or for a median of 0.
    """
    from scipy.stats import ttest_1samp

    if len(medians) < 2 or min(medians) <= 0:
        raise ValueError(f"medians of processes: {list(medians)}")
    logs = _logs(medians)
    middle = medians[0] * float(np.exp(np.mean(logs)))
    if len(medians) < LEAST_PROCESSES:
        basis = f"{RANGE} {len(medians)} processes"
        return Estimate(value=middle, low=min(medians), high=max(medians), basis=basis)
    # Without any spread there is no t; the interval is then as narrow as what was seen.
    bounds = ttest_1samp(logs, 0).confidence_interval(CONFIDENCE) if np.any(logs) else (0.0, 0.0)
    return _exponentiated(middle, bounds, unit=medians[0], basis=f"t over {len(medians)} processes")


def _logs(medians: Sequence[float]) -> NDArray[np.float64]:
    # Relative to the first, so that scipy finds no nearly equal numbers to subtract in a variance.
    return np.log(np.asarray(medians, dtype=np.float64) / medians[0])


def _exponentiated(middle: float, bounds: object, *, unit: float, basis: str) -> Estimate:
    low, high = np.asarray(bounds, dtype=np.float64)
    ends = (unit * float(np.exp(low)), middle, unit * float(np.exp(high)))
    return Estimate(value=middle, low=min(ends), high=max(ends), basis=basis)


def ratio_of_processes(medians: Sequence[float], to: Sequence[float]) -> Estimate:
    """How many times as long the processes of one row took as those of another, with Welch's 95 % interval.

    Unequal variances, on logarithms. Raises ValueError for fewer than three processes on a side.
    """
    from scipy.stats import ttest_ind

    if min(len(medians), len(to)) < LEAST_PROCESSES:
        raise ValueError(f"{len(medians)} and {len(to)} processes are too few for Welch's interval")
    ours, theirs = _logs(medians), _logs(to)
    unit = medians[0] / to[0]
    middle = unit * float(np.exp(np.mean(ours) - np.mean(theirs)))
    if not np.any(ours) and not np.any(theirs):
        return Estimate(value=middle, low=middle, high=middle, basis=WELCH)
    bounds = ttest_ind(ours, theirs, equal_var=False).confidence_interval(CONFIDENCE)
    return _exponentiated(middle, bounds, unit=unit, basis=WELCH)


def percentile(samples: Sequence[float], percent: int) -> float | None:
    """A percentile of LEAST_FOR_PERCENTILE, None where there are too few samples to give it."""
    if len(samples) < LEAST_FOR_PERCENTILE[percent]:
        return None
    return float(np.percentile(samples, percent))


def wilson(correct: int, total: int) -> Estimate:
    """The share `correct / total` with Wilson's 95 % score interval. Raises ValueError for no pictures."""
    from scipy.stats import binomtest

    interval = binomtest(correct, total).proportion_ci(confidence_level=CONFIDENCE, method="wilson")
    return Estimate(value=correct / total, low=float(interval.low), high=float(interval.high), basis="Wilson 95 %")
