"""The interval and its states: against tables and scipy, at its edges, and by its laws."""

import math
import subprocess
import sys
from random import Random

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import norm, ttest_1samp, ttest_ind, wilcoxon

from benchbox.gate.decision import (
    CONFIDENCE,
    LARGE,
    LEAST_PAIRS,
    SHARE,
    bounds,
    bounds_apart,
    decide,
    excludes_large,
    is_known,
    outer_averages,
)
from benchbox.gate.verdict import Bounds

MARGIN = 0.025
logs = st.floats(-0.5, 0.5)
series = st.lists(logs, min_size=2, max_size=20)
margins = st.floats(0.001, 0.2)
# From the worst for a change to the best.
WORST_FIRST = ("FAIL", "INCONCLUSIVE", "PASS", "IMPROVED")


def of(differences: list[float], *, margin: float = MARGIN) -> Bounds:
    seen = bounds(differences, margin=margin)
    assert seen is not None
    return seen


def between(low: float, high: float) -> Bounds:
    return Bounds(value=math.sqrt(low * high), low=low, high=high, count=6, method="t")


def alternating(deviation: float, count: int, *, around: float = 0.0) -> list[float]:
    """Log-ratios around `around` whose standard deviation is `deviation` exactly; `count` is even."""
    scale = deviation * math.sqrt((count - 1) / count)
    return [around + scale * (-1) ** number for number in range(count)]


def test_no_pair_and_one_pair_have_no_bounds() -> None:
    assert bounds([], margin=MARGIN) is None
    assert bounds([0.1], margin=MARGIN) is None


@pytest.mark.parametrize("value", [0.0, 0.1, -0.3])
@pytest.mark.parametrize("count", [2, 3, 20])
def test_equal_differences_are_a_point_and_no_error(value: float, count: int) -> None:
    seen = of([value] * count)
    assert seen.low == seen.value == seen.high == pytest.approx(math.exp(value))
    assert seen.detectable == pytest.approx(1 + MARGIN)


def test_nearly_equal_differences_far_from_nothing_raise_no_warning() -> None:
    seen = of([0.4, 0.4, 0.4, 0.4, 0.4, math.nextafter(0.4, 1)])
    assert seen.low == pytest.approx(seen.high, rel=1e-12)


def test_two_pairs_far_apart_bound_nothing_but_are_finite() -> None:
    seen = of([-300.0, 300.0])
    assert seen.low < 1e-300
    assert 1e300 < seen.high < math.inf
    assert seen.detectable is not None
    assert math.isfinite(seen.detectable)
    assert decide(seen, margin=MARGIN) == "INCONCLUSIVE"


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_a_difference_that_is_not_finite_is_refused(wrong: float) -> None:
    for call in (
        lambda: bounds([0.0, wrong], margin=MARGIN),
        lambda: bounds_apart([0.0, 0.1], [wrong, 0.1], margin=MARGIN),
        lambda: is_known([0.0] * LEAST_PAIRS + [wrong], margin=MARGIN),
    ):
        with pytest.raises(ValueError, match="not finite"):
            call()


@pytest.mark.parametrize(
    ("low", "high", "state"),
    [
        (1.0251, 1.2, "FAIL"),
        (1.0249, 1.2, "INCONCLUSIVE"),
        (0.99, 1.0249, "PASS"),
        (0.99, 1.0251, "INCONCLUSIVE"),
        (0.8, 1 / 1.0251, "IMPROVED"),
        (0.8, 1 / 1.0249, "PASS"),
        (0.5, 2.0, "INCONCLUSIVE"),
    ],
)
def test_a_state_is_where_the_interval_lies(low: float, high: float, state: str) -> None:
    assert decide(between(low, high), margin=MARGIN) == state


def test_without_bounds_nothing_is_decided_or_excluded() -> None:
    assert decide(None, margin=MARGIN) == "INCONCLUSIVE"
    assert not excludes_large(None, margin=MARGIN)


def test_a_large_slowdown_is_one_of_three_margins() -> None:
    assert excludes_large(between(0.9, 1.0749), margin=MARGIN)
    assert not excludes_large(between(0.9, 1.0751), margin=MARGIN)
    assert LARGE == 3


