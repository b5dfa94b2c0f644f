"""A fit is exact: equal specs end with equal weights, and so does a fit that was cut off anywhere and went on."""

import re
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from msgspec.structs import replace
from paced import Paced, StopsAt
from runs import Events, run_small, small_spec

from benchbox.engine.training_state import load_state
from benchbox.plan.spec import RunSpec
from benchbox.records.checkpoints import read_card
from benchbox.records.events import AnyEvent, EpochEnded, PhaseBegan, StepSeen
from benchbox.records.record import Record

# All that a state must carry: weights, running statistics, dropout's random numbers. Where a file tells it to, it
# breaks off in an evaluation, or sends a signal when its weights are asked for.
NETWORK = """
import signal
from pathlib import Path
from torch import nn


class Noisy(nn.Module):
    def __init__(self, classes, channels):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, 8, 3, stride=2), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten()
        )
        self.head = nn.Sequential(nn.Dropout(0.5), nn.Linear(128, classes))
        self.steps = 0

    def forward(self, x):
        self.steps += self.training
        if self.steps and not self.training and Path(__file__).with_name("stop").exists():
            raise KeyboardInterrupt
        return self.head(self.body(x))

    def state_dict(self, *given, **named):
        asked = Path(__file__).with_name("signal")
        if self.steps and asked.exists():
            asked.unlink()
            signal.raise_signal(signal.SIGINT)
        return super().state_dict(*given, **named)


def noisy(classes, channels):
    return Noisy(classes, channels)
"""

EPOCHS, STEPS = 3, 4
CURVES = ("train_loss", "train_accuracy", "test_loss", "test_accuracy", "learning_rate")


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("noisy") / "noisy.py"
    path.write_text(NETWORK)
    return path


@pytest.fixture
def spec(pictures: Path, network: Path, cache: Path) -> RunSpec:
    spec = small_spec(pictures, f"{network}:noisy", cache=cache)
    return vary(spec, epochs=EPOCHS, sync_seconds=0.0)


def vary(spec: RunSpec, **fields: Any) -> RunSpec:
    """The spec with other fields of its fit or its placement."""
    for name, value in fields.items():
        part = "fit" if name in spec.fit.__struct_fields__ else "placement"
        spec = replace(spec, **{part: replace(getattr(spec, part), **{name: value})})
    return spec


def run(spec: RunSpec, folder: Path, cache: Path, **fields: Any) -> Record:
    return run_small(spec, folder, cache=cache, keeps_checkpoints=True, **fields)


def assert_same(one: Record, other: Record) -> None:
    assert (one.status, other.status) == ("ok", "ok"), one.log + other.log + one.reason + other.reason
    for metric in (*CURVES, "top1", "loss", "parameters"):
        assert one.values(metric) == other.values(metric), metric
    assert one.actual.weights_digest == other.actual.weights_digest != ""
    assert one.files == other.files


VARIANTS: dict[str, dict[str, Any]] = {
    "fp32": {},
    "bf16": {"precision": "bf16"},
    "two threads": {"threads": 2},
    "loader": {"feed": "loader"},
    "augmented": {"augment": "light", "label_smoothing": 0.1},
    "cosine": {"schedule": "cosine", "optimizer": "sgd"},
}
varied = pytest.mark.parametrize("fields", VARIANTS.values(), ids=VARIANTS)


@varied
def test_equal_specs_end_with_equal_weights(
    spec: RunSpec, tmp_path: Path, cache: Path, fields: dict[str, Any]
) -> None:
    one, two = (run(vary(spec, **fields), tmp_path / name, cache) for name in ("one", "two"))
    assert_same(one, two)


@varied
@pytest.mark.parametrize("step", [6])
def test_a_fit_that_was_stopped_ends_as_if_it_had_not_been(
    spec: RunSpec, tmp_path: Path, cache: Path, step: int, fields: dict[str, Any]
) -> None:
    stop_and_go_on(vary(spec, **fields), tmp_path, cache, step)


