"""Calibration: how far the probability of the likeliest class can be believed. Numbers only, no plots, no text."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 15
# Draws of right and wrong answers at the network's own probabilities, and the share of them that a network whose
# probabilities are exact stays under.
_DRAWS = 400
BY_CHANCE = 0.95


@dataclass(frozen=True, kw_only=True)
class Bin:
    """The pictures whose likeliest class has a probability over `low` and up to `high`.

    `confidence` is the mean of these probabilities, a ratio; None where there are no pictures.
    """

    low: float
    high: float
    pictures: int
    right: int
    confidence: float | None

    @property
    def accuracy(self) -> float | None:
        """The share of right answers, None where there are no pictures."""
        return self.right / self.pictures if self.pictures else None


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """What a network said of pictures, against how often it was right; ratios.

    `by_chance` is the calibration error that probabilities which are exact would stay under in 19 of 20 sets of as
    many pictures: the error is a mean of absolute values, and so over zero for every finite set.
    """

    bins: tuple[Bin, ...]
    error: float
    by_chance: float

    @property
    def pictures(self) -> int:
        """All pictures."""
        return sum(each.pictures for each in self.bins)

    @property
    def confidence(self) -> float:
        """The mean probability of the likeliest class."""
        return sum(each.pictures * (each.confidence or 0.0) for each in self.bins) / self.pictures

    @property
    def accuracy(self) -> float:
        """The share of right answers."""
        return sum(each.right for each in self.bins) / self.pictures

    @property
    def is_shown(self) -> bool:
        """Whether the error is more than exact probabilities would show by chance."""
        return self.error > self.by_chance


def calibration_error(probabilities: Sequence[float], is_right: Sequence[bool]) -> float:
    """Expected calibration error of the likeliest class's probability over 15 bins of equal width, a ratio.

    Σ |right answers − sum of the probabilities| / pictures, bin by bin: equation 3 of Guo et al. (2017), "On
    Calibration of Modern Neural Networks", whose bins it takes so that its numbers can be compared with theirs.
    Raises ValueError for no pictures, for unequal counts, and for what is no probability.
    """
    values, right = _checked(probabilities, is_right)
    return _error(_places(values), values, right)


def calibrate(probabilities: Sequence[float], is_right: Sequence[bool]) -> Calibration:
    """The bins, their error, and what chance explains of it. Raises ValueError as `calibration_error`."""
    values, right = _checked(probabilities, is_right)
    places = _places(values)
    pictures = np.bincount(places, minlength=BINS)
    hits = np.bincount(places, weights=right, minlength=BINS)
    sums = np.bincount(places, weights=values, minlength=BINS)
    bins = tuple(
        Bin(
            low=place / BINS,
            high=(place + 1) / BINS,
            pictures=int(pictures[place]),
            right=int(hits[place]),
            confidence=float(sums[place] / pictures[place]) if pictures[place] else None,
        )
        for place in range(BINS)
    )
    return Calibration(bins=bins, error=_error(places, values, right), by_chance=_by_chance(places, values))


def _checked(
    probabilities: Sequence[float], is_right: Sequence[bool]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    values, right = np.asarray(probabilities, dtype=np.float64), np.asarray(is_right, dtype=np.float64)
    if not len(values) or values.shape != right.shape:
        raise ValueError(f"{len(values)} probabilities of {len(right)} answers")
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError("probabilities must lie in 0…1")
    return values, right


def _places(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """The bin of each probability; a bound belongs to the bin below it."""
    return np.maximum(np.ceil(values * BINS).astype(np.int64) - 1, 0)


def _error(places: NDArray[np.int64], values: NDArray[np.float64], right: NDArray[np.float64]) -> float:
    return float(np.abs(np.bincount(places, weights=right - values)).sum() / len(values))


def _by_chance(places: NDArray[np.int64], values: NDArray[np.float64]) -> float:
    """By drawing answers that are right as often as is said: consistency resampling, Bröcker and Smith (2007).

    Always the same draws, so that a report made again says the same.
    """
    chance = np.random.default_rng(0)
    errors = [_error(places, values, (chance.random(len(values)) < values).astype(float)) for _ in range(_DRAWS)]
    return float(np.quantile(errors, BY_CHANCE))
