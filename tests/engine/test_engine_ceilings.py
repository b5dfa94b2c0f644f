"""Ceilings: the arithmetic on a fake device with a fake clock, and a real one for a moment."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
import torch

from benchbox.engine.ceilings import (
    PRODUCT_SECONDS,
    SIDE_STEP,
    TorchLoads,
    fastest_copy,
    fastest_product,
    fewest_seconds,
    find_side,
    measure_ceilings,
)
from benchbox.engine.devices import probe_machine
from benchbox.engine.place import make_place
from benchbox.plan.spec import PlacementSpec
from benchbox.records.events import ignore


@dataclass
class FakeDevice:
    """Does `flops` a second and moves `bytes_` a second by its own clock; every second call is disturbed."""

    flops: float = 1e11
    bytes_: float = 1e10
    memory: int = 2**34
    now: float = 0.0
    calls: int = 0
    waits: int = 0
    sides: list[int] = field(default_factory=list)

    free_bytes = property(lambda self: self.memory)
    item_bytes = property(lambda self: 4)

    def clock(self) -> float:
        return self.now

    def _taking(self, seconds: float) -> Callable[[], object]:
        def call() -> None:
            self.calls += 1
            self.now += seconds * (3 if self.calls % 2 else 1)

        return call

    def product(self, side: int) -> Callable[[], object]:
        self.sides.append(side)
        self.calls = 0
        return self._taking(2 * side**3 / self.flops)

    def copy(self, size: int) -> Callable[[], object]:
        self.calls = 0
        return self._taking(2 * size / self.bytes_)

    def synchronise(self) -> None:
        self.waits += 1


@pytest.mark.parametrize("flops", [1e8, 1e9, 1e11, 1e13, 1e15])
def test_the_best_product_counts_on_slow_and_fast_devices(flops: float) -> None:
    device = FakeDevice(flops=flops)
    assert fastest_product(device, clock=device.clock) == pytest.approx(flops)
    assert device.waits > 0


@pytest.mark.parametrize("flops", [1e9, 1e10, 1e11, 1e12])
def test_a_product_takes_about_as_long_as_wanted(flops: float) -> None:
    device = FakeDevice(flops=flops)
    side = find_side(device, clock=device.clock)
    assert side % SIDE_STEP == 0
    assert PRODUCT_SECONDS / 2 < 2 * side**3 / flops <= PRODUCT_SECONDS


def test_a_slow_device_is_done_in_seconds() -> None:
    device = FakeDevice(flops=1e9, bytes_=1e9)
    fastest_product(device, clock=device.clock)
    fastest_copy(device, 2**28, clock=device.clock)
    assert device.now < 10


def test_matrices_and_copies_fit_into_the_free_memory() -> None:
    device = FakeDevice(flops=1e15, memory=2**24)
    find_side(device, clock=device.clock)
    assert max(device.sides) ** 2 * 3 * 4 <= 2**24
    assert fastest_copy(device, 2**28, clock=device.clock) == pytest.approx(1e10)


def test_both_the_bytes_read_and_those_written_count() -> None:
    device = FakeDevice(bytes_=2e10)
    assert fastest_copy(device, 2**20, clock=device.clock) == pytest.approx(2e10)


def test_few_calls_are_made_of_a_long_one_and_more_of_a_short_one() -> None:
    device = FakeDevice(flops=1.0)
    fewest_seconds(device.product(2), clock=device.clock, synchronise=device.synchronise)
    assert device.calls == 1 + 3
    fewest_seconds(device._taking(1e-4), clock=device.clock, synchronise=device.synchronise)
    assert device.calls == 4 + 1 + 20


@pytest.mark.parametrize(("precision", "dtype"), [("fp32", torch.float32), ("bf16", torch.bfloat16)])
def test_the_work_is_done_in_the_precision(precision: str, dtype: torch.dtype) -> None:
    place = make_place(PlacementSpec(device="cpu", precision=precision, threads=1))  # type: ignore[arg-type]
    loads = TorchLoads(place=place)
    product = loads.product(64)()
    assert isinstance(product, torch.Tensor)
    assert product.dtype is dtype
    assert product.shape == (64, 64)
    copied = loads.copy(1024)()
    assert isinstance(copied, torch.Tensor)
    assert copied.nbytes == 1024
    assert copied.dtype is dtype


def test_open_placements_are_settled_and_measured_once_each() -> None:
    machine = probe_machine()
    threads = torch.get_num_threads()
    cpu = PlacementSpec(device="cpu", precision="fp32")
    wanted = (
        cpu,
        PlacementSpec(device="cpu", precision="fp32", threads=threads, memory_format="contiguous"),
        PlacementSpec(device="cpu", precision="fp16"),  # not computed by a CPU: the plan refuses it
    )
    (ceiling,) = measure_ceilings(wanted, machine, clock=time.perf_counter, observer=ignore)
    assert (ceiling.device, ceiling.precision, ceiling.threads) == ("cpu", "fp32", threads)
    assert ceiling.flops_per_second > 1e7
    assert ceiling.copy_bytes_per_second > 1e7
    assert torch.get_num_threads() == threads