@pytest.mark.parametrize("step", [1, STEPS, STEPS + 1, EPOCHS * STEPS])
def test_it_may_be_stopped_at_any_step(spec: RunSpec, tmp_path: Path, cache: Path, step: int) -> None:
    stop_and_go_on(spec, tmp_path, cache, step)


def stop_and_go_on(spec: RunSpec, folder: Path, cache: Path, step: int) -> None:
    whole = run(spec, folder / "whole", cache)
    stopped = run(spec, folder / "cut", cache, observer=StopsAt(step))
    assert (stopped.status, len(stopped.values("test_loss"))) == ("interrupted", (step - 1) // STEPS)
    assert load_state(folder / "cut" / stopped.files["state"]).position.step == (step - 1) % STEPS + 1
    events = Events()
    resumed = run(spec, folder / "cut", cache, resumes=True, observer=events)
    assert_same(resumed, whole)
    assert [event.epoch for event in events if isinstance(event, EpochEnded)] == [
        *range((step - 1) // STEPS + 1, EPOCHS + 1)
    ]
    said = f"went on from epoch {(step - 1) // STEPS + 1} of {EPOCHS}, step {(step - 1) % STEPS + 1} of {STEPS}"
    assert resumed.actual.notes == (*whole.actual.notes, said)
    cards = [read_card(folder / name / whole.files["best"]) for name in ("whole", "cut")]
    assert replace(cards[0], created="") == replace(cards[1], created="")


def test_every_state_that_is_ever_saved_leads_to_the_same_end(spec: RunSpec, tmp_path: Path, cache: Path) -> None:
    """As a kill would leave them: at the pace of a slow network a state is due after almost every step."""
    paced = Paced(tmp_path / "whole")
    whole = run(spec, tmp_path / "whole", cache, observer=paced, clock=paced.clock)
    assert len(paced.states) == EPOCHS * STEPS
    for number, state in enumerate(paced.states):
        path = tmp_path / str(number) / "checkpoints" / "run-state.pt"
        path.parent.mkdir(parents=True)
        shutil.copy(state, path)
        resumed = run(spec, tmp_path / str(number), cache, resumes=True)
        assert resumed.actual.weights_digest == whole.actual.weights_digest, number
        assert resumed.values("train_loss") == whole.values("train_loss"), number


def test_states_are_saved_as_often_as_their_cost_allows(spec: RunSpec, tmp_path: Path, cache: Path) -> None:
    """A state of 14 s is saved once 280 s have passed, after three steps, and at the first epoch's end anyway."""
    paced = Paced(tmp_path, cost=14.0)
    record = run(spec, tmp_path, cache, observer=paced, clock=paced.clock)
    places = [(state.epoch, state.step) for state in (load_state(path).position for path in paced.states)]
    assert places == [(1, 2), (2, 0), (2, 4), (3, 3)]
    assert record.values("epoch_seconds") == pytest.approx([400.0] * EPOCHS, abs=0.1), "saving is no training"
    assert record.last("fit_seconds") == pytest.approx(400.0 * EPOCHS + 14.0 * len(places), abs=0.1)


@pytest.fixture
def marks(network: Path) -> Iterator[Path]:
    """Where the files lie that tell the network what to do."""
    yield network.parent
    for name in ("stop", "signal"):
        (network.parent / name).unlink(missing_ok=True)


def test_a_signal_waits_until_all_of_an_epoch_s_end_is_written(
    spec: RunSpec, tmp_path: Path, cache: Path, marks: Path
) -> None:
    """It comes when the weights of the first epoch, the best so far, are asked for."""
    whole = run(spec, tmp_path / "whole", cache)
    (marks / "signal").touch()
    events = Events()
    stopped = run(spec, tmp_path / "cut", cache, observer=events)
    assert (stopped.status, len(stopped.values("test_loss"))) == ("interrupted", 1)
    assert [event.epoch for event in events if isinstance(event, EpochEnded)] == [1]
    assert set(stopped.files) == {"best", "state"}
    assert load_state(tmp_path / "cut" / stopped.files["state"]).position.epoch == 2
    assert_same(run(spec, tmp_path / "cut", cache, resumes=True), whole)


class AtTheEnd(Paced):
    """At its pace no state is due at the last epoch's end. It touches a file then, or stops the phase of a name."""

    def __init__(self, folder: Path, *, mark: Path | None = None, phase: str = "") -> None:
        super().__init__(folder, cost=14.0)
        self._mark, self._phase = mark, phase

    def __call__(self, event: AnyEvent, /) -> None:
        super().__call__(event)
        if isinstance(event, EpochEnded) and event.epoch == EPOCHS and self._mark is not None:
            self._mark.touch()
        if isinstance(event, PhaseBegan) and event.name == self._phase:
            signal.raise_signal(signal.SIGINT)


def test_a_fit_stopped_while_its_last_weights_are_written_trains_nothing_twice(
    spec: RunSpec, tmp_path: Path, cache: Path, marks: Path
) -> None:
    whole = run(spec, tmp_path / "whole", cache)
    paced = AtTheEnd(tmp_path / "cut", mark=marks / "signal")
    stopped = run(spec, tmp_path / "cut", cache, observer=paced, clock=paced.clock)
    assert_only_finished(spec, stopped, whole, tmp_path / "cut", cache)


def test_a_fit_stopped_in_its_profile_goes_on_from_the_weights_before_it(
    spec: RunSpec, tmp_path: Path, cache: Path
) -> None:
    whole = run(spec, tmp_path / "whole", cache)
    paced = AtTheEnd(tmp_path / "cut", phase="profile")
    stopped = run(spec, tmp_path / "cut", cache, observer=paced, clock=paced.clock, profiles=True)
    assert stopped.actual.weights_digest == whole.actual.weights_digest
    assert_only_finished(spec, stopped, whole, tmp_path / "cut", cache)


def assert_only_finished(spec: RunSpec, stopped: Record, whole: Record, folder: Path, cache: Path) -> None:
    """A fit that was stopped after its last epoch ends as the whole one without another step."""
    assert stopped.status == "interrupted"
    position = load_state(folder / stopped.files["state"]).position
    assert (position.epoch, position.step) == (EPOCHS + 1, 0)
    events = Events()
    assert_same(run(spec, folder, cache, resumes=True, observer=events), whole)
    assert not [event for event in events if isinstance(event, StepSeen)]


def test_an_epoch_that_was_begun_is_ended_though_the_time_is_used(
    spec: RunSpec, tmp_path: Path, cache: Path
) -> None:
    """Of 450 s an epoch takes 400 s; the second is stopped after 500 s, when no further one would be begun."""
    bounded = vary(spec, seconds=450.0)
    paced, stopping = Paced(tmp_path / "whole"), Paced(tmp_path / "cut", step=STEPS + 2)
    whole = run(bounded, tmp_path / "whole", cache, observer=paced, clock=paced.clock)
    assert len(whole.values("test_loss")) == 2
    assert run(bounded, tmp_path / "cut", cache, observer=stopping, clock=stopping.clock).status == "interrupted"
    assert_same(run(bounded, tmp_path / "cut", cache, resumes=True), whole)


def test_what_has_just_been_saved_is_not_saved_again(spec: RunSpec, tmp_path: Path, cache: Path) -> None:
    paced = Paced(tmp_path, step=2)
    assert run(spec, tmp_path, cache, observer=paced, clock=paced.clock).status == "interrupted"
    assert len(paced.states) == 1


def test_a_fit_stopped_in_an_evaluation_trains_nothing_twice(
    spec: RunSpec, tmp_path: Path, cache: Path, marks: Path
) -> None:
    whole = run(spec, tmp_path / "whole", cache)
    (marks / "stop").touch()
    stopped = run(spec, tmp_path / "cut", cache)
    assert stopped.status == "interrupted"
    (marks / "stop").unlink()
    events = Events()
    resumed = run(spec, tmp_path / "cut", cache, resumes=True, observer=events)
    assert_same(resumed, whole)
    assert "went on from epoch 1 of 3, step 4 of 4" in resumed.actual.notes
    assert len([event for event in events if isinstance(event, StepSeen)]) == (EPOCHS - 1) * STEPS


def test_a_fit_may_be_stopped_again_and_again(spec: RunSpec, tmp_path: Path, cache: Path) -> None:
    whole = run(spec, tmp_path / "whole", cache)
    for number in range(EPOCHS * STEPS // 2):
        stopped = run(spec, tmp_path / "cut", cache, observer=StopsAt(2), resumes=True)
        assert stopped.status == "interrupted", number
    resumed = run(spec, tmp_path / "cut", cache, resumes=True)
    assert_same(resumed, whole)
    assert len(resumed.actual.notes) == len(whole.actual.notes) + EPOCHS * STEPS // 2


def test_a_state_after_the_last_epoch_is_only_finished(spec: RunSpec, tmp_path: Path, cache: Path) -> None:
    paced = Paced(tmp_path)
    whole = run(spec, tmp_path, cache, observer=paced, clock=paced.clock)
    (tmp_path / whole.files["last"]).unlink()
    events = Events()
    again = run(spec, tmp_path, cache, resumes=True, observer=events)
    assert_same(again, whole)
    assert again.actual.notes[-1] == "went on after epoch 3 of 3"
    assert not [event for event in events if isinstance(event, StepSeen)]


def test_a_fit_that_reached_its_target_before_the_break_trains_no_further(
    spec: RunSpec, tmp_path: Path, cache: Path
) -> None:
    easy = vary(spec, until=0.01)
    whole = run(easy, tmp_path, cache)
    assert_same(run(easy, tmp_path, cache, resumes=True), whole)
    assert len(whole.values("test_accuracy")) == 1


def test_the_times_of_both_parts_are_added(spec: RunSpec, tmp_path: Path, cache: Path) -> None:
    stopped = run(spec, tmp_path, cache, observer=StopsAt(6), clock=ticking(10.0))
    before = load_state(tmp_path / stopped.files["state"]).position
    resumed = run(spec, tmp_path, cache, resumes=True, clock=ticking(0.001))
    assert resumed.values("epoch_seconds")[0] == stopped.values("epoch_seconds")[0] > 40
    assert resumed.values("epoch_seconds")[1] == pytest.approx(before.epoch_seconds, abs=1)
    assert resumed.values("epoch_seconds")[2] < 1
    assert resumed.last("fit_seconds") == pytest.approx(before.seconds, abs=1)


def ticking(seconds: float) -> Any:
    """A clock that goes on by so many seconds whenever it is read."""
    ticks = iter(range(10**6))
    return lambda: seconds * next(ticks)


def test_without_being_asked_to_a_fit_begins_anew(spec: RunSpec, tmp_path: Path, cache: Path) -> None:
    run(spec, tmp_path, cache, observer=StopsAt(6))
    anew = run(spec, tmp_path, cache)
    assert len(anew.values("train_loss")) == EPOCHS
    assert not [note for note in anew.actual.notes if "went on" in note]


def test_what_is_not_there_is_begun(spec: RunSpec, tmp_path: Path, cache: Path) -> None:
    assert run(spec, tmp_path, cache, resumes=True).status == "ok"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"lr": 0.5}, "fit.lr was 0.01 and is 0.5 now"),
        ({"label_smoothing": 0.1}, "fit.label_smoothing was 0.0 and is 0.1 now"),
        ({"precision": "bf16"}, "placement.precision was 'fp32' and is 'bf16' now"),
    ],
)
def test_a_state_of_another_spec_is_refused_with_the_field(
    spec: RunSpec, tmp_path: Path, cache: Path, fields: dict[str, Any], words: str
) -> None:
    stopped = run(spec, tmp_path, cache, observer=StopsAt(2))
    state = (tmp_path / stopped.files["state"]).read_bytes()
    other = run(vary(spec, **fields), tmp_path, cache, resumes=True)
    assert other.status == "unsupported"
    assert words in other.reason
    assert (tmp_path / stopped.files["state"]).read_bytes() == state


