"""What a run has seen so far: filled while it goes on, so that a run that breaks off leaves its part."""

from pathlib import Path

from benchbox.records.events import Noted, Observer
from benchbox.records.fingerprint import Fingerprint
from benchbox.records.machine import MachineState
from benchbox.records.record import Measurement


class Findings:
    """Collects what one run measured, left, noted and doubted; `Record` is made from it at the end.

    `states` are the machine's before and after each timed part, `doubts` what disturbed it; `fingerprint` is set
    where something is timed; `phases` are names and seconds of those that have ended.
    """

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._values: dict[str, list[float]] = {}
        self.files: dict[str, str] = {}
        self.notes: list[str] = []
        self.states: list[MachineState] = []
        self.doubts: list[str] = []
        self.actual: dict[str, object] = {}
        self.fingerprint: Fingerprint | None = None
        self.phases: list[tuple[str, float]] = []
        self._phase: tuple[str, float] | None = None

    def measure(self, metric: str, *values: float) -> None:
        """Add values to a metric, in the order seen."""
        self._values.setdefault(metric, []).extend(float(value) for value in values)

    def values(self, metric: str) -> tuple[float, ...]:
        """What was measured of a metric so far."""
        return tuple(self._values.get(metric, ()))

    def begin_phase(self, name: str, *, now: float) -> None:
        """A phase begins at the clock's reading `now`, and the one before ends."""
        self.end_phase(now=now)
        self._phase = (name, now)

    def end_phase(self, *, now: float) -> None:
        """The phase that is going on ends, if there is one."""
        if self._phase is not None:
            name, began = self._phase
            self.phases.append((name, now - began))
        self._phase = None

    def note(self, text: str) -> None:
        """A fallback or a warning: told at once and kept in the record."""
        self.notes.append(text)
        self._observer(Noted(text=text))

    def add_file(self, kind: str, path: Path, *, folder: Path) -> None:
        """A file that the run left, kept by its path in the report folder."""
        self.files[kind] = path.relative_to(folder).as_posix()

    def measurements(self) -> tuple[Measurement, ...]:
        """All metrics in the order in which each was first seen."""
        return tuple(
            Measurement(metric=metric, values=tuple(values)) for metric, values in self._values.items() if values
        )
