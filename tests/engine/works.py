"""The work of a cell, set up in this process for tests that look into it."""

import time
from pathlib import Path

from runs import Events

from benchbox.engine.findings import Findings
from benchbox.engine.sampling import Clock
from benchbox.engine.stage import Context
from benchbox.engine.work import Work, open_work
from benchbox.plan.requests import RunRequest
from benchbox.plan.spec import RunSpec


def small_context(
    spec: RunSpec, folder: Path, *, cache: Path, clock: Clock = time.perf_counter, observer: Events | None = None
) -> Context:
    """What a run is given, with findings of its own."""
    events = Events() if observer is None else observer
    request = RunRequest(spec=spec, name="run", folder=str(folder), dataset=str(cache))
    return Context(request=request, observer=events, clock=clock, findings=Findings(events))


def open_small(spec: RunSpec, folder: Path, *, cache: Path, clock: Clock = time.perf_counter) -> Work:
    """The work of a spec; whoever opens it closes it."""
    return open_work(small_context(spec, folder, cache=cache, clock=clock))


def measured(context: Context) -> dict[str, tuple[float, ...]]:
    """The raw values by metric, as they are so far."""
    return {seen.metric: seen.values for seen in context.findings.measurements()}
