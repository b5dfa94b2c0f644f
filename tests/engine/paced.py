"""Observers that decide when a fit saves a state and when it is stopped, without waiting for any time to pass."""

import signal
from pathlib import Path

from runs import Events

from benchbox.records.events import AnyEvent, StepSeen


class StopsAt(Events):
    """Sends SIGINT to this process when it sees the step of that number, counted over all epochs."""

    def __init__(self, step: int) -> None:
        super().__init__()
        self._left = step

    def __call__(self, event: AnyEvent, /) -> None:
        super().__call__(event)
        self._left -= isinstance(event, StepSeen)
        if isinstance(event, StepSeen) and self._left == 0:
            signal.raise_signal(signal.SIGINT)


class Paced(StopsAt):
    """A clock, too: a step takes 100 s, the writing of a state `cost` s, and all else nothing. Keeps every state.

    For specs that look at every step. It stops the fit at `step`, if that is not 0.
    """

    def __init__(self, folder: Path, *, cost: float = 0.0, step: int = 0) -> None:
        super().__init__(step)
        self._watched, self._kept, self._cost = folder / "checkpoints" / "run-state.pt", folder / "kept", cost
        self._now, self._number = 0.0, 0
        self.states: list[Path] = []

    def __call__(self, event: AnyEvent, /) -> None:
        self._now += 100.0 * isinstance(event, StepSeen)
        super().__call__(event)

    def clock(self) -> float:
        if self._watched.exists() and self._watched.stat().st_ino != self._number:
            self._number = self._watched.stat().st_ino
            self._kept.mkdir(exist_ok=True)
            # A link: the file is never written to again, and its number is not given to another one.
            self.states.append(self._kept / f"{len(self.states)}.pt")
            self.states[-1].hardlink_to(self._watched)
            self._now += self._cost
        self._now += 1e-6  # no clock stands still
        return self._now
