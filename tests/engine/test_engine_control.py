"""The control network: the same work for ever, beside any cell, at a tenth of its time at most."""

import itertools
import time
from functools import partial
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from runs import Events, run_small, small_spec

from benchbox.engine.cells import NO_CONTROL, time_cell
from benchbox.engine.control import (
    CONTROL_DIGEST,
    SAMPLE_SECONDS,
    SAMPLES,
    SHARE,
    WARMUP_CALLS,
    Call,
    Control,
    ControlTurns,
    control_place,
    make_control_call,
)
from benchbox.engine.execute import execute
from benchbox.engine.place import Place, make_place
from benchbox.plan.requests import RunRequest
from benchbox.plan.spec import PlacementSpec, RunSpec, TimingSpec
from benchbox.records.events import AnyEvent, PhaseBegan
from benchbox.records.record import Record

CPU = torch.device("cpu")
LONG = TimingSpec(seconds=5.0, goal=0.9)


def idle(place: Place) -> Call:
    """A control that takes no time to speak of."""
    return lambda: None


def test_the_control_is_what_it_was() -> None:
    """A change makes old and new times incomparable: it must be meant."""
    assert CONTROL_DIGEST == "35fb5a607458"


def test_two_copies_answer_alike_and_no_random_number_is_used_up() -> None:
    place = make_place(PlacementSpec(device="cpu", precision="fp32", threads=1))
    before = torch.random.get_rng_state()
    one, other = make_control_call(place)(), make_control_call(place)()
    assert isinstance(one, torch.Tensor)
    assert isinstance(other, torch.Tensor)
    assert torch.equal(one, other)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_its_numbers_neither_grow_nor_become_subnormal() -> None:
    answer = make_control_call(control_place(CPU))()
    assert isinstance(answer, torch.Tensor)
    assert 1e-3 < float(answer.abs().max()) < 1e3


def test_beside_any_row_it_runs_in_plain_fp32() -> None:
    place = control_place(CPU)
    assert (place.dtype, place.is_compiled, place.has_fast_convolutions) == (None, False, False)


def control_of(call_seconds: float) -> Control:
    return Control(call=lambda: None, call_seconds=call_seconds, place=control_place(CPU))


@given(st.floats(1e-5, 1.0), st.floats(0.1, 600.0))
def test_both_brackets_and_what_they_need_cost_a_tenth_at_most(call_seconds: float, seconds: float) -> None:
    control = control_of(call_seconds)
    samples = control.samples_beside(seconds)
    assert 0 <= samples <= SAMPLES
    calls = 2 * samples * control.calls_in(SAMPLE_SECONDS) + WARMUP_CALLS + 3
    assert samples == 0 or calls * call_seconds <= SHARE * seconds * (1 + 1e-9)


def test_a_usual_cell_has_all_samples() -> None:
    assert control_of(0.01).samples_beside(10.0) == SAMPLES
    assert control_of(0.01).samples_beside(0.5) == 0


def turns(blocks: dict[int, tuple[float, ...]]) -> ControlTurns:
    """A control whose calls took so many seconds in the slices of its blocks."""
    taken = iter([1.0, *itertools.chain.from_iterable(blocks.values())])
    now, is_end = 0.0, False

    def clock() -> float:
        # Read twice a sample: before the calls, and after them.
        nonlocal now, is_end
        now += next(taken) if is_end else 0.0
        is_end = not is_end
        return now

    control = ControlTurns(clock=clock, make=idle)
    for block, slices in blocks.items():
        for _ in slices:
            control.turn(CPU, block=block, seconds=0.05)
    return control


def test_a_slice_of_a_row_has_the_control_s_of_the_same_block_beside_it() -> None:
    control = turns({0: (1.0, 2.0), 1: (3.0, 4.0)})
    assert control.beside([0, 0, 1, 1]) == pytest.approx([1.0, 2.0, 3.0, 4.0])


def test_beside_a_block_without_the_control_stands_its_latest_before() -> None:
    control = turns({0: (1.0, 2.0), 3: (3.0, 4.0)})
    assert control.beside([0, 0, 1, 1, 2, 2, 3, 3, 4]) == pytest.approx([1, 2, 1, 2, 1, 2, 3, 4, 3])


