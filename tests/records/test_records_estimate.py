import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchbox.records.estimate import LEAST_FOR_PERCENTILE, median, percentile, throughput, wilson

times = st.floats(min_value=1e-6, max_value=1e3)


@given(st.lists(times, min_size=1, max_size=40))
def test_the_median_lies_within_its_bounds(samples: list[float]) -> None:
    seen = median(samples)
    assert min(samples) <= seen.low <= seen.value <= seen.high <= max(samples)


def test_six_samples_are_the_fewest_that_give_an_interval() -> None:
    assert median([1, 2, 3, 4, 5]).basis == "range of 5"
    assert median([1, 2, 3, 4, 5, 6]).basis == "95 % interval"


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
    speed, seconds = throughput(samples, batch), median(samples)
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
