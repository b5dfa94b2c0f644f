"""The arms of one network against one another over equal seeds: every pair, who is the best, and who is told apart.

Numbers only: sentences and tables are made in `benchbox.report`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Literal

import numpy as np

from benchbox.records.comparison import ALIKE, Difference, difference, with_holm
from benchbox.records.learning import MILESTONES

Relation = Literal["equal", "behind", "ahead", "tied"]
Places = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Side:
    """One arm as numbers by seed: `accuracy` a ratio, `epochs` those to the shares of `learning.MILESTONES`.

    Only seeds that ended well are there, of the `planned` ones; of a share only those that reached it. `trained`
    are the counts of epochs that its fits had. `rate` is the learning rate that it chose from `rates`, if it did;
    where `is_tried` is False it could not yet choose, and has no accuracy to compare.
    """

    name: str
    accuracy: Mapping[int, float]
    epochs: Mapping[float, Mapping[int, float]] = field(default_factory=dict)
    planned: int
    trained: tuple[int, ...] = ()
    rate: float | None = None
    rates: tuple[float, ...] = ()
    is_tried: bool = True

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
class Standing:
    """The best arm's place, and how the others stand to it, by their places in the order of their means.

    `equal` are the same as the best in every seed that both have, `behind` are surely behind, `tied` are not told
    apart, and `unpaired` have no two seeds in common with the best. `ahead` are surely ahead of it, which only lost
    seeds can bring about: three arms may each be ahead of the next. The differences are how far the best is ahead.
    """

    best: int
    equal: tuple[int, ...] = ()
    behind: Mapping[int, Difference] = field(default_factory=dict)
    ahead: Mapping[int, Difference] = field(default_factory=dict)
    tied: Mapping[int, Difference] = field(default_factory=dict)
    unpaired: tuple[int, ...] = ()

    @property
    def leaders(self) -> tuple[int, ...]:
        """The best and those that are not told apart from it."""
        return (self.best, *self.equal, *self.tied)

    @property
    def is_level(self) -> bool:
        """Whether all others are the same as the best in every seed that both have."""
        return bool(self.equal) and not (self.behind or self.ahead or self.tied or self.unpaired)


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
        return tuple(sorted(self.by_accuracy.leaders))

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
    """`sign` 1 where higher is better, -1 where lower is."""
    means = {place: sign * float(np.mean(list(seen.values()))) for place, seen in values.items()}
    best = _best(means, found, sign=sign)
    others = sorted((place for place in means if place != best), key=lambda place: -means[place])
    seen = {place: ahead for place in others if (ahead := _ahead(found, best, place, sign=sign)) is not None}
    relations = {place: _relation(ahead) for place, ahead in seen.items()}
    return Standing(
        best=best,
        equal=tuple(place for place in seen if relations[place] == "equal"),
        behind={place: ahead for place, ahead in seen.items() if relations[place] == "behind"},
        ahead={place: ahead for place, ahead in seen.items() if relations[place] == "ahead"},
        tied={place: ahead for place, ahead in seen.items() if relations[place] == "tied"},
        unpaired=tuple(place for place in others if place not in seen),
    )


def _best(means: Mapping[int, float], found: Mapping[Places, Difference], *, sign: int) -> int:
    """The arm that the fewest are surely ahead of; of these the one that is ahead of more than are ahead of it.

    Two arms meet over the seeds that both have (Copeland's rule), so that seeds which a third one lost have no say.
    Where all have all seeds it is the one with the best mean, of equals the first. An arm that shares no two seeds
    with any other is the best only where all are like that.
    """
    met = {place: [_ahead(found, other, place, sign=sign) for other in means if other != place] for place in means}
    against = {place: [ahead for ahead in seen if ahead is not None] for place, seen in met.items()}

    def order(place: int) -> tuple[int, int, float]:
        lost = [ahead for ahead in against[place] if ahead.mean > ALIKE]
        won = [ahead for ahead in against[place] if ahead.mean < -ALIKE]
        return sum(ahead.is_sure for ahead in lost), len(lost) - len(won), -means[place]

    return min([place for place in means if against[place]] or list(means), key=order)


def _ahead(found: Mapping[Places, Difference], one: int, other: int, *, sign: int) -> Difference | None:
    """How far the arm at `one` is ahead of that at `other`; None where they have no two seeds in common."""
    seen = between(found, other, one) if sign > 0 else between(found, one, other)
    return seen if seen is not None and len(seen.seeds) > 1 else None


def _relation(ahead: Difference) -> Relation:
    """How an arm stands to the best, which is so far ahead of it."""
    if ahead.is_none:
        return "equal"
    if not ahead.is_sure:
        return "tied"
    return "behind" if ahead.mean > 0 else "ahead"
