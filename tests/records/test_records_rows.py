from typing import Any

import msgspec
import pytest
from factories import (
    ablation_records,
    bench_records,
    eval_record,
    failed_record,
    fit_record,
    process_records,
    timed_record,
    with_actual,
    with_measured,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from benchbox.records.record import STATUSES, Record
from benchbox.records.rows import rows


def test_a_bench_makes_one_row_an_architecture_in_the_order_of_the_journal() -> None:
    assert [row.model for row in rows(bench_records())] == ["lenet", "alexnet", "vgg16"]


def test_the_three_parts_of_a_row_are_joined() -> None:
    (row,) = rows([timed_record(), timed_record(task="train_step"), fit_record(seconds=30.0)])
    assert row.inference
    assert row.training
    assert row.accuracy
    assert row.parameters == 73_450


def test_a_fit_that_came_first_joins_too() -> None:
    assert len(rows([fit_record(epochs=3), timed_record(), timed_record(task="train_step")])) == 1


def test_an_evaluation_fills_the_place_of_a_fit() -> None:
    (row,) = rows([timed_record(), eval_record(correct=141)])
    assert row.accuracy
    assert row.accuracy.source == "checkpoint reports/latest-train/lenet-best.pt"


def test_the_same_spec_again_replaces_what_was_run_before() -> None:
    (row,) = rows([failed_record("lenet", "infer", status="crashed"), timed_record()])
    assert (row.status, len(row.records)) == ("ok", 1)


def test_fresh_processes_of_the_same_work_are_one_row() -> None:
    (row,) = rows(process_records(medians=(0.1, 0.11, 0.12)))
    assert row.inference
    assert (row.inference.processes, row.inference.samples) == (3, 18)
    assert (row.parts["infer"].done, row.parts["infer"].processes) == (3, 3)


def test_a_process_that_failed_is_counted_with_its_status_and_reason() -> None:
    records = [*process_records(medians=(0.1, 0.11)), failed_record("lenet", "infer", repeat=2, reason="why")]
    (row,) = rows(records)
    assert (row.status, row.reason) == ("crashed", "infer crashed: 2 of 3 processes ended well: why")
    assert row.inference
    assert row.inference.processes == 2


def test_rows_come_in_the_order_of_the_plan_where_it_is_given() -> None:
    records = bench_records()
    specs = [record.spec for record in records]
    assert [row.model for row in rows(records[::-1], specs)] == ["lenet", "alexnet", "vgg16"]


def test_a_row_is_void_or_in_doubt_where_a_part_is() -> None:
    training = with_actual(timed_record(task="train_step"), void="answers differ", doubts=("noisy", "hot"))
    (row,) = rows([with_actual(timed_record(), doubts=("noisy",)), training])
    assert row.void == "train_step: answers differ"
    assert row.voids == (("train_step", "answers differ"),)
    assert row.doubts == ("infer: noisy", "train_step: noisy", "train_step: hot")
    assert not row.is_sound("infer")


def test_of_several_processes_the_middle_first_batch_and_the_worst_parity_count() -> None:
    errors = (0.001, 0.004, 0.002)
    cells = process_records(medians=(0.1, 0.1, 0.1))
    (row,) = rows(
        [
            with_measured(cell, parity_error=error, parity_top1=1 - error)
            for cell, error in zip(cells, errors, strict=True)
        ]
    )
    part = row.parts["infer"]
    assert part.time_to_first_batch == pytest.approx(0.55)
    assert (row.parity_error, row.parity_top1) == (0.004, 0.996)


@pytest.mark.parametrize("change", [{"lr": 0.1}, {"seed": 1}, {"activation": "relu"}, {"precision": "fp32"}])
def test_other_settings_make_another_row(change: dict[str, Any]) -> None:
    assert len(rows([timed_record(), fit_record(**change)])) == 2


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(len(bench_records()))))
def test_no_record_vanishes_in_any_order(order: list[int]) -> None:
    records = bench_records()
    shuffled = [records[place] for place in order]
    kept = [record for row in rows(shuffled) for record in row.records]
    assert sorted(map(repr, kept)) == sorted(map(repr, records))


def test_throughput_is_the_batch_by_the_median() -> None:
    (row,) = rows([timed_record(samples=[0.1] * 6)])
    assert row.inference
    assert row.inference.pictures_per_second.value == 320


@pytest.mark.parametrize("status", [status for status in STATUSES if status not in ("ok", "skipped")])
def test_a_failed_part_gives_the_row_its_status_and_reason(status: str) -> None:
    (row,) = rows([timed_record("vgg16"), failed_record("vgg16", status=status, reason="why")])  # type: ignore[arg-type]
    assert row.status == status
    assert row.reason == f"fit {status}: why"
    assert row.inference


def test_a_reason_that_parts_share_is_said_once() -> None:
    (row,) = rows([failed_record(task=task, status="oom", reason="why") for task in ("infer", "train_step")])
    assert row.reason == "infer, train_step oom: why"
    assert row.failures == ((("infer", "train_step"), "oom: why"),)


def test_a_failure_weighs_more_than_a_skip() -> None:
    skipped = failed_record("vgg16", status="skipped", reason="too long")
    (row,) = rows([skipped, failed_record("vgg16", "infer", status="oom")])
    assert row.status == "oom"
    assert "too long" in row.reason


def test_accuracy_is_the_last_epochs_and_the_best_stands_beside_it() -> None:
    (row,) = rows([fit_record(accuracies=(0.5, 1.0, 0.75))])
    assert row.accuracy
    assert row.learning
    assert row.accuracy.correct == 108
    assert (row.learning.best_accuracy, row.learning.best_epoch) == (1.0, 2)


def test_of_equal_accuracies_the_lower_loss_is_best() -> None:
    # The factory's losses fall from epoch to epoch.
    (row,) = rows([fit_record(accuracies=(1.0, 1.0, 0.5))])
    assert row.learning
    assert row.learning.best_epoch == 2


def test_milestones_count_epochs_from_one_and_their_training_seconds() -> None:
    (row,) = rows([fit_record(accuracies=(0.25, 0.55, 0.95, 0.95))])
    assert row.learning
    assert [(m.share, m.epoch, m.seconds) for m in row.learning.milestones] == [(0.5, 2, 4.0), (0.9, 3, 6.0)]
    assert row.learning.milestone(0.99) is None


def test_a_share_that_lost_digits_on_the_way_still_reaches_its_milestone() -> None:
    (row,) = rows([fit_record(accuracies=(0.8999999762,))])
    assert row.learning
    assert row.learning.milestone(0.9)


def test_what_really_ran_wins_over_what_was_asked() -> None:
    (row,) = rows([timed_record(precision="fp32")])
    assert row.precision == "bf16"


def test_what_was_asked_is_told_where_nothing_ran() -> None:
    (row,) = rows([failed_record(precision="fp32")])
    assert row.precision == "fp32"


def test_an_ablation_has_a_row_for_each_arm_and_seed() -> None:
    records: list[Record] = ablation_records(seeds=3)
    assert len(rows(records)) == len(records) == 12


def test_the_source_says_how_the_weights_were_chosen() -> None:
    record = eval_record()
    actual = msgspec.structs.replace(record.actual, weights="after 20 epochs")
    (row,) = rows([msgspec.structs.replace(record, actual=actual)])
    assert row.accuracy
    assert row.accuracy.source.endswith("lenet-best.pt (after 20 epochs)")