def test_a_series_ends_by_its_width_and_not_before_its_least_pairs() -> None:
    narrow, wide = alternating(0.004, 20), alternating(0.08, 20)
    assert not is_known(narrow[: LEAST_PAIRS - 1], margin=MARGIN)
    assert is_known(narrow[:LEAST_PAIRS], margin=MARGIN)
    assert not is_known(wide, margin=MARGIN)


@given(series, logs, margins)
def test_a_series_does_not_end_by_what_it_says(differences: list[float], shift: float, margin: float) -> None:
    half = (math.log(of(differences).high) - math.log(of(differences).low)) / 2
    # Where the width is within rounding of the limit, either answer is right.
    if not math.isclose(half, SHARE * math.log1p(margin), rel_tol=1e-6):
        shifted = [difference + shift for difference in differences]
        assert is_known(shifted, margin=margin) == is_known(differences, margin=margin)


@given(series)
def test_the_estimate_lies_within_its_bounds(differences: list[float]) -> None:
    seen = of(differences)
    assert seen.low <= seen.value <= seen.high
    assert seen.count == len(differences)


@given(series)
def test_swapped_arms_give_the_reciprocal(differences: list[float]) -> None:
    seen, swapped = of(differences), of([-difference for difference in differences])
    assert swapped.value == pytest.approx(1 / seen.value)
    assert swapped.low == pytest.approx(1 / seen.high)
    assert swapped.high == pytest.approx(1 / seen.low)


@given(series, st.randoms(use_true_random=False))
def test_the_order_of_the_pairs_says_nothing(differences: list[float], random: Random) -> None:
    seen, other = of(differences), of(random.sample(differences, len(differences)))
    assert other.low == pytest.approx(seen.low)
    assert other.high == pytest.approx(seen.high)


@given(series, st.floats(0, 0.3), margins)
def test_a_program_that_becomes_slower_never_gets_a_better_state(
    differences: list[float], slower: float, margin: float
) -> None:
    before = decide(of(differences), margin=margin)
    after = decide(of([difference + slower for difference in differences]), margin=margin)
    assert WORST_FIRST.index(after) <= WORST_FIRST.index(before)


@given(series, margins, margins)
def test_a_wider_margin_never_fails_what_a_narrow_one_does_not(
    differences: list[float], one: float, other: float
) -> None:
    narrow, wide = sorted((one, other))
    seen = of(differences)
    if decide(seen, margin=wide) == "FAIL":
        assert decide(seen, margin=narrow) == "FAIL"


def test_the_smallest_slowdown_that_is_seen_is_seen_nine_times_in_ten() -> None:
    count = 20
    random = np.random.default_rng(20_261_124)
    # As even as a sample of normal noise can be.
    scores = norm.ppf((np.arange(count) + 0.5) / count)
    detectable = of(list(0.03 * scores / scores.std(ddof=1))).detectable
    assert detectable is not None
    drawn = math.log(detectable) + 0.03 * random.standard_normal((2000, count))
    failed = np.mean([decide(bounds(list(each), margin=MARGIN), margin=MARGIN) == "FAIL" for each in drawn])
    assert 0.87 < failed < 0.94


def test_two_sets_of_processes_are_compared_by_welch() -> None:
    base, new = [0.0, 0.01, 0.02, -0.01], [0.05, 0.06, 0.08]
    seen = bounds_apart(base, new, margin=MARGIN)
    expected = ttest_ind(new, base, equal_var=False).confidence_interval(0.98)
    assert seen is not None
    assert math.log(seen.low) == pytest.approx(float(expected.low))
    assert math.log(seen.high) == pytest.approx(float(expected.high))
    assert math.log(seen.value) == pytest.approx(np.mean(new) - np.mean(base))
    assert seen.count == 3


