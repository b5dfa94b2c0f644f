"""Paired differences of two arms over equal seeds: intervals, tests, what could have been shown.

Numbers only: sentences and tables are made in `benchbox.report`. The statistics are scipy's and statsmodels',
imported when they are needed, since they take as long to load as half of torch.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import TypeVar

import numpy as np

from benchbox.records.estimate import CONFIDENCE

SIGNIFICANCE = 0.05
POWER = 0.8
# Values nearer to one another than this are one value: they are ratios of counts, apart only by rounding.
ALIKE = 1e-9

Key = TypeVar("Key")


@dataclass(frozen=True, kw_only=True)
class Difference:
    """How much higher one arm is than another, a value for each of the seeds that both have, in their unit.

    `low` and `high` bound the mean by Student's paired t at 95 %; `could_show` is the smallest true mean that so
    many seeds would have shown (`smallest_effect`, at the spread that was seen); `p` is the paired t-test's and
    `holm` the same corrected. All five are None for one seed, and where all values are alike, which none can test.
    """

    seeds: tuple[int, ...]
    values: tuple[float, ...]
    low: float | None = None
    high: float | None = None
    could_show: float | None = None
    p: float | None = None
    holm: float | None = None

    @property
    def mean(self) -> float:
        """The mean of the values."""
        return float(np.mean(self.values))

    @property
    def is_constant(self) -> bool:
        """Whether it is the same in each of two or more seeds."""
        return len(self.values) > 1 and max(self.values) - min(self.values) <= ALIKE

    @property
    def is_none(self) -> bool:
        """Whether there is no difference in any of two or more seeds."""
        return self.is_constant and abs(self.mean) <= ALIKE

    @property
    def is_shown(self) -> bool:
        """Whether the corrected test finds a difference."""
        return self.holm is not None and self.holm < SIGNIFICANCE

    @property
    def is_sure(self) -> bool:
        """Whether a difference is shown, or is the same in so many seeds that a sign test alone finds it."""
        is_alike = self.is_constant and not self.is_none
        return self.is_shown or (is_alike and sign_p(len(self.values)) < SIGNIFICANCE)

    @property
    def is_only_corrected_away(self) -> bool:
        """Whether the test finds a difference, but no more when it is corrected for the others."""
        return self.p is not None and self.p < SIGNIFICANCE and not self.is_shown

    @property
    def turned(self) -> "Difference":
        """The same seen from the other arm."""
        return replace(
            self,
            values=tuple(-value for value in self.values),
            low=None if self.high is None else -self.high,
            high=None if self.low is None else -self.low,
        )


def difference(base: Mapping[int, float], arm: Mapping[int, float]) -> Difference | None:
    """How much higher `arm` is than `base` over the seeds that both have; None where they have none."""
    seeds = tuple(sorted(base.keys() & arm.keys()))
    if not seeds:
        return None
    seen = Difference(seeds=seeds, values=tuple(arm[seed] - base[seed] for seed in seeds))
    if len(seeds) < 2 or seen.is_constant:
        return seen
    from scipy.stats import ttest_1samp

    test = ttest_1samp(seen.values, 0.0)
    low, high = (float(bound) for bound in test.confidence_interval(CONFIDENCE))
    deviation = float(np.std(seen.values, ddof=1))
    could_show = smallest_effect(len(seeds)) * deviation
    return replace(seen, low=low, high=high, could_show=could_show, p=float(test.pvalue))


@cache
def sign_p(count: int) -> float:
    """The p of the exact two-sided sign test where `count` differences are all to one side: 2 · 0.5^count."""
    from scipy.stats import binomtest

    return float(binomtest(count, count).pvalue)


@cache
def smallest_effect(count: int) -> float:
    """The true mean of `count` paired differences that their t-test finds with 80 % power, in standard deviations.

    Two-sided at 5 %, from the noncentral t distribution (Cohen 1988, chapter 2).
    """
    from statsmodels.stats.power import TTestPower

    solved = TTestPower().solve_power(nobs=count, alpha=SIGNIFICANCE, power=POWER, alternative="two-sided")
    # The power is the same on both sides of zero, and either may be the one that is found.
    return abs(float(solved))


def with_holm(found: Mapping[Key, Difference]) -> dict[Key, Difference]:
    """The differences with their p corrected for one another (Holm 1979); those without a test stay as they are."""
    tested = {key: seen.p for key, seen in found.items() if seen.p is not None}
    if not tested:
        return dict(found)
    from statsmodels.stats.multitest import multipletests

    corrected = multipletests(list(tested.values()), alpha=SIGNIFICANCE, method="holm")[1]
    holm = {key: float(p) for key, p in zip(tested, corrected, strict=True)}
    return {key: replace(seen, holm=holm.get(key)) for key, seen in found.items()}
