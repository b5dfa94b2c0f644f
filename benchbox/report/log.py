"""log.txt in a report folder: what happened and when, one line an event. Lines are flushed as they come."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from benchbox.plan.spec import RunSpec
from benchbox.records.events import AnyEvent, StepSeen
from benchbox.records.journal import storing
from benchbox.records.record import Record
from benchbox.report.lines import ended_line, event_line, started_line

LOG = "log.txt"


def _now() -> datetime:
    return datetime.now().astimezone()


class LogFile:
    """An observer with the interface of a Display that appends to a file.

    Looks inside an epoch are left out: the epochs' lines say the same. Opened by `with`; raises OSError.
    """

    def __init__(self, path: Path, *, total: int, now: Callable[[], datetime] = _now) -> None:
        self._path, self._total, self._now = path, total, now
        self._label = ""
        self._file: TextIO | None = None

    def __enter__(self) -> Self:
        """Open the file for appending, so that a resumed report keeps its history."""
        with storing(self._path):
            self._file = self._path.open("a", encoding="utf-8")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        """Close the file, and say in it what ended the work, if anything did."""
        with storing(self._path, self._path.parent):
            try:
                if kind is not None:
                    self._write(f"stopped by {kind.__name__}: {error}")
            finally:
                if self._file is not None:
                    self._file.close()

    def run_started(self, index: int, spec: RunSpec, label: str, /) -> None:
        """One line."""
        self._label = label
        self._write(started_line(index, self._total, spec, label))

    def __call__(self, event: AnyEvent, /) -> None:
        """One line an event."""
        if not isinstance(event, StepSeen):
            self._write(event_line(event, self._label))

    def run_ended(self, record: Record, /) -> None:
        """One line with the outcome, then what the process itself printed, indented."""
        self._write(ended_line(record, self._label))
        for line in record.log.splitlines():
            self._write(f"    {line}")
        self._label = ""

    def _write(self, line: str) -> None:
        if self._file is None:
            raise ValueError("the log is written to outside its `with`")
        with storing(self._path, self._path.parent):
            self._file.write(f"{self._now().isoformat(timespec='milliseconds')} {line}\n")
            self._file.flush()
