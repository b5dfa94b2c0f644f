"""Arms of one network against one another over equal seeds: paired differences, intervals, tests, what could show.

Numbers only: sentences and tables are made in `benchbox.report`. The statistics are scipy's and statsmodels',
imported when they are needed, since they take as long to load as half of torch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import combinations
from typing import Literal, TypeVar

import numpy as np

from benchbox.records.estimate import CONFIDENCE
from benchbox.records.learning import MILESTONES

SIGNIFICANCE = 0.05
POWER = 0.8
# Values nearer to one another than this are one value: they are ratios of counts, apart only by rounding.
ALIKE = 1e-9

Relation = Literal["equal", "behind", "constant", "tied"]
Key = TypeVar("Key")
Places = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Side:
    """One arm as numbers by seed: `accuracy` a ratio, `epochs` those to the shares of `learning.MILESTONES`.

    Only seeds that ended well are there, of the `planned` ones; of a share only those that reached it. `trained`
    are the counts of epochs that its fits had. `rate` is the learning rate that it chose from `rates`, if it did.
    """

    name: str
    accuracy: Mapping[int, float]
    epochs: Mapping[float, Mapping[int, float]] = field(default_factory=dict)
    planned: int
    trained: tuple[int, ...] = ()
    rate: float | None = None
    rates: tuple[float, ...] = ()

    @property
    def values(self) -> list[float]:
        """The accuracies alone."""
        return list(self.accuracy.values())

    @property
    def is_at_edge(self) -> bool:
        """Whether the chosen learning rate is the lowest or the highest of those that it could choose."""
        return self.rate is not None and self.rate in (min(self.rates), max(self.rates))

    def reaches(self, share: float) -> bool:
        """Whether every seed that ended well reached a share."""
        return bool(self.accuracy) and self.epochs.get(share, {}).keys() >= self.accuracy.keys()


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
    def is_shown(self) -> bool:
        """Whether the corrected test finds a difference."""
        return self.holm is not None and self.holm < SIGNIFICANCE

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


@dataclass(frozen=True, kw_only=True)
class Standing:
    """The best arm's place, and how the others stand to it, by their places in the order of their means.

    `equal` are the same as the best in every seed, `behind` are surely behind, `constant` are behind by the same in
    every seed, which no test can weigh, `tied` are not told apart, and `unpaired` have no two seeds in common with
    the best. The differences are how far the others are behind it.
    """

    best: int
    equal: tuple[int, ...] = ()
    behind: Mapping[int, Difference] = field(default_factory=dict)
    constant: Mapping[int, Difference] = field(default_factory=dict)
    tied: Mapping[int, Difference] = field(default_factory=dict)
    unpaired: tuple[int, ...] = ()

    @property
    def lesser(self) -> dict[int, Difference]:
        """The arms that are behind in the test or in every seed alike."""
        return {**self.behind, **self.constant}

    @property
    def is_level(self) -> bool:
        """Whether all others are the same as the best in every seed."""
        return bool(self.equal) and not (self.lesser or self.tied or self.unpaired)


@dataclass(frozen=True, kw_only=True)
class Contest:
    """The arms of one network against one another, each pair by the places of both.

    `accuracy` and `epochs` tell how much higher the second of a pair is. Epochs, to the `share`, are compared
    between the arms that the accuracy does not tell apart.
    """

    network: str
    sides: tuple[Side, ...]
    accuracy: Mapping[Places, Difference]
    epochs: Mapping[Places, Difference] = field(default_factory=dict)

    @property
    def common(self) -> int:
        """The most seeds that two arms have in common."""
        return max((len(seen.seeds) for seen in self.accuracy.values()), default=0)

    @property
    def by_accuracy(self) -> Standing:
        """The arm with the highest accuracy, and how the others stand to it; only where one has an accuracy."""
        values = {place: side.accuracy for place, side in enumerate(self.sides) if side.accuracy}
        return _standing(values, self.accuracy, sign=1)

    @property
    def leaders(self) -> tuple[int, ...]:
        """The places of the arm with the highest accuracy and of those that are not told apart from it."""
        standing = self.by_accuracy
        return tuple(sorted((standing.best, *standing.equal, *standing.tied)))

    @property
    def share(self) -> float | None:
        """The highest share that every seed of all leaders reached, None where there is none."""
        sides = [self.sides[place] for place in self.leaders]
        reached = (share for share in reversed(MILESTONES) if all(side.reaches(share) for side in sides))
        return next(reached, None)

    @property
    def by_epochs(self) -> Standing | None:
        """The leader with the fewest epochs to the `share`, and how the others stand to it; None without one."""
        share = self.share
        if share is None:
            return None
        values = {place: self.sides[place].epochs[share] for place in self.leaders}
        return _standing(values, self.epochs, sign=-1)


def contests(networks: Mapping[str, Sequence[Side]]) -> list[Contest]:
    """Every pair of arms of each network that has two, in accuracy and then in epochs.

    The corrections are over all pairs of all networks, of accuracy and of epochs apart: which arm is the best is
    only known afterwards, so that any of its pairs might have been the one that is told.
    """
    several = {network: tuple(sides) for network, sides in networks.items() if len(sides) > 1}
    accuracy = with_holm(
        {
            (network, places): seen
            for network, sides in several.items()
            for places in combinations(range(len(sides)), 2)
            if (seen := difference(*(sides[place].accuracy for place in places)))
        }
    )
    found = [Contest(network=name, sides=sides, accuracy=_of(name, accuracy)) for name, sides in several.items()]
    epochs = with_holm({(one.network, places): seen for one in found for places, seen in _epochs(one).items()})
    return [replace(one, epochs=_of(one.network, epochs)) for one in found]


def _of(network: str, found: Mapping[tuple[str, Places], Difference]) -> dict[Places, Difference]:
    return {places: seen for (whose, places), seen in found.items() if whose == network}


def _epochs(contest: Contest) -> dict[Places, Difference]:
    """The differences of the leaders in epochs to the share, by the places of both."""
    if contest.common < 2 or (share := contest.share) is None:
        return {}
    values = {place: contest.sides[place].epochs[share] for place in contest.leaders}
    pairs = {places: difference(*(values[place] for place in places)) for places in combinations(values, 2)}
    return {places: seen for places, seen in pairs.items() if seen is not None}


def between(found: Mapping[Places, Difference], base: int, arm: int) -> Difference | None:
    """How much higher the arm at one place is than that at another; None where they have no common seed."""
    seen = found.get((min(base, arm), max(base, arm)))
    return seen if seen is None or base < arm else seen.turned


def _standing(
    values: Mapping[int, Mapping[int, float]], found: Mapping[Places, Difference], *, sign: int
) -> Standing:
    """`sign` 1 where higher is better, -1 where lower is. Of equals the first is the best."""
    means = _means(values)
    order = sorted(means, key=lambda place: -sign * means[place])
    best, others = order[0], order[1:]
    pairs = {place: between(found, place, best) if sign > 0 else between(found, best, place) for place in others}
    behind = {place: seen for place, seen in pairs.items() if seen is not None and len(seen.seeds) > 1}
    relations = {place: _relation(seen) for place, seen in behind.items()}
    return Standing(
        best=best,
        equal=tuple(place for place in behind if relations[place] == "equal"),
        behind={place: seen for place, seen in behind.items() if relations[place] == "behind"},
        constant={place: seen for place, seen in behind.items() if relations[place] == "constant"},
        tied={place: seen for place, seen in behind.items() if relations[place] == "tied"},
        unpaired=tuple(place for place in others if place not in behind),
    )


def _means(values: Mapping[int, Mapping[int, float]]) -> dict[int, float]:
    """The means over the seeds that all have, or over each one's own where there are none."""
    seeds = set.intersection(*(set(seen) for seen in values.values()))
    return {place: float(np.mean([seen[seed] for seed in (seeds or seen)])) for place, seen in values.items()}


def _relation(behind: Difference) -> Relation:
    if behind.is_constant and abs(behind.mean) <= ALIKE:
        return "equal"
    # Lost seeds can turn a difference over the common ones against the order of the means.
    if behind.mean <= 0:
        return "tied"
    return "constant" if behind.is_constant else "behind" if behind.is_shown else "tied"
