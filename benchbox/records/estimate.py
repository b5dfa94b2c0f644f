"""Estimates from raw samples: medians and shares with their intervals, percentiles. No tables, no text.

The statistics are scipy's and numpy's; what is decided here is only which of them an estimate may use.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest, quantile_test

CONFIDENCE = 0.95
# Below six samples no order statistic brackets the median with 95 %: 1 − 2·0.5⁵ is only 93.75 %.
LEAST_FOR_INTERVAL = 6
# A percentile is shown from the count on at which its own error is small (MLPerf's query counts).
LEAST_FOR_PERCENTILE = {50: 1, 90: 64, 95: 130, 99: 662}


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


def median(samples: Sequence[float]) -> Estimate:
    """The median with its distribution-free 95 % interval (Conover 1999, section 3.2).

    With fewer than six samples the bounds are the range, and the basis says so. Raises ValueError for none.
    """
    if not samples:
        raise ValueError("the median of no samples")
    middle = float(np.median(samples))
    if len(samples) < LEAST_FOR_INTERVAL:
        basis = "one sample" if len(samples) == 1 else f"range of {len(samples)}"
        return Estimate(value=middle, low=min(samples), high=max(samples), basis=basis)
    bounds = quantile_test(np.asarray(samples, dtype=np.float64), p=0.5).confidence_interval(CONFIDENCE)
    low, high = np.asarray(bounds, dtype=np.float64)
    return Estimate(value=middle, low=float(low), high=float(high), basis="95 % interval")


def throughput(samples: Sequence[float], pictures: int) -> Estimate:
    """Pictures a second where each sample is the seconds that one batch of `pictures` took."""
    seconds = median(samples)
    return Estimate(
        value=pictures / seconds.value,
        low=pictures / seconds.high,
        high=pictures / seconds.low,
        basis=seconds.basis,
    )


def percentile(samples: Sequence[float], percent: int) -> float | None:
    """A percentile of LEAST_FOR_PERCENTILE, None where there are too few samples to give it."""
    if len(samples) < LEAST_FOR_PERCENTILE[percent]:
        return None
    return float(np.percentile(samples, percent))


def wilson(correct: int, total: int) -> Estimate:
    """The share `correct / total` with Wilson's 95 % score interval. Raises ValueError for no pictures."""
    interval = binomtest(correct, total).proportion_ci(confidence_level=CONFIDENCE, method="wilson")
    return Estimate(value=correct / total, low=float(interval.low), high=float(interval.high), basis="Wilson 95 %")
