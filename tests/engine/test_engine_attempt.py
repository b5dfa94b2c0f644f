"""A run in several steps: what broke off is over, and its record tells all that was seen."""

from itertools import count
from pathlib import Path

import pytest
import torch
from runs import Events, small_spec

from benchbox.engine.attempt import Attempt
from benchbox.engine.stage import Context
from benchbox.errors import Interrupted, ModelError, NotFiniteError
from benchbox.plan.requests import RunRequest


@pytest.fixture
def attempt(pictures: Path, own_networks: Path, cache: Path, tmp_path: Path) -> Attempt:
    """One whose clock goes on by one second a look."""
    spec = small_spec(pictures, f"{own_networks}:small", cache=cache, task="infer")
    ticks = count()
    request = RunRequest(spec=spec, name="run", folder=str(tmp_path), dataset=str(cache))
    return Attempt(request, observer=Events(), clock=lambda: float(next(ticks)))


def measuring(context: Context) -> str:
    context.findings.measure("sample_seconds", 0.1)
    return "measured"


def test_steps_give_what_their_work_gives_and_add_to_one_record(attempt: Attempt) -> None:
    assert [attempt.step(measuring), attempt.step(measuring)] == ["measured", "measured"]
    assert attempt.status == "ok"
    record = attempt.record()
    assert (record.status, record.reason) == ("ok", "")
    assert record.values("sample_seconds") == (0.1, 0.1)


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (NotFiniteError("the loss is nan"), "nan", "the loss is nan"),
        (Interrupted(), "interrupted", "stopped by a signal"),
        (KeyboardInterrupt(), "interrupted", "stopped by a signal"),
        (ModelError("no such network"), "unsupported", "no such network"),
        (torch.OutOfMemoryError("out of memory"), "oom", "OutOfMemoryError: out of memory"),
        (ZeroDivisionError("by zero"), "crashed", "ZeroDivisionError: by zero"),
    ],
)
def test_after_a_fault_later_steps_do_nothing(
    attempt: Attempt, error: BaseException, status: str, reason: str
) -> None:
    def failing(context: Context) -> None:
        raise error

    attempt.step(measuring)
    assert attempt.step(failing) is None
    assert attempt.status == status
    assert attempt.step(measuring) is None
    record = attempt.record()
    assert record.status == status
    assert reason in record.reason
    assert record.values("sample_seconds") == (0.1,)


def test_a_run_that_broke_off_lasted_until_then(attempt: Attempt) -> None:
    def failing(context: Context) -> None:
        context.began("timing")
        raise ZeroDivisionError("by zero")

    attempt.step(failing)
    attempt.step(failing)
    record = attempt.record()
    # One look at the beginning, one where the phase began, one at the fault.
    assert record.seconds == 2.0
    assert record.phases == (("timing", 1.0),)
