"""Two arms that take turns: what differs is seen, what is equal is not. A made-up clock tells the time."""

import itertools
from dataclasses import dataclass, field

import numpy as np
import pytest

from benchbox.engine.noise import (
    LEAST_BLOCKS,
    PROGRESS_STEPS,
    SLICE_SECONDS,
    measure_clock,
    run_series,
    time_fixed_work,
)
from benchbox.plan.spec import PlacementSpec
from benchbox.records.events import AnyEvent, Progress
from benchbox.records.inspection import FixedRequest, Series
from benchbox.records.noise import centre, smallest_change

CPU = PlacementSpec(device="cpu", precision="fp32", threads=1)


@dataclass
class FakeMachine:
    """Its calls take their seconds, ± `noise` from call to call, and longer and longer by `drift` a second."""

    noise: float = 0.0
    drift: float = 0.0
    now: float = 0.0
    order: list[str] = field(default_factory=list)
    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(7))

    def clock(self) -> float:
        return self.now

    def call(self, name: str, seconds: float) -> None:
        self.order.append(name)
        disturbed = seconds * (1 + self.drift * self.now)
        self.now += disturbed * float(np.exp(self.noise * self.random.standard_normal()))

    def series(self, first: float, second: float, *, seconds: float = 20.0, **options: object) -> Series:
        return run_series(
            lambda: self.call("A", first),
            lambda: self.call("B", second),
            seconds=seconds,
            clock=self.clock,
            synchronise=lambda: None,
            **options,  # type: ignore[arg-type]
        )


def test_a_slower_arm_is_seen_through_noise() -> None:
    series = FakeMachine(noise=0.1).series(0.010, 0.011)
    assert centre(series.blocks) == pytest.approx(0.1, abs=0.02)
    assert smallest_change(series.blocks) < 0.05


def test_equal_arms_are_not_told_apart() -> None:
    series = FakeMachine(noise=0.1).series(0.010, 0.010)
    assert abs(centre(series.blocks)) < smallest_change(series.blocks)


def test_a_noisier_machine_sees_less() -> None:
    quiet, noisy = (smallest_change(FakeMachine(noise=noise).series(0.01, 0.01).blocks) for noise in (0.02, 0.2))
    assert noisy > 5 * quiet


def test_a_steady_drift_cancels_out() -> None:
    series = FakeMachine(drift=0.05).series(0.010, 0.010)
    assert abs(centre(series.blocks)) < 1e-3


def test_arms_change_places_from_block_to_block() -> None:
    machine = FakeMachine()
    machine.series(0.06, 0.06, seconds=0.01)
    # A slice is one untimed call and one timed one here.
    turns = "".join(machine.order[-8 * LEAST_BLOCKS :][::2])
    assert turns == "ABBABAAB" * (LEAST_BLOCKS // 2)


def test_a_series_lasts_as_long_as_asked_and_never_too_short() -> None:
    long, short = FakeMachine().series(0.01, 0.01), FakeMachine().series(0.01, 0.01, seconds=0.001)
    assert 20 <= long.seconds < 21
    assert len(short.blocks) == LEAST_BLOCKS
    assert long.call_seconds == pytest.approx(0.01)


def test_short_calls_fill_a_slice() -> None:
    machine = FakeMachine()
    series = machine.series(1e-4, 1e-4, seconds=1.0)
    assert series.seconds / len(series.blocks) == pytest.approx(4 * SLICE_SECONDS, rel=0.05)


def test_progress_is_told_seldom() -> None:
    events: list[AnyEvent] = []
    FakeMachine().series(0.01, 0.01, observer=events.append)
    assert events[-1] == Progress(done=PROGRESS_STEPS, total=PROGRESS_STEPS)
    assert len(events) == PROGRESS_STEPS


def test_fixed_work_is_timed_slice_by_slice() -> None:
    times = time_fixed_work(FixedRequest(placement=CPU, seconds=0.01))
    assert len(times.seconds) >= 1
    assert min(times.seconds) > 0


def test_the_clocks_step_and_cost_are_measured() -> None:
    # Every fourth reading shows the next tick of 1 µs.
    readings = itertools.count()
    facts = measure_clock(lambda: next(readings) // 4 * 1e-6)
    assert facts.step_seconds == pytest.approx(1e-6)
    assert facts.reading_seconds == pytest.approx(0.25e-6, rel=1e-3)
