"""The records of runs that left none of their own: not started, died, killed by the kernel, over their time."""

import signal
from datetime import UTC, datetime

from msgspec.structs import replace

from benchbox.plan.spec import RunSpec
from benchbox.records.record import Record, Status, make_record
from benchbox.runner.child import ChildError, TimedOut

OUT_OF_MEMORY = (
    "the kernel ended the process because the machine's memory ran out; "
    "a smaller --batch-size or --image-size needs less"
)


def make_outcome(spec: RunSpec, status: Status, reason: str, *, began: datetime, log: str = "") -> Record:
    """The record of a run that began at `began` and tells nothing itself."""
    seconds = (datetime.now(UTC) - began).total_seconds()
    started = began.isoformat(timespec="seconds")
    return make_record(spec, status=status, reason=reason, started=started, seconds=seconds, log=log)


def outcome_of_death(spec: RunSpec, error: ChildError, *, began: datetime, oom_kills: int) -> Record:
    """The record of a child that died. `oom_kills` is how many the kernel killed for memory meanwhile."""
    if error.signal == getattr(signal, "SIGKILL", None) and oom_kills > 0:
        return make_outcome(spec, "oom", OUT_OF_MEMORY, began=began)
    return make_outcome(spec, "crashed", error.reason, began=began, log=error.log)


def outcome_of_timeout(spec: RunSpec, late: TimedOut, *, began: datetime) -> Record:
    """The record of a run that was over its time, with what it had measured if it could still say so.

    A run that ended by itself just then keeps its own outcome.
    """
    reason = f"over {late.seconds:g} s; a longer --timeout, or 0 for none, lets it go on"
    if not isinstance(late.answer, Record):
        return make_outcome(spec, "timeout", reason, began=began)
    if late.answer.status != "interrupted":
        return late.answer
    return replace(late.answer, status="timeout", reason=reason)
