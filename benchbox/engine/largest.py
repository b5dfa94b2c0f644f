"""The task `largest_batch`: how many pictures a training step can take at once.

On CUDA a step that runs out of memory is simply tried. On a CPU the kernel would end the process, or another one,
before torch could complain: there a step is refused beforehand if it is predicted not to fit.
"""

from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Protocol

import torch

from benchbox.engine.findings import Findings
from benchbox.engine.loops import train_step
from benchbox.engine.memory import MemoryFloor, forget_peak, held_above, is_out_of_memory, peak_above
from benchbox.engine.sampling import Clock
from benchbox.engine.search import find_largest_batch
from benchbox.engine.stage import Context, Stage, set_stage
from benchbox.engine.work import make_endless_learner, whole_batches
from benchbox.records.groups import free_bytes

# The rest is for what the prediction does not see.
USABLE = 0.9
PREDICTED = " (predicted from the memory of smaller batches)"
CUT_OFF = "the search was cut off"

Peak = tuple[int, int]
Attempt = Callable[[int], float | None]


def find_largest(context: Context) -> None:
    """Search within `timing.seconds`; every batch goes to the findings as soon as it was tried.

    Raises MemoryError where not even one picture fits.
    """
    floor, stage = set_stage(context)
    meter = CpuMeter(floor) if stage.place.device.type == "cpu" else None
    attempt = make_attempt(
        _make_step(context, stage),
        begin=lambda batch: context.began(f"batch {batch}"),
        meter=meter,
        clock=context.clock,
    )
    context.findings.actual["stop_reason"] = CUT_OFF
    found = find_largest_batch(
        keep_tries(attempt, context.findings), seconds=context.spec.timing.seconds, clock=context.clock
    )
    has_predicted = meter is not None and meter.has_refused
    context.findings.actual["stop_reason"] = found.reason + (PREDICTED if has_predicted else "")
    if not found.fitted:
        raise MemoryError("not even one picture fits into the memory that is free")


def keep_tries(attempt: Attempt, findings: Findings) -> Attempt:
    """The same attempt, of which the findings know at once: a search that breaks off leaves a lower bound."""

    def try_batch(batch: int) -> float | None:
        seconds = attempt(batch)
        findings.measure("batch_refused" if seconds is None else "batch_fitted", batch)
        if seconds is not None:
            findings.actual["stop_reason"] = f"at least {batch}: {CUT_OFF}"
        return seconds

    return try_batch


class Meter(Protocol):
    """Looks after the memory where running out of it is no answer."""

    def refuse(self, batch: int) -> bool:
        """Whether a step on so many pictures is predicted not to fit."""

    def begin(self) -> None:
        """A step begins."""

    def end(self, batch: int) -> None:
        """A step on so many pictures fitted."""


class CpuMeter:
    """Predicts a step's memory from the peaks of the steps so far; `has_refused` tells whether it ever said no."""

    def __init__(self, floor: MemoryFloor, *, free: Callable[[], int] = free_bytes) -> None:
        self._floor, self._free = floor, free
        self._peaks: list[Peak] = []
        self.has_refused = False

    def refuse(self, batch: int) -> bool:
        """Whether what it takes above what is held now is more than USABLE of what is free."""
        needed = predict_peak(batch, self._peaks) - held_above(self._floor)
        is_too_large = needed > USABLE * self._free()
        self.has_refused = self.has_refused or is_too_large
        return is_too_large

    def begin(self) -> None:
        """The peak of the step alone counts."""
        forget_peak(self._floor)

    def end(self, batch: int) -> None:
        """Remember the step's peak."""
        self._peaks.append((batch, peak_above(self._floor)))


def predict_peak(batch: int, peaks: Sequence[Peak]) -> float:
    """Bytes of a step on `batch` pictures: the line through the peaks of the two largest batches that were tried.

    0 where fewer than two are known: the first steps are small, and tried.
    """
    if len(peaks) < 2:
        return 0.0
    (few, low), (many, high) = sorted(peaks)[-2:]
    return high + max(0.0, (high - low) / (many - few)) * (batch - many)


def make_attempt(
    step: Callable[[int], None], *, begin: Callable[[int], object], meter: Meter | None, clock: Clock
) -> Attempt:
    """A try of one batch: the seconds of `step(batch)`, None where it ran out of memory, or would.

    The very first step makes the optimizer's state, with which all others must fit: it is done twice.
    """
    is_first = True

    def attempt(batch: int) -> float | None:
        nonlocal is_first
        begin(batch)
        if meter is not None and meter.refuse(batch):
            return None
        began = clock()
        for _ in range(2 if is_first else 1):
            began = clock()
            if meter is not None:
                meter.begin()
            if not _fits(step, batch):
                return None
        is_first = False
        seconds = clock() - began
        if meter is not None:
            meter.end(batch)
        return seconds

    return attempt


def _fits(step: Callable[[int], None], batch: int) -> bool:
    try:
        step(batch)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        return False
    return True


def _make_step(context: Context, stage: Stage) -> Callable[[int], None]:
    """One training step on so many pictures, waited for. What one that broke off left is let go first."""
    learner = make_endless_learner(context, stage)

    def step(batch: int) -> None:
        learner.optimizer.zero_grad(set_to_none=True)
        if stage.place.device.type == "cuda":
            torch.cuda.empty_cache()
        with closing(whole_batches(context, stage, batch_size=batch, shuffle_seed=None, count=1)) as feed:
            train_step(learner, *next(iter(feed.batches())))
        stage.place.synchronise()

    return step
