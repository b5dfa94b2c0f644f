"""execute(request) → Record: the one way in which anything is run. Whatever happens ends as a record."""

import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime

from benchbox.engine.cells import time_cell
from benchbox.engine.environment import read_environment
from benchbox.engine.evaluation import evaluate_checkpoint
from benchbox.engine.findings import Findings
from benchbox.engine.fit import fit
from benchbox.engine.largest import find_largest
from benchbox.engine.memory import is_out_of_memory
from benchbox.engine.place import make_place
from benchbox.engine.sampling import Clock
from benchbox.engine.stage import Context
from benchbox.errors import Interrupted, NotFiniteError, UsageError
from benchbox.plan.requests import RunRequest
from benchbox.records.events import Observer, ignore
from benchbox.records.record import STOPPED, Actual, Record, Status, make_record

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
    findings = Findings(observer)
    context = Context(request=request, observer=observer, clock=clock, findings=findings)
    started, began = datetime.now(UTC).isoformat(timespec="seconds"), clock()
    status, reason, log = _run(context, task or TASKS[request.spec.task])
    ended = clock()
    findings.end_phase(now=ended)
    return make_record(
        request.spec,
        status=status,
        reason=reason,
        log=log,
        started=started,
        seconds=ended - began,
        actual=_actual(findings),
        environment=read_environment(make_place(request.spec.placement), ceiling=request.ceiling),
        measurements=findings.measurements(),
        files=findings.files,
        states=tuple(findings.states),
        phases=tuple(findings.phases),
    )


def _actual(findings: Findings) -> Actual:
    said = {"notes": tuple(findings.notes), "doubts": tuple(findings.doubts)}
    return Actual(**{**findings.actual, **said})  # type: ignore[arg-type]


def _run(context: Context, task: Callable[[Context], None]) -> tuple[Status, str, str]:
    """Status, reason and traceback of a run; a run that went well has neither reason nor traceback."""
    try:
        task(context)
    except NotFiniteError as error:
        return "nan", str(error), ""
    except (Interrupted, KeyboardInterrupt):
        return "interrupted", STOPPED, ""
    except UsageError as error:
        return "unsupported", str(error), ""
    except Exception as error:
        # Not swallowed: a crash of one run is a row with its reason and traceback, and the others go on.
        status: Status = "oom" if is_out_of_memory(error) else "crashed"
        return status, _one_line(error), traceback.format_exc()
    return "ok", "", ""


def _one_line(error: Exception) -> str:
    first = str(error).strip().splitlines()[0] if str(error).strip() else ""
    return f"{type(error).__name__}: {first}" if first else type(error).__name__
