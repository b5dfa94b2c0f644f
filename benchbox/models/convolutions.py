"""Faster forms of convolutions, by name `fast`: same parameters, same sums, other roundings.

Each is a class that a convolution of a network takes on in place of its own, so that all else of it stays what it
is: weights, names and checkpoints, hooks, and weights that hooks compute. `direct` computes everything as a plain
network would.
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
    replaced = 0
    for module in network.modules():
        form = next((form for is_suited, form in _FORMS if is_suited(module)), None)
        if form is not None:
            # As torch's own parametrisations do: a new module would lack the hooks of this one.
            module.__class__ = form
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
