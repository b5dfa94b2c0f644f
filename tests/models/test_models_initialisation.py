"""Initial weights: repeatable, complete, and neither dying nor exploding."""

import math

import pytest
import torch
from scipy.integrate import quad
from torch import Tensor, nn

from benchbox.models import build
from benchbox.models.activations import make_activation
from benchbox.models.initialisation import HE_GAINS, XAVIER_GAINS
from benchbox.plan.catalogue import CATALOGUE, THE_SIX
from benchbox.plan.spec import ACTIVATIONS, Init, ModelSpec

LIGHT = ["lenet", "googlenet", "resnet50", "efficientnet_b0"]


def make(name: str, *, activation: str | None = None, init: Init = "auto", seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    model = ModelSpec(name=name, activation=activation, init=init, dropout=0.0)
    return build(model, classes=20, channels=1, image_size=side(name))


def side(name: str) -> int:
    """A small picture that the network can take."""
    return max(32, CATALOGUE[name].smallest)


def layers(network: nn.Module) -> list[nn.Conv2d | nn.Linear]:
    return [module for module in network.modules() if isinstance(module, nn.Conv2d | nn.Linear)]


@pytest.mark.parametrize("init", ["auto", "default"])
@pytest.mark.parametrize("name", ["lenet", "googlenet", "efficientnet_b0"])
def test_equal_seeds_give_equal_weights(name: str, init: Init) -> None:
    first, second = make(name, init=init), make(name, init=init)
    other = make(name, init=init, seed=1)
    for key, value in first.state_dict().items():
        assert torch.equal(value, second.state_dict()[key]), key
    weights = layers(first)[0].weight, layers(other)[0].weight
    assert not torch.equal(*weights)


def test_suited_is_what_auto_means() -> None:
    first, second = make("lenet").state_dict(), make("lenet", init="suited").state_dict()
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_default_is_pytorchs_own() -> None:
    network = make("lenet", init="default")
    torch.manual_seed(0)
    plain = nn.Conv2d(1, 10, 10, 2)
    assert torch.equal(layers(network)[0].weight, plain.weight)


@pytest.mark.parametrize("name", LIGHT)
def test_biases_are_zero_and_batch_norm_is_the_identity(name: str) -> None:
    network = make(name)
    assert all(not layer.bias.any() for layer in layers(network) if layer.bias is not None)
    for norm in (module for module in network.modules() if isinstance(module, nn.BatchNorm2d)):
        assert norm.running_mean is not None
        assert norm.running_var is not None
        assert norm.num_batches_tracked is not None
        assert not norm.running_mean.any()
        assert (norm.running_var == 1).all()
        assert (norm.weight == 1).all()
        assert not norm.bias.any()
        assert norm.num_batches_tracked == 0


@pytest.mark.parametrize("name", THE_SIX)
def test_nothing_but_convolutions_linear_layers_and_batch_norm_has_numbers(name: str) -> None:
    with torch.device("meta"):
        network = build(ModelSpec(name=name), classes=20, channels=1, image_size=64)
    known = nn.Conv2d | nn.Linear | nn.BatchNorm2d
    for module in network.modules():
        has_numbers = [*module.parameters(recurse=False), *module.buffers(recurse=False)]
        assert isinstance(module, known) or not has_numbers


def test_units_behind_a_sigmoid_have_centred_weights() -> None:
    network = make("lenet")
    means = [layer.weight.flatten(1).mean(1).abs().max().item() for layer in layers(network)]
    assert max(means[1:]) < 1e-6
    # The picture's brightness is no sigmoid's, and stays.
    assert means[0] > 1e-3


def test_every_activation_has_one_gain() -> None:
    assert sorted([*HE_GAINS, *XAVIER_GAINS]) == sorted(ACTIVATIONS)


@pytest.mark.parametrize("name", ["relu", "elu"])
def test_these_gains_keep_the_second_moment(name: str) -> None:
    activation = make_activation(name)

    def density(z: float) -> float:
        value = float(activation(torch.tensor(z, dtype=torch.float64)))
        return value**2 * math.exp(-z * z / 2) / math.sqrt(2 * math.pi)

    moment = quad(density, -12, 0)[0] + quad(density, 0, 12)[0]
    assert HE_GAINS[name] == pytest.approx(1 / math.sqrt(moment), abs=1e-4)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("name", ["lenet", "googlenet", "resnet50", "efficientnet_b0"])
def test_signals_and_gradients_survive_the_depth(name: str, activation: str) -> None:
    network = make(name, activation=activation).train()
    deviations: list[float] = []
    for layer in layers(network):
        layer.register_forward_hook(lambda _, __, output: deviations.append(output.detach().std(0).mean().item()))
    logits = network(_pictures(side(name)))
    loss = nn.functional.cross_entropy(logits, torch.arange(4))
    loss.backward()  # type: ignore[no-untyped-call]
    assert loss.item() < 12
    # How much the pictures differ from each other in a layer's output.
    assert min(deviations) > 1e-3
    assert max(deviations) < 30
    for layer in layers(network):
        assert layer.weight.grad is not None
        assert layer.weight.grad.norm() > 1e-5 * layer.weight.norm()


def _pictures(side: int) -> Tensor:
    """Smooth random pictures, standardised: like photographs, neighbouring pixels are alike."""
    rough = torch.randn(4, 1, 8, 8, generator=torch.Generator().manual_seed(3))
    smooth = nn.functional.interpolate(rough, size=side, mode="bilinear")
    return (smooth - smooth.mean()) / smooth.std()
