"""How a fit went: its best epoch, and how long it trained until it was how accurate."""

import pytest
from factories import fit_record, measured
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from benchbox.records.learning import MILESTONES, ROUNDING, learning_of
from benchbox.records.record import Record


def with_values(record: Record, **series: list[float]) -> Record:
    """The record with these series in place of its own."""
    kept = tuple(seen for seen in record.measurements if seen.metric not in series)
    return replace(record, measurements=(*kept, *measured(**series)))


def test_a_milestone_is_the_first_epoch_that_reached_it_and_all_seconds_until_its_end() -> None:
    record = fit_record(accuracies=(0.4, 0.95, 0.85, 1.0, 1.0))
    learned = learning_of(with_values(record, epoch_seconds=[5.0, 4.0, 3.0, 2.0, 1.0]))
    assert learned is not None
    told = {share: learned.milestone(share) for share in MILESTONES}
    assert {share: reached and (reached.epoch, reached.seconds) for share, reached in told.items()} == {
        0.5: (2, 9.0), 0.9: (2, 9.0), 0.99: (4, 14.0), 1.0: (4, 14.0),
    }  # fmt: skip


def test_what_fp32_rounds_off_is_no_miss() -> None:
    for accuracy, is_reached in ((1 - ROUNDING / 2, True), (1 - 2 * ROUNDING, False)):
        learned = learning_of(fit_record(accuracies=(0.5, accuracy)))
        assert learned is not None
        assert (learned.milestone(1.0) is not None) is is_reached


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0.1, 100)), min_size=1, max_size=8),
    st.sampled_from(MILESTONES),
)
def test_a_milestone_is_reached_where_an_accuracy_is_and_later_ones_not_before_earlier_ones(
    epochs: list[tuple[float, float]], share: float
) -> None:
    accuracies, seconds = ([values[side] for values in epochs] for side in (0, 1))
    learned = learning_of(with_values(fit_record(accuracies=accuracies), epoch_seconds=seconds))
    assert learned is not None
    reached = learned.milestone(share)
    assert (reached is None) == (max(accuracies) < share - ROUNDING)
    if reached is not None and reached.seconds is not None:
        assert sum(seconds[: reached.epoch]) == pytest.approx(reached.seconds)
        assert all(accuracy < share - ROUNDING for accuracy in accuracies[: reached.epoch - 1])
    epochs_told = [milestone.epoch for milestone in learned.milestones]
    assert epochs_told == sorted(epochs_told)


def test_the_best_epoch_is_chosen_on_the_pictures_set_aside_where_there_are_any() -> None:
    record = fit_record(accuracies=(0.5, 0.9, 0.8))
    by_test = learning_of(record)
    by_aside = learning_of(with_values(record, val_accuracy=[0.7, 0.6, 0.7], val_loss=[0.5, 0.1, 0.4]))
    assert by_test is not None
    assert by_aside is not None
    assert (by_test.best_epoch, by_test.best_accuracy, by_test.is_chosen_apart) == (2, 0.9, False)
    assert (by_aside.best_epoch, by_aside.best_accuracy, by_aside.is_chosen_apart) == (3, 0.8, True)
    assert by_aside.curves["val_accuracy"] == (0.7, 0.6, 0.7)
