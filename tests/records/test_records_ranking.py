import msgspec
import pytest
from factories import bench_records, eval_record, failed_record, fit_record, timed_record, with_actual
from hypothesis import given
from hypothesis import strategies as st

from benchbox.records.estimate import Estimate, exact, median
from benchbox.records.ranking import Point, Rank, common_share, pareto, ranks, seconds_to, standings
from benchbox.records.rows import rows

numbers = st.floats(min_value=0.01, max_value=100)


@st.composite
def estimates(draw: st.DrawFn) -> Estimate:
    low, value, high = sorted(draw(st.tuples(numbers, numbers, numbers)))
    return Estimate(value=value, low=low, high=high, basis="95 % interval")


def _between(low: float, high: float) -> Estimate:
    return Estimate(value=(low + high) / 2, low=low, high=high, basis="95 % interval")


def test_overlapping_intervals_share_their_places() -> None:
    seen = ranks([_between(1, 3), _between(2, 4), _between(5, 6), None], "lower")
    assert seen == [Rank(best=1, worst=2), Rank(best=1, worst=2), Rank(best=3, worst=3), None]


def test_higher_may_be_better() -> None:
    assert ranks([exact(1), exact(2)], "higher") == [Rank(best=2, worst=2), Rank(best=1, worst=1)]


def test_equal_counts_are_ties() -> None:
    assert ranks([exact(1), exact(1)], "lower") == [Rank(best=1, worst=2)] * 2


def test_a_single_sample_has_no_place() -> None:
    assert ranks([median([1.0]), exact(2), exact(3)], "lower")[0] is None
    assert ranks([median([1.0]), exact(2), exact(3)], "lower")[1] == Rank(best=1, worst=1)


def test_the_range_of_a_few_samples_has_a_place_that_is_not_sure() -> None:
    seen = ranks([median([1.0, 1.1, 1.2]), exact(2), _between(3, 4)], "lower")
    assert seen[0] == Rank(best=1, worst=1, is_sure=False)
    assert [rank and rank.is_sure for rank in seen[1:]] == [True, True]


@given(st.lists(estimates(), min_size=1, max_size=12), st.sampled_from(["higher", "lower"]))
def test_places_are_a_range_within_the_field_and_one_may_be_first(values: list[Estimate], better: str) -> None:
    seen = ranks(values, better)  # type: ignore[arg-type]
    assert all(rank is not None and 1 <= rank.best <= rank.worst <= len(values) for rank in seen)
    assert any(rank is not None and rank.best == 1 for rank in seen)
    assert any(rank is not None and rank.worst == len(values) for rank in seen)


@given(st.lists(numbers, min_size=1, max_size=12, unique=True))
def test_without_doubt_places_are_the_order(values: list[float]) -> None:
    seen = ranks([exact(value) for value in values], "lower")
    places = [1 + sorted(values).index(value) for value in values]
    assert seen == [Rank(best=place, worst=place) for place in places]


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=12))
def test_the_front_of_exact_points_is_the_classical_one(points: list[tuple[float, float]]) -> None:
    front = pareto([Point(cost=exact(cost), gain=exact(gain)) for cost, gain in points])
    for (cost, gain), is_on in zip(points, front, strict=True):
        dominated = any(c <= cost and g >= gain and (c, g) != (cost, gain) for c, g in points)
        assert is_on != dominated


@given(st.lists(st.tuples(estimates(), estimates()), min_size=1, max_size=12))
def test_the_front_is_never_empty_and_holds_the_cheapest_by_value(points: list[tuple[Estimate, Estimate]]) -> None:
    front = pareto([Point(cost=cost, gain=gain) for cost, gain in points])
    first = min(range(len(points)), key=lambda place: (points[place][0].value, -points[place][1].value))
    assert front[first]


def test_what_cannot_be_told_apart_stands_on_the_front_together() -> None:
    alike = [
        Point(cost=_between(1, 2), gain=_between(0.9, 1.0)),
        Point(cost=_between(1.4, 2.1), gain=_between(0.8, 0.99)),
    ]
    assert pareto([*alike, None]) == [True, True, False]


def test_as_accurate_and_surely_slower_is_not_on_the_front() -> None:
    assert pareto([Point(cost=exact(1), gain=exact(1)), Point(cost=exact(2), gain=exact(1))]) == [True, False]


def test_the_fastest_is_the_measure_of_the_others() -> None:
    lenet, alexnet, _ = standings(rows(bench_records()))
    assert lenet.times["infer"] == exact(1.0)
    assert alexnet.times["infer"].value == pytest.approx(2.0)
    assert alexnet.ranks["inference"] == Rank(best=2, worst=2)
    assert (lenet.fronts, alexnet.fronts) == (("latency", "parameters"), ())


