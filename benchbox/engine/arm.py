"""A live arm, the child's side: set up once, then work for a slice when told to and sleep in between.

It sleeps on a pipe: torch's threads spin for about a millisecond after their last work (GOMP_SPINCOUNT), then sleep
with it. Which arm works when, and when enough was seen, the runner decides.
"""

import os
import time
from contextlib import closing
from multiprocessing.connection import Connection

from benchbox.engine.cells import look_closer, start_work
from benchbox.engine.execute import execute
from benchbox.engine.memory import peak_above
from benchbox.engine.sampling import Clock, time_calls
from benchbox.engine.stage import Context
from benchbox.engine.state import doubts, read_state
from benchbox.engine.work import Work, open_work
from benchbox.plan.schedule import calls_a_slice, untimed_calls
from benchbox.plan.slices import ArmRequest, Finish, Look, Looked, Ready, Slice, Sliced
from benchbox.records.events import Observer, ignore
from benchbox.records.record import Record

# Batches that a DataLoader's worker keeps ready by default (`prefetch_factor`).
BATCHES_AHEAD = 2


def take_turns(request: ArmRequest, *, observer: Observer = ignore, clock: Clock = time.perf_counter) -> Record:
    """Run a spec of task `infer` or `train_step` as one of several arms; told over `request.turns` when to work.

    The record is made as `execute` makes it; `sample_seconds` are the seconds a call of each slice, in order.
    """
    return execute(request.run, observer=observer, clock=clock, task=lambda context: _serve(context, request.turns))


def _serve(context: Context, turns: Connection) -> None:
    """Set up, then do as told until Finish, then what follows the timing of every cell."""
    with closing(open_work(context)) as work:
        start = start_work(work)
        turns.send(Ready(process=os.getpid(), call_seconds=start.estimate, peak=peak_above(work.floor)))
        seconds = _Turns(work, call_seconds=start.estimate).follow(turns)
        look_closer(work, start, seconds=seconds)


class _Turns:
    """Does what comes over the pipe, and keeps what was seen in the findings, so that a stop leaves it there."""

    def __init__(self, work: Work, *, call_seconds: float) -> None:
        self._work, self._findings = work, work.context.findings
        # Known anew after every slice: the first calls may have been slower than the later ones.
        self._call_seconds = call_seconds
        self._seconds: list[float] = []
        self._stopwatch = work.place.stopwatch()
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
        """The calls that wake up, then those that count, as one sample."""
        for _ in range(untimed_calls(self._call_seconds, ahead=_ahead(self._work))):
            self._work.call()
        calls = calls_a_slice(self._call_seconds, seconds=wish.seconds)
        timed = time_calls(
            self._work.call,
            calls,
            clock=self._work.context.clock,
            synchronise=self._work.place.synchronise,
            stopwatch=self._stopwatch,
        )
        self._call_seconds = timed.seconds
        self._seconds.append(timed.seconds)
        self._findings.measure("sample_seconds", timed.seconds)
        if self._stopwatch is not None:
            self._findings.measure("wall_seconds", timed.wall)
        return Sliced(calls=calls, seconds=timed.seconds)

    def _look(self, wish: Look) -> Looked:
        """The machine's state. What an arm did that was lost in between cannot be told from what others did."""
        states = self._findings.states
        states.append(read_state(self._work.place.device, own=wish.processes, clock=self._work.context.clock))
        if len(states) > 1 and wish.processes == self._processes:
            self._findings.doubts += doubts(states[0], states[-1])
        self._processes = wish.processes
        return Looked()


def _ahead(work: Work) -> int:
    """How many batches a loader's workers have fetched while the arm slept."""
    place = work.context.spec.placement
    is_loader = place.feed == "loader" or work.stage.pictures.pixels is None
    is_fed = work.learner is not None  # inference has its one batch on the device
    return place.workers * BATCHES_AHEAD if is_loader and is_fed else 0
