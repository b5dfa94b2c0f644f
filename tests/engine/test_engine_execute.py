"""Whatever a run meets ends as a record: its status, its reason, and what was seen before."""

from itertools import count
from pathlib import Path

import pytest
import torch
from msgspec.structs import replace
from runs import Events, run_small, small_spec

from benchbox.engine.memory import is_out_of_memory
from benchbox.records.events import AnyEvent, PhaseBegan
from benchbox.records.record import decode, encode


@pytest.mark.parametrize(
    ("network", "status", "reason"),
    [
        ("out_of_memory", "oom", "Tried to allocate 2 GiB"),
        ("crashing", "crashed", "RuntimeError: the shapes do not fit"),
        ("not_a_number", "nan", "the loss is nan in epoch 1"),
        ("interrupted", "interrupted", "stopped by a signal"),
    ],
)
def test_a_run_that_breaks_off_is_a_record_that_says_why(
    pictures: Path, own_networks: Path, tmp_path: Path, cache: Path, network: str, status: str, reason: str
) -> None:
    spec = small_spec(pictures, f"{own_networks}:{network}", cache=cache)
    record = run_small(spec, tmp_path, cache=cache)
    assert record.status == status
    assert reason in record.reason
    assert record.environment is not None
    assert record.last("parameters") == 195


def test_epochs_before_the_break_are_kept(pictures: Path, own_networks: Path, tmp_path: Path, cache: Path) -> None:
    spec = small_spec(pictures, f"{own_networks}:crashing", cache=cache)
    one_step = replace(spec, fit=replace(spec.fit, batch_size=32, epochs=4))
    record = run_small(one_step, tmp_path, cache=cache)
    assert record.status == "crashed"
    assert len(record.values("test_loss")) == 1
    assert "the shapes do not fit" in record.log
    assert "Traceback" in record.log


def test_an_interrupted_fit_leaves_the_last_epoch_to_go_on_from(
    pictures: Path, own_networks: Path, tmp_path: Path, cache: Path
) -> None:
    spec = small_spec(pictures, f"{own_networks}:interrupted", cache=cache)
    one_step = replace(spec, fit=replace(spec.fit, batch_size=32, epochs=4))
    record = run_small(one_step, tmp_path, cache=cache, keeps_checkpoints=True)
    content = torch.load(tmp_path / record.files["state"], weights_only=True)
    assert {"weights", "optimizer", "schedule", "scaler", "generators"} <= set(content)
    assert "last" not in record.files


def test_a_finished_fit_leaves_no_optimizer(
    pictures: Path, own_networks: Path, tmp_path: Path, cache: Path
) -> None:
    spec = small_spec(pictures, f"{own_networks}:small", cache=cache)
    record = run_small(spec, tmp_path, cache=cache, keeps_checkpoints=True)
    assert "optimizer" not in torch.load(tmp_path / record.files["last"], weights_only=True)
    assert "state" not in record.files


@pytest.mark.parametrize("task", ["infer", "train_step"])
def test_a_timed_cell_records_its_phases_and_samples(
    pictures: Path, own_networks: Path, tmp_path: Path, cache: Path, task: str
) -> None:
    spec = replace(small_spec(pictures, f"{own_networks}:small", cache=cache), task=task)
    record = run_small(spec, tmp_path, cache=cache)
    assert record.status == "ok", record.log
    assert len(record.values("sample_seconds")) >= 6
    for metric in ("build_seconds", "first_batch_seconds", "warmup_seconds", "peak_memory", "flops"):
        assert record.last(metric) is not None, metric
    assert min(record.values("sample_seconds")) > 0
    assert record.actual.stop_reason


@pytest.mark.parametrize(
    ("network", "last"), [("small", "parity"), ("crashing", "timing"), ("out_of_memory", "timing")]
)
def test_a_record_holds_the_run_s_phases_and_their_seconds(
    pictures: Path, own_networks: Path, tmp_path: Path, cache: Path, network: str, last: str
) -> None:
    """By a clock that goes on by one a look: each phase begins with one, and the run ends with one."""
    spec = small_spec(pictures, f"{own_networks}:{network}", cache=cache, task="train_step")
    ticks, events = count(), Events()
    record = run_small(spec, tmp_path, cache=cache, observer=events, clock=lambda: float(next(ticks)))
    assert [name for name, _ in record.phases] == [event.name for event in events if isinstance(event, PhaseBegan)]
    assert record.phases[-1][0] == last
    assert min(seconds for _, seconds in record.phases) >= 1
    assert sum(seconds for _, seconds in record.phases) == record.seconds - 1
    assert decode(encode(record)).phases == record.phases


@pytest.mark.parametrize(("steady", "warm"), [(0.5, True), (5.0, False)])
def test_a_slow_first_batch_is_told_from_a_slow_network(
    pictures: Path, own_networks: Path, tmp_path: Path, cache: Path, steady: float, warm: bool
) -> None:
    """The clock gives 5 s to the first call and `steady` to all others."""
    spec = replace(small_spec(pictures, f"{own_networks}:small", cache=cache), task="infer")
    world = SlowStart(first=5.0, steady=steady)
    record = run_small(spec, tmp_path, cache=cache, clock=world.clock, observer=world)
    assert record.last("first_batch_seconds") == pytest.approx(5.0)
    assert (record.last("warmup_seconds") is not None) is warm
    assert len(record.values("sample_seconds")) == (6 if warm else 3)
    assert record.values("sample_seconds") == pytest.approx([steady] * len(record.values("sample_seconds")))


class SlowStart(Events):
    """A clock that stands until the first batch begins, then goes on by `first`, then by `steady` a reading."""

    def __init__(self, *, first: float, steady: float) -> None:
        super().__init__()
        self.now, self.steps = 0.0, [0.0, first]
        self.steady, self.is_counting = steady, False

    def __call__(self, event: AnyEvent, /) -> None:
        super().__call__(event)
        self.is_counting = self.is_counting or event == PhaseBegan(name="first batch")

    def clock(self) -> float:
        if self.is_counting:
            self.now += self.steps.pop(0) if self.steps else self.steady
        return self.now


def test_a_batch_larger_than_the_data_set_is_still_full(
    pictures: Path, own_networks: Path, tmp_path: Path, cache: Path
) -> None:
    spec = small_spec(pictures, f"{own_networks}:small", cache=cache)
    large = replace(spec, task="train_step", fit=replace(spec.fit, batch_size=100))
    assert run_small(large, tmp_path, cache=cache).status == "ok"


@pytest.mark.parametrize(
    ("error", "is_memory"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), True),
        (MemoryError(), True),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried 1"), True),
        (RuntimeError("size mismatch"), False),
    ],
)
def test_only_memory_counts_as_memory(error: Exception, is_memory: bool) -> None:
    assert is_out_of_memory(error) is is_memory
