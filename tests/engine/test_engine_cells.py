"""A timed cell: its phases and their order, what is no sample, and what is noted beside the samples."""

import random
from dataclasses import replace as vary
from pathlib import Path
from typing import Any

import pytest
import torch
from msgspec.structs import replace
from runs import Events, run_small, small_spec
from works import measured, open_small
from worlds import FakeCuda, InMilliseconds, World

from benchbox.engine.cells import Start, sample_work, start_work
from benchbox.engine.laps import STAGES
from benchbox.engine.sampling import Timed, take_samples
from benchbox.engine.stopwatch import EventStopwatch, Stopwatch
from benchbox.engine.work import Work
from benchbox.errors import Interrupted
from benchbox.records.events import PhaseBegan

BEFORE = ["pictures", "build", "counting", "placement", "first batch", "warm-up", "timing"]


@pytest.mark.parametrize(("task", "after"), [("infer", ["parity"]), ("train_step", ["split", "memory", "parity"])])
def test_what_disturbs_comes_after_the_timing(
    pictures: Path, own_networks: Path, tmp_path: Path, cache: Path, task: str, after: list[str]
) -> None:
    spec = small_spec(pictures, f"{own_networks}:small", cache=cache, task=task)
    events = Events()
    assert run_small(spec, tmp_path, cache=cache, observer=events).status == "ok"
    assert [event.name for event in events if isinstance(event, PhaseBegan)] == [*BEFORE, *after]


def test_a_profile_comes_last_of_all(pictures: Path, own_networks: Path, tmp_path: Path, cache: Path) -> None:
    spec = small_spec(pictures, f"{own_networks}:small", cache=cache, task="train_step")
    events = Events()
    record = run_small(spec, tmp_path, cache=cache, observer=events, profiles=True)
    assert record.status == "ok", record.log
    assert [event.name for event in events if isinstance(event, PhaseBegan)][-2:] == ["parity", "profile"]


@pytest.mark.parametrize("task", ["infer", "train_step"])
def test_a_cell_keeps_the_machine_s_state_before_and_after(
    pictures: Path, own_networks: Path, tmp_path: Path, cache: Path, task: str
) -> None:
    spec = small_spec(pictures, f"{own_networks}:small", cache=cache, task=task)
    before, after = run_small(spec, tmp_path, cache=cache).states
    assert after.seconds > before.seconds


def test_only_training_has_stages_and_activations(
    pictures: Path, own_networks: Path, tmp_path: Path, cache: Path
) -> None:
    spec = small_spec(pictures, f"{own_networks}:small", cache=cache)
    training = run_small(replace(spec, task="train_step"), tmp_path, cache=cache)
    inference = run_small(replace(spec, task="infer"), tmp_path, cache=cache)
    for metric in (*STAGES.values(), "activation_bytes"):
        assert training.last(metric) is not None, metric
        assert inference.last(metric) is None, metric
    # The linear layer keeps its input, 8×8 numbers; the pooling nothing, since no gradient flows to the picture.
    assert training.last("activation_bytes") == 8 * 8 * 4


def test_on_a_cpu_there_is_no_second_clock_and_nothing_reserved(
    pictures: Path, own_networks: Path, tmp_path: Path, cache: Path
) -> None:
    record = run_small(
        small_spec(pictures, f"{own_networks}:small", cache=cache, task="infer"), tmp_path, cache=cache
    )
    assert record.values("wall_seconds") == ()
    assert record.last("peak_reserved") is None


def test_noise_is_a_doubt_of_the_record(pictures: Path, own_networks: Path, tmp_path: Path, cache: Path) -> None:
    spec = small_spec(pictures, f"{own_networks}:small", cache=cache, task="infer")
    noise = random.Random(0)
    now = 0.0

    def clock() -> float:
        nonlocal now
        now += noise.uniform(0.1, 0.9)
        return now

    record = run_small(spec, tmp_path, cache=cache, clock=clock)
    assert any(said.startswith("noisy: ") for said in record.actual.doubts)


