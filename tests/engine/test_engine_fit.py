"""A fit from end to end on small pictures: curves, scores, files, repeatability, bounds."""

from pathlib import Path

import pytest
from msgspec.structs import replace
from runs import Events, run_small, small_spec

from benchbox.engine.beginning import plan_epochs
from benchbox.plan.spec import FitSpec, ModelSpec, RunSpec
from benchbox.records.checkpoints import read_card
from benchbox.records.events import EpochEnded, PhaseBegan, StepSeen
from benchbox.records.record import Record
from benchbox.records.scores import read_predictions

CURVES = ("epoch_seconds", "train_loss", "train_accuracy", "test_loss", "test_accuracy", "learning_rate")


@pytest.fixture
def spec(pictures: Path, own_networks: Path, cache: Path) -> RunSpec:
    return small_spec(pictures, f"{own_networks}:small", cache=cache)


def losses(record: Record) -> tuple[float, ...]:
    assert record.status == "ok", record.log
    return record.values("train_loss") + record.values("test_loss")


def test_a_fit_learns_and_records_what_it_saw(spec: RunSpec, tmp_path: Path, cache: Path) -> None:
    record = run_small(replace(spec, fit=replace(spec.fit, epochs=5)), tmp_path, cache=cache)
    assert (record.status, record.reason) == ("ok", "")
    assert all(len(record.values(curve)) == 5 for curve in CURVES)
    assert record.values("train_loss")[-1] < record.values("train_loss")[0]
    assert record.last("top1") == 1.0
    assert record.last("pictures") == 6
    assert record.last("parameters") == 64 * 3 + 3
    assert record.actual.classes == ("across", "dark", "down")
    assert (record.actual.train, record.actual.test) == (54, 6)
    assert record.actual.network_digest


def test_the_headline_is_the_last_epoch(spec: RunSpec, tmp_path: Path, cache: Path) -> None:
    record = run_small(spec, tmp_path, cache=cache)
    assert record.last("top1") == record.last("test_accuracy")
    assert record.last("loss") == record.last("test_loss")


def test_the_predictions_are_those_of_the_held_out_pictures(spec: RunSpec, tmp_path: Path, cache: Path) -> None:
    record = run_small(spec, tmp_path, cache=cache)
    read = read_predictions(tmp_path / record.files["predictions"])
    assert sorted(read["picture"]) == sorted(record.actual.test_pictures)
    assert (read["label_rank"] == 1).mean() == pytest.approx(record.last("top1"))
    assert all(name.startswith(label) for name, label in zip(read["picture"], read["label"], strict=True))


def test_equal_specs_give_equal_losses(spec: RunSpec, tmp_path: Path, cache: Path) -> None:
    assert losses(run_small(spec, tmp_path, cache=cache)) == losses(run_small(spec, tmp_path, cache=cache))


def test_another_seed_gives_other_losses_on_the_same_split(spec: RunSpec, tmp_path: Path, cache: Path) -> None:
    one, two = (run_small(replace(spec, seed=seed), tmp_path, cache=cache) for seed in (0, 1))
    assert losses(one) != losses(two)
    assert one.actual.test_pictures == two.actual.test_pictures


def test_both_feeds_give_equal_losses(spec: RunSpec, tmp_path: Path, cache: Path) -> None:
    loader = replace(spec, placement=replace(spec.placement, feed="loader"))
    assert losses(run_small(loader, tmp_path, cache=cache)) == losses(run_small(spec, tmp_path, cache=cache))


def test_memory_formats_agree_within_rounding(pictures: Path, tmp_path: Path, cache: Path) -> None:
    spec = small_spec(pictures, "lenet", cache=cache)
    other = replace(spec, placement=replace(spec.placement, memory_format="contiguous"))
    one, two = (losses(run_small(each, tmp_path, cache=cache)) for each in (spec, other))
    assert one == pytest.approx(two, rel=1e-3)


def test_bf16_trains_like_fp32_but_not_bit_for_bit(pictures: Path, tmp_path: Path, cache: Path) -> None:
    spec = small_spec(pictures, "lenet", cache=cache)
    coarse = replace(spec, placement=replace(spec.placement, precision="bf16"))
    one, two = (losses(run_small(each, tmp_path, cache=cache)) for each in (spec, coarse))
    assert one == pytest.approx(two, rel=0.1)
    assert one != two


