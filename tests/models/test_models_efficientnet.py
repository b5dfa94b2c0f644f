"""EfficientNet against torchvision's, which is the oracle and not the base."""

import pytest
import torch
from torch import Tensor, nn
from torchvision import models as torchvision_models

from benchbox.models import build
from benchbox.models.blocks import StochasticDepth
from benchbox.models.efficientnet import EfficientNet
from benchbox.plan.spec import ModelSpec


def make(variant: int) -> nn.Module:
    """A network without numbers, of torchvision's shape."""
    with torch.device("meta"):
        return build(ModelSpec(name=f"efficientnet_b{variant}"), classes=1000, channels=3, image_size=64)


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def pictures() -> Tensor:
    return torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(5))


@pytest.mark.parametrize("variant", range(8))
def test_efficientnets_numbers_have_torchvisions_order_and_settings(variant: int) -> None:
    with torch.device("meta"):
        oracle = torchvision_models.get_model(f"efficientnet_b{variant}", weights=None)
    ours = make(variant)
    assert count(ours) == count(oracle)
    assert [each.shape for each in ours.state_dict().values()] == [
        each.shape for each in oracle.state_dict().values()
    ]

    def norms(network: nn.Module) -> list[tuple[float, float | None]]:
        found = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
        return [(module.eps, module.momentum) for module in found]

    assert norms(ours) == norms(oracle)


@pytest.mark.parametrize("variant", [0, 5])
def test_efficientnets_logits_are_torchvisions(variant: int) -> None:
    torch.manual_seed(variant)
    oracle = torchvision_models.get_model(f"efficientnet_b{variant}", weights=None).eval()
    for buffer in oracle.buffers():
        if buffer.is_floating_point():
            buffer.uniform_(0.5, 1.5)
    ours = EfficientNet(variant, classes=1000, channels=3, image_size=64, activation="silu", dropout=0.2)
    values = oracle.state_dict().values()
    ours.load_state_dict(dict(zip(ours.state_dict(), values, strict=True)))
    with torch.no_grad():
        wanted, got = oracle(pictures()), ours.eval()(pictures())
    assert wanted.std() > 1e-3
    torch.testing.assert_close(got, wanted, rtol=1e-4, atol=1e-4)


def test_efficientnets_stochastic_depth_grows_linearly_below_a_fifth() -> None:
    rates = [
        (path, module.probability)
        for path, module in make(0).named_modules()
        if isinstance(module, StochasticDepth)
    ]
    # The nine blocks with a shortcut, of sixteen.
    places = [2, 4, 6, 7, 9, 10, 12, 13, 14]
    assert [rate for _, rate in rates] == pytest.approx([0.2 * place / 16 for place in places])


def test_stochastic_depth_drops_whole_pictures_and_keeps_the_mean() -> None:
    torch.manual_seed(0)
    kept = StochasticDepth(0.25)(torch.ones(4000, 2, 3, 3))
    assert set(kept.flatten(1).std(1).tolist()) == {0.0}
    assert kept.unique().tolist() == pytest.approx([0, 4 / 3])
    assert kept.mean().item() == pytest.approx(1, abs=0.05)


def test_stochastic_depth_rests_in_evaluation() -> None:
    batch = torch.ones(2, 2, 3, 3)
    assert StochasticDepth(0.9).eval()(batch) is batch
