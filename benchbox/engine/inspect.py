"""inspect_machine(request) → Inspection: what `benchbox env` tells of a machine, measured in one child process."""

import time
from pathlib import Path

from msgspec.structs import replace

from benchbox.engine import system
from benchbox.engine.cautions import find_cautions
from benchbox.engine.ceilings import measure_ceilings
from benchbox.engine.control import make_control_call
from benchbox.engine.devices import probe_machine
from benchbox.engine.fingerprint import read_fingerprint
from benchbox.engine.noise import measure_clock, run_series
from benchbox.engine.place import make_place
from benchbox.engine.sampling import Clock
from benchbox.engine.state import doubts, read_state
from benchbox.plan.facts import Ceiling, MachineFacts
from benchbox.plan.resolve import find_device, settle
from benchbox.plan.spec import PlacementSpec
from benchbox.records.events import Observer, PhaseBegan, ignore
from benchbox.records.inspection import Inspection, InspectRequest


def inspect_machine(
    request: InspectRequest,
    *,
    observer: Observer = ignore,
    clock: Clock = time.perf_counter,
    root: Path = system.ROOT,
) -> Inspection:
    """Fingerprint, ceilings, clock, noise and cautions. Raises SpecError for what this machine does not have."""
    machine = probe_machine()
    placement = settle(request.placement, machine)
    place = make_place(placement)
    # Set up first: a GPU tells foreign processes only to one that uses it.
    arms = make_control_call(place), make_control_call(place)
    place.synchronise()
    found = read_state(place.device, clock=clock, root=root)
    ceilings = _ceilings(placement, machine, clock=clock, observer=observer)
    observer(PhaseBegan(name="clock"))
    clock_facts = measure_clock(clock)
    observer(PhaseBegan(name="noise of two identical arms that take turns"))
    before = read_state(place.device, clock=clock, root=root)
    series = run_series(
        *arms, seconds=request.seconds, clock=clock, synchronise=place.synchronise, observer=observer
    )
    after = read_state(place.device, clock=clock, root=root)
    return Inspection(
        placement=placement,
        fingerprint=read_fingerprint(place, root=root),
        ceilings=ceilings,
        clock=clock_facts,
        series=series,
        states=(before, after),
        doubts=doubts(before, after),
        cautions=find_cautions(found, threads=placement.threads or 1, root=root),
    )


def _ceilings(
    placement: PlacementSpec, machine: MachineFacts, *, clock: Clock, observer: Observer
) -> tuple[Ceiling, ...]:
    """One in each precision that the device computes."""
    precisions = find_device(placement.device, machine).precisions
    wanted = [replace(placement, precision=precision) for precision in precisions]
    return measure_ceilings(wanted, machine, clock=clock, observer=observer)