def test_where_the_control_has_not_worked_there_is_nothing_beside_a_row() -> None:
    assert turns({1: (1.0, 2.0)}).beside([0, 0, 1, 1]) == []
    assert ControlTurns(clock=time.perf_counter, make=idle).beside([0, 0]) == []


def test_it_works_untimed_until_the_threads_of_whoever_worked_before_sleep() -> None:
    """By a clock that goes on by 20 ms at every look: five calls to warm it up take that, so one takes 4 ms."""
    ticks, calls = itertools.count(0.0, 0.02), list[None]()
    control = ControlTurns(clock=lambda: next(ticks), make=lambda place: lambda: calls.append(None))
    timed_calls, _ = control.turn(CPU, block=0, seconds=0.007)
    assert len(calls) - timed_calls == 1 + WARMUP_CALLS + 3


@pytest.fixture
def spec(pictures: Path, own_networks: Path, cache: Path) -> RunSpec:
    return small_spec(pictures, f"{own_networks}:small", cache=cache, task="infer", timing=LONG)


def timed(spec: RunSpec, folder: Path, *, cache: Path, observer: Events | None = None) -> Record:
    request = RunRequest(spec=spec, name="run", folder=str(folder), dataset=str(cache))
    return execute(
        request, observer=Events() if observer is None else observer, task=partial(time_cell, make_control=idle)
    )


@pytest.mark.parametrize("task", ["infer", "train_step"])
def test_a_cell_has_the_control_s_times_on_both_sides_of_its_own(
    spec: RunSpec, tmp_path: Path, cache: Path, task: str
) -> None:
    events = Events()
    record = timed(replace(spec, task=task), tmp_path, cache=cache, observer=events)
    assert record.status == "ok", record.log
    assert len(record.values("control_seconds")) == 2 * SAMPLES
    assert record.actual.control == CONTROL_DIGEST
    phases = [event.name for event in events if isinstance(event, PhaseBegan)]
    assert phases[5:9] == ["warm-up", "control", "timing", "control"]


def test_a_cell_that_is_too_short_says_that_it_has_none(spec: RunSpec, tmp_path: Path, cache: Path) -> None:
    record = timed(replace(spec, timing=replace(LONG, seconds=0.05)), tmp_path, cache=cache)
    assert record.values("control_seconds") == ()
    assert record.actual.control == ""
    assert record.actual.notes == (NO_CONTROL,)


def test_only_what_is_timed_has_a_fingerprint(spec: RunSpec, tmp_path: Path, cache: Path) -> None:
    seen = timed(spec, tmp_path, cache=cache).fingerprint
    assert seen is not None
    assert seen.threads == 1
    assert run_small(replace(spec, task="fit"), tmp_path, cache=cache).fingerprint is None


TELLING = """
from torch import nn

class Telling(nn.Module):
    def __init__(self, classes, channels):
        super().__init__()
        self.head = nn.Sequential(nn.AdaptiveAvgPool2d(8), nn.Flatten(), nn.Linear(64 * channels, classes))

    def forward(self, x):
        if not x.is_meta:
            with open({path!r}, "a") as told:
                told.write("r")
        return self.head(x)

def telling(classes, channels):
    return Telling(classes, channels)
"""


def test_the_cell_s_own_work_is_woken_up_between_the_control_and_its_samples(
    pictures: Path, tmp_path: Path, cache: Path
) -> None:
    told, own = tmp_path / "told.txt", tmp_path / "telling.py"
    own.write_text(TELLING.format(path=str(told)))
    spec = small_spec(pictures, f"{own}:telling", cache=cache, task="infer", timing=LONG)

    class Marking(Events):
        def __call__(self, event: AnyEvent, /) -> None:
            if isinstance(event, PhaseBegan):
                with told.open("a") as file:
                    file.write(f"|{event.name}:")

    timed(spec, tmp_path, cache=cache, observer=Marking())
    phases = told.read_text().split("|")
    first, second = (phase.removeprefix("control:") for phase in phases if phase.startswith("control:"))
    assert set(first) == {"r"}
    assert second == ""
