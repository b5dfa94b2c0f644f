"""execute(request) → Record: the one way in which anything is run. Whatever happens ends as a record."""

import time
from collections.abc import Callable

from benchbox.engine.attempt import Attempt
from benchbox.engine.cells import time_cell
from benchbox.engine.evaluation import evaluate_checkpoint
from benchbox.engine.fit import fit
from benchbox.engine.largest import find_largest
from benchbox.engine.sampling import Clock
from benchbox.engine.stage import Context
from benchbox.plan.requests import RunRequest
from benchbox.records.events import Observer, ignore
from benchbox.records.record import Record

TASKS: dict[str, Callable[[Context], None]] = {
    "fit": fit,
    "evaluate": evaluate_checkpoint,
    "infer": time_cell,
    "train_step": time_cell,
    "largest_batch": find_largest,
}


def execute(
    request: RunRequest,
    *,
    observer: Observer = ignore,
    clock: Clock = time.perf_counter,
    task: Callable[[Context], None] | None = None,
) -> Record:
    """Run a resolved spec. Never raises for what a run can meet; a run that breaks off keeps what it saw.

    `task` does the work in place of the one that the spec names.
    """
    attempt = Attempt(request, observer=observer, clock=clock)
    attempt.step(task or TASKS[request.spec.task])
    return attempt.record()
