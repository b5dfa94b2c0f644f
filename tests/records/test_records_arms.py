"""Arms of an ablation, and the learning rate that each keeps by what it did on pictures set aside."""

from collections.abc import Sequence
from typing import Any

from factories import ablation_records, failed_record, fit_record, timed_record, with_measured

from benchbox.records.arms import Arm, arms
from benchbox.records.record import Record, Status
from benchbox.records.rows import rows

FACTORS, CHOSEN = ("model.activation",), ("fit.lr",)


def tried(lr: float, aside: Sequence[float], losses: Sequence[float] | None = None, **fields: Any) -> list[Record]:
    """Fits at a rate with these accuracies on the pictures set aside, a seed each."""
    losses = losses or [0.1] * len(aside)
    return [
        with_measured(fit_record(lr=lr, seed=seed, **fields), val_accuracy=(0.5, accuracy), val_loss=(2.0, loss))
        for seed, (accuracy, loss) in enumerate(zip(aside, losses, strict=True))
    ]


def kept(records: Sequence[Record]) -> Arm:
    (arm,) = arms(rows(records), FACTORS, CHOSEN)
    return arm


def rate(records: Sequence[Record]) -> object:
    arm = kept(records)
    assert arm.kept is not None
    assert {row.spec.fit.lr for row in arm.rows} == set(arm.kept.values)
    return arm.kept.values[0]


def test_rows_are_grouped_by_architecture_and_value_in_their_order() -> None:
    found = arms(rows(ablation_records()), FACTORS)
    assert [(arm.model, arm.values, len(arm.rows)) for arm in found] == [
        ("lenet", ("sigmoid",), 3),
        ("lenet", ("relu",), 3),
        ("alexnet", ("sigmoid",), 3),
        ("alexnet", ("relu",), 3),
    ]
    assert {arm.kept for arm in found} == {None}


def test_the_rate_with_the_best_mean_of_the_last_epochs_is_kept() -> None:
    assert rate([*tried(0.1, [0.9, 0.7]), *tried(0.01, [0.85, 0.85]), *tried(0.001, [0.6, 0.9])]) == 0.01


def test_of_equal_accuracies_the_lower_loss_is_kept_and_then_the_lower_rate() -> None:
    assert rate([*tried(0.1, [0.9], [0.2]), *tried(0.01, [0.9], [0.3])]) == 0.1
    assert rate([*tried(0.1, [0.9], [0.2]), *tried(0.01, [0.9], [0.2])]) == 0.01


def test_the_held_out_pictures_have_no_say() -> None:
    good_by_chance = tried(0.1, [0.5], accuracies=(0.5, 1.0))
    assert rate([*good_by_chance, *tried(0.01, [0.6], accuracies=(0.1, 0.2))]) == 0.01


def test_a_rate_that_lost_a_seed_comes_after_one_that_lost_none() -> None:
    lost = failed_record("lenet", lr=0.1, seed=1, activation="sigmoid", status="nan", reason="NaN in epoch 2")
    records = [*tried(0.1, [1.0]), lost, *tried(0.01, [0.8, 0.8])]
    arm = kept(records)
    assert rate(records) == 0.01
    assert [(trial.values, len(trial.accuracies), len(trial.rows)) for trial in arm.trials] == [
        ((0.01,), 2, 2),
        ((0.1,), 1, 2),
    ]


def test_each_arm_keeps_its_own() -> None:
    sigmoid = [*tried(0.1, [0.9]), *tried(0.01, [0.8])]
    relu = [*tried(0.1, [0.7], activation="relu"), *tried(0.01, [0.8], activation="relu")]
    found = arms(rows([*sigmoid, *relu]), FACTORS, CHOSEN)
    assert [arm.kept.values for arm in found if arm.kept] == [(0.1,), (0.01,)]


def test_an_arm_that_failed_at_every_rate_keeps_none_but_shows_a_reason() -> None:
    records = [failed_record("lenet", lr=lr, activation="sigmoid", status="nan") for lr in (0.1, 0.01)]
    arm = kept(records)
    assert (arm.good, len(arm.fits), arm.fits[0].status) == ((), 1, "nan")
    assert (arm.is_tried, arm.kept) == (True, None)


def planned(records: Sequence[Record], ended: Sequence[Record]) -> list[Arm]:
    """The arms of a plan of these records of which only some ended."""
    specs = [record.spec for record in records]
    return arms(rows(ended, specs), FACTORS, CHOSEN, specs)


def test_an_arm_keeps_no_rate_before_all_were_tried_with_every_seed() -> None:
    records = [*tried(0.1, [0.9, 0.7]), *tried(0.01, [0.85, 0.85])]
    for ended in range(4):
        (arm,) = planned(records, records[:ended])
        assert (arm.is_tried, arm.kept, arm.rows) == (False, None, ())
        assert arm.seeds == (0, 1)
        assert [trial.seeds for trial in arm.trials] == [(0, 1), (0, 1)]
    (whole,) = planned(records, records)
    assert whole.is_tried
    assert whole.kept is not None
    assert whole.kept.values == (0.01,)


def test_a_rate_of_which_a_seed_was_interrupted_was_not_tried_but_one_that_failed_was() -> None:
    best = tried(0.1, [0.9, 0.9])
    ends: dict[Status, bool] = {"interrupted": False, "nan": True, "timeout": True}
    for status, is_tried in ends.items():
        last = failed_record("lenet", lr=0.01, seed=1, activation="sigmoid", status=status)
        records = [*best, *tried(0.01, [0.8]), last]
        assert [arm.is_tried for arm in planned(records, records)] == [is_tried]


def test_an_arm_that_never_began_is_one_all_the_same() -> None:
    sigmoid = [*tried(0.1, [0.9]), *tried(0.01, [0.8])]
    relu = [*tried(0.1, [0.7], activation="relu"), *tried(0.01, [0.8], activation="relu")]
    found = planned([*sigmoid, *relu], sigmoid)
    assert [(arm.values, arm.is_tried) for arm in found] == [(("sigmoid",), True), (("relu",), False)]


def test_without_a_choice_every_arm_is_tried_however_many_seeds_it_lost() -> None:
    records = ablation_records(models=("lenet",))
    specs = [record.spec for record in records]
    found = arms(rows(records[:4], specs), FACTORS, specs=specs)
    assert [(arm.is_tried, len(arm.good), arm.seeds) for arm in found] == [
        (True, 3, (0, 1, 2)),
        (True, 1, (0, 1, 2)),
    ]


def test_the_training_step_that_took_turns_stays_with_its_arm_at_whatever_rate() -> None:
    step = timed_record("lenet", "train_step", lr=0.003)
    arm = kept([step, *tried(0.1, [0.9]), *tried(0.01, [0.8])])
    assert arm.step is not None
    assert arm.step.training is not None
    assert len(arm.fits) == 1
