"""The split of a training step: every second belongs to one stage, and only while the stages are watched."""

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from runs import small_spec
from works import open_small
from worlds import World

from benchbox.engine.laps import STAGES, Laps
from benchbox.engine.loops import train_step
from benchbox.engine.split import LEAST_STEPS, MOST_STEPS, count_steps, split_steps
from benchbox.engine.work import Work

COSTS = {"data wait": 1.0, "copy": 2.0, "forward": 4.0, "backward": 8.0, "optimizer": 16.0}


def lapped(world: World, stages: Iterator[str], laps: Laps) -> None:
    """A step whose stages cost what the table says, on a device that is behind."""
    for stage in stages:
        world.pending += COSTS[stage]
        laps(stage)


def test_each_stage_gets_its_own_work_and_all_of_it() -> None:
    world = World(lambda: 0.0)
    laps = Laps(clock=world.clock, synchronise=world.synchronise)
    world.pending = 100.0  # of before: no stage's
    laps.begin()
    began = world.now
    lapped(world, iter(COSTS), laps)
    seconds = laps.end()
    assert seconds == COSTS
    assert sum(seconds.values()) == world.now - began == 31.0


def test_laps_wait_for_nothing_until_they_are_begun_and_after_they_ended() -> None:
    world = World(lambda: 0.0)
    laps = Laps(clock=world.clock, synchronise=world.synchronise)
    lapped(world, iter(COSTS), laps)
    assert (world.now, world.pending) == (0.0, 31.0)
    laps.begin()
    laps.end()
    lapped(world, iter(COSTS), laps)
    assert world.pending == 31.0


@given(st.lists(st.sampled_from(sorted(COSTS)), min_size=1, max_size=30))
def test_stages_add_up_whatever_their_order(stages: list[str]) -> None:
    world = World(lambda: 0.0)
    laps = Laps(clock=world.clock, synchronise=world.synchronise)
    laps.begin()
    lapped(world, iter(stages), laps)
    assert sum(laps.end().values()) == world.now


class Tick:
    """A clock that goes on by some random amount at each reading: so much passed since the last one."""

    def __init__(self) -> None:
        self.now, self.random = 0.0, random.Random(0)

    def __call__(self) -> float:
        self.now += self.random.uniform(0.1, 0.9)
        return self.now


@pytest.fixture
def training(pictures: Path, own_networks: Path, cache: Path, tmp_path: Path) -> Iterator[Work]:
    spec = small_spec(pictures, f"{own_networks}:small", cache=cache, task="train_step")
    work = open_small(spec, tmp_path, cache=cache)
    yield work
    work.close()


def test_a_real_step_passes_through_all_stages_in_their_order(training: Work) -> None:
    seen: list[str] = []
    assert training.learner is not None
    pictures = training.batch()
    train_step(training.learner, pictures, torch.zeros(len(pictures), dtype=torch.int64), lap=seen.append)
    assert seen == [*STAGES][2:]
    training.laps.begin()
    training.call()
    assert list(training.laps.end()) == list(STAGES)


def test_the_stages_of_a_real_step_add_up_to_its_time(training: Work) -> None:
    clock = Tick()
    laps = Laps(clock=clock, synchronise=training.place.synchronise)
    assert training.learner is not None
    laps.begin()
    began = clock.now
    pictures = training.batch()
    train_step(training.learner, pictures, torch.zeros(len(pictures), dtype=torch.int64), lap=laps)
    assert sum(laps.end().values()) == pytest.approx(clock.now - began)


def test_the_split_is_one_value_a_step_of_each_stage(training: Work) -> None:
    split_steps(training, estimate=1e-9)
    measured = {seen.metric: seen.values for seen in training.context.findings.measurements()}
    assert [len(measured[metric]) for metric in STAGES.values()] == [MOST_STEPS] * len(STAGES)


def test_a_step_that_breaks_off_is_watched_no_longer(training: Work) -> None:
    def fault() -> torch.Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(torch.OutOfMemoryError):
        split_steps(replace(training, call=fault), estimate=1e-9)
    training.call()
    assert training.laps.end() == {}


def test_a_slow_step_is_not_split(training: Work) -> None:
    split_steps(replace(training, call=lambda: pytest.fail("a slow step was called")), estimate=2.1)
    assert "forward_seconds" not in {seen.metric for seen in training.context.findings.measurements()}


@given(st.floats(1e-6, 2.0), st.floats(0.1, 100))
def test_the_split_takes_a_tenth_of_the_time_or_two_steps(estimate: float, seconds: float) -> None:
    steps = count_steps(estimate, seconds=seconds)
    assert LEAST_STEPS <= steps <= MOST_STEPS
    assert steps == LEAST_STEPS or steps * estimate <= 0.1 * seconds * (1 + 1e-9)
