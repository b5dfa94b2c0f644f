"""Paired differences of arms: means, intervals and tests by hand, what could be shown, and Holm."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import nct, t

from benchbox.records.comparison import Difference, difference, sign_p, smallest_effect, with_holm


def test_the_interval_and_the_test_are_students_of_the_paired_differences() -> None:
    seen = difference({0: 10.0, 1: 20.0, 2: 30.0}, {0: 11.0, 1: 22.0, 2: 33.0})
    assert seen is not None
    assert seen.values == (1.0, 2.0, 3.0)
    # Mean 2, standard deviation 1, and 4.303 is Student's quantile with two degrees of freedom.
    assert (seen.mean, seen.low, seen.high) == pytest.approx(
        (2.0, 2 - 4.3027 / 3**0.5, 2 + 4.3027 / 3**0.5), abs=1e-3
    )
    assert seen.p == pytest.approx(0.0742, abs=1e-4)
    assert seen.could_show == pytest.approx(smallest_effect(3))


def test_only_seeds_that_both_have_are_paired() -> None:
    seen = difference({0: 1.0, 1: 2.0, 3: 9.0}, {3: 9.5, 1: 2.5, 2: 0.0})
    assert seen is not None
    assert (seen.seeds, seen.values) == ((1, 3), (0.5, 0.5))
    assert difference({0: 1.0}, {1: 1.0}) is None


def test_one_seed_has_a_difference_and_nothing_else() -> None:
    assert difference({0: 0.25}, {0: 1.0}) == Difference(seeds=(0,), values=(0.75,))


def test_what_is_the_same_in_every_seed_is_not_tested_in_spite_of_rounding() -> None:
    base = {seed: correct / 144 for seed, correct in enumerate((1, 50, 137))}
    seen = difference(base, {seed: (144 * share + 7) / 144 for seed, share in base.items()})
    assert seen is not None
    assert len(set(seen.values)) > 1
    assert (seen.is_constant, seen.p, seen.low, seen.could_show) == (True, None, None, None)


@pytest.mark.parametrize("count", [2, 3, 5, 8, 12, 20, 50])
def test_the_smallest_effect_is_found_with_80_per_cent(count: int) -> None:
    effect, degrees = smallest_effect(count), count - 1
    limit = t.isf(0.025, degrees)
    power = nct.sf(limit, degrees, effect * math.sqrt(count)) + nct.cdf(-limit, degrees, effect * math.sqrt(count))
    assert power == pytest.approx(0.8, abs=1e-3)


def test_the_smallest_effect_is_that_of_the_tables() -> None:
    # Half a standard deviation takes 34 pairs (two-sided 5 %, power 80 %).
    assert smallest_effect(33) > 0.5 > smallest_effect(34)


ACCURACIES = st.lists(st.integers(0, 144).map(lambda correct: correct / 144), min_size=2, max_size=6)


@given(ACCURACIES, ACCURACIES)
def test_a_difference_seen_from_the_other_side_is_its_opposite(one: list[float], other: list[float]) -> None:
    sides = dict(enumerate(one)), dict(enumerate(other))
    there, back = difference(*sides), difference(*reversed(sides))
    assert there is not None
    assert back is not None
    for ours, theirs in zip(_numbers(there.turned), _numbers(back), strict=True):
        assert ours is theirs is None or ours == pytest.approx(theirs)


def _numbers(seen: Difference) -> tuple[float | None, ...]:
    return seen.mean, seen.low, seen.high, seen.could_show, seen.p


@given(ACCURACIES, ACCURACIES)
def test_the_interval_excludes_zero_just_where_the_test_finds_a_difference(
    one: list[float], other: list[float]
) -> None:
    seen = difference(dict(enumerate(one)), dict(enumerate(other)))
    assert seen is not None
    if seen.p is not None and seen.low is not None and seen.high is not None and abs(seen.p - 0.05) > 1e-9:
        assert (seen.p < 0.05) == (seen.low > 0 or seen.high < 0)


def with_p(p: float | None) -> Difference:
    return Difference(seeds=(0, 1), values=(1.0, 2.0), p=p)


def test_holm_multiplies_the_smallest_p_by_the_number_of_tests_and_so_on() -> None:
    found = with_holm({"a": with_p(0.04), "b": with_p(0.01), "c": with_p(None), "d": with_p(0.03)})
    assert [found[key].holm for key in "abcd"] == [
        pytest.approx(0.06),
        pytest.approx(0.03),
        None,
        pytest.approx(0.06),
    ]
    assert [found[key].is_shown for key in "abcd"] == [False, True, False, False]
    assert [found[key].is_only_corrected_away for key in "abcd"] == [True, False, False, True]


@settings(max_examples=25)  # a t test a pair and example
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_never_lowers_a_p_and_keeps_their_order(ps: list[float]) -> None:
    found = with_holm({place: with_p(p) for place, p in enumerate(ps)})
    corrected = [found[place].holm or 0.0 for place in range(len(ps))]
    assert all(p <= after <= 1 for p, after in zip(ps, corrected, strict=True))
    assert all(
        one <= other
        for (p, one) in zip(ps, corrected, strict=True)
        for (q, other) in zip(ps, corrected, strict=True)
        if p < q
    )


@given(st.integers(1, 40))
def test_differences_that_are_all_to_one_side_have_the_exact_p_of_a_sign_test(count: int) -> None:
    assert sign_p(count) == pytest.approx(min(1.0, 2 * 0.5**count), rel=1e-9)


@pytest.mark.parametrize(("count", "is_sure"), [(2, False), (3, False), (5, False), (6, True), (9, True)])
def test_the_same_difference_in_every_seed_is_sure_once_a_sign_test_finds_it(count: int, is_sure: bool) -> None:
    seeds = tuple(range(count))
    assert Difference(seeds=seeds, values=(0.25,) * count).is_sure == is_sure
    assert Difference(seeds=seeds, values=(-0.25,) * count).is_sure == is_sure
    none = Difference(seeds=seeds, values=(0.0,) * count)
    assert (none.is_sure, none.is_none) == (False, True)
