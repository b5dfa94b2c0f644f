"""One arm of a gate: a process in the arm's folder that holds all rows, and is told whose turn it is.

What the process does is in `engine.rows`, the messages are in `plan.gate`, and whose turn it is decides
`runner.pairs`.
"""

import re
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec

from benchbox.errors import BenchboxError, Interrupted, RecordError
from benchbox.plan.gate import (
    PROTOCOL,
    Finish,
    Finished,
    Greeting,
    Hello,
    Identify,
    Identity,
    Look,
    Looked,
    Lost,
    NoMemory,
    Open,
    Opened,
    Passes,
    Refused,
    Said,
    Stopped,
    Turn,
    Turned,
    Wish,
    decode_said,
    encode_message,
)
from benchbox.plan.requests import RunRequest
from benchbox.plan.spec import RunSpec
from benchbox.records.record import Record, decode
from benchbox.runner.arm_process import MODULE, ArmProcess, ProcessOver
from benchbox.runner.child import GRACE_SECONDS, ChildError
from benchbox.runner.oom import count_oom_kills
from benchbox.runner.outcome import make_outcome, outcome_of_death
from benchbox.runner.places import ArmPlace
from benchbox.version import __version__

Expected = TypeVar("Expected", bound=Said)


class ArmRefused(BenchboxError):  # noqa: N818 - a decision, not a fault
    """An arm cannot be measured as it is: it cannot be talked to, or what it imports is not its own."""


