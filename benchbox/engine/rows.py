"""All rows of one arm of a gate, and the control, in one process: the child's side.

Each row is a run that is made in steps, set up once and then asleep until it is told to work for a slice. It sleeps
on a pipe: torch's threads spin for some milliseconds after their last work, then sleep with it; whoever works next
first works untimed for longer than that (`plan.schedule`). Which row works when, and when enough was seen, the
runner decides; the messages are in `plan.gate`.
"""

import time
from multiprocessing.connection import Connection

import msgspec
import torch

from benchbox.engine.attempt import Attempt
from benchbox.engine.cells import Start, look_closer, start_work
from benchbox.engine.control import CONTROL_DIGEST, ControlTurns, Make, make_control_call
from benchbox.engine.fingerprint import read_fingerprint
from benchbox.engine.memory import is_out_of_memory, peak_above
from benchbox.engine.sampling import Clock
from benchbox.engine.slicing import Slice, Slicer
from benchbox.engine.sources import identify, say_hello
from benchbox.engine.stage import Context
from benchbox.engine.state import doubts, read_state
from benchbox.engine.work import Work, open_work
from benchbox.errors import Interrupted, UsageError
from benchbox.models.oneline import one_line
from benchbox.plan.gate import (
    Finish,
    Finished,
    Identify,
    Look,
    Looked,
    Lost,
    Message,
    NoMemory,
    Open,
    Opened,
    Passes,
    Refused,
    Stopped,
    Turn,
    Turned,
    Wish,
    decode_wish,
    encode_message,
)
from benchbox.plan.requests import RunRequest
from benchbox.plan.spec import RunSpec
from benchbox.records.events import ignore
from benchbox.records.machine import MachineState
from benchbox.records.record import Record, Status, encode
from benchbox.signals import signals_held


def serve_rows(
    pipe: Connection, *, clock: Clock = time.perf_counter, make_control: Make = make_control_call
) -> None:
    """Answer wishes until the other end closes, or a signal ends this process: then the rows' records are told."""
    rows = _Rows(clock=clock, make_control=make_control)
    try:
        _say(pipe, say_hello())
        while (content := _hear(pipe)) is not None:
            try:
                wish = decode_wish(content)
            except (msgspec.MsgspecError, UsageError) as error:
                _say(pipe, Refused(reason=str(error)))
                return
            _say(pipe, rows.answer(wish))
    except Interrupted:
        _say(pipe, rows.stop())
    finally:
        rows.close()


def _hear(pipe: Connection) -> bytes | None:
    """The next wish; None where nobody has one any more."""
    try:
        return pipe.recv_bytes()
    except (EOFError, OSError):
        return None


def _say(pipe: Connection, message: Message) -> None:
    """Whole or not at all: a signal waits meanwhile."""
    with signals_held():
        pipe.send_bytes(encode_message(message))


class _Rows:
    """The rows that are open, by their places in the series, and the control."""

    def __init__(self, *, clock: Clock, make_control: Make) -> None:
        self._clock = clock
        self._rows: dict[int, _Row] = {}
        self._control = ControlTurns(clock=clock, make=make_control)
        self._processes: tuple[int, ...] = ()

    def answer(self, wish: Wish) -> Message:
        """Do what is asked. Raises Interrupted where a signal came meanwhile."""
        match wish:
            case Open():
                return self._open(wish)
            case Turn():
                return self._turn(wish)
            case Look():
                return self._look(wish)
            case Identify():
                networks = {row.spec: row.work.network for row in self._rows.values() if row.work is not None}
                return identify(say_hello(), networks)
            case Finish():
                self._rows[wish.row].finish(wish.reason, wish.passes)
                return Finished(record=self._end(wish.row))

    @property
    def _device(self) -> torch.device:
        """That of all rows."""
        return torch.device(next(iter(self._rows.values())).spec.placement.device)

    def _open(self, wish: Open) -> Opened | Lost:
        row = self._rows[wish.row] = _Row(wish.request, clock=self._clock)
        opened = row.open()
        if opened is None:
            return Lost(record=self._end(wish.row))
        call_seconds, peak = opened
        return Opened(row=wish.row, call_seconds=call_seconds, peak=peak)

    def _turn(self, wish: Turn) -> Turned | Lost | NoMemory:
        if wish.row is None:
            return self._turn_control(wish)
        done = self._rows[wish.row].turn(wish)
        if done is None:
            return Lost(record=self._end(wish.row))
        return Turned(calls=done.calls, seconds=done.seconds)

    def _turn_control(self, wish: Turn) -> Turned | NoMemory:
        try:
            calls, seconds = self._control.turn(self._device, block=wish.block, seconds=wish.seconds)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            return NoMemory(reason=f"memory ran out for the control network: {one_line(error)}")
        return Turned(calls=calls, seconds=seconds)

    def _end(self, place: int) -> msgspec.Raw:
        """The record of a row that is over. One that a signal cut off is not alone: the whole process ends."""
        row = self._rows[place]
        if row.status == "interrupted":
            raise Interrupted
        del self._rows[place]
        return msgspec.Raw(encode(row.record(self._control)))

    def _look(self, wish: Look) -> Looked:
        """The machine's state. What an arm did that was lost in between cannot be told from what others did."""
        state = read_state(self._device, own=wish.processes, clock=self._clock)
        for row in self._rows.values():
            row.look(state, is_comparable=wish.processes == self._processes)
        self._processes = wish.processes
        return Looked()

    def stop(self) -> Stopped:
        """Cut off all rows that are open, and give their records."""
        return Stopped(
            records={place: msgspec.Raw(encode(row.stop(self._control))) for place, row in self._rows.items()}
        )

    def close(self) -> None:
        """End what rows have started."""
        for row in self._rows.values():
            row.close()