def test_a_torn_state_is_refused_by_name(spec: RunSpec, tmp_path: Path, cache: Path) -> None:
    stopped = run(spec, tmp_path, cache, observer=StopsAt(2))
    path = tmp_path / stopped.files["state"]
    path.write_bytes(path.read_bytes()[:1000])
    other = run(spec, tmp_path, cache, resumes=True)
    assert other.status == "unsupported"
    assert "run-state.pt" in other.reason


def test_what_a_killed_writer_left_is_removed(spec: RunSpec, tmp_path: Path, cache: Path) -> None:
    run(spec, tmp_path, cache, observer=StopsAt(2))
    remains = [
        tmp_path / "checkpoints" / f".run-{kind}-0123456789ab" for kind in ("state.pt", "best.pt", "last.json")
    ]
    other = tmp_path / "checkpoints" / ".run-2-state.pt-0123456789ab"
    for path in (*remains, other):
        path.touch()
    run(spec, tmp_path, cache, resumes=True)
    assert [path for path in (*remains, other) if path.exists()] == [other]


def test_an_ablation_keeps_no_states(spec: RunSpec, tmp_path: Path, cache: Path) -> None:
    stopped = run_small(spec, tmp_path, cache=cache, observer=StopsAt(6))
    assert (stopped.status, stopped.files) == ("interrupted", {})
    assert not (tmp_path / "checkpoints").exists()


