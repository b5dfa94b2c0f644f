"""How a budget's seconds are shared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchbox.errors import SpecError
from benchbox.plan.budgets import LEAST_SECONDS, least_budget, share_budget


@given(st.floats(1, 1000), st.integers(1, 20), st.integers(0, 10), st.floats(0, 60))
def test_a_budget_is_shared_whole(share: float, cells: int, fits: int, fit_seconds: float) -> None:
    budget = share * cells + fits * fit_seconds
    shared = share_budget(budget, least=[0.0] * cells, fits=fits, fit_seconds=fit_seconds)
    assert shared == pytest.approx([share] * cells)


@given(st.lists(st.floats(0, 50), min_size=1, max_size=10), st.floats(0, 100))
def test_every_cell_gets_one_sample_of_its_own_and_the_same_of_the_rest(least: list[float], rest: float) -> None:
    budget = least_budget(least, fits=0, fit_seconds=0.0) + rest * len(least)
    shares = share_budget(budget, least=least, fits=0, fit_seconds=0.0)
    assert sum(shares) == pytest.approx(budget)
    assert [share - max(LEAST_SECONDS, own) for share, own in zip(shares, least, strict=True)] == pytest.approx(
        [rest] * len(least), abs=1e-6
    )


@given(st.lists(st.floats(0, 50), min_size=1, max_size=10), st.integers(0, 5), st.floats(0, 60))
def test_the_least_budget_is_the_smallest_that_is_not_refused(
    least: list[float], fits: int, seconds: float
) -> None:
    needed = least_budget(least, fits=fits, fit_seconds=seconds)
    share_budget(needed, least=least, fits=fits, fit_seconds=seconds)
    with pytest.raises(SpecError, match="allowed:"):
        share_budget(needed - 0.01, least=least, fits=fits, fit_seconds=seconds)


def test_a_cell_has_time_to_see_the_timers_noise() -> None:
    assert least_budget([0.0, 0.0], fits=0, fit_seconds=0.0) == 2 * LEAST_SECONDS
