"""A profiled pass of its own: where a step's time goes, as tables and as a trace for TensorBoard.

It runs when all else of a run was measured, since the profiler slows what it watches: nothing in here is a
timing to compare.
"""

import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

import torch
from torch import nn
from torch.profiler import ProfilerActivity, schedule, supported_activities
from torch.profiler import profile as torch_profile

from benchbox.engine.hotspots import (
    MICROSECOND,
    Average,
    Call,
    Scale,
    device_seconds,
    layer_names,
    layers,
    named_layers,
    operators,
    step_seconds,
)
from benchbox.engine.place import Place
from benchbox.engine.stage import Context
from benchbox.engine.traces import TraceError, keep_trace
from benchbox.plan.spec import SLOW_CALL
from benchbox.records.files import write_json
from benchbox.records.profile import FOLDER, Profile

# Steps that the trace shows, after one that starts the profiler. A mean of three is steady enough to rank by.
WARMUP_STEPS = 1
FEWEST_STEPS, MOST_STEPS = 3, 5
SECONDS = 5.0
# Above all levels of Kineto, torch's profiling library. It would print each start and stop and, on a machine
# without a GPU, an error that is none.
SILENT = "6"
LEVEL_VARIABLE = "KINETO_LOG_LEVEL"

COMPILED = "the profile of a compiled network shows operators only: its layers are merged into kernels"
NO_DEVICE_TIMES = (
    "the profiler saw nothing of the GPU, so the profile shows the host's times; "
    f"with {LEVEL_VARIABLE}=0 the run's output says why"
)


def profile(
    context: Context, step: Callable[[], object], *, place: Place, network: nn.Module, estimate: float
) -> None:
    """Profile a few steps, and leave profiles/`run`.json and, where it can be kept, a trace in the findings.

    `network` is the network itself, not its compiled form; `estimate` is about how many seconds a step takes.
    A full disk is a note.
    """
    context.began("profile")
    names = {} if place.is_compiled else layer_names(network)
    if place.is_compiled:
        context.findings.note(COMPILED)
    steps = active_steps(estimate)
    with ExitStack() as watching:
        watching.enter_context(_quiet())
        if names:
            watching.enter_context(named_layers(network))
        profiler = _watch(step, steps=steps, place=place)
        averages = profiler.key_averages()
        calls = profiler.events()  # type: ignore[no-untyped-call]
        seen = summarise(averages, calls, names=names, steps=steps, device=place.device)
        if place.device.type == "cuda" and not seen.is_device_time:
            context.findings.note(NO_DEVICE_TIMES)
        _keep(context, seen, export=profiler.export_chrome_trace)


def active_steps(estimate: float) -> int:
    """How many steps to profile: one where a step takes over two seconds, else three to five."""
    if estimate > SLOW_CALL:
        return 1
    return max(FEWEST_STEPS, min(MOST_STEPS, int(SECONDS / max(estimate, MICROSECOND))))


def activities(device: torch.device) -> list[ProfilerActivity]:
    """What to watch: the host, and the device where it is one that CUPTI sees."""
    watched = supported_activities()  # type: ignore[no-untyped-call]
    has_cuda = device.type == "cuda" and ProfilerActivity.CUDA in watched
    return [ProfilerActivity.CPU, ProfilerActivity.CUDA] if has_cuda else [ProfilerActivity.CPU]


def _watch(step: Callable[[], object], *, steps: int, place: Place) -> torch_profile:
    plan = schedule(wait=0, warmup=WARMUP_STEPS, active=steps, repeat=1)
    place.synchronise()
    profiler = torch_profile(activities=activities(place.device), schedule=plan)
    with profiler:
        for _ in range(WARMUP_STEPS + steps):
            step()
            # A step of the trace ends when its work is done, not when it is all asked for.
            place.synchronise()
            profiler.step()
    return profiler


def summarise(
    averages: Sequence[Average],
    calls: Sequence[Call],
    *,
    names: Mapping[str, str],
    steps: int,
    device: torch.device,
) -> Profile:
    """The tables of a profile, by the device's clock where the profiler saw the device, else by the host's."""
    on_device = device_seconds(averages, steps=steps)
    on_host = step_seconds(averages, steps=steps)
    scale = Scale(is_device_time=on_device > 0, steps=steps, counted_seconds=on_device or on_host)
    return Profile(
        device=str(device),
        is_device_time=scale.is_device_time,
        steps=steps,
        step_seconds=on_host,
        counted_seconds=scale.counted_seconds,
        operators=operators(averages, scale),
        layers=layers(calls, names, scale),
    )


def _keep(context: Context, seen: Profile, *, export: Callable[[str], object]) -> None:
    """Keep tables and trace, each for itself: small tables may fit where a trace does not."""
    folder, run, findings = context.folder, context.request.name, context.findings
    table = folder / FOLDER / f"{run}.json"
    try:
        write_json(table, seen)
        findings.add_file("profile", table, folder=folder)
    except OSError as error:
        findings.note(f"no profile was kept: {error.strerror or error}; make room, or use --out")
    worker = seen.device.replace(":", "-")
    try:
        trace = keep_trace(folder, run, worker=worker, export=export)
        findings.add_file("trace", trace, folder=folder)
    except TraceError as error:
        findings.note(f"no trace was kept: {error}; the profile's tables hold without it")


@contextmanager
def _quiet() -> Iterator[None]:
    """No word from the profiler but where the user set Kineto's level; what matters is told as a note."""
    is_ours = LEVEL_VARIABLE not in os.environ
    if is_ours:
        os.environ[LEVEL_VARIABLE] = SILENT
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"torch\.(autograd\.)?profiler")
            yield
    finally:
        if is_ours:
            del os.environ[LEVEL_VARIABLE]
