"""Faster forms of convolutions, by name `fast`: same parameters, same sums, other roundings.

Each replaces modules of a network in place and shares their parameters, so that weights, names and checkpoints
stay what they are. `direct` computes everything as a plain network would.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from torch import nn

from benchbox.models.depthwise import DepthwiseConvolution
from benchbox.models.depthwise import is_suited as is_depthwise
from benchbox.models.fourier import FourierConvolution
from benchbox.models.fourier import is_suited as is_large

FastConvolution = FourierConvolution | DepthwiseConvolution
_FORMS: tuple[tuple[Callable[[nn.Module], bool], type[FastConvolution]], ...] = (
    (is_large, FourierConvolution),
    (is_depthwise, DepthwiseConvolution),
)


def use_fast_convolutions(network: nn.Module) -> int:
    """Have every convolution that has a faster form computed in it, in place; returns how many these are."""
    found = [(parent, name, child) for parent in network.modules() for name, child in parent.named_children()]
    replaced = 0
    for parent, name, child in found:
        for is_suited, form in _FORMS:
            if isinstance(child, nn.Conv2d) and is_suited(child):
                setattr(parent, name, _as(form, child))
                replaced += 1
    return replaced


@contextmanager
def direct(network: nn.Module) -> Iterator[None]:
    """Compute all convolutions of a network directly meanwhile, as a plain one would."""
    fast = [module for module in network.modules() if isinstance(module, FastConvolution)]
    for module in fast:
        module.is_direct = True
    try:
        yield
    finally:
        for module in fast:
            module.is_direct = False


def _as(form: type[FastConvolution], convolution: nn.Conv2d) -> FastConvolution:
    """The same convolution with the same parameters, not copies of them."""
    made = form(
        convolution.in_channels,
        convolution.out_channels,
        convolution.kernel_size,  # type: ignore[arg-type]
        stride=convolution.stride,  # type: ignore[arg-type]
        padding=convolution.padding,  # type: ignore[arg-type]
        groups=convolution.groups,
        bias=convolution.bias is not None,
        device="meta",
    )
    made.weight, made.bias = convolution.weight, convolution.bias
    made.train(convolution.training)
    return made