def test_a_batch_of_one_is_not_ranked_against_a_batch_of_32() -> None:
    records = [timed_record("lenet", batch_size=size) for size in (1, 32)]
    assert {rank.worst for one in standings(rows(records)) for rank in one.ranks.values()} == {1}


def test_a_single_sample_stands_on_no_front_and_takes_nobody_from_it() -> None:
    records = [
        timed_record("lenet"),
        eval_record("lenet"),
        timed_record("alexnet", samples=[0.001]),
        eval_record("alexnet"),
    ]
    lenet, alexnet = standings(rows(records))
    assert ("latency" in lenet.fronts, "latency" in alexnet.fronts) == (True, False)


def test_void_and_failed_rows_are_not_ranked() -> None:
    records = [
        timed_record("lenet"),
        with_actual(timed_record("alexnet", samples=[0.001] * 6), void="answers differ"),
        failed_record("vgg16", "infer"),
        eval_record("alexnet"),
    ]
    lenet, alexnet, vgg16 = standings(rows(records))
    assert (alexnet.ranks, alexnet.times, alexnet.fronts, vgg16.times) == ({}, {}, (), {})
    assert lenet.ranks["inference"] == Rank(best=1, worst=1)


# An epoch takes 2 s each.
SLOW, QUICK, NEVER = (0.5, 0.8, 0.95, 0.992, 1.0), (0.5, 0.92, 1.0), (0.5, 0.6)


def test_the_time_to_an_accuracy_lies_between_the_ends_of_two_epochs() -> None:
    (row,) = rows([fit_record(accuracies=SLOW)])
    reached = [seconds_to(row, share) for share in (0.9, 0.99, 1.0)]
    assert [seen and (seen.value, seen.low, seen.high) for seen in reached] == [(6, 4, 6), (8, 6, 8), (10, 8, 10)]
    assert not any(seen and seen.is_interval for seen in reached)


def test_of_the_first_epoch_the_time_may_be_anything_up_to_its_end() -> None:
    (row,) = rows([fit_record(accuracies=(1.0,))])
    seen = seconds_to(row, 1.0)
    assert seen is not None
    assert (seen.low, seen.high) == (0, 2)


def test_what_was_not_reached_and_what_a_checkpoint_does_not_know_have_no_time() -> None:
    fit, checkpoint = rows([fit_record(accuracies=NEVER), eval_record("alexnet")])
    assert (seconds_to(fit, 0.9), seconds_to(checkpoint, 0.9)) == (None, None)


@pytest.mark.parametrize(
    ("curves", "share"),
    [
        ((SLOW, NEVER), 1.0),
        (((0.5, 0.991), (0.91, 0.95)), 0.99),
        (((0.5, 0.91), NEVER), 0.9),
        ((NEVER, NEVER), None),
    ],
)
def test_all_rows_are_compared_by_the_highest_accuracy_that_one_of_them_reached(
    curves: tuple[tuple[float, ...], ...], share: float | None
) -> None:
    records = [fit_record(name, accuracies=seen) for name, seen in zip(("lenet", "vgg16"), curves, strict=True)]
    assert common_share(rows(records)) == share


def test_a_time_to_an_accuracy_is_ranked_and_never_sure() -> None:
    records = [fit_record("lenet", accuracies=SLOW), fit_record("vgg16", accuracies=QUICK)]
    slow, quick, never = standings(rows([*records, fit_record("alexnet", accuracies=NEVER)]))
    assert slow.ranks["to_100"] == Rank(best=2, worst=2, is_sure=False)
    assert quick.ranks["to_100"] == Rank(best=1, worst=1, is_sure=False)
    assert not {"to_100", "to_99", "to_90"} & set(never.ranks)


def test_epochs_that_touch_are_a_tie() -> None:
    records = [fit_record("lenet", accuracies=QUICK), fit_record("vgg16", accuracies=(0.5, 0.9, 0.95, 1.0))]
    assert {one.ranks["to_100"] for one in standings(rows(records))} == {Rank(best=1, worst=2, is_sure=False)}


def test_a_fit_that_broke_off_or_is_void_is_not_ranked_by_its_time() -> None:
    broken = msgspec.structs.replace(fit_record("vgg16", accuracies=(1.0,)), status="interrupted")
    void = with_actual(fit_record("alexnet", accuracies=(1.0,)), void="answers differ")
    records = [broken, void, fit_record("lenet", accuracies=(0.5, 0.95))]
    assert common_share(rows(records)) == 0.9
    assert [sorted(one.ranks) for one in standings(rows(records))][:2] == [["parameters"], []]
