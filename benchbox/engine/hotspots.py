"""From torch.profiler's events to the most expensive operators and layers of a step.

Layers are ranges that forward hooks name, so that their times are of the forward pass alone. Nothing is run in
here, and no file is written.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from torch import nn
from torch.profiler import record_function
from torch.utils.hooks import RemovableHandle

from benchbox.records.profile import Hotspot

MOST = 10
MICROSECOND = 1e-6
# In front of a layer's name in a trace, so that no operator can have the same.
LAYER = "layer: "
STEP = "ProfilerStep"


class Kind(Protocol):
    """torch's DeviceType."""

    @property
    def name(self) -> str:
        """CPU, CUDA, …"""


class Average(Protocol):
    """All calls of one name, as torch's FunctionEventAvg has them; times in microseconds."""

    key: str
    count: int
    device_type: Kind
    is_user_annotation: bool | None

    @property
    def self_cpu_time_total(self) -> float:
        """Time on the host, that of operators inside left out."""

    @property
    def cpu_time_total(self) -> float:
        """Time on the host."""

    @property
    def self_device_time_total(self) -> float:
        """Time of the kernels that it launched itself."""


class Kernel(Protocol):
    """A kernel, or another range on the device; its time in microseconds."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def duration(self) -> float:
        """How long it took on the device."""


class Call(Protocol):
    """One call of an operator or a range, as torch's FunctionEvent has it; times in microseconds."""

    name: str
    device_type: Kind

    @property
    def kernels(self) -> Sequence[Kernel]:
        """What it launched itself."""

    @property
    def cpu_time_total(self) -> float:
        """Time on the host."""

    @property
    def device_time_total(self) -> float:
        """Time of all kernels launched by it and by the calls inside."""


@dataclass(frozen=True, kw_only=True)
class Scale:
    """What hotspots are measured by: which clock, over how many steps, and the seconds of a step in all."""

    is_device_time: bool
    steps: int
    counted_seconds: float

    def hotspot(self, name: str, *, kind: str = "", calls: int, microseconds: float) -> Hotspot:
        """A hotspot from sums over all profiled steps."""
        seconds = microseconds * MICROSECOND / self.steps
        share = seconds / self.counted_seconds if self.counted_seconds else 0.0
        return Hotspot(name=name, kind=kind, calls=calls / self.steps, seconds=seconds, share=share)


def step_seconds(averages: Iterable[Average], *, steps: int) -> float:
    """How long a step took by the host's clock."""
    total = sum(each.cpu_time_total for each in averages if _is_on_host(each) and each.key.startswith(STEP))
    return total * MICROSECOND / steps


def device_seconds(averages: Iterable[Average], *, steps: int) -> float:
    """Seconds of a step that kernels and copies took on the device; 0 where it was not observed.

    Ranges are left out: the profiler repeats them on the device, around the kernels that they hold.
    """
    seen = [each for each in averages if not _is_on_host(each) and not each.is_user_annotation]
    return sum(each.self_device_time_total for each in seen) * MICROSECOND / steps


def operators(averages: Iterable[Average], scale: Scale) -> tuple[Hotspot, ...]:
    """The most expensive operators by their own time, that of operators inside left out."""
    found = [
        scale.hotspot(
            each.key,
            calls=each.count,
            microseconds=each.self_device_time_total if scale.is_device_time else each.self_cpu_time_total,
        )
        for each in averages
        if _is_on_host(each) and not each.is_user_annotation
    ]
    return _most_expensive(found)


def layers(calls: Iterable[Call], names: Mapping[str, str], scale: Scale) -> tuple[Hotspot, ...]:
    """The most expensive layers of the forward pass; `names` are layers to their classes."""
    counts, times = dict.fromkeys(names, 0), dict.fromkeys(names, 0.0)
    for call in calls:
        name = call.name.removeprefix(LAYER)
        if _is_on_host(call) and call.name.startswith(LAYER) and name in names:
            counts[name] += 1
            times[name] += _device_time(call) if scale.is_device_time else call.cpu_time_total
    return _most_expensive(
        scale.hotspot(name, kind=kind, calls=counts[name], microseconds=times[name]) for name, kind in names.items()
    )


def _device_time(call: Call) -> float:
    # The range on the device has the range's own name and may be linked to it as if it were a kernel.
    repeated = sum(kernel.duration for kernel in call.kernels if kernel.name == call.name)
    return call.device_time_total - repeated


def _is_on_host(each: Average | Call) -> bool:
    return each.device_type.name == "CPU"


def _most_expensive(found: Iterable[Hotspot]) -> tuple[Hotspot, ...]:
    costly = [spot for spot in found if spot.seconds > 0]
    return tuple(sorted(costly, key=lambda spot: (-spot.seconds, spot.name))[:MOST])


def layer_names(network: nn.Module) -> dict[str, str]:
    """The layers of a network, that is its modules without modules inside, by their paths, to their classes."""
    return {path: type(module).__name__ for path, module in _layers(network)}


def _layers(network: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    for path, module in network.named_modules():
        if next(module.children(), None) is None:
            # A network may be a single module, whose path is empty.
            yield path or type(module).__name__, module


@contextmanager
def named_layers(network: nn.Module) -> Iterator[None]:
    """Inside, every layer's forward pass is a named range of a trace; afterwards no hook is left."""
    handles = [handle for path, module in _layers(network) for handle in _name_calls(module, LAYER + path)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _name_calls(module: nn.Module, name: str) -> Iterator[RemovableHandle]:
    opened: list[record_function] = []

    def enter(module: nn.Module, inputs: object) -> None:
        opened.append(record_function(name))
        opened[-1].__enter__()  # type: ignore[no-untyped-call]

    def leave(module: nn.Module, inputs: object, outputs: object) -> None:
        # Called for a forward that raises, too, even where it raised before `enter`.
        if opened:
            opened.pop().__exit__(None, None, None)

    yield module.register_forward_pre_hook(enter)
    yield module.register_forward_hook(leave, always_call=True)
