"""The work of a run in slices, each a sample: calls that wake it up, then those that count."""

from typing import NamedTuple

from benchbox.engine.sampling import time_calls
from benchbox.engine.work import Work
from benchbox.plan.schedule import calls_a_slice, untimed_calls


class Slice(NamedTuple):
    """`calls` were made and took `seconds` each, the mean; those that woke the work up are left out."""

    calls: int
    seconds: float


class Slicer:
    """Works for a slice at a time, and keeps what it took in the findings, so that a stop leaves it there."""

    def __init__(self, work: Work, *, call_seconds: float) -> None:
        self._work = work
        # Known anew after every slice: the first calls may have been slower than the later ones.
        self._call_seconds = call_seconds
        self._stopwatch = work.place.stopwatch()

    def work(self, seconds: float) -> Slice:
        """About so many seconds of calls, one at least, after those that wake the work up."""
        wake(self._work, call_seconds=self._call_seconds)
        calls = calls_a_slice(self._call_seconds, seconds=seconds)
        timed = time_calls(
            self._work.call,
            calls,
            clock=self._work.context.clock,
            synchronise=self._work.place.synchronise,
            stopwatch=self._stopwatch,
        )
        self._call_seconds = timed.seconds
        findings = self._work.context.findings
        findings.measure("sample_seconds", timed.seconds)
        if self._stopwatch is not None:
            findings.measure("wall_seconds", timed.wall)
        return Slice(calls, timed.seconds)


def wake(work: Work, *, call_seconds: float) -> None:
    """The calls that bring a work back into the caches, and use up what its loader fetched while it slept.

    They outlast the spinning of the threads that worked before it.
    """
    for _ in range(untimed_calls(call_seconds, ahead=work.batches_ahead())):
        work.call()
