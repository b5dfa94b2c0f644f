"""The largest batch: found by trying where memory may run out, and by prediction where it must not."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from runs import Events, small_spec
from works import measured, small_context

from benchbox.engine.findings import Findings
from benchbox.engine.largest import CpuMeter, find_largest, keep_tries, make_attempt, predict_peak
from benchbox.engine.memory import mark_floor
from benchbox.engine.search import Found, find_largest_batch
from benchbox.records.events import PhaseBegan


def no_clock() -> float:
    return 0.0


def ignore(batch: int) -> None:
    """Nothing to do."""


def step_that_fits(room: int) -> Callable[[int], None]:
    def step(batch: int) -> None:
        if batch > room:
            raise torch.OutOfMemoryError("CUDA out of memory")

    return step


@given(st.integers(1, 5_000))
def test_a_step_that_runs_out_of_memory_bounds_the_batch(room: int) -> None:
    attempt = make_attempt(step_that_fits(room), begin=ignore, meter=None, clock=no_clock)
    found = find_largest_batch(attempt, seconds=1.0, clock=no_clock)
    assert (max(found.fitted), min(found.refused)) == (room, room + 1)


def test_another_error_is_not_taken_for_memory() -> None:
    def step(batch: int) -> None:
        raise RuntimeError("the shapes do not fit")

    with pytest.raises(RuntimeError, match="shapes"):
        make_attempt(step, begin=ignore, meter=None, clock=no_clock)(2)


def test_the_first_batch_is_stepped_twice_since_the_optimizer_has_no_state_before() -> None:
    steps: list[int] = []
    attempt = make_attempt(steps.append, begin=ignore, meter=None, clock=no_clock)
    for batch in (2, 4, 8):
        attempt(batch)
    assert steps == [2, 2, 4, 8]


def test_the_time_of_a_try_is_that_of_its_last_step() -> None:
    readings = iter([0.0, 0.0, 5.0, 6.0, 6.0, 6.0, 9.0])
    attempt = make_attempt(ignore, begin=ignore, meter=None, clock=lambda: next(readings))
    assert attempt(2) == 1.0
    assert attempt(4) == 3.0


@given(st.integers(0, 10**9), st.integers(1, 10**7), st.lists(st.integers(1, 4096), min_size=2, unique=True))
def test_memory_that_is_affine_in_the_batch_is_predicted_exactly(fixed: int, each: int, batches: list[int]) -> None:
    peaks = [(batch, fixed + each * batch) for batch in batches]
    assert predict_peak(10_000, peaks) == pytest.approx(fixed + each * 10_000)


def test_with_less_than_two_steps_nothing_is_predicted() -> None:
    assert predict_peak(4, [(2, 100)]) == 0


class FakeMeter(CpuMeter):
    """A process whose steps take so many bytes a picture, of which nothing is held in between."""

    def __init__(self, *, each: int, free: int) -> None:
        super().__init__(mark_floor(torch.device("cpu")), free=lambda: free)
        self.each = each

    def begin(self) -> None:
        """Nothing is really held."""

    def end(self, batch: int) -> None:
        self._peaks.append((batch, self.each * batch))


def test_on_a_cpu_a_step_that_would_not_fit_is_never_made() -> None:
    mib, tried = 2**20, list[int]()
    # Large beside what this process itself takes while the test runs.
    meter = FakeMeter(each=1000 * mib, free=100_000 * mib)
    attempt = make_attempt(tried.append, begin=ignore, meter=meter, clock=no_clock)
    found: Found = find_largest_batch(attempt, seconds=1.0, clock=no_clock)
    assert max(found.fitted) == pytest.approx(90, abs=2)  # 90 % of what is free
    assert max(tried) == max(found.fitted)
    assert meter.has_refused


def test_a_small_network_is_really_searched(
    own_networks: Path, pictures: Path, cache: Path, tmp_path: Path
) -> None:
    spec = small_spec(pictures, f"{own_networks}:small", cache=cache, task="largest_batch")
    spec = replace(spec, timing=replace(spec.timing, seconds=0.3))
    events = Events()
    context = small_context(spec, tmp_path, cache=cache, observer=events)
    find_largest(context)
    fitted = measured(context)["batch_fitted"]
    assert fitted[:3] == (2, 4, 8)
    assert str(context.findings.actual["stop_reason"]).startswith("at least ")
    assert events.count(PhaseBegan(name="batch 2")) == 1


def test_a_network_that_always_runs_out_of_memory_says_so(
    own_networks: Path, pictures: Path, cache: Path, tmp_path: Path
) -> None:
    """Its fault comes after three steps: batch 2 twice, batch 4 once, then nothing more fits."""
    spec = small_spec(pictures, f"{own_networks}:out_of_memory", cache=cache, task="largest_batch")
    context = small_context(replace(spec, timing=replace(spec.timing, seconds=60)), tmp_path, cache=cache)
    find_largest(context)
    assert measured(context)["batch_fitted"] == (2, 4)
    assert measured(context)["batch_refused"] == (8, 6, 5)
    assert context.findings.actual["stop_reason"] == "4 fits, 5 does not"


def test_a_search_that_breaks_off_leaves_what_it_tried(
    own_networks: Path, pictures: Path, cache: Path, tmp_path: Path
) -> None:
    spec = small_spec(pictures, f"{own_networks}:crashing", cache=cache, task="largest_batch")
    context = small_context(replace(spec, timing=replace(spec.timing, seconds=60)), tmp_path, cache=cache)
    with pytest.raises(RuntimeError, match="shapes"):
        find_largest(context)
    assert measured(context)["batch_fitted"] == (2, 4)
    assert context.findings.actual["stop_reason"] == "at least 4: the search was cut off"


def test_every_batch_is_told_as_soon_as_it_was_tried() -> None:
    findings = Findings(Events())
    attempt = keep_tries(lambda batch: None if batch > 5 else 1.0, findings)
    told = []
    for batch in (2, 8, 5):
        attempt(batch)
        told.append([(seen.metric, seen.values) for seen in findings.measurements()])
    fitted, refused = "batch_fitted", "batch_refused"
    assert told == [
        [(fitted, (2.0,))],
        [(fitted, (2.0,)), (refused, (8.0,))],
        [(fitted, (2.0, 5.0)), (refused, (8.0,))],
    ]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_on_a_gpu_memory_really_runs_out_and_the_search_goes_on(
    pictures: Path, cache: Path, tmp_path: Path
) -> None:
    spec = small_spec(pictures, "alexnet", cache=cache, task="largest_batch")
    spec = replace(
        spec, placement=replace(spec.placement, device="cuda:0"), timing=replace(spec.timing, seconds=60)
    )
    torch.cuda.set_per_process_memory_fraction(0.05)
    context = small_context(spec, tmp_path, cache=cache)
    find_largest(context)
    torch.cuda.set_per_process_memory_fraction(1.0)
    seen = measured(context)
    assert max(seen["batch_fitted"]) + 1 == min(seen["batch_refused"])
