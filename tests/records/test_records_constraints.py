import math
from contextlib import suppress

import pytest
from factories import bench_records, eval_record, failed_record, measured, timed_record, with_actual
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from benchbox.errors import SpecError
from benchbox.records.constraints import QUANTITIES, choose, parse
from benchbox.records.estimate import wilson
from benchbox.records.record import Record
from benchbox.records.rows import rows


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("latency<10ms", 0.01),
        ("latency <= 500 us", 5e-4),
        ("latency<1.5s", 1.5),
        ("parameters<5M", 5e6),
        ("parameters<73450", 73_450),
        ("memory<1GiB", 2**30),
        ("memory<100MB", 1e8),
        ("weights>=20KiB", 20_480),
        ("accuracy>=95%", 0.95),
        ("accuracy>0.95", 0.95),
        ("inference>100/s", 100),
        ("training>2k/s", 2000),
        ("gflop<.5", 5e8),
    ],
)
def test_a_limit_is_read_in_its_unit(text: str, limit: float) -> None:
    assert parse(text).limit == pytest.approx(limit)


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("latency", "METRIC OP VALUE"),
        ("latency=10ms", "METRIC OP VALUE"),
        ("latency<", "METRIC OP VALUE"),
        ("latency<-1ms", "METRIC OP VALUE"),
        ("speed<10ms", "latency, inference, training, memory"),
        ("latency<10", "us, µs, ms, s"),
        ("latency<10MiB", "us, µs, ms, s"),
        ("parameters<5m", "none, k, M, G"),
        ("accuracy>95", "a ratio up to 1"),
        ("latency<0ms", "more than 0"),
    ],
)
def test_anything_else_is_refused_with_what_is_allowed(text: str, allowed: str) -> None:
    with pytest.raises(SpecError, match=allowed):
        parse(text)


@given(st.text(max_size=20))
def test_no_text_ends_in_another_error(text: str) -> None:
    with suppress(SpecError):
        assert parse(text).quantity in QUANTITIES


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("latency<103ms", "surely"),
        ("latency<=102ms", "surely"),
        ("latency<102ms", "perhaps"),
        ("latency<100ms", "perhaps"),
        ("latency<=98ms", "perhaps"),
        ("latency<98ms", "not"),
        ("latency>97ms", "surely"),
        ("parameters<=73450", "surely"),
        ("parameters<73450", "not"),
        ("memory<=300MiB", "surely"),
        ("accuracy>50%", "not"),
    ],
)
def test_a_row_holds_with_its_whole_interval_or_with_some_of_it(text: str, holds: str) -> None:
    # Six samples: the interval of the median is from the least to the most, 98 to 102 ms.
    (row,) = rows([timed_record()])
    assert parse(text).holds(row) == holds


def test_void_rows_hold_nothing() -> None:
    (row,) = rows([with_actual(timed_record(), void="answers differ")])
    assert parse("parameters<1G").holds(row) == "not"


def _choose(records: list, *texts: str):  # type: ignore[no-untyped-def, type-arg]
    return choose(rows(records), [parse(text) for text in texts])


def test_the_most_accurate_of_those_that_surely_hold_is_chosen() -> None:
    records = [
        timed_record("lenet"),
        eval_record("lenet", correct=100),
        timed_record("alexnet"),
        eval_record("alexnet"),
    ]
    choice = _choose(records, "latency<1s")
    assert choice.chosen
    assert (choice.chosen.model, choice.is_by_accuracy, choice.equals) == ("alexnet", True, ())


def test_those_that_hold_without_an_accuracy_are_told() -> None:
    choice = _choose([*bench_records(), failed_record("resnet50", "infer")], "latency<1s")
    assert [row.model for row in choice.unscored] == ["vgg16"]
    assert choice.chosen
    assert choice.chosen not in choice.unscored


@given(st.integers(1, 99), st.integers(1, 10))
def test_the_pictures_needed_are_those_with_which_wilsons_bound_reaches_the_limit(percent: int, more: int) -> None:
    correct = 10 * percent + more
    (row,) = rows([_scored(correct, 1000)])
    needed = parse(f"accuracy>={percent}%").pictures_needed(row)
    if parse(f"accuracy>={percent}%").holds(row) != "perhaps":
        assert needed is None
        return
    assert needed
    share = correct / 1000
    # At a multiple of 1000 pictures the share is the very same.
    enough = 1000 * math.ceil(needed / 1000)
    assert wilson(round(share * enough), enough).low >= percent / 100 - 1e-9
    assert needed > 1000


def test_all_right_of_144_needs_381_for_99_per_cent() -> None:
    (row,) = rows([eval_record(correct=144)])
    assert parse("accuracy>=99%").pictures_needed(row) == 381
    assert (wilson(380, 380).low < 0.99, wilson(381, 381).low >= 0.99) == (True, True)


@pytest.mark.parametrize("text", ["accuracy>=97%", "accuracy>=100%", "accuracy<99%", "latency<10s"])
def test_no_count_of_pictures_helps_where_none_is_missing(text: str) -> None:
    (row,) = rows([timed_record(), eval_record(correct=144)])
    assert parse(text).pictures_needed(row) is None


def _scored(correct: int, pictures: int) -> Record:
    return replace(
        eval_record(), measurements=measured(correct=correct, pictures=pictures, top1=correct / pictures)
    )


def test_of_accuracies_that_cannot_be_told_apart_the_fastest_is_chosen() -> None:
    records = [
        timed_record("alexnet", samples=[0.2] * 6),
        eval_record("alexnet", correct=142),
        timed_record("lenet"),
    ]
    choice = _choose([*records, eval_record("lenet", correct=141)], "latency<1s")
    assert choice.chosen
    assert (choice.chosen.model, [row.model for row in choice.equals]) == ("lenet", ["alexnet"])


def test_without_accuracies_the_fastest_is_chosen() -> None:
    choice = _choose([timed_record("alexnet", samples=[0.2] * 6), timed_record("lenet")], "latency<1s")
    assert choice.chosen
    assert (choice.chosen.model, choice.is_by_accuracy) == ("lenet", False)


def test_all_constraints_must_hold() -> None:
    choice = _choose(bench_records(), "latency<250ms", "parameters>1M")
    assert choice.chosen
    assert choice.chosen.model == "alexnet"


def test_where_none_holds_the_nearest_is_told() -> None:
    choice = _choose([*bench_records(), failed_record("resnet50", "infer")], "latency<50ms")
    assert choice.chosen is None
    assert choice.nearest
    assert choice.nearest.model == "lenet"


def test_what_may_hold_is_told_and_not_chosen() -> None:
    choice = _choose(bench_records(), "latency<100ms")
    assert choice.chosen is None
    assert [row.model for row in choice.perhaps] == ["lenet"]


def test_of_nothing_measured_nothing_is_near() -> None:
    choice = _choose([failed_record("vgg16", "infer")], "latency<1s")
    assert (choice.chosen, choice.nearest, choice.perhaps) == (None, None, ())
