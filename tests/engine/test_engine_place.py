"""Placement: autocast, scaler, memory format and switches follow from the spec alone."""

import pytest
import torch
from torch import nn

from benchbox.engine.place import Place, make_place, set_switches, switches
from benchbox.plan.spec import PlacementSpec


def place(**fields: object) -> Place:
    spec: dict[str, object] = {"device": "cpu", "precision": "fp32", "threads": 1} | fields
    return make_place(PlacementSpec(**spec))  # type: ignore[arg-type]


@pytest.mark.parametrize(("precision", "dtype"), [("fp32", torch.float32), ("bf16", torch.bfloat16)])
def test_autocast_computes_in_the_precision_asked_for(precision: str, dtype: torch.dtype) -> None:
    with place(precision=precision).autocast():
        assert nn.Linear(2, 2)(torch.ones(1, 2)).dtype is dtype


@pytest.mark.parametrize(("precision", "is_scaled"), [("fp32", False), ("bf16", False), ("fp16", True)])
def test_only_fp16_is_scaled(precision: str, is_scaled: bool) -> None:
    assert place(precision=precision).scaler().is_enabled() is is_scaled


@pytest.mark.parametrize("memory_format", ["channels_last", "contiguous"])
def test_weights_lie_in_the_memory_format(memory_format: str) -> None:
    network = place(memory_format=memory_format).put(nn.Conv2d(4, 8, 3))
    weight = next(network.parameters())
    assert weight.is_contiguous(memory_format=torch.channels_last) is (memory_format == "channels_last")


def test_nothing_is_compiled_unasked() -> None:
    network = nn.Identity()
    assert place().compiled(network) is network


def test_every_switch_is_set_whatever_it_was_before() -> None:
    torch.backends.cudnn.benchmark = True
    torch.set_float32_matmul_precision("medium")
    set_switches(PlacementSpec(device="cpu", threads=1))
    assert switches()["cudnn.benchmark"] == "False"
    assert switches()["float32_matmul_precision"] == "highest"
    assert torch.get_num_threads() == 1


class FakeCuda:
    """Stands in for torch.cuda: counts how often the device was waited for."""

    def __init__(self) -> None:
        self.waits: list[torch.device] = []

    def synchronize(self, device: torch.device) -> None:
        self.waits.append(device)


def test_cuda_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeCuda()
    monkeypatch.setattr(torch.cuda, "synchronize", fake.synchronize)
    cuda = Place(
        device=torch.device("cuda:0"),
        dtype=torch.float16,
        memory_format=torch.channels_last,
        is_fused=True,
        is_compiled=False,
    )
    cuda.synchronise()
    assert fake.waits == [torch.device("cuda:0")]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_a_step_runs_on_cuda(precision: str) -> None:
    cuda = place(device="cuda:0", precision=precision)
    network = cuda.put(nn.Conv2d(1, 4, 3))
    with cuda.autocast():
        out = network(torch.ones(2, 1, 8, 8, device="cuda:0"))
    cuda.scaler().scale(out.float().mean()).backward()
    cuda.synchronise()
    assert torch.isfinite(out).all()
