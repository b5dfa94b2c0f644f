"""What a fit leaves when it goes wrong, when it ends early, and where it chooses on pictures set aside."""

import resource
from pathlib import Path
from typing import Any

import pytest
import torch
from msgspec.structs import replace
from paced import Paced, StopsAt
from runs import Events, run_small, small_spec

from benchbox.engine.checkpoint import load_checkpoint
from benchbox.engine.optimisers import make_optimizer, make_schedule
from benchbox.engine.tensor_files import STATE, write_tensors
from benchbox.engine.training_state import load_state
from benchbox.errors import CheckpointError
from benchbox.plan.spec import FitSpec, RunSpec
from benchbox.records.checkpoints import find_checkpoint, read_card
from benchbox.records.events import EpochEnded, Noted
from benchbox.records.learning import learning_of
from benchbox.records.record import Record


@pytest.fixture
def spec(pictures: Path, own_networks: Path, cache: Path) -> RunSpec:
    return small_spec(pictures, f"{own_networks}:small", cache=cache)


@pytest.fixture
def failing(pictures: Path, own_networks: Path, cache: Path) -> RunSpec:
    """Four epochs of two steps, of which the fourth step of all gives a loss that is no number."""
    return with_fit(small_spec(pictures, f"{own_networks}:not_a_number", cache=cache), batch_size=32, epochs=4)


def with_fit(spec: RunSpec, **fields: Any) -> RunSpec:
    return replace(spec, fit=replace(spec.fit, **fields))


def run(spec: RunSpec, folder: Path, cache: Path, **fields: Any) -> Record:
    return run_small(spec, folder, cache=cache, keeps_checkpoints=True, **fields)


@pytest.mark.parametrize("pause", [0.0, 0.5, 1e9])
def test_a_loss_that_is_no_number_is_told_by_its_step_however_late_it_is_seen(
    failing: RunSpec, tmp_path: Path, cache: Path, pause: float
) -> None:
    record = run(replace(failing, placement=replace(failing.placement, sync_seconds=pause)), tmp_path, cache)
    assert record.status == "nan"
    assert record.reason.startswith("the loss is nan in epoch 2 at step 2 of 2, at a learning rate of ")
    assert f"the last good state is {tmp_path / 'checkpoints/run-state.pt'} (after epoch 1)" in record.reason
    assert f"the best weights are {tmp_path / 'checkpoints/run-best.pt'} (epoch 1)" in record.reason
    assert len(record.values("train_loss")) == 1


def test_the_rate_that_is_told_is_that_of_the_step(failing: RunSpec, tmp_path: Path, cache: Path) -> None:
    fit = with_fit(failing, schedule="one_cycle", lr=0.0123).fit
    record = run(replace(failing, fit=fit), tmp_path, cache)
    assert f"at a learning rate of {rate_of(fit, step=4, steps=8):.3g};" in record.reason
    assert rate_of(fit, step=4, steps=8) != pytest.approx(rate_of(fit, step=5, steps=8), rel=0.01)


def rate_of(fit: FitSpec, *, step: int, steps: int) -> float:
    optimizer = make_optimizer(fit, [torch.nn.Parameter(torch.zeros(1))], is_fused=False)
    schedule = make_schedule(fit, optimizer, steps=steps)
    for _ in range(step - 1):
        optimizer.step()
        schedule.step()
    return float(optimizer.param_groups[0]["lr"])


def test_a_state_that_is_saved_is_good(failing: RunSpec, tmp_path: Path, cache: Path) -> None:
    """A state is due after the step that goes wrong, before its loss is looked at, and is not saved."""
    paced, eager = Paced(tmp_path), replace(failing.placement, sync_seconds=0.0)
    record = run(replace(failing, placement=eager), tmp_path, cache, observer=paced, clock=paced.clock)
    assert record.status == "nan"
    state = load_state(tmp_path / record.files["state"])
    assert (state.position.epoch, state.position.step) == (2, 0)
    assert all(weight.isfinite().all() for weight in state.content["weights"].values())


def test_where_nothing_is_kept_nothing_is_named(failing: RunSpec, tmp_path: Path, cache: Path) -> None:
    record = run_small(failing, tmp_path, cache=cache)
    assert record.reason.endswith("a lower --lr may help")


def test_weights_that_are_no_numbers_after_an_epoch_are_told_of(
    pictures: Path, tmp_path: Path, cache: Path
) -> None:
    """Its loss is a number, and the step that follows from it leaves none."""
    (tmp_path / "own.py").write_text(INFINITE)
    spec = with_fit(small_spec(pictures, f"{tmp_path / 'own.py'}:infinite", cache=cache), batch_size=54, lr=1.0)
    record = run(spec, tmp_path, cache)
    assert record.status == "nan"
    assert "the loss on the held-out pictures is" in record.reason
    rates = [f"{rate_of(spec.fit, step=step, steps=2):.3g}" for step in (1, 2)]
    assert rates[0] != rates[1]
    assert f"after epoch 1, step 1 of 1, at a learning rate of {rates[0]};" in record.reason
    assert set(record.files) == set()


