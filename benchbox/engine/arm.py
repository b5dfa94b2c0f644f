"""A live arm, the child's side: set up once, then work for a slice when told to and sleep in between.

It sleeps on a pipe: torch's threads spin for some milliseconds after their last work (GOMP_SPINCOUNT), then sleep
with it; whoever works next first works untimed for longer than that (`plan.schedule`). Which arm works when, and
when enough was seen, the runner decides.
"""

import os
import time
from contextlib import closing
from multiprocessing.connection import Connection

from benchbox.engine.cells import look_closer, start_work
from benchbox.engine.execute import execute
from benchbox.engine.fingerprint import read_fingerprint
from benchbox.engine.memory import peak_above
from benchbox.engine.sampling import Clock
from benchbox.engine.slicing import Slicer
from benchbox.engine.stage import Context
from benchbox.engine.state import doubts, read_state
from benchbox.engine.work import Work, open_work
from benchbox.plan.slices import ArmRequest, Finish, Look, Looked, Ready, Slice, Sliced
from benchbox.records.events import Observer, ignore
from benchbox.records.record import Record


def take_turns(request: ArmRequest, *, observer: Observer = ignore, clock: Clock = time.perf_counter) -> Record:
    """Run a spec of task `infer` or `train_step` as one of several arms; told over `request.turns` when to work.

    The record is made as `execute` makes it; `sample_seconds` are the seconds a call of each slice, in order.
    """
    return execute(request.run, observer=observer, clock=clock, task=lambda context: _serve(context, request.turns))


def _serve(context: Context, turns: Connection) -> None:
    """Set up, then do as told until Finish, then what follows the timing of every cell."""
    with closing(open_work(context)) as work:
        context.findings.fingerprint = read_fingerprint(work.place)
        start = start_work(work)
        turns.send(Ready(process=os.getpid(), call_seconds=start.estimate, peak=peak_above(work.floor)))
        seconds = _Turns(work, call_seconds=start.estimate).follow(turns)
        look_closer(work, start, seconds=seconds)


class _Turns:
    """Does what comes over the pipe, and keeps what was seen in the findings, so that a stop leaves it there."""

    def __init__(self, work: Work, *, call_seconds: float) -> None:
        self._work, self._findings = work, work.context.findings
        self._slicer = Slicer(work, call_seconds=call_seconds)
        self._seconds: list[float] = []
        self._processes: tuple[int, ...] = ()

    def follow(self, turns: Connection) -> list[float]:
        """Answer wishes until Finish; the seconds a call of each slice."""
        # At once: also the slices of an arm that is lost are told from a cell's samples.
        self._findings.actual["in_turns"] = True
        while not isinstance(wish := turns.recv(), Finish):
            turns.send(self._slice(wish) if isinstance(wish, Slice) else self._look(wish))
        self._findings.actual["stop_reason"] = wish.reason
        return self._seconds

    def _slice(self, wish: Slice) -> Sliced:
        done = self._slicer.work(wish.seconds)
        self._seconds.append(done.seconds)
        return Sliced(calls=done.calls, seconds=done.seconds)

    def _look(self, wish: Look) -> Looked:
        """The machine's state. What an arm did that was lost in between cannot be told from what others did."""
        states = self._findings.states
        states.append(read_state(self._work.place.device, own=wish.processes, clock=self._work.context.clock))
        if len(states) > 1 and wish.processes == self._processes:
            self._findings.doubts += doubts(states[0], states[-1])
        self._processes = wish.processes
        return Looked()
