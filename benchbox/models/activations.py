"""The activations that every network of the zoo can take, by the names that a spec uses. Nothing else."""

from collections.abc import Callable

from torch import nn

from benchbox.errors import SpecError

# In place where the derivative needs only the result: the input's memory is then free at once. The others
# would have to keep a copy of their input, so that working in place would cost more, not less.
ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "relu": lambda: nn.ReLU(inplace=True),
    "leaky_relu": lambda: nn.LeakyReLU(inplace=True),
    "elu": lambda: nn.ELU(inplace=True),
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "mish": nn.Mish,
    "hardswish": nn.Hardswish,
}


def make_activation(name: str) -> nn.Module:
    """A new activation module. Raises SpecError for a name that is not in the table."""
    if name not in ACTIVATIONS:
        raise SpecError.of("activation", name, allowed=", ".join(ACTIVATIONS))
    return ACTIVATIONS[name]()
