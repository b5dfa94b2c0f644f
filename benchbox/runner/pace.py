"""How long an epoch takes here, told from what the same command has already timed."""

import statistics
from collections.abc import Sequence

from benchbox.plan.facts import DataFacts
from benchbox.plan.spec import RunSpec, work_of
from benchbox.plan.words import train_command
from benchbox.records.record import Record


def epoch_seconds(spec: RunSpec, records: Sequence[Record], data: DataFacts) -> float | None:
    """The seconds of one epoch of a fit, its look at the held-out pictures included.

    None where the same network's training step was not timed in these records. The held-out pictures are
    taken at the training step's pace where the inference was not timed: an upper bound.
    """
    step = _picture_seconds(spec, records, "train_step")
    if step is None:
        return None
    look = _picture_seconds(spec, records, "infer") or step
    return data.train * step + data.test * look


def why_not_fit(spec: RunSpec, seconds: float | None) -> str:
    """Why a fit bounded by seconds is not started: not one epoch would end in time. Empty where it would."""
    bound = spec.fit.seconds
    if bound is None or seconds is None or seconds <= bound:
        return ""
    return (
        f"one epoch takes about {_duration(seconds)} here, more than the {bound:g} s for a fit; "
        f"train it first: `{train_command(spec)}`"
    )


def _picture_seconds(spec: RunSpec, records: Sequence[Record], task: str) -> float | None:
    wanted = work_of(spec)
    for record in records:
        samples = record.values("sample_seconds")
        if record.spec.task == task and samples and work_of(record.spec) == wanted:
            return statistics.median(samples) / record.spec.fit.batch
    return None


def _duration(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 100 else f"{seconds:.0f} s"
