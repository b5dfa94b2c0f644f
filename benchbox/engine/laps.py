"""The stages of a training step, told apart by waiting for the device between them.

Waiting slows a step down, so that laps are kept in a pass of their own and never in a timed sample.
"""

from collections.abc import Callable

from benchbox.engine.sampling import Clock
from benchbox.records import timing

# The stages of a step in their order, as feeds and the loop body name them, and the metric of each.
STAGES = {stage.replace("_", " "): f"{stage}_seconds" for stage in timing.STAGES}


class Laps:
    """Adds up seconds by stage. Until `begin` and after `end`, a lap costs one look and no wait."""

    def __init__(self, *, clock: Clock, synchronise: Callable[[], None]) -> None:
        self._clock, self._synchronise = clock, synchronise
        self._is_on, self._last = False, 0.0
        self._seconds: dict[str, float] = {}

    def __call__(self, stage: str) -> None:
        """A stage has ended, and the next begins."""
        if not self._is_on:
            return
        self._synchronise()
        now = self._clock()
        self._seconds[stage] = self._seconds.get(stage, 0.0) + now - self._last
        self._last = now

    def begin(self) -> None:
        """Start to watch: what is still queued on the device is no stage's."""
        self._synchronise()
        self._seconds, self._is_on = {}, True
        self._last = self._clock()

    def end(self) -> dict[str, float]:
        """Stop watching; the seconds of each stage, which add up to the time from `begin` to the last lap."""
        self._is_on = False
        return self._seconds
