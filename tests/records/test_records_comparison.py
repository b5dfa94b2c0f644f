"""Paired differences of arms: means, intervals and tests by hand, what could be shown, Holm, and who leads."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import nct, t

from benchbox.records.comparison import (
    Contest,
    Difference,
    Side,
    between,
    contests,
    difference,
    smallest_effect,
    with_holm,
)


def side(name: str, *accuracies: float, planned: int = 0, **epochs: tuple[int, ...]) -> Side:
    """An arm with seeds from 0; `epochs` are those to a share, as `to_99=(5, 6, 5)`."""
    return Side(
        name=name,
        accuracy=dict(enumerate(accuracies)),
        epochs={int(share[3:]) / 100: dict(enumerate(map(float, seen))) for share, seen in epochs.items()},
        planned=planned or len(accuracies),
    )


def contest(*sides: Side) -> Contest:
    (found,) = contests({"lenet": sides})
    return found


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


def test_the_correction_is_over_all_pairs_of_all_networks() -> None:
    arms = [side("a", 0.5, 0.52, 0.51), side("b", 0.9, 0.91, 0.93), side("c", 0.2, 0.25, 0.21)]
    alone = contests({"lenet": arms[:2]})[0].accuracy[0, 1]
    together = contests({"lenet": arms, "alexnet": arms})[0].accuracy[0, 1]
    assert alone.holm == alone.p
    assert together.p == alone.p
    assert together.holm is not None
    assert alone.p is not None
    assert alone.p < together.holm <= 6 * alone.p


def test_a_network_with_a_single_arm_is_no_contest() -> None:
    assert contests({"lenet": [side("a", 1.0, 1.0)]}) == []


def test_arms_stand_by_what_is_known_of_them() -> None:
    found = contest(
        side("best", 0.99, 0.98, 0.99, 0.98),
        side("same", 0.99, 0.98, 0.99, 0.98),
        side("near", 0.98, 0.99, 0.97, 0.99),
        side("shifted", 0.89, 0.88, 0.89, 0.88),
        side("far", 0.10, 0.12, 0.11, 0.09),
        side("lost", planned=4),
    )
    standing = found.by_accuracy
    assert standing.best == 0
    assert (standing.equal, set(standing.tied), set(standing.constant), set(standing.behind)) == (
        (1,),
        {2},
        {3},
        {4},
    )
    assert standing.behind[4].mean == pytest.approx(0.88)
    assert found.leaders == (0, 1, 2)


def test_an_arm_without_two_seeds_in_common_with_the_best_is_unpaired() -> None:
    found = contest(side("a", 0.9, 0.8), Side(name="b", accuracy={1: 0.7, 2: 0.6}, planned=2))
    assert found.common == 1
    assert found.by_accuracy.unpaired == (1,)


def test_lost_seeds_do_not_decide_who_is_the_best() -> None:
    complete = side("complete", 0.2, 0.9, 0.92)
    lucky = Side(name="lucky", accuracy={1: 0.85, 2: 0.86}, planned=3)
    assert contest(complete, lucky).by_accuracy.best == 0


def test_epochs_are_compared_at_the_highest_share_that_every_seed_reached() -> None:
    fast = side("fast", 1.0, 1.0, to_90=(2, 2), to_99=(3, 3), to_100=(5, 6))
    slow = side("slow", 1.0, 1.0, to_90=(4, 5), to_99=(7, 9), to_100=(12,))
    found = contest(fast, slow)
    assert found.share == 0.99
    assert found.epochs[0, 1].values == (4.0, 6.0)
    pace = found.by_epochs
    assert pace is not None
    assert pace.best == 0
    assert pace.tied[1].mean == 5.0


def test_epochs_are_not_compared_where_accuracies_differ() -> None:
    good = side("good", 0.99, 0.98, 0.99, to_90=(2, 3, 3))
    bad = side("bad", 0.91, 0.90, 0.92, to_90=(8, 8, 9))
    found = contest(good, bad)
    assert found.accuracy[0, 1].is_shown
    assert (found.leaders, found.epochs) == ((0,), {})


def test_without_a_share_that_all_reached_there_is_no_pace() -> None:
    found = contest(side("a", 0.3, 0.32), side("b", 0.31, 0.3))
    assert (found.share, found.by_epochs) == (None, None)


def test_a_pair_can_be_asked_for_in_either_order() -> None:
    found = contest(side("a", 0.5, 0.6), side("b", 0.7, 0.9)).accuracy
    forward, backward = between(found, 0, 1), between(found, 1, 0)
    assert forward is not None
    assert backward == forward.turned
    assert between(found, 0, 2) is None


@pytest.mark.parametrize(("rate", "is_at_edge"), [(1e-4, True), (1e-3, False), (1e-2, True), (None, False)])
def test_a_rate_at_an_end_of_its_grid_is_known_for_it(rate: float | None, is_at_edge: bool) -> None:
    side = Side(name="a", accuracy={}, planned=1, rate=rate, rates=(1e-4, 1e-3, 1e-2))
    assert side.is_at_edge == is_at_edge
