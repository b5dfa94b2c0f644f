"""`benchbox env`: what this machine is, what it can do, and how small a difference can be seen on it."""

import statistics
from math import inf
from typing import Annotated, Protocol, TypeVar

import msgspec
import typer
from msgspec.structs import replace
from rich.console import Console

from benchbox.cli import options
from benchbox.errors import SpecError
from benchbox.plan.spec import PlacementSpec
from benchbox.records.events import Observer, PhaseBegan, Progress
from benchbox.records.inspection import FixedRequest, FixedTimes, Inspection, InspectRequest

INSPECT = "benchbox.engine:inspect_machine"
TIME_FIXED = "benchbox.engine:time_fixed_work"
# A handful: enough to see whether fresh processes differ, not enough to know by how much exactly.
PROCESSES = 5
# Each of them is timed for this share of the series, one second of twenty.
PROCESS_SHARE = 1 / 20

Answer = TypeVar("Answer")

Seconds = Annotated[float, typer.Option(help="How long the noise is measured.")]


class Call(Protocol):
    """Whoever calls `module:function` with a request and returns its answer; in a child process, outside tests."""

    def __call__(
        self, target: str, request: msgspec.Struct, *, returns: type[Answer], observer: Observer
    ) -> Answer:
        """Call it. The function's UsageErrors come through."""


def inspect(request: InspectRequest, *, call: Call, observer: Observer) -> Inspection:
    """One child inspects the machine, then some fresh ones do the same fixed work."""
    seen = call(INSPECT, request, returns=Inspection, observer=observer)
    fixed = FixedRequest(placement=seen.placement, seconds=request.seconds * PROCESS_SHARE)
    observer(PhaseBegan(name="fresh processes"))
    medians = []
    for done in range(PROCESSES):
        times = call(TIME_FIXED, fixed, returns=FixedTimes, observer=observer)
        medians.append(statistics.median(times.seconds))
        observer(Progress(done=done + 1, total=PROCESSES))
    return replace(seen, processes=tuple(medians))


def env(
    seconds: Seconds = 20.0,
    device: options.Device = "auto",
    threads: options.Threads = None,
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> None:
    """What this machine is, what it can do at most, and how small a difference can be seen on it."""
    from benchbox.report.live import make_display
    from benchbox.report.machine import machine_document, print_machine
    from benchbox.runner.child import call

    if not 0 < seconds < inf:
        raise SpecError.of("--seconds", seconds, allowed="more than 0, finite")
    request = InspectRequest(placement=PlacementSpec(device=device, threads=threads), seconds=seconds)
    with make_display(Console(stderr=True), quiet=quiet, total=0) as display:
        inspection = inspect(request, call=call, observer=display)
    console = Console()
    if json:
        console.file.write(machine_document(inspection).decode())
    else:
        print_machine(inspection, console)
