"""NVML's answers become a state; whatever is missing becomes None. The driver is a fake that follows nvml.h."""

import os
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest
import torch

from benchbox.engine.nvidia import Address, address_of, gpu_reader, open_gpu
from benchbox.records.machine import GpuState


class FakeError(Exception):
    """NVML's error."""


@dataclass
class FakeNvml:
    """Stands in for the module pynvml: one GPU at UUID GPU-1 and bus 00000000:65:00.0."""

    has_driver: bool = True
    throttled: int = 0
    running: tuple[int, ...] = ()
    unsupported: tuple[str, ...] = ()
    asked: list[str] = field(default_factory=list)
    NVMLError: type[Exception] = FakeError
    NVML_CLOCK_SM: int = 1
    NVML_CLOCK_MEM: int = 2
    NVML_TEMPERATURE_GPU: int = 0
    NVML_PERF_POLICY_THERMAL: int = 1

    def _answer(self, name: str, value: object) -> object:
        self.asked.append(name)
        if name in self.unsupported:
            raise FakeError("Not Supported")
        return value

    def nvmlInit(self) -> None:  # noqa: N802
        if not self.has_driver:
            raise FakeError("NVML Shared Library Not Found")

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> object:  # noqa: N802
        if uuid != "GPU-1":
            raise FakeError("Not Found")
        return "by uuid"

    def nvmlDeviceGetHandleByPciBusId(self, bus: str) -> object:  # noqa: N802
        if bus != "00000000:65:00.0":
            raise FakeError("Not Found")
        return "by bus"

    def nvmlSystemGetDriverVersion(self) -> object:  # noqa: N802
        return self._answer("driver", "570.86.10")

    def nvmlDeviceGetClockInfo(self, handle: object, kind: int) -> object:  # noqa: N802
        return self._answer("clock", {1: 1980, 2: 2619}[kind])

    def nvmlDeviceGetTemperature(self, handle: object, sensor: int) -> object:  # noqa: N802
        return self._answer("temperature", 61)

    def nvmlDeviceGetPowerUsage(self, handle: object) -> object:  # noqa: N802
        return self._answer("power", 350_500)

    def nvmlDeviceGetViolationStatus(self, handle: object, policy: int) -> object:  # noqa: N802
        return self._answer("violation", SimpleNamespace(referenceTime=1, violationTime=2_500_000_000))

    def nvmlDeviceGetCurrentClocksEventReasons(self, handle: object) -> object:  # noqa: N802
        return self._answer("events", self.throttled)

    def nvmlDeviceGetCurrentClocksThrottleReasons(self, handle: object) -> object:  # noqa: N802
        return self._answer("throttle", self.throttled)

    def nvmlDeviceGetComputeRunningProcesses(self, handle: object) -> object:  # noqa: N802
        return self._answer("processes", [SimpleNamespace(pid=pid, usedGpuMemory=None) for pid in self.running])


HERE = Address(uuid="GPU-1", bus="00000000:65:00.0")
OWN = os.getpid()


def read(nvml: FakeNvml, *own: int) -> GpuState:
    reader = open_gpu(HERE, library=nvml)
    assert reader is not None
    return reader.read(own or (OWN,))


def test_units_are_those_of_the_state() -> None:
    state = read(FakeNvml())
    assert state.clock_hertz == pytest.approx(1.98e9)
    assert state.memory_clock_hertz == pytest.approx(2.619e9)
    assert state.temperature_celsius == 61
    assert state.power_watts == pytest.approx(350.5)
    assert state.hot_seconds == pytest.approx(2.5)
    assert state.throttled == state.foreign == ()


def test_what_a_gpu_does_not_tell_is_none() -> None:
    silent = ("clock", "temperature", "power", "violation", "events", "throttle", "processes", "driver")
    reader = open_gpu(HERE, library=FakeNvml(unsupported=silent))
    assert reader is not None
    state = reader.read((OWN,))
    assert (state.clock_hertz, state.temperature_celsius, state.power_watts, state.hot_seconds) == (None,) * 4
    assert state.throttled == state.foreign == ()
    assert reader.driver() == ""


@pytest.mark.parametrize(
    ("bits", "reasons"),
    [
        (0x1 | 0x2 | 0x100, ()),  # idle, clocks set by somebody, display clock
        (0x4, ("power cap",)),
        (0x40 | 0x8, ("hardware slowdown", "heat, seen by the hardware")),
        (0x80 | 0x20, ("heat, seen by the driver", "power brake")),
    ],
)
def test_only_reasons_that_hold_clocks_down_are_told(bits: int, reasons: tuple[str, ...]) -> None:
    assert read(FakeNvml(throttled=bits)).throttled == reasons


def test_an_old_driver_is_asked_by_the_old_name() -> None:
    nvml = FakeNvml(throttled=0x80, unsupported=("events",))
    assert read(nvml).throttled == ("power brake",)


def test_our_own_processes_are_not_foreign() -> None:
    missing = 2**22 + 7  # no system counts so far
    state = read(FakeNvml(running=(OWN, missing, 5)), OWN, 5)
    assert state.foreign == (f"process {missing}",)


def test_a_foreign_process_is_told_by_its_name() -> None:
    import psutil

    parent = os.getppid()
    state = read(FakeNvml(running=(OWN, parent)))
    assert state.foreign == (f"{psutil.Process(parent).name()} (process {parent})",)


def test_where_our_own_process_is_not_listed_nothing_is_said() -> None:
    assert read(FakeNvml(running=(4_000_001, 4_000_002))).foreign == ()


def test_a_gpu_is_found_by_its_bus_where_its_uuid_is_not_known() -> None:
    reader = open_gpu(Address(uuid="GPU-slice", bus=HERE.bus), library=FakeNvml())
    assert reader is not None
    assert reader.handle == "by bus"


@pytest.mark.parametrize(
    ("address", "nvml"),
    [
        (HERE, None),
        (HERE, FakeNvml(has_driver=False)),
        (Address(uuid="GPU-2", bus="00000000:01:00.0"), FakeNvml()),
        (Address(), FakeNvml()),
    ],
)
def test_without_library_driver_or_gpu_there_is_no_reader(address: Address, nvml: FakeNvml | None) -> None:
    assert open_gpu(address, library=nvml) is None


def test_torchs_properties_name_the_gpu_as_nvml_does() -> None:
    properties = SimpleNamespace(uuid="1f3c-77", pci_domain_id=0, pci_bus_id=0x65, pci_device_id=0)
    assert address_of(properties) == Address(uuid="GPU-1f3c-77", bus="00000000:65:00.0")
    assert address_of(SimpleNamespace()) == Address()


def test_a_cpu_has_no_reader() -> None:
    assert gpu_reader(torch.device("cpu")) is None


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available() or torch.version.cuda is None, reason="no CUDA device here")
def test_a_real_gpu_tells_its_clock_and_temperature() -> None:
    torch.zeros(1, device="cuda:0")
    reader = gpu_reader(torch.device("cuda:0"))
    assert reader is not None
    state = reader.read((OWN,))
    assert state.clock_hertz is not None
    assert state.temperature_celsius is not None
