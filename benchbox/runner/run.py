"""Runner: every spec of a plan in turn, each record in the journal before the next run starts."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from benchbox.errors import Interrupted
from benchbox.plan.requests import RunRequest
from benchbox.plan.spec import Plan, RunSpec
from benchbox.records.events import AnyEvent
from benchbox.records.files import file_names
from benchbox.records.journal import JOURNAL, append
from benchbox.records.record import STOPPED, Record, Status, make_record
from benchbox.runner.child import ENGINE, ChildError, call
from benchbox.runner.folder import OUTPUT
from benchbox.runner.pace import epoch_seconds, why_not_fit

EXECUTE = f"{ENGINE}:execute"


class Watcher(Protocol):
    """Whoever follows a plan: a display, a log, a test's list."""

    def run_started(self, index: int, spec: RunSpec, label: str, /) -> None:
        """Run `index`, from 0, is about to start."""

    def __call__(self, event: AnyEvent, /) -> None:
        """Something happened in the current run."""

    def run_ended(self, record: Record, /) -> None:
        """The current run ended; its record is on the disk."""


@dataclass(frozen=True, kw_only=True)
class Runner:
    """How the runs of a plan are made: where files go, who watches, and what runs a function by its name.

    `call` uses a child process unless told otherwise.
    """

    folder: Path
    watcher: Watcher
    dataset: Path = Path("dataset")
    call: Callable[..., Record] = call

    def run(self, plan: Plan) -> Iterator[Record]:
        """Run every spec in turn and yield each record once it is in the journal.

        Raises Interrupted after the record of the run that was cut off.
        """
        records: list[Record] = []
        runs = zip(plan.specs, plan.labels, file_names(plan.labels), strict=True)
        for index, (spec, label, name) in enumerate(runs):
            self.watcher.run_started(index, spec, label)
            record = self._run_one(plan, spec, label, name, records)
            append(self.folder / JOURNAL, record)
            records.append(record)
            self.watcher.run_ended(record)
            yield record
            if record.status == "interrupted":
                raise Interrupted("interrupted")

    def _run_one(self, plan: Plan, spec: RunSpec, label: str, name: str, records: list[Record]) -> Record:
        began = datetime.now(UTC)
        if label in plan.refusals:
            return _record_without_run(spec, "unsupported", plan.refusals[label], began)
        pace = epoch_seconds(spec, records, plan.facts.data) if plan.facts else None
        if reason := why_not_fit(spec, pace):
            return _record_without_run(spec, "skipped", reason, began)
        request = RunRequest(
            spec=spec,
            name=name,
            folder=str(self.folder),
            dataset=str(self.dataset),
            keeps_checkpoints=plan.keeps_checkpoints,
            epoch_seconds=pace,
            model=spec.model.name if spec.model.name in plan.trusted else None,
        )
        try:
            return self.call(EXECUTE, request, returns=Record, observer=self.watcher, output=self.folder / OUTPUT)
        except ChildError as error:
            return _record_without_run(spec, "crashed", error.reason, began, log=error.log)
        except (Interrupted, KeyboardInterrupt):
            return _record_without_run(spec, "interrupted", STOPPED, began)


def _record_without_run(spec: RunSpec, status: Status, reason: str, began: datetime, *, log: str = "") -> Record:
    """The record of a run that left none of its own."""
    seconds = (datetime.now(UTC) - began).total_seconds()
    started = began.isoformat(timespec="seconds")
    return make_record(spec, status=status, reason=reason, started=started, seconds=seconds, log=log)
