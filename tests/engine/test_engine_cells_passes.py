"""The passes after a cell's timing: what they look at, and that no fault of theirs costs the timing."""

from collections.abc import Callable
from dataclasses import replace as vary
from pathlib import Path

import pytest
import torch
from msgspec.structs import replace
from runs import run_small, small_spec
from works import measured, open_small

from benchbox.engine.cells import Start, look_closer, start_work
from benchbox.engine.work import Work
from benchbox.errors import Interrupted


def fault(error: BaseException) -> Callable[[], torch.Tensor]:
    def call() -> torch.Tensor:
        raise error

    return call


OUT = torch.OutOfMemoryError("CUDA out of memory")


def test_memory_that_runs_out_in_the_split_is_a_note_and_the_other_passes_are_made(
    pictures: Path, own_networks: Path, tmp_path: Path, cache: Path
) -> None:
    spec = small_spec(pictures, f"{own_networks}:small", cache=cache, task="train_step")
    work = open_small(spec, tmp_path, cache=cache)
    look_closer(vary(work, call=fault(OUT)), Start(estimate=0.01), seconds=(0.01,))
    (note,) = work.context.findings.notes
    assert note.startswith("memory ran out while the steps were split")
    assert {"activation_bytes", "parity_error"} <= set(measured(work.context))
    with pytest.raises(RuntimeError, match="shapes"):
        look_closer(vary(work, call=fault(RuntimeError("shapes"))), Start(estimate=0.01), seconds=(0.01,))
    work.close()


@pytest.mark.parametrize("error", [OUT, ValueError("no such operator")])
def test_a_profile_that_fails_is_a_note(
    pictures: Path, own_networks: Path, tmp_path: Path, cache: Path, error: Exception
) -> None:
    spec = small_spec(pictures, f"{own_networks}:small", cache=cache, task="infer")
    work = profiled(open_small(spec, tmp_path, cache=cache), call=fault(error))
    look_closer(work, Start(estimate=0.01), seconds=(0.01,))
    assert work.context.findings.notes == [f"no profile: {type(error).__name__}: {error}"]
    assert "parity_error" in measured(work.context)


@pytest.mark.parametrize("stop", [Interrupted("stop"), KeyboardInterrupt()])
def test_a_profile_can_be_stopped(
    pictures: Path, own_networks: Path, tmp_path: Path, cache: Path, stop: BaseException
) -> None:
    spec = small_spec(pictures, f"{own_networks}:small", cache=cache, task="infer")
    work = profiled(open_small(spec, tmp_path, cache=cache), call=fault(stop))
    with pytest.raises(type(stop)):
        look_closer(work, Start(estimate=0.01), seconds=(0.01,))


def profiled(work: Work, *, call: Callable[[], torch.Tensor]) -> Work:
    """The same work with another call, of which a profile is wanted."""
    return vary(work, call=call, context=vary(work.context, request=replace(work.context.request, profiles=True)))


@pytest.mark.parametrize(("task", "notes"), [("train_step", 1), ("infer", 0)])
def test_a_compiled_training_step_says_that_it_was_not_compared(
    pictures: Path, own_networks: Path, tmp_path: Path, cache: Path, task: str, notes: int
) -> None:
    spec = small_spec(pictures, f"{own_networks}:small", cache=cache, task=task)
    work = open_small(spec, tmp_path, cache=cache)
    compiled = vary(work, stage=vary(work.stage, place=vary(work.place, is_compiled=True)))
    look_closer(compiled, Start(estimate=3.0), seconds=(3.0,))
    said = [note for note in work.context.findings.notes if note.startswith("the compiled training step was not")]
    assert len(said) == notes
    work.close()


HUNGRY = """
import torch
from torch import nn


class Hungry(nn.Module):
    def __init__(self, classes, channels):
        super().__init__()
        self.head = nn.Linear(64 * 64 * channels, classes)
        self.fault = torch.OutOfMemoryError("CUDA out of memory")

    def forward(self, x):
        if self.training and len(x) == 4 and not x.is_meta:
            raise self.fault
        return self.head(x.flatten(1))


class HungryInEval(Hungry):
    def forward(self, x):
        if not self.training and not x.is_meta:
            raise self.fault
        return self.head(x.flatten(1))


class Broken(Hungry):
    def __init__(self, classes, channels):
        super().__init__(classes, channels)
        self.fault = RuntimeError("the shapes do not fit")
"""


def test_memory_that_runs_out_after_the_timing_costs_only_what_it_hit(
    pictures: Path, tmp_path: Path, cache: Path
) -> None:
    (tmp_path / "hungry.py").write_text(HUNGRY)
    spec = small_spec(pictures, f"{tmp_path / 'hungry.py'}:Hungry", cache=cache, task="train_step")
    record = run_small(spec, tmp_path, cache=cache)
    assert record.status == "ok", record.log
    assert record.last("activation_bytes") is None
    assert "memory ran out while the activations were counted" in record.actual.notes[-1]
    assert record.last("parity_error") is not None


def test_memory_that_runs_out_in_the_comparison_is_a_note(pictures: Path, tmp_path: Path, cache: Path) -> None:
    (tmp_path / "hungry.py").write_text(HUNGRY)
    spec = small_spec(pictures, f"{tmp_path / 'hungry.py'}:HungryInEval", cache=cache, task="train_step")
    record = run_small(spec, tmp_path, cache=cache)
    assert record.status == "ok", record.log
    assert record.last("parity_error") is None
    assert record.actual.void == ""
    assert "they are not known to agree" in record.actual.notes[-1]
    assert record.last("activation_bytes") is not None


def test_another_fault_after_the_timing_is_not_taken_for_memory(
    pictures: Path, tmp_path: Path, cache: Path
) -> None:
    (tmp_path / "hungry.py").write_text(HUNGRY)
    spec = small_spec(pictures, f"{tmp_path / 'hungry.py'}:Broken", cache=cache, task="train_step")
    record = run_small(spec, tmp_path, cache=cache)
    assert (record.status, record.reason) == ("crashed", "RuntimeError: the shapes do not fit")
    assert len(record.values("sample_seconds")) >= 6


def test_inference_is_judged_by_the_answer_that_it_gave_at_first(
    pictures: Path, own_networks: Path, tmp_path: Path, cache: Path
) -> None:
    spec = small_spec(pictures, f"{own_networks}:small", cache=cache, task="infer")
    work = open_small(spec, tmp_path, cache=cache)
    start = start_work(work)
    assert start.answer is not None
    look_closer(work, vary(start, answer=start.answer.flip(1)), seconds=(1.0,))
    assert "differ from plain fp32's" in str(work.context.findings.actual["void"])
    work.close()


def test_a_look_closer_without_any_sample_is_possible(
    pictures: Path, own_networks: Path, tmp_path: Path, cache: Path
) -> None:
    """An arm may be told to end before its first slice."""
    spec = small_spec(pictures, f"{own_networks}:small", cache=cache, task="infer")
    work = open_small(spec, tmp_path, cache=cache)
    look_closer(work, start_work(work), seconds=())
    assert measured(work.context)["parity_error"][0] < 1e-5
    work.close()
