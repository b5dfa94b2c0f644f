"""Runs on small pictures for tests: a resolved spec and an execution in this process."""

import time
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from benchbox.engine.execute import execute
from benchbox.engine.prepare import prepare
from benchbox.engine.sampling import Clock
from benchbox.plan.requests import PrepareRequest, RunRequest
from benchbox.plan.resolve import resolve
from benchbox.plan.spec import DataSpec, FitSpec, ModelSpec, PlacementSpec, RunSpec, TimingSpec
from benchbox.records.events import AnyEvent
from benchbox.records.record import Record


def small_spec(pictures: Path, name: str, *, cache: Path, **fields: Any) -> RunSpec:
    """A spec that runs in a blink: fp32, one thread, 64 px, two epochs; `fields` are those of RunSpec."""
    spec = RunSpec(
        model=ModelSpec(name=name),
        data=DataSpec(source=str(pictures), image_size=64),
        fit=FitSpec(epochs=2, batch_size=16, lr=0.01),
        placement=PlacementSpec(device="cpu", precision="fp32", threads=1, workers=0),
        timing=TimingSpec(seconds=0.05, goal=0.9),
    )
    facts = prepare(PrepareRequest(data=spec.data, models=(spec.model,), dataset=str(cache)))
    return resolve(replace(spec, **fields), facts)


class Events(list[AnyEvent]):
    """An observer that remembers."""

    def __call__(self, event: AnyEvent, /) -> None:
        self.append(event)


def run_small(
    spec: RunSpec,
    folder: Path,
    *,
    cache: Path,
    observer: Events | None = None,
    clock: Clock = time.perf_counter,
    **fields: Any,
) -> Record:
    """Execute a spec into `folder`; `fields` are those of RunRequest."""
    folder.mkdir(exist_ok=True)
    request = RunRequest(spec=spec, name="run", folder=str(folder), dataset=str(cache), **fields)
    return execute(request, observer=Events() if observer is None else observer, clock=clock)
