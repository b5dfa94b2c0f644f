"""NVIDIA GPUs as their driver sees them, through NVML (the library pynvml of nvidia-ml-py).

Where the library, the driver or the GPU is missing there is no reader; what a GPU does not tell is None. A
number here never makes a run fail.
"""

import functools
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, TypeVar

import psutil
import torch

from benchbox.records.machine import GpuState

Answer = TypeVar("Answer")

POWER_CAP = "power cap"
# Bits of nvmlDeviceGetCurrentClocksEventReasons, nvml.h. Left out: an idle GPU, and clocks that somebody set.
REASONS = {
    0x04: POWER_CAP,
    0x08: "hardware slowdown",
    0x20: "heat, seen by the driver",
    0x40: "heat, seen by the hardware",
    0x80: "power brake",
}
MEGA, MILLI, NANO = 1e6, 1e-3, 1e-9


@dataclass(frozen=True, kw_only=True)
class Address:
    """Which GPU: torch counts only the visible ones (CUDA_VISIBLE_DEVICES), the driver counts all."""

    uuid: str = ""
    bus: str = ""


def address_of(properties: Any) -> Address:
    """The address in torch's device properties, as NVML spells it. Older releases of torch know no address."""
    uuid = str(getattr(properties, "uuid", ""))
    bus = getattr(properties, "pci_bus_id", None)
    if bus is not None:
        bus = f"{properties.pci_domain_id:08x}:{bus:02x}:{properties.pci_device_id:02x}.0"
    return Address(uuid=uuid if uuid.startswith("GPU-") or not uuid else f"GPU-{uuid}", bus=bus or "")


@dataclass(frozen=True, kw_only=True)
class GpuReader:
    """One GPU. `library` is pynvml, `handle` its handle of the device."""

    library: Any
    handle: Any

    def read(self, own: Collection[int]) -> GpuState:
        """Its state now; `own` are the processes that are not foreign. A few milliseconds at most."""
        nvml, handle = self.library, self.handle
        clock = self._ask(lambda: nvml.nvmlDeviceGetClockInfo(handle, nvml.NVML_CLOCK_SM))
        memory_clock = self._ask(lambda: nvml.nvmlDeviceGetClockInfo(handle, nvml.NVML_CLOCK_MEM))
        power = self._ask(lambda: nvml.nvmlDeviceGetPowerUsage(handle))
        heat = self._ask(lambda: nvml.nvmlDeviceGetViolationStatus(handle, nvml.NVML_PERF_POLICY_THERMAL))
        return GpuState(
            clock_hertz=None if clock is None else clock * MEGA,
            memory_clock_hertz=None if memory_clock is None else memory_clock * MEGA,
            temperature_celsius=self._ask(
                lambda: float(nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU))
            ),
            power_watts=None if power is None else power * MILLI,
            throttled=self._throttled(),
            foreign=self._foreign(own),
            hot_seconds=None if heat is None else heat.violationTime * NANO,
        )

    def driver(self) -> str:
        """The driver's version, empty where it does not say."""
        return str(self._ask(self.library.nvmlSystemGetDriverVersion) or "")

    def _throttled(self) -> tuple[str, ...]:
        bits = self._ask(lambda: self.library.nvmlDeviceGetCurrentClocksEventReasons(self.handle))
        if bits is None:  # a driver from before the name was changed
            bits = self._ask(lambda: self.library.nvmlDeviceGetCurrentClocksThrottleReasons(self.handle))
        return tuple(reason for bit, reason in REASONS.items() if (bits or 0) & bit)

    def _foreign(self, own: Collection[int]) -> tuple[str, ...]:
        """Processes that compute on the GPU and are not our own; a desktop's windows do not count.

        In a container the driver may tell the host's process numbers, among which our own is not. Then nothing
        can be said. So ask only once this process uses the GPU.
        """
        running = self._ask(lambda: self.library.nvmlDeviceGetComputeRunningProcesses(self.handle)) or ()
        numbers = {process.pid for process in running}
        return tuple(map(_describe, sorted(numbers.difference(own)))) if numbers.intersection(own) else ()

    def _ask(self, question: Callable[[], Answer]) -> Answer | None:
        try:
            return question()
        except self.library.NVMLError:
            return None


def _describe(number: int) -> str:
    try:
        return f"{psutil.Process(number).name()} (process {number})"
    except psutil.Error:
        return f"process {number}"


def import_nvml() -> Any | None:
    """The module pynvml, None where it is not installed."""
    try:
        import pynvml
    except ImportError:
        return None
    return pynvml


def open_gpu(address: Address, *, library: Any | None) -> GpuReader | None:
    """A reader of the GPU at an address; None without library, driver or such a GPU."""
    if library is None:
        return None
    try:
        library.nvmlInit()
    except library.NVMLError:
        return None
    ways = ((library.nvmlDeviceGetHandleByUUID, address.uuid), (library.nvmlDeviceGetHandleByPciBusId, address.bus))
    for find, name in ways:
        try:
            if name:
                return GpuReader(library=library, handle=find(name))
        except library.NVMLError:  # a slice of a GPU (MIG) has a UUID of its own, but the bus of the whole
            continue
    return None


@functools.cache
def gpu_reader(device: torch.device) -> GpuReader | None:
    """The reader of a device of torch's; None where it is no NVIDIA GPU. Opening takes long, so it is kept."""
    if device.type != "cuda" or torch.version.cuda is None:
        return None
    return open_gpu(address_of(torch.cuda.get_device_properties(device)), library=import_nvml())