class ArmLost(BenchboxError):  # noqa: N818 - an event, not a fault
    """An arm's process died, or gave no answer in time.

    `record` is that of the row that worked meanwhile, None where none did. `is_memory` says that it was for want of
    memory: the kernel ended it, or there was none for the control.
    """

    def __init__(self, reason: str, *, record: Record | None = None, is_memory: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.record, self.is_memory = reason, record, is_memory


class RowsArm(Protocol):
    """One arm. Where its process is lost, every method but the last two raises ArmLost, and the arm is over."""

    def start(self) -> None:
        """Start its process, and do not wait for it."""

    def greet(self) -> Hello:
        """Wait until it is there. Raises ArmRefused where it cannot be talked to."""

    def open(self, row: int, request: RunRequest) -> Opened | Record:
        """Set a row up; its record where that failed."""

    def work(self, row: int | None, *, block: int, seconds: float) -> Turned | Record:
        """Work for a slice, of the control for None; the row's record where it was lost in it."""

    def look(self, processes: tuple[int, ...]) -> None:
        """Read the machine's state."""

    def identify(self) -> Identity:
        """Which files it imported."""

    def finish(self, row: int, *, reason: str, passes: Passes) -> Record:
        """End a row with its record."""

    def stop(self, seconds: float = GRACE_SECONDS) -> dict[int, Record]:
        """Cut all rows off that are open, within so many seconds, and end; their records by place."""

    def end(self) -> None:
        """End the process, with all that it started; nothing where it is over."""


@dataclass(frozen=True, kw_only=True)
class _AtWork:
    """The row that works now, since when."""

    spec: RunSpec
    began: datetime


class LiveRows:
    """An arm in a process of its own, at most `timeout` seconds of which may pass before any one answer.

    Every wait raises Interrupted and KeyboardInterrupt where a signal comes: `stop` then ends the arm.
    """

    def __init__(
        self,
        place: ArmPlace,
        process: ArmProcess,
        *,
        timeout: float | None = None,
        oom_kills: Callable[[], int] = count_oom_kills,
    ) -> None:
        self._place, self._process, self._timeout = place, process, timeout
        self._oom_kills, self._killed_before = oom_kills, oom_kills()
        self._specs: dict[int, RunSpec] = {}
        self._at_work: _AtWork | None = None
        self._version = "unknown"

    def start(self) -> None:
        """Start its process, and do not wait for it."""
        self._process.start()

    def greet(self) -> Hello:
        """Wait until it is there, and refuse it where it speaks otherwise."""
        try:
            content = self._process.receive(self._timeout)
            greeting = msgspec.json.decode(content, type=Greeting)
        except ProcessOver as over:
            raise self._refusal(self._why_not_there(over)) from over
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise self._refusal(f"its first word was no message: {error}") from error
        self._version = greeting.version
        if greeting.protocol != PROTOCOL:
            raise self._refusal(
                f"its benchbox {greeting.version} speaks protocol {greeting.protocol}, this one ({__version__}) "
                f"speaks {PROTOCOL}: compare stored runs of the two"
            )
        return self._expect(Hello, self._understood(content))

    def _why_not_there(self, over: ProcessOver) -> str:
        if MODULE in over.log and "No module named" in over.log:
            version = version_in(self._place.root)
            return f"its benchbox {version} is from before such comparisons, this one is {__version__}"
        return f"{over.reason}; it said:\n{over.log}" if over.log else over.reason

    def _refusal(self, reason: str) -> ArmRefused:
        self._process.end(seconds=0.0)
        return ArmRefused(f"{self._place.asked} cannot be measured: {reason}")

    def open(self, row: int, request: RunRequest) -> Opened | Record:
        """Set a row up."""
        self._specs[row] = request.spec
        said = self._ask(Open(row=row, request=request), row)
        return self._read(said.record) if isinstance(said, Lost) else self._expect(Opened, said)

    def work(self, row: int | None, *, block: int, seconds: float) -> Turned | Record:
        """Work for a slice."""
        said = self._ask(Turn(row=row, block=block, seconds=seconds), row)
        if isinstance(said, NoMemory):
            self._process.end(seconds=0.0)
            raise ArmLost(said.reason, is_memory=True)
        return self._read(said.record) if isinstance(said, Lost) else self._expect(Turned, said)

    def look(self, processes: tuple[int, ...]) -> None:
        """Read the machine's state."""
        self._expect(Looked, self._ask(Look(processes=processes)))

    def identify(self) -> Identity:
        """Which files it imported."""
        return self._expect(Identity, self._ask(Identify()))

    def finish(self, row: int, *, reason: str, passes: Passes) -> Record:
        """End a row with its record."""
        said = self._ask(Finish(row=row, reason=reason, passes=passes), row)
        return self._read(self._expect(Finished, said).record)

    def _ask(self, wish: Wish, row: int | None = None) -> Said:
        # One that died in its sleep did no row's work.
        is_at_work = row is not None and self._process.is_alive
        self._at_work = (
            _AtWork(spec=self._specs[row], began=datetime.now(UTC)) if row is not None and is_at_work else None
        )
        self._process.send(encode_message(wish))
        try:
            return self._understood(self._process.receive(self._timeout))
        except ProcessOver as over:
            raise self._loss(over) from over

    def _understood(self, content: bytes) -> Said:
        try:
            return decode_said(content)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise self._nonsense(f"the process said what is no message: {error}") from error

    def _expect(self, kind: type[Expected], said: Said) -> Expected:
        if isinstance(said, kind):
            return said
        if isinstance(said, Refused):
            raise self._refusal(
                f"its benchbox {self._version} does not understand this one ({__version__}): {said.reason}"
            )
        raise self._nonsense(f"the process said {type(said).__name__}, not {kind.__name__}")

    def _read(self, record: msgspec.Raw) -> Record:
        try:
            return decode(bytes(record))
        except RecordError as error:
            raise self._refusal(
                f"its benchbox {self._version} writes records that this one ({__version__}) cannot read: {error}"
            ) from error

    def _loss(self, over: ProcessOver) -> ArmLost:
        killed = self._oom_kills() - self._killed_before
        record, at_work = None, self._at_work
        if at_work is not None and over.is_late:
            record = make_outcome(at_work.spec, "timeout", over.reason, began=at_work.began, log=over.log)
        elif at_work is not None:
            error = ChildError(over.reason, over.log, signal=over.signal)
            record = outcome_of_death(at_work.spec, error, began=at_work.began, oom_kills=killed)
        return ArmLost(over.reason, record=record, is_memory=over.signal == signal.SIGKILL and killed > 0)

    def _nonsense(self, reason: str) -> ArmLost:
        """The loss of a process that lives, but says what nobody understands."""
        self._process.end(seconds=0.0)
        return self._loss(ProcessOver(reason, log=self._process.said()))

    def stop(self, seconds: float = GRACE_SECONDS) -> dict[int, Record]:
        """Cut all rows off that are open. A signal meanwhile kills the process, and is raised as Interrupted."""
        self._process.terminate()
        try:
            return self._last_words(time.monotonic() + seconds)
        except (KeyboardInterrupt, Interrupted):
            raise Interrupted from None
        finally:
            self._process.end(seconds=0.0)

    def _last_words(self, deadline: float) -> dict[int, Record]:
        """The records of what was told to stop; nothing where it does not tell in time."""
        with suppress(ProcessOver, ArmLost, ArmRefused):
            while True:
                said = self._understood(self._process.receive(max(0.0, deadline - time.monotonic())))
                if isinstance(said, Stopped):
                    return {row: self._read(record) for row, record in said.records.items()}
        return {}

    def end(self) -> None:
        """End the process, with all that it started; nothing where it is over."""
        self._process.end()


def version_in(root: Path) -> str:
    """The version of a benchbox that lies in a folder, as its source says."""
    with suppress(OSError):
        if found := re.search(r'__version__ = "(.+?)"', (root / "benchbox" / "version.py").read_text()):
            return found[1]
    return "unknown"
