import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import quantile_test

from benchbox.records.estimate import (
    LEAST_FOR_PERCENTILE,
    exact,
    median,
    over_processes,
    percentile,
    ratio_of_processes,
    wilson,
)

times = st.floats(min_value=1e-6, max_value=1e3)


@given(st.lists(times, min_size=1, max_size=40))
def test_the_median_lies_within_its_bounds(samples: list[float]) -> None:
    seen = median(samples)
    assert min(samples) <= seen.low <= seen.value <= seen.high <= max(samples)


def test_six_samples_are_the_fewest_that_give_an_interval() -> None:
    assert median([1, 2, 3, 4, 5]).basis == "range of 5"
    assert median([1, 2, 3, 4, 5, 6]).basis == "95 % interval"


def test_the_ranks_are_those_of_scipys_quantile_test() -> None:
    for count in (*range(6, 200), 1000, 5001):
        samples = [float(place) for place in range(count)]
        seen = median(samples)
        interval = np.asarray(quantile_test(np.asarray(samples), p=0.5).confidence_interval(0.95))
        assert (seen.low, seen.high) == tuple(interval), count


def test_the_interval_of_the_median_is_the_one_of_the_binomial_table() -> None:
    # 20 samples: the 6th and the 15th order statistic (Conover, table A3 of the binomial at 1/2).
    seen = median(list(range(1, 21)))
    assert (seen.low, seen.high) == (6, 15)


def test_one_sample_says_that_it_is_one() -> None:
    assert median([2.0]).basis == "one sample"


def test_no_samples_have_no_median() -> None:
    with pytest.raises(ValueError, match="no samples"):
        median([])


@given(st.lists(times, min_size=1, max_size=20), st.integers(1, 512))
def test_throughput_is_pictures_by_the_median_and_its_bounds_are_swapped(samples: list[float], batch: int) -> None:
    speed, seconds = median(samples).inverse(batch), median(samples)
    assert speed.value == batch / seconds.value
    assert speed.low == batch / seconds.high <= speed.high == batch / seconds.low


@pytest.mark.parametrize("percent", [90, 95, 99])
def test_a_percentile_waits_for_its_count_of_samples(percent: int) -> None:
    least = LEAST_FOR_PERCENTILE[percent]
    assert percentile([1.0] * (least - 1), percent) is None
    assert percentile([1.0] * least, percent) == 1.0


def test_wilson_is_the_published_interval() -> None:
    # 81 of 263: Newcombe 1998, table I, method 3.
    seen = wilson(81, 263)
    assert (round(seen.low, 4), round(seen.high, 4)) == (0.2553, 0.3662)


def test_the_half_width_is_the_larger_side() -> None:
    assert wilson(144, 144).half_width == pytest.approx(1 - wilson(144, 144).low)


def test_three_processes_have_the_t_interval_of_their_mean_logarithm() -> None:
    # Logarithms 0, 1, 2: mean 1, standard error 1/√3, t(2; 0.975) = 4.302653 (published table).
    seen = over_processes([1.0, math.e, math.e**2])
    assert seen.value == pytest.approx(math.e)
    assert math.log(seen.high) == pytest.approx(1 + 4.302653 / math.sqrt(3), rel=1e-6)
    assert seen.low * seen.high == pytest.approx(seen.value**2)
    assert (seen.basis, seen.is_interval) == ("t over 3 processes", True)


def test_two_processes_have_a_range_and_say_so() -> None:
    seen = over_processes([1.0, 4.0])
    assert (seen.low, seen.value, seen.high) == pytest.approx((1.0, 2.0, 4.0))
    assert (seen.basis, seen.is_interval) == ("range of 2 processes", False)


def test_one_process_is_none() -> None:
    with pytest.raises(ValueError, match="medians of processes"):
        over_processes([1.0])


@given(st.lists(times, min_size=2, max_size=6), times)
def test_processes_scale_with_their_unit(medians: list[float], unit: float) -> None:
    seen, scaled = over_processes(medians), over_processes([unit * value for value in medians])
    assert seen.low <= seen.value <= seen.high
    assert scaled.value == pytest.approx(unit * seen.value)
    assert scaled.high == pytest.approx(unit * seen.high, rel=1e-6)


def test_the_ratio_of_processes_is_welchs() -> None:
    # Logarithms 0, 1, 2 and 10, 10, 10: only one side varies, so Welch has 2 degrees of freedom.
    seen = ratio_of_processes([math.exp(10)] * 3, [1.0, math.e, math.e**2])
    assert math.log(seen.value) == pytest.approx(9)
    assert math.log(seen.high) == pytest.approx(9 + 4.302653 / math.sqrt(3), rel=1e-6)


@given(st.lists(times, min_size=3, max_size=5), st.lists(times, min_size=3, max_size=5))
def test_a_ratio_turned_round_is_its_inverse(ours: list[float], theirs: list[float]) -> None:
    seen, turned = ratio_of_processes(ours, theirs), ratio_of_processes(theirs, ours)
    assert seen.value == pytest.approx(1 / turned.value)
    assert seen.low <= seen.value <= seen.high


def test_processes_without_a_spread_have_a_point_not_a_warning() -> None:
    assert over_processes([0.1] * 3).half_width == 0
    assert ratio_of_processes([0.2] * 3, [0.1] * 3).half_width == 0


def test_two_processes_are_too_few_for_welch() -> None:
    with pytest.raises(ValueError, match="too few"):
        ratio_of_processes([1.0, 2.0], [1.0, 2.0, 3.0])


def test_the_inverse_of_an_estimate_turns_its_bounds() -> None:
    seen = over_processes([1.0, 4.0]).inverse(8)
    assert (seen.low, seen.high) == (2.0, 8.0)
    assert exact(3.0).inverse(3).half_width == 0
