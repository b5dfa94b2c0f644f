"""The smallest change that is seen: its formula on known noise, and its promise by simulation."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_1samp

from benchbox.records.noise import centre, smallest_change, spread

SEED = 20_261_124


def alternating(deviation: float, count: int) -> list[float]:
    """Log-ratios whose standard deviation is `deviation` exactly."""
    scale = math.sqrt((count - 1) / count)
    return [deviation * scale * (-1) ** number for number in range(count)]


def test_known_noise_gives_the_known_answer() -> None:
    # Of tables: t(0.99, 15) = 2.602, t(0.90, 15) = 1.341. (2.602 + 1.341) · 0.02 / 4 = 0.019715.
    assert smallest_change(alternating(0.02, 16)) == pytest.approx(math.expm1(0.019715), rel=1e-3)


def test_no_noise_hides_nothing() -> None:
    assert smallest_change([0.01] * 5) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("few", [[], [0.1]])
def test_too_few_differences_have_no_noise(few: list[float]) -> None:
    with pytest.raises(ValueError, match="difference"):
        smallest_change(few)
    with pytest.raises(ValueError, match="times"):
        spread(few)


def test_a_slowdown_of_that_size_is_seen_nine_times_in_ten() -> None:
    noise, count = np.random.default_rng(SEED), 20
    change = smallest_change(alternating(0.03, count))
    drawn = math.log1p(change) + 0.03 * noise.standard_normal((4000, count))
    chances = np.asarray(ttest_1samp(drawn, 0.0, axis=1, alternative="greater").pvalue)
    assert 0.88 < np.mean(chances < 0.01) < 0.93


@given(st.lists(st.floats(-0.2, 0.2), min_size=3, max_size=30), st.floats(-1, 1))
def test_a_shift_of_both_arms_changes_no_noise(differences: list[float], shift: float) -> None:
    shifted = [difference + shift for difference in differences]
    assert smallest_change(shifted) == pytest.approx(smallest_change(differences), rel=1e-6, abs=1e-9)


@given(st.lists(st.floats(0.001, 10), min_size=2, max_size=20), st.floats(0.1, 10))
def test_the_spread_does_not_depend_on_the_unit(seconds: list[float], unit: float) -> None:
    assert spread([unit * each for each in seconds]) == pytest.approx(spread(seconds), rel=1e-6, abs=1e-9)


def test_the_centre_is_a_ratio() -> None:
    assert centre([math.log(1.1)] * 3) == pytest.approx(0.1)
