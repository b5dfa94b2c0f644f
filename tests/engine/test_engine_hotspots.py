"""The tables from the profiler's events: by which clock, of what, and what is left out. The events are fakes."""

from dataclasses import dataclass, field

import pytest
import torch
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile

from benchbox.engine.hotspots import (
    LAYER,
    MOST,
    Kind,
    Scale,
    device_seconds,
    layer_names,
    layers,
    named_layers,
    operators,
    step_seconds,
)


@dataclass(frozen=True)
class Device:
    name: str


CPU, CUDA = Device("CPU"), Device("CUDA")


@dataclass(kw_only=True)
class FakeAverage:
    key: str
    count: int = 2
    device_type: Kind = CPU
    is_user_annotation: bool | None = False
    self_cpu_time_total: float = 0.0
    cpu_time_total: float = 0.0
    self_device_time_total: float = 0.0


@dataclass(frozen=True, kw_only=True)
class FakeKernel:
    name: str
    duration: float


@dataclass(kw_only=True)
class FakeCall:
    name: str
    device_type: Kind = CPU
    kernels: list[FakeKernel] = field(default_factory=list)
    cpu_time_total: float = 0.0
    device_time_total: float = 0.0


HOST = Scale(is_device_time=False, steps=2, counted_seconds=0.01)
DEVICE = Scale(is_device_time=True, steps=2, counted_seconds=0.01)
# Two steps of 10 ms, as torch sums them up, with a range and a kernel on the device.
AVERAGES = [
    FakeAverage(key="ProfilerStep*", is_user_annotation=True, self_cpu_time_total=9000, cpu_time_total=20_000),
    FakeAverage(key="aten::conv2d", self_cpu_time_total=100, cpu_time_total=11_000),
    FakeAverage(
        key="aten::mkldnn_convolution", self_cpu_time_total=10_000, cpu_time_total=10_000, self_device_time_total=50
    ),
    FakeAverage(key="aten::copy_", count=8, self_cpu_time_total=500, self_device_time_total=6000),
    FakeAverage(key="sm90_gemm", device_type=CUDA, self_device_time_total=6050),
    FakeAverage(key="ProfilerStep*", device_type=CUDA, is_user_annotation=True, self_device_time_total=7000),
]


def test_operators_are_ranked_by_their_own_time_on_the_host() -> None:
    found = operators(AVERAGES, HOST)
    assert [spot.name for spot in found] == ["aten::mkldnn_convolution", "aten::copy_", "aten::conv2d"]
    assert (found[0].calls, found[0].seconds, found[0].share) == pytest.approx((1, 0.005, 0.5))


def test_on_a_device_they_are_ranked_by_the_kernels_that_they_launched() -> None:
    found = operators(AVERAGES, DEVICE)
    assert [spot.name for spot in found] == ["aten::copy_", "aten::mkldnn_convolution"]
    assert (found[0].calls, found[0].seconds) == pytest.approx((4, 0.003))


def test_a_step_is_timed_by_its_range_on_the_host() -> None:
    assert step_seconds(AVERAGES, steps=2) == pytest.approx(0.01)


def test_the_device_worked_in_kernels_and_not_in_ranges_around_them() -> None:
    assert device_seconds(AVERAGES, steps=2) == pytest.approx(6050e-6 / 2)


def test_there_is_no_device_time_without_a_device() -> None:
    assert device_seconds(AVERAGES[:3], steps=2) == 0


def test_only_the_most_expensive_are_kept() -> None:
    many = [FakeAverage(key=f"aten::op{number}", self_cpu_time_total=number) for number in range(30)]
    found = operators(many, HOST)
    assert [spot.name for spot in found] == [f"aten::op{number}" for number in range(29, 29 - MOST, -1)]


def test_layers_are_summed_over_their_calls() -> None:
    calls = [
        FakeCall(name=f"{LAYER}head", cpu_time_total=3000),
        FakeCall(name=f"{LAYER}head", cpu_time_total=1000),
        FakeCall(name=f"{LAYER}stem", cpu_time_total=1000),
        FakeCall(name="aten::linear", cpu_time_total=1000),
    ]
    found = layers(calls, {"head": "Linear", "stem": "Conv2d", "unused": "ReLU"}, HOST)
    assert [(spot.name, spot.kind, spot.calls) for spot in found] == [
        ("head", "Linear", 1),
        ("stem", "Conv2d", 0.5),
    ]
    assert found[0].seconds == pytest.approx(0.002)


def test_a_layers_range_on_the_device_is_not_counted_beside_its_kernels() -> None:
    name = f"{LAYER}stem"
    repeated = FakeKernel(name=name, duration=900)
    calls = [
        FakeCall(name=name, kernels=[repeated], cpu_time_total=50, device_time_total=1700),
        FakeCall(name=name, device_type=CUDA, device_time_total=900),
    ]
    (found,) = layers(calls, {"stem": "Conv2d"}, DEVICE)
    assert found.seconds == pytest.approx(800e-6 / 2)


class Twice(nn.Module):
    """One layer that is called twice in a pass, and may raise."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 4), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        return self.body(self.body(x))  # type: ignore[no-any-return]


def recorded(network: nn.Module, pictures: Tensor) -> list[str]:
    with profile(activities=[ProfilerActivity.CPU]) as seen, named_layers(network):
        network(pictures)
    return [call.name for call in seen.events() if call.name.startswith(LAYER)]


def test_layers_are_modules_without_modules_inside() -> None:
    assert layer_names(Twice()) == {"body.0": "Linear", "body.1": "ReLU"}
    assert layer_names(nn.Linear(2, 2)) == {"Linear": "Linear"}


def test_every_call_of_a_layer_is_named() -> None:
    assert sorted(recorded(Twice(), torch.ones(2, 4))) == [f"{LAYER}body.0"] * 2 + [f"{LAYER}body.1"] * 2


def test_no_hook_is_left_even_where_a_layer_raises() -> None:
    network = Twice()
    with pytest.raises(RuntimeError, match="shapes"), named_layers(network):
        network(torch.ones(2, 5))
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in network.modules())
    assert len(recorded(network, torch.ones(2, 4))) == 4
