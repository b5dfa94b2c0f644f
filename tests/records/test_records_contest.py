"""Arms of a network against one another: who is the best and who is told apart, in spite of lost seeds."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchbox.records.contest import Contest, Side, between, contests


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
        # Behind by the same in every seed, of which four are too few.
        side("shifted", 0.89, 0.88, 0.89, 0.88),
        side("far", 0.10, 0.12, 0.11, 0.09),
        side("lost", planned=4),
    )
    standing = found.by_accuracy
    assert standing.best == 0
    assert (standing.equal, set(standing.tied), set(standing.behind)) == ((1,), {2, 3}, {4})
    assert standing.behind[4].mean == pytest.approx(0.88)
    assert found.leaders == (0, 1, 2, 3)


def test_an_arm_without_two_seeds_in_common_with_the_best_is_unpaired() -> None:
    found = contest(side("a", 0.9, 0.8), Side(name="b", accuracy={1: 0.7, 2: 0.6}, planned=2))
    assert found.common == 1
    assert found.by_accuracy.unpaired == (1,)


def test_lost_seeds_do_not_decide_who_is_the_best() -> None:
    complete = side("complete", 0.2, 0.9, 0.92)
    lucky = Side(name="lucky", accuracy={1: 0.85, 2: 0.86}, planned=3)
    assert contest(complete, lucky).by_accuracy.best == 0


GOOD, LESS = (0.95, 0.96, 0.95, 0.96, 0.90), (0.90, 0.91, 0.90, 0.90, 0.91)


@pytest.mark.parametrize("survivor", [0.5, 1.0])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_an_arm_with_a_single_seed_left_hides_nothing_of_the_others(survivor: float, place: int) -> None:
    sides = [side("good", *GOOD), side("less", *LESS)]
    # In the only seed that it has, the worse of the others is the better.
    sides.insert(place, Side(name="lost", accuracy={4: survivor}, planned=5))
    found = contest(*sides)
    standing = found.by_accuracy
    assert found.sides[standing.best].name == "good"
    assert [found.sides[behind].name for behind in standing.behind] == ["less"]
    assert [found.sides[unpaired].name for unpaired in standing.unpaired] == ["lost"]


def test_an_arm_that_lost_all_but_two_seeds_does_not_change_the_order_of_the_others() -> None:
    # In the seeds 3 and 4 alone the less good of the first two is ahead.
    good, less = side("good", 0.95, 0.96, 0.95, 0.90, 0.90), side("less", 0.90, 0.91, 0.90, 0.91, 0.92)
    lost = Side(name="lost", accuracy={3: 0.5, 4: 0.7}, planned=5)
    standing = contest(good, less, lost).by_accuracy
    assert (standing.best, set(standing.tied)) == (0, {1, 2})


def test_arms_that_are_each_surely_ahead_of_the_next_are_not_said_to_be_tied() -> None:
    def arm(name: str, *, high: int, low: int) -> Side:
        accuracy = {high + seed: 0.9 + 0.01 * seed for seed in range(3)}
        accuracy |= {low + seed: 0.1 + 0.011 * seed for seed in range(3)}
        return Side(name=name, accuracy=accuracy, planned=9)

    found = contest(arm("a", high=0, low=6), arm("b", high=3, low=0), arm("c", high=6, low=3))
    assert all(seen.is_shown for seen in found.accuracy.values())
    standing = found.by_accuracy
    assert (len(standing.behind), len(standing.ahead), len(standing.tied)) == (1, 1, 0)
    assert next(iter(standing.ahead.values())).mean < 0


@settings(max_examples=25)  # a t test a pair and example
@given(st.lists(st.lists(st.integers(0, 144), min_size=3, max_size=3), min_size=2, max_size=5))
def test_where_no_seed_is_lost_the_best_mean_is_the_best_and_nobody_is_ahead_of_it(
    correct: list[list[int]],
) -> None:
    found = contest(*(side(str(place), *(count / 144 for count in counts)) for place, counts in enumerate(correct)))
    standing = found.by_accuracy
    assert sum(correct[standing.best]) == max(map(sum, correct))
    assert not standing.ahead
    assert not standing.unpaired


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


@pytest.mark.parametrize(("seeds", "behind"), [(2, set()), (5, set()), (6, {1})])
def test_the_same_difference_in_epochs_is_claimed_only_from_six_seeds_on(seeds: int, behind: set[int]) -> None:
    fast = side("fast", *[1.0] * seeds, to_100=tuple(5 + seed for seed in range(seeds)))
    slow = side("slow", *[1.0] * seeds, to_100=tuple(6 + seed for seed in range(seeds)))
    pace = contest(fast, slow).by_epochs
    assert pace is not None
    assert (pace.best, set(pace.behind), set(pace.behind) | set(pace.tied)) == (0, behind, {1})


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