class Cold:
    """A device whose first two calls cost ten times what all others do."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> float:
        self.calls += 1
        return 5.0 if self.calls <= 2 else 0.5


class OnWorld:
    """A place whose device is a world."""

    def __init__(self, world: World, stopwatch: Stopwatch | None = None) -> None:
        self.device, self.synchronise = torch.device("cpu"), world.synchronise
        self._stopwatch = stopwatch

    def stopwatch(self) -> Stopwatch | None:
        return self._stopwatch


def work_on(world: World, work: Work, stopwatch: Stopwatch | None = None) -> Work:
    """The same work, done by a world."""
    place: Any = OnWorld(world, stopwatch)

    def call() -> torch.Tensor:
        world.call()
        return torch.zeros(1, 3)

    return vary(
        work,
        call=call,
        stage=vary(work.stage, place=place),
        context=vary(work.context, clock=world.clock),
    )


def seconds_of(work: Work, world: World, *, is_warmed: bool) -> tuple[float, ...]:
    estimate = start_work(work).estimate if is_warmed else 0.5
    return take_samples(
        work.call, work.context.spec.timing, estimate=estimate, clock=world.clock, synchronise=world.synchronise
    ).seconds


@pytest.mark.parametrize("is_warmed", [True, False])
def test_no_cold_call_is_a_sample(
    pictures: Path, own_networks: Path, tmp_path: Path, cache: Path, is_warmed: bool
) -> None:
    """And without the warm-up the same check fails."""
    spec = small_spec(pictures, f"{own_networks}:small", cache=cache, task="train_step")
    work, world = open_small(spec, tmp_path, cache=cache), World(Cold())
    seconds = seconds_of(work_on(world, work), world, is_warmed=is_warmed)
    assert all(sample == pytest.approx(0.5) for sample in seconds) is is_warmed
    work.close()


def test_the_first_batch_and_the_warm_up_are_measured_apart(
    pictures: Path, own_networks: Path, tmp_path: Path, cache: Path
) -> None:
    spec = small_spec(pictures, f"{own_networks}:small", cache=cache, task="train_step")
    work, world = open_small(spec, tmp_path, cache=cache), World(lambda: 0.25)
    start = start_work(work_on(world, work))
    assert measured(work.context)["first_batch_seconds"] == (0.25,)
    assert measured(work.context)["warmup_seconds"] == (0.5,)
    assert start.estimate == 0.25
    assert start.answer is None
    work.close()


@pytest.mark.parametrize("device_clock", ["right", "in milliseconds"])
def test_a_slow_second_call_counts_as_a_sample_by_the_device_s_clock(
    pictures: Path, own_networks: Path, tmp_path: Path, cache: Path, device_clock: str
) -> None:
    spec = small_spec(pictures, f"{own_networks}:small", cache=cache, task="train_step")
    work, world = open_small(spec, tmp_path, cache=cache), World(lambda: 3.0)
    kind = EventStopwatch if device_clock == "right" else InMilliseconds
    stopwatch = kind(torch.device("cuda:0"), cuda=FakeCuda(world))
    (taken,) = start_work(work_on(world, work, stopwatch)).taken
    assert (taken.seconds, taken.wall, taken.is_by_device) == (3.0, 3.0, device_clock == "right")
    work.close()


@pytest.mark.parametrize("kind", [EventStopwatch, InMilliseconds])
def test_samples_of_a_gpu_keep_the_wall_and_a_clock_that_is_wrong_is_noted(
    pictures: Path, own_networks: Path, tmp_path: Path, cache: Path, kind: type[EventStopwatch]
) -> None:
    spec = small_spec(pictures, f"{own_networks}:small", cache=cache, task="train_step")
    work, world = open_small(spec, tmp_path, cache=cache), World(lambda: 0.5)
    stopwatch = kind(torch.device("cuda:0"), cuda=FakeCuda(world))
    sample_work(work_on(world, work, stopwatch), Start(estimate=0.5))
    assert measured(work.context)["sample_seconds"] == measured(work.context)["wall_seconds"] == (0.5,) * 6
    expected = ["6 of 6 samples: the GPU's clock contradicts the host's, whose time was taken"]
    assert work.context.findings.notes == (expected if kind is InMilliseconds else [])
    work.close()


class Breaking:
    """Costs that break off at a call."""

    def __init__(self, at: int, error: BaseException) -> None:
        self.calls, self.at, self.error = 0, at, error

    def __call__(self) -> float:
        self.calls += 1
        if self.calls > self.at:
            raise self.error
        return 0.5


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("out"), Interrupted("stop"), KeyboardInterrupt()])
@pytest.mark.parametrize("number", [0, 4])
def test_sampling_that_is_cut_off_keeps_its_samples_and_the_first_state(
    pictures: Path, own_networks: Path, tmp_path: Path, cache: Path, error: BaseException, number: int
) -> None:
    spec = small_spec(pictures, f"{own_networks}:small", cache=cache, task="train_step")
    work, world = open_small(spec, tmp_path, cache=cache), World(Breaking(number, error))
    with pytest.raises(type(error)):
        sample_work(work_on(world, work), Start(estimate=0.5, taken=(Timed(seconds=3.0, wall=3.0),)))
    findings = work.context.findings
    assert measured(work.context)["sample_seconds"] == (3.0, *[0.5] * number)
    assert len(findings.states) == 1
    assert findings.actual["stop_reason"] == "cut off while sampling"
    assert findings.actual["calls_a_sample"] == 1
    work.close()


def test_a_hiccup_of_the_last_warm_up_call_does_not_set_the_estimate(
    pictures: Path, own_networks: Path, tmp_path: Path, cache: Path
) -> None:
    spec = small_spec(pictures, f"{own_networks}:small", cache=cache, task="train_step")
    costs = iter([1.0, 1e-4, 0.5])
    work, world = open_small(spec, tmp_path, cache=cache), World(lambda: next(costs))
    assert start_work(work_on(world, work)).estimate == pytest.approx(1e-4)
    work.close()


def test_a_warm_up_that_was_too_short_is_a_doubt(
    pictures: Path, own_networks: Path, tmp_path: Path, cache: Path
) -> None:
    spec = small_spec(pictures, f"{own_networks}:small", cache=cache, task="train_step")
    spec = replace(spec, timing=replace(spec.timing, seconds=10.0))
    costs = iter([1.0, 0.5, 0.3, 0.2])
    work, world = open_small(spec, tmp_path, cache=cache), World(lambda: next(costs))
    start_work(work_on(world, work))
    (said,) = work.context.findings.doubts
    assert said.startswith("not warmed up: ")
    work.close()
