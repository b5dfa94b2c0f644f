"""Where the time of a training step goes: a few steps after the timing, waited for stage by stage."""

from benchbox.engine.laps import STAGES
from benchbox.engine.work import Work
from benchbox.plan.spec import SLOW_CALL

MOST_STEPS = 10
LEAST_STEPS = 2
SHARE = 0.1


def split_steps(work: Work, *, estimate: float) -> None:
    """Measure the stages of some steps, one value a step; nothing where a step takes over two seconds.

    `estimate` is about how many seconds a step takes.
    """
    if estimate > SLOW_CALL:
        return
    work.context.began("split")
    for _ in range(count_steps(estimate, seconds=work.context.spec.timing.seconds)):
        for stage, seconds in _watched_step(work).items():
            work.context.findings.measure(STAGES[stage], seconds)


def _watched_step(work: Work) -> dict[str, float]:
    """The seconds of each stage of one step; also one that breaks off is watched no longer."""
    work.laps.begin()
    try:
        work.call()
    finally:
        seconds = work.laps.end()
    return seconds


def count_steps(estimate: float, *, seconds: float) -> int:
    """How many steps a tenth of the cell's seconds allows, between 2 and 10."""
    return max(LEAST_STEPS, min(MOST_STEPS, int(SHARE * seconds / max(estimate, 1e-9))))