def test_checkpoints_are_kept_only_where_they_are_wanted(spec: RunSpec, tmp_path: Path, cache: Path) -> None:
    assert set(run_small(spec, tmp_path / "without", cache=cache).files) == {"predictions"}
    kept = run_small(spec, tmp_path / "with", cache=cache, keeps_checkpoints=True)
    assert set(kept.files) == {"predictions", "best", "last"}
    card = read_card(tmp_path / "with" / kept.files["best"])
    assert card.accuracy == max(kept.values("test_accuracy"))
    assert (card.kind, card.data_digest) == ("best", kept.actual.data_digest)


def test_events_tell_of_phases_steps_and_epochs(spec: RunSpec, tmp_path: Path, cache: Path) -> None:
    eager = replace(spec, placement=replace(spec.placement, sync_seconds=0.0))
    events = Events()
    record = run_small(eager, tmp_path, cache=cache, observer=events)
    phases = [event.name for event in events if isinstance(event, PhaseBegan)]
    assert [name for name in phases if name in ("pictures", "build", "training")] == [
        "pictures",
        "build",
        "training",
    ]
    assert len([event for event in events if isinstance(event, StepSeen)]) == 2 * 4
    epochs = [event for event in events if isinstance(event, EpochEnded)]
    assert [epoch.test_accuracy for epoch in epochs] == list(record.values("test_accuracy"))
    assert epochs[-1].seconds_left == 0


@pytest.mark.parametrize(("pause", "looks"), [(0.0, 8), (0.5, 0), (0.021, 2)])
def test_a_fit_looks_no_more_often_than_it_is_told(
    spec: RunSpec, tmp_path: Path, cache: Path, pause: float, looks: int
) -> None:
    ticks = iter(range(10**6))
    paused = replace(spec, placement=replace(spec.placement, sync_seconds=pause))
    events = Events()
    # The clock moves 10 ms whenever it is read: once a step, and once more at a look.
    run_small(paused, tmp_path, cache=cache, observer=events, clock=lambda: next(ticks) / 100)
    assert len([event for event in events if isinstance(event, StepSeen)]) == looks


@pytest.mark.parametrize(
    ("asked", "seconds", "epoch_seconds", "planned"),
    [(20, None, 9.0, 20), (20, 30.0, None, 20), (20, 30.0, 3.0, 9), (20, 30.0, 0.1, 20), (20, 30.0, 29.0, 1)],
)
def test_a_bounded_fit_plans_the_epochs_that_end_in_time(
    asked: int, seconds: float | None, epoch_seconds: float | None, planned: int
) -> None:
    spec = RunSpec(fit=FitSpec(epochs=asked, seconds=seconds))
    assert plan_epochs(spec, epoch_seconds) == planned


def test_a_fit_out_of_time_stops_after_its_epoch_and_says_so(spec: RunSpec, tmp_path: Path, cache: Path) -> None:
    hurried = replace(spec, fit=replace(spec.fit, epochs=50, seconds=1e-6))
    record = run_small(hurried, tmp_path, cache=cache)
    assert len(record.values("test_loss")) == 1
    assert "stopped after epoch 1 of 50" in record.actual.notes[0]


def test_a_last_batch_of_one_picture_does_not_break_batch_norm(pictures: Path, tmp_path: Path, cache: Path) -> None:
    spec = small_spec(pictures, "lenet", cache=cache)
    narrow = replace(
        spec,
        model=ModelSpec(name="resnet50", activation="relu", dropout=0.5, init="suited"),
        data=replace(spec.data, image_size=17),
        fit=replace(spec.fit, epochs=1, batch_size=53),
    )
    assert run_small(narrow, tmp_path, cache=cache).status == "ok"


def test_a_fit_leaves_its_curves_for_tensorboard(spec: RunSpec, tmp_path: Path, cache: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    record = run_small(spec, tmp_path, cache=cache)
    read = EventAccumulator(str(tmp_path / "tensorboard" / "run")).Reload()
    points = [point.value for point in read.Scalars("accuracy/test")]
    assert points == pytest.approx(record.values("test_accuracy"))
