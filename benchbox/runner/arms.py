"""Live arms: child processes that are set up once and then sleep until each is told to work for a slice.

What an arm does is in `engine.arm`, whose turn it is in `turns`. An arm begins, fails, and ends with its parent as
every other child does.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from multiprocessing import connection
from pathlib import Path
from typing import Any, Protocol, TypeVar

from benchbox.errors import Interrupted
from benchbox.plan.requests import RunRequest
from benchbox.plan.slices import ArmRequest, Finish, Look, Looked, Ready, Slice, Sliced
from benchbox.records.events import Observer
from benchbox.records.record import STOPPED, Record
from benchbox.runner.child import GRACE_SECONDS, ChildError, TimedOut
from benchbox.runner.oom import count_oom_kills
from benchbox.runner.outcome import make_outcome, outcome_of_death, outcome_of_timeout
from benchbox.runner.processes import ENGINE, describe_death, end, make_context
from benchbox.runner.serve import Answer, serve
from benchbox.signals import signals_held

TAKE_TURNS = f"{ENGINE}.arm:take_turns"

Said = TypeVar("Said", Ready, Looked, Sliced)


class Arm(Protocol):
    """One arm of a group. Once it has a record it is over, and takes no part any more."""

    @property
    def record(self) -> Record | None:
        """What came of it, None while it lives."""

    def prepare(self) -> Ready | None:
        """Set up and warm up; None where that failed."""

    def look(self, processes: tuple[int, ...]) -> Looked | None:
        """Read the machine's state."""

    def work(self, seconds: float) -> Sliced | None:
        """Work for a slice; None where the arm was lost in it."""

    def finish(self, reason: str) -> None:
        """Do what follows the timing, and end with a record."""

    def stop(self, seconds: float = GRACE_SECONDS) -> None:
        """End with what was measured, within so many seconds; nothing where the arm is over.

        May raise Interrupted and KeyboardInterrupt, and can then be called again.
        """


class LiveArm:
    """An arm in a process of its own.

    `output` is the file for what it prints, `timeout` the most seconds that it may work in all: to get ready, in
    its slices, and for what follows them; while others work, its `seconds_left` stand still. `late` is how long it
    may then take to end, `method` a start method of `multiprocessing`, `target` the function that serves it there.
    Every wait raises Interrupted and KeyboardInterrupt where a signal comes: `stop` then ends the arm.
    """

    def __init__(
        self,
        request: RunRequest,
        *,
        observer: Observer,
        output: Path | None = None,
        timeout: float | None = None,
        late: float = GRACE_SECONDS,
        method: str | None = None,
        target: str = TAKE_TURNS,
        oom_kills: Callable[[], int] = count_oom_kills,
    ) -> None:
        self.record: Record | None = None
        self._spec, self._observer = request.spec, observer
        self._timeout, self._late = timeout, late
        self.seconds_left = timeout
        self._oom_kills, self._killed_before = oom_kills, oom_kills()
        self._began = datetime.now(UTC)
        self._turns, turns = connection.Pipe()
        self._hears, sending = connection.Pipe(duplex=False)
        self._childs_ends = (turns, sending)
        arguments = (sending, target, ArmRequest(run=request, turns=turns), output)
        self._process: Any = make_context(method).Process(target=serve, args=arguments)  # type: ignore[attr-defined]

    def prepare(self) -> Ready | None:
        """Start the process, and wait until it is warm and asleep."""
        with signals_held():
            self._process.start()
            for childs_end in self._childs_ends:
                childs_end.close()
        return self._hear(Ready)

    def look(self, processes: tuple[int, ...]) -> Looked | None:
        """Read the machine's state."""
        return self._ask(Look(processes=processes), Looked)

    def work(self, seconds: float) -> Sliced | None:
        """Work for a slice."""
        return self._ask(Slice(seconds=seconds), Sliced)

    def finish(self, reason: str) -> None:
        """Have it measure what follows the timing, and end."""
        self._ask(Finish(reason=reason), Looked)

    def stop(self, seconds: float = GRACE_SECONDS) -> None:
        """Ask it to end with what it has; kill it where it does not within so many seconds."""
        if self.record is None:
            answer = self._stopped(seconds) if self._process.pid else None
            said = answer.value if answer is not None else None
            self._end(said if isinstance(said, Record) else self._outcome_of_interruption())

    def _outcome_of_interruption(self) -> Record:
        return make_outcome(self._spec, "interrupted", STOPPED, began=self._began)

    def _ask(self, wish: Look | Slice | Finish, kind: type[Said]) -> Said | None:
        if self.record is not None:
            return None
        with suppress(OSError):  # it died in its sleep: listening tells how
            self._turns.send(wish)
        return self._hear(kind)

    def _hear(self, kind: type[Said]) -> Said | None:
        """Its next word; None where it ended instead, or has used up its time."""
        began = time.monotonic()
        said = self._listen(self.seconds_left)
        if self.seconds_left is not None:
            self.seconds_left = max(0.0, self.seconds_left - (time.monotonic() - began))
        if isinstance(said, kind):
            return said
        if said is None and self._timeout is not None:
            answer = self._stopped(self._late)
            late = TimedOut(self._timeout, answer.value if answer else None)
            self._end(outcome_of_timeout(self._spec, late, began=self._began))
        elif isinstance(said, Answer):
            self._end(self._outcome(said))
        else:
            raise TypeError(f"an arm said {said!r}, not {kind.__name__}")
        return None

    def _outcome(self, answer: Answer) -> Record:
        if isinstance(answer.error, ChildError):
            killed = self._oom_kills() - self._killed_before
            return outcome_of_death(self._spec, answer.error, began=self._began, oom_kills=killed)
        if answer.error is not None:
            return make_outcome(self._spec, "crashed", str(answer.error), began=self._began)
        assert isinstance(answer.value, Record), "an arm ends with its record"
        return answer.value

    def _listen(self, seconds: float | None) -> Any:
        """Its next word or its Answer, events handed on meanwhile; None once the seconds are over."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while True:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            ready = connection.wait([self._hears, self._turns, self._process.sentinel], left)
            if not ready:
                return None
            message = self._received(self._hears) or self._received(self._turns)
            if message is None:
                return self._death()
            if isinstance(message, Answer | Ready | Looked | Sliced):
                return message
            self._observer(message)

    def _received(self, pipe: connection.Connection) -> Any:
        """A whole message where one is there; None where there is none, or where it was cut off by a death."""
        try:
            with signals_held():
                return pipe.recv() if pipe.poll() else None
        except (EOFError, OSError):
            return None

    def _death(self) -> Answer:
        self._process.join(timeout=1)
        code = self._process.exitcode
        return Answer(error=ChildError(describe_death(code), signal=-code if code is not None and code < 0 else 0))

    def _stopped(self, seconds: float) -> Answer | None:
        """Ask it to end; its Answer, None where it gave none in time. Asked a second time, raises Interrupted."""
        self._process.terminate()
        until = time.monotonic() + seconds
        try:
            while (said := self._listen(max(0.0, until - time.monotonic()))) is not None:
                if isinstance(said, Answer):
                    return said
        except (KeyboardInterrupt, Interrupted):
            self._process.kill()
            self._end(self._outcome_of_interruption())
            raise Interrupted from None
        self._process.kill()
        return None

    def _end(self, record: Record) -> None:
        """The arm is over: wait for its process to leave, with all that it started."""
        self.record = record
        with self._hears, self._turns:
            end(self._process)