def test_a_point_an_epoch_is_left_for_tensorboard(spec: RunSpec, tmp_path: Path, cache: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    ahead = run(spec, tmp_path / "ahead", cache)
    run(spec, tmp_path, cache, observer=StopsAt(6))
    events = tmp_path / "tensorboard" / "run"
    # TensorBoard reads files in the order of their names, which begin with the second in which they were made.
    [written] = events.iterdir()
    start, second = re.match(r"(\D+)(\d+)", written.name).groups()  # type: ignore[union-attr]
    written.rename(events / written.name.replace(start + second, f"{start}{int(second) - 1:0{len(second)}}"))
    run(spec, tmp_path, cache, resumes=True)
    read = EventAccumulator(str(events)).Reload()
    assert [point.step for point in read.Scalars("accuracy/test")] == [1, 2, 3]
    assert [point.value for point in read.Scalars("loss/test")] == pytest.approx(ahead.values("test_loss"))


def test_the_digest_is_of_the_weights_that_are_kept(spec: RunSpec, tmp_path: Path, cache: Path) -> None:
    from benchbox.engine.checkpoint import load_checkpoint, weights_digest

    record = run(spec, tmp_path, cache)
    network = load_checkpoint(tmp_path / record.files["last"], model=spec.model.name).network
    assert weights_digest(network) == record.actual.weights_digest
    with torch.no_grad():
        next(network.parameters()).reshape(-1)[0] += 1e-3
    assert weights_digest(network) != record.actual.weights_digest


def test_a_bounded_fit_keeps_the_epochs_that_it_planned(spec: RunSpec, tmp_path: Path, cache: Path) -> None:
    """Its schedule spans them, whatever the pace is thought to be when it goes on."""
    bounded = vary(spec, epochs=50, seconds=1000.0)
    whole = run(bounded, tmp_path / "whole", cache, epoch_seconds=300.0)
    assert len(whole.values("train_loss")) == 3
    run(bounded, tmp_path / "cut", cache, epoch_seconds=300.0, observer=StopsAt(6))
    assert_same(run(bounded, tmp_path / "cut", cache, epoch_seconds=100.0, resumes=True), whole)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_a_fit_on_a_gpu_goes_on_with_its_random_numbers_and_its_scale(
    spec: RunSpec, tmp_path: Path, cache: Path, precision: str
) -> None:
    stop_and_go_on(vary(spec, device="cuda:0", precision=precision), tmp_path, cache, 6)


def test_a_step_that_was_torn_is_made_again(
    pictures: Path, own_networks: Path, tmp_path: Path, cache: Path
) -> None:
    """It breaks off in the fourth step of all, the second of its epoch: the state before it stays."""
    spec = small_spec(pictures, f"{own_networks}:interrupted", cache=cache)
    stopped = run(vary(spec, batch_size=32, epochs=4), tmp_path, cache)
    assert stopped.status == "interrupted"
    position = load_state(tmp_path / stopped.files["state"]).position
    assert (position.epoch, position.step) == (2, 0)
