"""The machine's state before and after a timed part, and what the two say of it.

Reading one takes a few milliseconds, so it stands beside samples, never between them.
"""

import os
import time
from collections.abc import Collection
from pathlib import Path

import psutil
import torch

from benchbox.engine import system
from benchbox.engine.nvidia import POWER_CAP, gpu_reader
from benchbox.engine.sampling import Clock
from benchbox.records.machine import GpuState, MachineState

# The counters of the cores move in steps of 10 ms: over a shorter time their shares mean nothing.
SHORTEST = 0.5
MOST_OTHERS = 0.10
MOST_STOLEN = 0.05
MOST_HOT = 0.01
_WORK = ("user", "nice", "system", "irq", "softirq", "interrupt", "dpc")


def read_state(
    device: torch.device,
    *,
    own: Collection[int] = (),
    clock: Clock = time.perf_counter,
    root: Path = system.ROOT,
) -> MachineState:
    """The state now. `own` are further processes of the same work, such as the other arm of a comparison.

    A GPU's foreign processes are told only once this process uses the GPU.
    """
    reader = gpu_reader(device)
    family = {os.getpid(), *own}
    cores = _core_times()
    return MachineState(
        seconds=clock(),
        load=psutil.getloadavg()[0],
        runnable=system.count_runnable(root),
        frequency_hertz=_frequency(),
        busy_seconds=sum(getattr(core, name, 0.0) for core in cores for name in _WORK),
        stolen_seconds=sum(getattr(core, "steal", 0.0) for core in cores),
        own_seconds=sum(map(_work_of, family)),
        gpu=None if reader is None else reader.read(family),
        cores=len(cores),
    )


def _core_times() -> list[object]:
    """The counters of the cores that this process may use: work on others does not disturb it much."""
    cores = psutil.cpu_times(percpu=True)
    usable = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(len(cores)))
    # Cores that are switched off have a number, but no counters: then the numbers tell nothing.
    return [cores[number] for number in usable] if max(usable) < len(cores) else list(cores)


def _frequency() -> float | None:
    try:
        seen = psutil.cpu_freq()
    except (AttributeError, OSError, NotImplementedError):  # psutil knows no way on this system
        return None
    return seen.current * 1e6 if seen is not None and seen.current else None


def _work_of(number: int) -> float:
    """Seconds of work of a process and its children, those that ended included; 0 where it ended itself.

    Children are counted one by one, since a parent learns of their work only when they end.
    """
    try:
        process = psutil.Process(number)
        family = [process, *process.children(recursive=True)]
    except psutil.Error:
        return 0.0
    return sum(map(_seconds_of, family))


def _seconds_of(process: psutil.Process) -> float:
    try:
        seen = process.cpu_times()
    except psutil.Error:
        return 0.0
    return float(sum(getattr(seen, name) for name in ("user", "system", "children_user", "children_system")))


def doubts(before: MachineState, after: MachineState) -> tuple[str, ...]:
    """What disturbed the work between two states, each with its number and what to do; empty if nothing did."""
    said = [*_doubts_of_cores(before, after)]
    if before.gpu is not None and after.gpu is not None:
        said += _doubts_of_gpu(before.gpu, after.gpu, seconds=after.seconds - before.seconds)
    return tuple(said)


def _doubts_of_cores(before: MachineState, after: MachineState) -> list[str]:
    said = []
    others, stolen = share_of_others(before, after), share_stolen(before, after)
    if others is not None and others > MOST_OTHERS:
        said.append(f"other processes used {others:.0%} of the cores meanwhile: end them, then measure again")
    if stolen is not None and stolen > MOST_STOLEN:
        said.append(
            f"the host gave {stolen:.0%} of the cores' time to others: measure later, or on a machine of one's own"
        )
    return said


def share_of_others(before: MachineState, after: MachineState) -> float | None:
    """The share of the usable cores' time in which they worked for other processes; None where it is not known."""
    available = _core_seconds(before, after)
    busy, own = _between(before.busy_seconds, after.busy_seconds), _between(before.own_seconds, after.own_seconds)
    if not available or busy is None or own is None:
        return None
    return max(0.0, busy - own) / available


def share_stolen(before: MachineState, after: MachineState) -> float | None:
    """The share of the usable cores' time that the host gave to others; None where it is not known."""
    available, stolen = _core_seconds(before, after), _between(before.stolen_seconds, after.stolen_seconds)
    return None if not available or stolen is None else max(0.0, stolen) / available


def _core_seconds(before: MachineState, after: MachineState) -> float:
    """Seconds of all cores together; 0 where there were too few to tell."""
    elapsed = after.seconds - before.seconds
    return elapsed * (after.cores or 0) if elapsed >= SHORTEST else 0.0


def _between(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else after - before


def _doubts_of_gpu(before: GpuState, after: GpuState, *, seconds: float) -> list[str]:
    said = []
    # A power cap is how a GPU runs under full load: it belongs to the machine.
    reasons = [reason for reason in dict.fromkeys((*before.throttled, *after.throttled)) if reason != POWER_CAP]
    hot = _between(before.hot_seconds, after.hot_seconds)
    if reasons:
        said.append(f"the GPU's clocks were held down ({'; '.join(reasons)}): let it cool or look after its power")
    elif hot is not None and seconds > 0 and hot / seconds > MOST_HOT:
        said.append(f"heat held the GPU's clocks down for {hot / seconds:.0%} of the time: let it cool")
    foreign = tuple(dict.fromkeys((*before.foreign, *after.foreign)))
    if foreign:
        said.append(f"others computed on the GPU too: {', '.join(foreign)}: end them, then measure again")
    return said
