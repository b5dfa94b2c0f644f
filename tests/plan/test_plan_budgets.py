"""How a budget's seconds are shared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchbox.errors import SpecError
from benchbox.plan.budgets import LEAST_SECONDS, least_budget, seconds_a_cell


@given(st.floats(1, 1000), st.integers(1, 20), st.integers(0, 10), st.floats(0, 60))
def test_a_budget_is_shared_whole(share: float, cells: int, fits: int, fit_seconds: float) -> None:
    budget = share * cells + fits * fit_seconds
    shared = seconds_a_cell(budget, least=[0.0] * cells, fits=fits, fit_seconds=fit_seconds)
    assert shared == pytest.approx(share)


@given(st.lists(st.floats(0, 50), min_size=1, max_size=10), st.integers(0, 5), st.floats(0, 60))
def test_the_least_budget_is_the_smallest_that_is_not_refused(
    least: list[float], fits: int, seconds: float
) -> None:
    needed = least_budget(least, fits=fits, fit_seconds=seconds)
    seconds_a_cell(needed, least=least, fits=fits, fit_seconds=seconds)
    with pytest.raises(SpecError, match="allowed:"):
        seconds_a_cell(needed - 0.01, least=least, fits=fits, fit_seconds=seconds)


def test_a_cell_has_time_to_see_the_timers_noise() -> None:
    assert least_budget([0.0, 0.0], fits=0, fit_seconds=0.0) == 2 * LEAST_SECONDS
