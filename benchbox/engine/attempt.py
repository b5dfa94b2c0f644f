"""Attempt: a run that is made in one step or in several, and its record, whatever happens in them."""

import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from benchbox.engine.environment import read_environment
from benchbox.engine.findings import Findings
from benchbox.engine.memory import is_out_of_memory
from benchbox.engine.place import make_place
from benchbox.engine.sampling import Clock
from benchbox.engine.stage import Context
from benchbox.errors import Interrupted, NotFiniteError, UsageError
from benchbox.plan.requests import RunRequest
from benchbox.records.events import Observer
from benchbox.records.record import STOPPED, Actual, Record, Status, make_record

Result = TypeVar("Result")


class Attempt:
    """One run of a resolved spec. After a fault it is over: later steps do nothing, and the record says why.

    What the steps see they keep in `findings`, those of their context: a run that breaks off leaves its part there.
    """

    def __init__(self, request: RunRequest, *, observer: Observer, clock: Clock) -> None:
        self.findings = Findings(observer)
        self._context = Context(request=request, observer=observer, clock=clock, findings=self.findings)
        self._started, self._began = datetime.now(UTC).isoformat(timespec="seconds"), clock()
        self._ended: float | None = None
        self._status: Status = "ok"
        self._reason = self._log = ""

    @property
    def status(self) -> Status:
        """How it ended, `ok` as long as nothing broke it off."""
        return self._status

    def step(self, work: Callable[[Context], Result]) -> Result | None:
        """Do a part of the run; None where it broke off in it or before it. What a run can meet is not raised."""
        if self._status != "ok":
            return None
        try:
            return work(self._context)
        except NotFiniteError as error:
            self._break_off("nan", str(error))
        except (Interrupted, KeyboardInterrupt):
            self._break_off("interrupted", STOPPED)
        except UsageError as error:
            self._break_off("unsupported", str(error))
        except Exception as error:
            # Not swallowed: a crash of one run is a row with its reason and traceback, and the others go on.
            status: Status = "oom" if is_out_of_memory(error) else "crashed"
            self._break_off(status, _one_line(error), traceback.format_exc())
        return None

    def _break_off(self, status: Status, reason: str, log: str = "") -> None:
        self._status, self._reason, self._log = status, reason, log
        self._ended = self._context.clock()

    def record(self) -> Record:
        """What came of it so far. One that nothing broke off ends now."""
        request, findings = self._context.request, self.findings
        ended = self._context.clock() if self._ended is None else self._ended
        findings.end_phase(now=ended)
        return make_record(
            request.spec,
            status=self._status,
            reason=self._reason,
            log=self._log,
            started=self._started,
            seconds=ended - self._began,
            actual=_actual(findings),
            environment=read_environment(make_place(request.spec.placement), ceiling=request.ceiling),
            fingerprint=findings.fingerprint,
            measurements=findings.measurements(),
            files=findings.files,
            states=tuple(findings.states),
            phases=tuple(findings.phases),
        )


def _actual(findings: Findings) -> Actual:
    said = {"notes": tuple(findings.notes), "doubts": tuple(findings.doubts)}
    return Actual(**{**findings.actual, **said})  # type: ignore[arg-type]


def _one_line(error: Exception) -> str:
    first = str(error).strip().splitlines()[0] if str(error).strip() else ""
    return f"{type(error).__name__}: {first}" if first else type(error).__name__
