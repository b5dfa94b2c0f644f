"""What about a machine makes its times doubtful. What to do about each is told by the report."""

from pathlib import Path

import psutil

from benchbox.engine import system
from benchbox.engine.nvidia import POWER_CAP
from benchbox.records.inspection import Caution
from benchbox.records.machine import MachineState

# Of the cores: nothing of ours runs yet, so all of it is others' work.
MOST_LOAD = 0.5
MOST_SWAP = 0.10
LEAST_FREE = 0.10
MOST_STOLEN = 0.01
STEADY_GOVERNORS = ("performance",)


def find_cautions(
    state: MachineState,
    *,
    threads: int,
    root: Path = system.ROOT,
    free_share: float | None = None,
    swap_share: float | None = None,
) -> tuple[Caution, ...]:
    """Everything that is amiss, `state` being the machine's before anything was measured.

    `free_share` of the memory and `swap_share` of the swap in use are asked of the system where they are None.
    """
    free = _free_share() if free_share is None else free_share
    swap = psutil.swap_memory().percent / 100 if swap_share is None else swap_share
    return (
        *_of_cores(state, threads=threads, root=root),
        *_of_gpu(state),
        *([Caution(kind="swap", value=swap)] if swap > MOST_SWAP else []),
        *([Caution(kind="memory", value=free)] if free < LEAST_FREE else []),
    )


def _free_share() -> float:
    memory = psutil.virtual_memory()
    return memory.available / memory.total


def _of_cores(state: MachineState, *, threads: int, root: Path) -> list[Caution]:
    found = []
    if state.load is not None and state.cores and state.load > MOST_LOAD * state.cores:
        found.append(Caution(kind="load", value=state.load))
    quota, stolen = system.cpu_quota(root), system.stolen_share(root)
    if quota is not None and quota < threads:
        found.append(Caution(kind="quota", value=quota))
    unsteady = [name for name in system.governors(root) if name not in STEADY_GOVERNORS]
    if unsteady:
        found.append(Caution(kind="governor", name=", ".join(unsteady)))
    if system.has_turbo(root):
        found.append(Caution(kind="turbo"))
    if stolen is not None and stolen > MOST_STOLEN and system.is_virtual(root):
        found.append(Caution(kind="stolen", value=stolen))
    return found


def _of_gpu(state: MachineState) -> list[Caution]:
    if state.gpu is None:
        return []
    reasons = [reason for reason in state.gpu.throttled if reason != POWER_CAP]
    found = [Caution(kind="throttled", name="; ".join(reasons))] if reasons else []
    return [*found, *(Caution(kind="foreign", name=name) for name in state.gpu.foreign)]