INFINITE = """
import torch
from torch import nn

class Root(nn.Module):
    def __init__(self, classes, channels):
        super().__init__()
        self.scale = nn.Parameter(torch.zeros(classes))

    def forward(self, x):
        # The slope of a root is infinite at nought.
        return x.mean((1, 2, 3))[:, None] + self.scale.sqrt()

def infinite(classes, channels):
    return Root(classes, channels)
"""


def test_pictures_set_aside_that_give_no_numbers_are_called_so(pictures: Path, tmp_path: Path, cache: Path) -> None:
    (tmp_path / "own.py").write_text(HALF_BLIND)
    plain = small_spec(pictures, f"{tmp_path / 'own.py'}:half_blind", cache=cache)
    record = run(replace(plain, data=replace(plain.data, val_fraction=0.2)), tmp_path, cache)
    assert record.status == "nan"
    assert record.reason.startswith("the loss on the pictures set aside is nan after epoch 1, step ")


HALF_BLIND = """
from torch import nn

class HalfBlind(nn.Module):
    def __init__(self, classes, channels):
        super().__init__()
        self.body = nn.Sequential(nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(16 * channels, classes))
        self.has_learned, self.looks = False, 0

    def forward(self, x):
        # The held-out pictures come first, in one batch.
        self.has_learned = self.has_learned or self.training
        self.looks = 0 if self.training else self.looks + 1
        return self.body(x) * (float("nan") if self.has_learned and self.looks == 2 else 1)

def half_blind(classes, channels):
    return HalfBlind(classes, channels)
"""


def test_a_fit_ends_after_the_first_epoch_with_the_accuracy_that_it_was_to_reach(
    spec: RunSpec, tmp_path: Path, cache: Path
) -> None:
    slow = with_fit(spec, epochs=8, lr=0.002)
    long = run(slow, tmp_path / "long", cache)
    accuracies = long.values("test_accuracy")
    first = accuracies.index(1.0) + 1
    assert 1 < first < 8, "the test needs a network that learns in some epochs, not in one"
    short = run(with_fit(slow, until=1.0), tmp_path / "short", cache)
    assert short.values("train_loss") == long.values("train_loss")[:first], "the schedule is that of all epochs"
    assert short.values("learning_rate") == long.values("learning_rate")[:first]
    assert f"reached 100 % after epoch {first} of 8, as asked" in short.actual.notes
    learned = learning_of(short)
    assert learned is not None
    reached = learned.milestone(1.0)
    assert reached is not None
    assert reached.epoch == first
    assert reached.seconds == pytest.approx(sum(short.values("epoch_seconds")))
    assert read_card(tmp_path / "short" / short.files["last"]).weights == f"epoch {first} of 8"


def test_a_target_that_was_not_reached_is_told_with_the_best(spec: RunSpec, tmp_path: Path, cache: Path) -> None:
    """A rate that moves nothing reaches nothing."""
    record = run(with_fit(spec, epochs=2, lr=1e-12, until=0.999), tmp_path, cache)
    assert record.status == "ok"
    best = max(record.values("test_accuracy"))
    said = f"99.9 % was not reached in 2 of 2 epochs: the best was {100 * best:.4g} % after epoch 1; "
    assert [note for note in record.actual.notes if note.startswith(said)]


def test_the_best_epoch_is_chosen_on_the_pictures_set_aside(
    pictures: Path, own_networks: Path, tmp_path: Path, cache: Path
) -> None:
    plain = small_spec(pictures, f"{own_networks}:small", cache=cache)
    spec = with_fit(replace(plain, data=replace(plain.data, val_fraction=0.2)), epochs=4)
    events = Events()
    record = run(spec, tmp_path, cache, observer=events)
    assert record.status == "ok", record.log
    losses, accuracies = record.values("val_loss"), record.values("val_accuracy")
    assert len(losses) == len(accuracies) == 4
    assert losses != record.values("test_loss")
    best = min(range(4), key=lambda epoch: (-accuracies[epoch], losses[epoch]))
    card = read_card(tmp_path / record.files["best"])
    assert card.weights == f"epoch {best + 1} of 4, chosen on the pictures set aside"
    assert (card.accuracy, card.loss) == (record.values("test_accuracy")[best], record.values("test_loss")[best])
    seen = [event for event in events if isinstance(event, EpochEnded)]
    assert [(event.val_loss, event.val_accuracy) for event in seen] == list(zip(losses, accuracies, strict=True))
    learned = learning_of(record)
    assert learned is not None
    assert (learned.best_epoch, learned.is_chosen_apart) == (best + 1, True)
    # What chose the epoch is as little untouched as what was trained on.
    aside = load_checkpoint(tmp_path / record.files["best"], model=spec.model.name)
    assert len(aside.trained_on) == 60 - record.actual.test


def test_without_pictures_set_aside_the_held_out_ones_choose_and_the_card_says_so(
    spec: RunSpec, tmp_path: Path, cache: Path
) -> None:
    record = run(spec, tmp_path, cache)
    assert not record.values("val_loss")
    assert read_card(tmp_path / record.files["best"]).weights.endswith(", the best on the held-out pictures")


