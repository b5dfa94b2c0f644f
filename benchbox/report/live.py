"""The live display while runs go on: redrawn lines on a terminal, plain lines elsewhere, nothing if quiet.

It draws only when an event arrives and owns no timer and no thread, so that the parent sleeps while a
child times a sample. It writes to the console it is given (stderr); result tables are not its business.
"""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from benchbox.plan.spec import RunSpec
from benchbox.records.events import AnyEvent, EpochEnded, Noted, PhaseBegan, Progress, StepSeen
from benchbox.records.record import GOOD, Record
from benchbox.report.lines import ended_line, event_line, progress_line, started_line

# Without a terminal, lines that only say how far things are come at most this often.
PLAIN_SECONDS = 5.0
# On a terminal, no more redraws a second than the eye can follow.
LIVE_SECONDS = 0.1


class Display(Protocol):
    """What the runner tells: a run began, an event of it, how it ended. Also a context manager."""

    def __enter__(self) -> Self:
        """Take the terminal."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        """Give the terminal back, whatever happened."""

    def run_started(self, index: int, spec: RunSpec, label: str, /) -> None:
        """Run `index` (from 0) of the plan began."""

    def __call__(self, event: AnyEvent, /) -> None:
        """An event of the current run, or of the work before the first."""

    def run_ended(self, record: Record, /) -> None:
        """The current run ended, well or not."""


def make_display(
    console: Console, *, quiet: bool, total: int, clock: Callable[[], float] = time.monotonic
) -> Display:
    """The display that suits the console; `total` is the count of runs, `clock` gives seconds."""
    if quiet:
        return SilentDisplay()
    if console.is_interactive:
        return LiveDisplay(console, total=total, clock=clock)
    return PlainDisplay(console, total=total, clock=clock)


class SilentDisplay:
    """Shows nothing at all."""

    def __enter__(self) -> Self:
        """Nothing to take."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Nothing to give back."""

    def run_started(self, index: int, spec: RunSpec, label: str, /) -> None:
        """Not shown."""

    def __call__(self, event: AnyEvent, /) -> None:
        """Not shown."""

    def run_ended(self, record: Record, /) -> None:
        """Not shown."""


class PlainDisplay:
    """One line a thing, never redrawn: for logs, pipes and CI."""

    def __init__(self, console: Console, *, total: int, clock: Callable[[], float]) -> None:
        self._console, self._total, self._clock = console, total, clock
        self._label = ""
        self._last = -PLAIN_SECONDS

    def __enter__(self) -> Self:
        """Nothing to take."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Nothing to give back."""

    def run_started(self, index: int, spec: RunSpec, label: str, /) -> None:
        """One line."""
        self._label = label
        self._print(started_line(index, self._total, spec, label))

    def __call__(self, event: AnyEvent, /) -> None:
        """One line an epoch and a note; steps and progress at most every few seconds; phases not at all."""
        if isinstance(event, PhaseBegan):
            return
        if isinstance(event, StepSeen | Progress) and self._clock() - self._last < PLAIN_SECONDS:
            return
        self._print(event_line(event, self._label))

    def run_ended(self, record: Record, /) -> None:
        """The run's result in one line."""
        self._print(ended_line(record, self._label))
        self._label = ""

    def _print(self, line: str) -> None:
        self._last = self._clock()
        self._console.print(Text(line), soft_wrap=True)


class LiveDisplay:
    """Two lines of status, redrawn below the lines of what is done: which run and phase, and how far it is."""

    def __init__(self, console: Console, *, total: int, clock: Callable[[], float]) -> None:
        self._console, self._total, self._clock = console, total, clock
        # Stdout belongs to results: a document printed there must not turn up among the progress.
        self._live = Live(console=console, auto_refresh=False, transient=True, redirect_stdout=False)
        self._label = self._head = self._phase = ""
        self._last = -LIVE_SECONDS

    def __enter__(self) -> Self:
        """Take the terminal; nothing is drawn before something happens."""
        self._live.start()
        return self

    def __exit__(self, *_error: object) -> None:
        """Wipe the status, keep the lines above it, give the terminal back."""
        self._live.stop()

    def run_started(self, index: int, spec: RunSpec, label: str, /) -> None:
        """Show which run it is."""
        self._label, self._phase = label, ""
        self._head = started_line(index, self._total, spec, label)
        self._draw("")

    def __call__(self, event: AnyEvent, /) -> None:
        """Notes stay as lines; everything else changes the status."""
        if isinstance(event, Noted):
            self._keep(event_line(event, self._label), style="yellow")
        elif isinstance(event, PhaseBegan):
            self._phase = event.name
            self._draw("")
        elif isinstance(event, EpochEnded) or self._clock() - self._last >= LIVE_SECONDS:
            self._draw(progress_line(event))

    def run_ended(self, record: Record, /) -> None:
        """The run's result stays as a line."""
        self._keep(ended_line(record, self._label), style="" if record.status in GOOD else "red")
        self._label = self._head = self._phase = ""
        self._draw("")

    def _keep(self, line: str, *, style: str) -> None:
        self._console.print(Text(line, style=style))

    def _draw(self, state: str) -> None:
        self._last = self._clock()
        head = " · ".join(part for part in (self._head, self._phase) if part)
        said = "\n".join(part for part in (head, state) if part)
        self._live.update(Text(said, style="cyan"), refresh=True)
