"""The interval holds the true median as often as it says, though sampling stops once the interval is narrow.

Measured with the defaults (10 s, ±1 %), 2,000 runs of each of 13 cases by another seed (standard deviations of 0.5
to 10 %, calls of 10 ms to 1 s): normal 94.1 to 97.0 %, log-normal 94.3 to 97.0 %, spiky 94.6 to 97.3 %. Where one
narrow look was enough, the least were 93.2, 93.1 and 93.9 %.
"""

from collections.abc import Callable, Iterator
from itertools import count

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import quantile_test
from worlds import World

from benchbox.engine.sampling import take_samples
from benchbox.plan.spec import TimingSpec
from benchbox.records.estimate import median

TRIALS = 2_000
CALL = 0.05
# More than fit into the budget, so that no run lacks any.
MOST = 260

Noise = Callable[[np.random.Generator, tuple[int, int], float], NDArray[np.float64]]


def normal(random: np.random.Generator, shape: tuple[int, int], spread: float) -> NDArray[np.float64]:
    return 1 + spread * random.standard_normal(shape)


def log_normal(random: np.random.Generator, shape: tuple[int, int], spread: float) -> NDArray[np.float64]:
    return np.exp(spread * random.standard_normal(shape))


def spiky(random: np.random.Generator, shape: tuple[int, int], spread: float) -> NDArray[np.float64]:
    """Normal noise, but one sample in twenty takes half as long again, up to three times as long."""
    is_spike = random.random(shape) < 0.05
    return normal(random, shape, spread) * np.where(is_spike, random.uniform(1.5, 3, shape), 1)


@pytest.mark.parametrize("spread", [0.01, 0.02, 0.05])
@pytest.mark.parametrize("noise", [normal, log_normal, spiky])
def test_the_interval_covers_the_true_median(noise: Noise, spread: float) -> None:
    truth = CALL * float(np.median(noise(np.random.default_rng(1), (1, 2_000_000), spread)))
    costs = CALL * noise(np.random.default_rng(2), (TRIALS, MOST), spread)
    covered = sum(covers(iter(run), truth) for run in costs.tolist())
    assert covered / TRIALS >= 0.93


@given(st.lists(st.floats(1e-6, 1e3), min_size=6, max_size=300))
def test_the_interval_is_scipy_s(samples: list[float]) -> None:
    """Its ranks are looked up by the count alone."""
    bounds = quantile_test(np.asarray(samples), p=0.5).confidence_interval(0.95)
    seen = median(samples)
    assert (seen.low, seen.high) == tuple(np.asarray(bounds))


def covers(costs: Iterator[float], truth: float) -> bool:
    seen = median(sample(costs))
    return seen.low <= truth <= seen.high


def sample(costs: Iterator[float]) -> tuple[float, ...]:
    """What the defaults take of a call with these costs."""
    world = World(lambda: next(costs))
    return take_samples(
        world.call, TimingSpec(), estimate=CALL, clock=world.clock, synchronise=world.synchronise
    ).seconds


def test_a_rule_that_looks_for_a_lucky_interval_would_be_found_out() -> None:
    """The same check on a rule that stops at the first narrow interval from three samples on, by their range."""
    costs = CALL * normal(np.random.default_rng(2), (TRIALS, MOST), 0.02)
    covered = 0
    for run in costs.tolist():
        size = next(size for size in count(3) if max(run[:size]) - min(run[:size]) < 0.02 * CALL or size == 10)
        covered += min(run[:size]) <= CALL <= max(run[:size])
    assert covered / TRIALS < 0.93
