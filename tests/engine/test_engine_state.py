"""States are read cheaply and truly; two of them say what disturbed the work between."""

import itertools
import time
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from benchbox.engine.state import doubts, read_state, share_of_others, share_stolen
from benchbox.records.machine import GpuState, MachineState

CPU = torch.device("cpu")


def state(**fields: Any) -> MachineState:
    given: dict[str, Any] = {
        "seconds": 0.0,
        "busy_seconds": 0.0,
        "stolen_seconds": 0.0,
        "own_seconds": 0.0,
        "cores": 4,
    }
    return MachineState(**{**given, **fields})


def test_own_work_is_counted_and_time_is_the_clocks() -> None:
    ticks = itertools.count(100.0, 2.0)
    before = read_state(CPU, clock=lambda: next(ticks))
    worked = time.process_time()
    while time.process_time() - worked < 0.2:
        pass
    after = read_state(CPU, clock=lambda: next(ticks))
    assert after.seconds - before.seconds == 2.0
    assert before.own_seconds is not None
    assert after.own_seconds is not None
    # Time in user and in system mode are told in whole steps of 10 ms each, so a few steps may be missing.
    assert after.own_seconds - before.own_seconds >= 0.15
    assert before.cores is not None
    assert before.cores >= 1
    assert before.gpu is None


def test_a_process_that_ended_worked_for_nobody() -> None:
    assert read_state(CPU, own=(2**22 + 7,)).own_seconds is not None


def test_a_quiet_machine_leaves_no_doubt() -> None:
    after = state(seconds=10.0, busy_seconds=20.0, own_seconds=19.0, stolen_seconds=0.5)
    assert doubts(state(), after) == ()


def test_others_are_told_with_their_share() -> None:
    # 10 s of 4 cores; 20 s busy, of which 12 our own: 8 of 40.
    after = state(seconds=10.0, busy_seconds=20.0, own_seconds=12.0)
    assert share_of_others(state(), after) == pytest.approx(0.2)
    (doubt,) = doubts(state(), after)
    assert "other processes used 20% of the cores" in doubt
    assert "end them" in doubt


def test_a_host_that_takes_time_is_told() -> None:
    after = state(seconds=10.0, stolen_seconds=4.0)
    assert share_stolen(state(), after) == pytest.approx(0.1)
    (doubt,) = doubts(state(), after)
    assert "the host gave 10% of the cores' time to others" in doubt


def test_too_short_a_time_says_nothing_of_shares() -> None:
    after = state(seconds=0.1, busy_seconds=0.4, own_seconds=0.0, stolen_seconds=0.3)
    assert doubts(state(), after) == ()


def test_what_the_system_does_not_say_is_no_doubt() -> None:
    silent = MachineState(seconds=0.0)
    assert doubts(silent, MachineState(seconds=10.0)) == ()
    assert share_of_others(silent, state(seconds=10.0)) is None


@given(st.floats(0.5, 1e4), st.integers(1, 256), st.floats(0, 1), st.floats(0, 1))
def test_others_are_told_just_where_they_used_over_a_tenth(
    seconds: float, cores: int, busy: float, own: float
) -> None:
    own = min(own, busy)
    after = state(
        seconds=seconds, cores=cores, busy_seconds=busy * seconds * cores, own_seconds=own * seconds * cores
    )
    share = share_of_others(state(cores=cores), after)
    assert share == pytest.approx(busy - own, abs=1e-9)
    assert bool(doubts(state(cores=cores), after)) is (share is not None and share > 0.1)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (GpuState(), GpuState(throttled=("power cap",)), ""),
        (GpuState(), GpuState(throttled=("power brake",)), "held down (power brake)"),
        (GpuState(throttled=("power brake",)), GpuState(), "held down (power brake)"),
        (GpuState(hot_seconds=5.0), GpuState(hot_seconds=7.5), "for 25% of the time"),
        (GpuState(hot_seconds=5.0), GpuState(hot_seconds=5.01), ""),
        (GpuState(), GpuState(foreign=("python (process 7)",)), "python (process 7): end them"),
    ],
)
def test_what_disturbs_a_gpu_is_told(before: GpuState, after: GpuState, said: str) -> None:
    found = doubts(state(gpu=before), state(seconds=10.0, gpu=after))
    assert said in found[0] if said else found == ()
