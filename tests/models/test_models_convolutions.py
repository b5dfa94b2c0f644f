"""Fast forms of convolutions: the same numbers as direct ones, forward and backward, and the same parameters."""

import copy
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils import parametrizations, prune, spectral_norm

from benchbox.models import build
from benchbox.models.convolutions import direct, use_fast_convolutions
from benchbox.models.depthwise import DepthwiseConvolution
from benchbox.models.depthwise import is_suited as is_slow_depthwise
from benchbox.models.fourier import FourierConvolution, is_suited
from benchbox.plan.catalogue import CATALOGUE, THE_SIX
from benchbox.plan.spec import ModelSpec


def pair(
    *, kernel: int | tuple[int, int] = 11, padding: int = 0, bias: bool = True
) -> tuple[nn.Sequential, nn.Sequential]:
    """A direct convolution and its twin by transforms, with equal weights of their own."""
    torch.manual_seed(0)
    plain, fourier = (nn.Sequential(nn.Conv2d(16, 5, kernel, padding=padding, bias=bias)) for _ in range(2))
    fourier.load_state_dict(plain.state_dict())
    assert use_fast_convolutions(fourier) == 1
    return plain, fourier


@settings(max_examples=25, deadline=None)
@given(
    height=st.integers(15, 40),
    width=st.integers(15, 40),
    kernel=st.tuples(st.integers(11, 15), st.integers(11, 15)),
    padding=st.integers(0, 3),
    bias=st.booleans(),
)
def test_outputs_and_gradients_are_those_of_the_direct_convolution(
    height: int, width: int, kernel: tuple[int, int], padding: int, bias: bool
) -> None:
    plain, fourier = pair(kernel=kernel, padding=padding, bias=bias)
    # In float64: some releases of oneDNN give wrong gradients in float32 where an output is one pixel wide.
    plain.double()
    first = torch.randn(2, 16, height, width, dtype=torch.float64, requires_grad=True)
    second = first.detach().float().requires_grad_()
    outputs = plain(first), fourier(second)
    torch.testing.assert_close(outputs[1].double(), outputs[0], rtol=1e-4, atol=1e-4)
    weights = torch.randn_like(outputs[0])
    for output in outputs:
        (output * weights).sum().backward()
    seen = (second.grad, *(parameter.grad for parameter in fourier.parameters()))
    exact = (first.grad, *(parameter.grad for parameter in plain.parameters()))
    for one, other in zip(seen, exact, strict=True):
        assert one is not None
        torch.testing.assert_close(one.double(), other, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
@pytest.mark.parametrize("channels", [16, 17])
def test_the_memory_format_of_the_pictures_is_kept(layout: torch.memory_format, channels: int) -> None:
    network = nn.Sequential(nn.Conv2d(channels, 4, 11))
    use_fast_convolutions(network)
    answer = network(torch.randn(2, channels, 16, 18).to(memory_format=layout))
    assert answer.is_contiguous(memory_format=layout)


def test_parameters_are_shared_and_keep_their_names() -> None:
    network = nn.Sequential(nn.Conv2d(16, 2, 13))
    weight, names = network[0].weight, list(network.state_dict())
    use_fast_convolutions(network)
    assert isinstance(network[0], FourierConvolution)
    assert network[0].weight is weight
    assert list(network.state_dict()) == names


@pytest.mark.parametrize(
    "module",
    [
        nn.Conv2d(16, 2, 9),
        nn.Conv2d(1, 2, 13),
        nn.Conv2d(16, 2, 13, stride=2),
        nn.Conv2d(16, 2, 13, dilation=2),
        nn.Conv2d(32, 32, 13, groups=2),
        nn.Conv2d(16, 2, 13, padding="same"),
        nn.Conv2d(16, 2, 13, padding=2, padding_mode="reflect"),
        nn.Linear(3, 3),
        FourierConvolution(16, 2, 13),
    ],
)
def test_what_does_not_suit_is_left_alone(module: nn.Module) -> None:
    assert not is_suited(module)
    assert use_fast_convolutions(nn.Sequential(module)) == 0


def test_autocast_gives_its_own_dtype_and_keeps_the_sums_in_float32() -> None:
    plain, fourier = pair()
    pictures = torch.randn(2, 16, 20, 20)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        answer = fourier(pictures)
    assert answer.dtype == torch.bfloat16
    torch.testing.assert_close(answer.float(), plain(pictures), rtol=2**-7, atol=2**-7)


def test_direct_turns_the_transforms_off_and_on_again() -> None:
    plain, fourier = pair()
    pictures = torch.randn(2, 16, 20, 20)
    with direct(fourier):
        assert torch.equal(fourier(pictures), plain(pictures))
    assert not torch.equal(fourier(pictures), plain(pictures))


def test_the_hooks_of_a_convolution_stay() -> None:
    network, seen = nn.Sequential(nn.Conv2d(16, 2, 13)), list[str]()
    network[0].register_forward_pre_hook(lambda *_: seen.append("before"))
    network[0].register_forward_hook(lambda *_: seen.append("after"))
    network[0].register_full_backward_hook(lambda *_: seen.append("back"))
    assert use_fast_convolutions(network) == 1
    network(torch.randn(2, 16, 16, 16, requires_grad=True)).sum().backward()
    assert seen == ["before", "after", "back"]


def pruned(layer: nn.Conv2d) -> nn.Module:
    return prune.l1_unstructured(layer, "weight", amount=0.5)  # type: ignore[no-any-return, no-untyped-call]


@pytest.mark.parametrize("change", [pruned, spectral_norm])
@pytest.mark.parametrize("layer", [nn.Conv2d(16, 2, 13), nn.Conv2d(6, 6, 5, groups=6)], ids=["large", "depthwise"])
def test_weights_that_hooks_compute_are_computed_and_learned(
    change: Callable[[nn.Module], nn.Module], layer: nn.Conv2d
) -> None:
    """They are no parameters of the layer, but tensors that a hook makes of `weight_orig` before each call."""
    network = nn.Sequential(change(copy.deepcopy(layer))).eval()
    names = list(network.state_dict())
    assert use_fast_convolutions(network) == 1
    assert list(network.state_dict()) == names
    pictures = torch.randn(2, layer.in_channels, 16, 16)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        answer = network(pictures)
        with torch.no_grad(), direct(network):
            expected = network(pictures)
    assert (answer - expected).norm() <= 2**-6 * expected.norm()
    answer.float().square().sum().backward()
    learned = dict(network.named_parameters())["0.weight_orig"].grad
    assert learned is not None
    assert learned.abs().sum() > 0


def test_a_parametrised_convolution_is_left_alone() -> None:
    network = nn.Sequential(parametrizations.weight_norm(nn.Conv2d(16, 2, 13)))
    assert use_fast_convolutions(network) == 0


@pytest.mark.parametrize("name", THE_SIX)
def test_the_catalogue_knows_who_has_fast_convolutions(name: str) -> None:
    with torch.device("meta"):
        network = build(ModelSpec(name=name, init="default"), classes=4, channels=1, image_size=128)
    assert bool(use_fast_convolutions(network)) is CATALOGUE[name].has_fast_convolution


def test_a_network_gives_the_same_logits_to_a_ten_thousandth() -> None:
    torch.manual_seed(0)
    network = build(ModelSpec(name="vgg16", init="suited"), classes=4, channels=1, image_size=64).eval()
    pictures = torch.randn(2, 1, 64, 64)
    with torch.inference_mode():
        before = network(pictures)
        use_fast_convolutions(network)
        torch.testing.assert_close(network(pictures), before, rtol=1e-4, atol=1e-4)


def depthwise_pair(*, kernel: int, stride: int, bias: bool) -> tuple[nn.Sequential, nn.Sequential]:
    """A depthwise convolution and its fast twin, with equal weights of their own."""
    torch.manual_seed(0)
    plain, fast = (
        nn.Sequential(nn.Conv2d(6, 6, kernel, stride=stride, padding=kernel // 2, groups=6, bias=bias))
        for _ in range(2)
    )
    fast.load_state_dict(plain.state_dict())
    assert use_fast_convolutions(fast) == 1
    assert isinstance(fast[0], DepthwiseConvolution)
    return plain, fast


@pytest.mark.parametrize(("kernel", "stride", "bias"), [(5, 1, False), (5, 2, True), (3, 2, False)])
def test_depthwise_gradients_under_autocast_are_nearer_to_float32s(kernel: int, stride: int, bias: bool) -> None:
    plain, fast = depthwise_pair(kernel=kernel, stride=stride, bias=bias)
    pictures = torch.randn(4, 6, 12, 12)
    weights = torch.randn_like(plain(pictures))

    def gradients(network: nn.Module, *, is_short: bool) -> list[torch.Tensor]:
        leaf = pictures.clone().requires_grad_()
        network.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=is_short):
            answer = network(leaf)
        (answer.float() * weights).sum().backward()
        found = [leaf.grad, *(parameter.grad for parameter in network.parameters())]
        return [gradient.clone() for gradient in found if gradient is not None]

    exact, short, found = (
        gradients(plain, is_short=False),
        gradients(plain, is_short=True),
        gradients(fast, is_short=True),
    )
    for true, rough, near in zip(exact, short, found, strict=True):
        assert (near - true).norm() <= 1.1 * (rough - true).norm()
        torch.testing.assert_close(near, true, rtol=0.05, atol=0.05 * float(true.abs().max()))


@pytest.mark.parametrize("bias", [False, True])
def test_a_fast_depthwise_convolution_answers_as_the_plain_one_does(bias: bool) -> None:
    plain, fast = depthwise_pair(kernel=5, stride=2, bias=bias)
    pictures = torch.randn(2, 6, 12, 12)
    assert torch.equal(fast(pictures), plain(pictures))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(fast(pictures), plain(pictures))


def test_depthwise_kernels_that_are_fast_already_are_left_alone() -> None:
    assert not is_slow_depthwise(nn.Conv2d(6, 6, 3, padding=1, groups=6))
    assert not is_slow_depthwise(nn.Conv2d(6, 12, 5, groups=6))
    assert not is_slow_depthwise(nn.Conv2d(1, 1, 5))
    assert not is_slow_depthwise(nn.Conv2d(6, 6, 5, groups=6, dilation=2))