def test_a_state_is_no_checkpoint(spec: RunSpec, tmp_path: Path, cache: Path) -> None:
    record = run(spec, tmp_path / "report", cache)
    state = tmp_path / "report" / "checkpoints" / "run-state.pt"
    (tmp_path / "report" / record.files["best"]).unlink()
    with pytest.raises(CheckpointError, match=r"is the state of a training that is not over.*--resume"):
        load_checkpoint(state)
    data = {"data": spec.data, "digest": record.actual.data_digest}
    digest = record.actual.network_digest
    assert find_checkpoint(tmp_path, spec.model, network_digest=digest, **data) is None  # type: ignore[arg-type]


def test_a_checkpoint_is_no_state(spec: RunSpec, tmp_path: Path, cache: Path) -> None:
    record = run(spec, tmp_path, cache)
    state = tmp_path / "checkpoints" / "run-state.pt"
    (tmp_path / record.files["best"]).replace(state)
    again = run(spec, tmp_path, cache, resumes=True)
    assert again.status == "unsupported"
    assert "run-state.pt is not" in again.reason


def test_a_fit_goes_on_where_its_state_finds_no_room(spec: RunSpec, tmp_path: Path, cache: Path) -> None:
    """A folder lies where the state should be."""
    (tmp_path / "checkpoints" / "run-state.pt").mkdir(parents=True)
    events = Events()
    record = run(with_fit(spec, epochs=3), tmp_path, cache, observer=events)
    assert record.status == "ok", record.reason
    assert [event for event in events if isinstance(event, Noted) and "no state to go on from" in event.text]
    assert {"best", "last"} <= set(record.files)
    assert not [path for path in (tmp_path / "checkpoints").iterdir() if path.name.startswith(".")]


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="not every system limits the size of files")
def test_what_the_system_refuses_is_told_as_it_said_it(tmp_path: Path) -> None:
    """Not as torch's own writer does, which stumbles over it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(OSError, match="too large"):
            write_tensors(tmp_path / "a.pt", {"kind": STATE, "weights": torch.zeros(1_000_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not list(tmp_path.iterdir())


MASKED = """
import torch
from torch import nn

class Masked(nn.Module):
    def __init__(self, classes, channels, limit):
        super().__init__()
        self.body = nn.Sequential(nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(16 * channels, classes))
        self.register_buffer("mask", torch.full((4, 4), float("-inf")).triu(1))
        self.register_buffer("limit", torch.zeros(()))
        self.reaches = limit

    def forward(self, x):
        if self.training:
            self.limit.fill_(self.reaches)
        return self.body(x)

def masked(classes, channels):
    return Masked(classes, channels, 1.0)

def boundless(classes, channels):
    return Masked(classes, channels, float("inf"))
"""


@pytest.fixture
def masked(pictures: Path, tmp_path: Path, cache: Path) -> RunSpec:
    """A network with a mask of minus infinities from the start, which looks at every step."""
    (tmp_path / "own.py").write_text(MASKED)
    spec = small_spec(pictures, f"{tmp_path / 'own.py'}:masked", cache=cache)
    return replace(spec, placement=replace(spec.placement, sync_seconds=0.0))


def test_a_mask_of_infinities_is_no_reason_to_save_no_state(masked: RunSpec, tmp_path: Path, cache: Path) -> None:
    whole = run(masked, tmp_path / "whole", cache)
    stopped = run(masked, tmp_path / "cut", cache, observer=StopsAt(6))
    assert (stopped.status, stopped.actual.notes) == ("interrupted", ())
    assert load_state(tmp_path / "cut" / stopped.files["state"]).position.step == 2
    resumed = run(masked, tmp_path / "cut", cache, resumes=True)
    assert resumed.actual.weights_digest == whole.actual.weights_digest != ""


def test_a_buffer_that_leaves_the_numbers_is_told_of_once(masked: RunSpec, tmp_path: Path, cache: Path) -> None:
    """A state is due after every step, and none is saved."""
    own = replace(masked, model=replace(masked.model, name=masked.model.name.replace(":masked", ":boundless")))
    paced = Paced(tmp_path)
    record = run(own, tmp_path, cache, observer=paced, clock=paced.clock)
    assert (record.status, paced.states) == ("ok", [])
    assert record.actual.notes == ("no state was saved: some weights or buffers are no numbers",)


def test_a_step_that_was_torn_is_told_of_with_what_is_left(
    pictures: Path, own_networks: Path, tmp_path: Path, cache: Path
) -> None:
    """It breaks off in the second step of the second epoch."""
    spec = with_fit(small_spec(pictures, f"{own_networks}:interrupted", cache=cache), batch_size=32, epochs=4)
    stopped = run(spec, tmp_path, cache)
    state = tmp_path / "checkpoints" / "run-state.pt"
    [note] = stopped.actual.notes
    told = "no state was saved: epoch 2 was stopped in the middle of a step; the last good state is "
    assert note.startswith(f"{told}{state} (after epoch 1)")
