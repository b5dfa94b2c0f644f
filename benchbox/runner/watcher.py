"""Watcher: whoever follows a plan while it runs."""

from typing import Protocol

from benchbox.plan.spec import RunSpec
from benchbox.records.events import AnyEvent
from benchbox.records.record import Record


class Watcher(Protocol):
    """Whoever follows a plan: a display, a log, a test's list."""

    def run_started(self, index: int, spec: RunSpec, label: str, /) -> None:
        """Run `index`, from 0 and in the order of execution, is about to start."""

    def __call__(self, event: AnyEvent, /) -> None:
        """Something happened in the current run."""

    def run_ended(self, record: Record, /) -> None:
        """The current run ended; its record is on the disk."""