@given(
    base=st.lists(st.integers(-100, 100).map(lambda percent: percent / 100), min_size=2, max_size=12),
    new=st.lists(st.integers(-100, 100).map(lambda percent: percent / 100), min_size=2, max_size=12),
)
def test_welch_is_that_of_scipy(base: list[float], new: list[float]) -> None:
    # Of equal values scipy warns; they have tests of their own.
    assume(len({*base}) > 1 and len({*new}) > 1)
    seen = bounds_apart(base, new, margin=MARGIN)
    expected = ttest_ind(new, base, equal_var=False).confidence_interval(0.98)
    assert seen is not None
    # Beyond e to the 700th nothing is told apart.
    assert math.log(seen.low) == pytest.approx(max(-700.0, float(expected.low)), rel=1e-6, abs=1e-9)
    assert math.log(seen.high) == pytest.approx(min(700.0, float(expected.high)), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(("base", "new"), [([], []), ([0.0], [0.1, 0.2]), ([0.1, 0.2], [0.0])])
def test_one_process_a_side_has_no_bounds(base: list[float], new: list[float]) -> None:
    assert bounds_apart(base, new, margin=MARGIN) is None


def test_processes_without_any_spread_are_a_point() -> None:
    seen = bounds_apart([1.0, 1.0], [1.1, 1.1], margin=MARGIN)
    assert seen is not None
    assert seen.low == seen.high == pytest.approx(math.exp(0.1))


def test_one_side_without_spread_leaves_that_of_the_other() -> None:
    seen = bounds_apart([1.0, 1.0, 1.0], [1.1, 1.12, 1.14], margin=MARGIN)
    alone = ttest_1samp([0.1, 0.12, 0.14], 0.0).confidence_interval(0.98)
    assert seen is not None
    assert math.log(seen.low) == pytest.approx(float(alone.low))
    assert math.log(seen.high) == pytest.approx(float(alone.high))


@given(series, series, logs)
def test_both_arms_scaled_alike_change_nothing(base: list[float], new: list[float], scale: float) -> None:
    seen = bounds_apart(base, new, margin=MARGIN)
    scaled = bounds_apart([each + scale for each in base], [each + scale for each in new], margin=MARGIN)
    assert seen is not None
    assert scaled is not None
    assert scaled.low == pytest.approx(seen.low, rel=1e-6)
    assert scaled.high == pytest.approx(seen.high, rel=1e-6)


# Hollander and Wolfe, table A.4: the largest statistic with a chance of at most 1 %, of which these are one more.
@pytest.mark.parametrize(("count", "outer"), [(5, 0), (6, 0), (7, 1), (8, 2), (10, 6), (15, 20), (20, 44)])
def test_so_many_averages_lie_beyond_each_bound_as_the_table_says(count: int, outer: int) -> None:
    assert outer_averages(count) == outer


@pytest.mark.parametrize("count", [LEAST_PAIRS, 10, 20])
def test_the_bounds_are_where_the_signed_rank_test_begins_to_reject(count: int) -> None:
    differences = 0.02 * np.random.default_rng(count).standard_normal(count)
    seen = of(list(differences))

    def chance(outwards: float) -> tuple[float, float]:
        """That of the signed ranks about a point so far beyond the lower and the upper bound."""
        low, high = math.log(seen.low) - outwards, math.log(seen.high) + outwards
        return (
            float(wilcoxon(differences - low, alternative="greater", method="exact").pvalue),
            float(wilcoxon(differences - high, alternative="less", method="exact").pvalue),
        )

    assert max(chance(1e-9)) <= 1 - CONFIDENCE < min(chance(-1e-9))


def test_a_series_that_had_no_time_has_students_t() -> None:
    few = [0.0, 0.01, 0.03, -0.01]
    expected = ttest_1samp(few, 0.0).confidence_interval(0.98)
    seen = of(few)
    assert seen.method == "Student's t"
    assert math.log(seen.low) == pytest.approx(float(expected.low))
    assert math.log(seen.high) == pytest.approx(float(expected.high))
    assert of(few * 2).method == "Hodges–Lehmann"


def test_one_pair_that_is_far_off_moves_the_estimate_little() -> None:
    steady = alternating(0.01, 20)
    seen, disturbed = of(steady), of([*steady[:-1], 0.13])
    assert disturbed.value == pytest.approx(seen.value, abs=0.002)
    assert disturbed.high < 1.015


def test_the_constants_are_there_without_scipy() -> None:
    code = "import benchbox.gate.decision, sys; print(sorted({'scipy', 'numpy', 'torch'} & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