class _Row:
    """One run in steps: opened, turn by turn, and ended with its record."""

    def __init__(self, request: RunRequest, *, clock: Clock) -> None:
        self.spec: RunSpec = request.spec
        self.work: Work | None = None
        self._attempt = Attempt(request, observer=ignore, clock=clock)
        self._findings = self._attempt.findings
        self._start: Start | None = None
        self._slicer: Slicer | None = None
        self._blocks: list[int] = []

    @property
    def status(self) -> Status:
        """How it ended, `ok` as long as it lives."""
        return self._attempt.status

    def open(self) -> tuple[float, int] | None:
        """Set up and warm up: seconds a call, and the most bytes that the process held. None where that failed."""
        return self._attempt.step(self._open)

    def _open(self, context: Context) -> tuple[float, int]:
        self.work = open_work(context)
        self._findings.fingerprint = read_fingerprint(self.work.place)
        self._start = start_work(self.work)
        self._slicer = Slicer(self.work, call_seconds=self._start.estimate)
        return self._start.estimate, peak_above(self.work.floor) + self.work.floor.held

    def turn(self, wish: Turn) -> Slice | None:
        """Work for a slice; None where the row was lost in it."""
        return self._attempt.step(lambda context: self._turn(context, wish))

    def _turn(self, context: Context, wish: Turn) -> Slice:
        assert self._slicer is not None, "a row is opened before its turns"
        if not self._blocks:
            context.began("turns")
        # At once: also the slices of a row that is lost are told from a cell's samples.
        self._findings.actual["in_turns"] = True
        done = self._slicer.work(wish.seconds)
        self._blocks.append(wish.block)
        return done

    def look(self, state: MachineState, *, is_comparable: bool) -> None:
        """Keep a state of the machine, and what disturbed it since the first."""
        states = self._findings.states
        states.append(state)
        if len(states) > 1 and is_comparable:
            self._findings.doubts += doubts(states[0], state)

    def finish(self, reason: str, passes: Passes) -> None:
        """Make the passes that were asked for; nothing more is done."""
        self._attempt.step(lambda context: self._finish(reason, passes))

    def _finish(self, reason: str, passes: Passes) -> None:
        assert self.work is not None, "a row is opened before it ends"
        assert self._start is not None, "a row is opened before it ends"
        self._findings.actual["stop_reason"] = reason
        if passes == "all":
            look_closer(self.work, self._start, seconds=self._findings.values("sample_seconds"))
        elif passes == "memory":
            self._findings.measure("peak_memory", peak_above(self.work.floor))

    def stop(self, control: ControlTurns) -> Record:
        """End as one that a signal cut off."""
        self._attempt.step(_interrupt)
        return self.record(control)

    def record(self, control: ControlTurns) -> Record:
        """What came of it, asked for once; nothing of it stays behind."""
        self.close()
        if seconds := control.beside(self._blocks):
            self._findings.actual["control"] = CONTROL_DIGEST
            self._findings.measure("control_seconds", *seconds)
        return self._attempt.record()

    def close(self) -> None:
        """End what it has started, and let go of its network."""
        work, self.work, self._slicer, self._start = self.work, None, None, None
        if work is not None:
            work.close()


def _interrupt(context: Context) -> None:
    raise Interrupted
