"""What several networks share: rows of their tables, and the modules that the rows become.

A network's file holds its table; this one turns a table into modules. It knows no network by name, but
for the check of the picture's size.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from benchbox.errors import ModelError
from benchbox.models.activations import make_activation
from benchbox.plan.catalogue import CATALOGUE


@dataclass(frozen=True)
class Conv:
    """A square convolution with bias; `norm` adds batch norm, `act` the network's activation."""

    outputs: int
    kernel: int
    stride: int = 1
    padding: int = 0
    norm: bool = False
    act: bool = True


@dataclass(frozen=True)
class Pool:
    """A square max pooling."""

    kernel: int
    stride: int
    padding: int = 0


@dataclass(frozen=True)
class Dense:
    """A fully connected layer; `dropout` puts dropout before it, `act` the network's activation after it."""

    outputs: int
    dropout: bool = False
    act: bool = True


def require_side(name: str, image_size: int) -> None:
    """Raise ModelError where pictures of this side would leave some feature map without a pixel."""
    smallest = CATALOGUE[name].smallest
    if image_size < smallest:
        raise ModelError(
            f"{name} cannot take pictures of {image_size}×{image_size} pixels",
            allowed=f"an image size of {smallest} or more",
            hint=f"add `--image-size {smallest}`, or choose a network for smaller pictures",
        )


def make_features(table: Iterable[Conv | Pool], *, channels: int, activation: str) -> nn.Sequential:
    """The layers of a table, named by kind and number: conv1, norm1, act1, pool1, conv2, …

    Maps (batch, channels, height, width) to (batch, outputs of the last convolution, height', width').
    """
    features = nn.Sequential()
    convolutions = pools = 0
    for row in table:
        if isinstance(row, Pool):
            pools += 1
            features.add_module(f"pool{pools}", nn.MaxPool2d(row.kernel, row.stride, row.padding))
        else:
            convolutions += 1
            _add_convolution(features, row, number=convolutions, channels=channels, activation=activation)
            channels = row.outputs
    return features


def _add_convolution(features: nn.Sequential, row: Conv, *, number: int, channels: int, activation: str) -> None:
    convolution = nn.Conv2d(channels, row.outputs, row.kernel, row.stride, row.padding)
    features.add_module(f"conv{number}", convolution)
    if row.norm:
        features.add_module(f"norm{number}", nn.BatchNorm2d(row.outputs))
    if row.act:
        features.add_module(f"act{number}", make_activation(activation))


def make_head(table: Iterable[Dense], *, inputs: int, side: int, activation: str, dropout: float) -> nn.Sequential:
    """The classifier of a table: pooling to `side`, flatten, and its fully connected layers.

    Maps (batch, inputs, height, width) to (batch, outputs of the last row), whatever the height and width.
    """
    head = nn.Sequential()
    head.add_module("pool", PoolToSide(side))
    head.add_module("flatten", nn.Flatten())
    inputs *= side * side
    for number, row in enumerate(table, start=1):
        if row.dropout:
            head.add_module(f"dropout{number}", nn.Dropout(dropout))
        head.add_module(f"linear{number}", nn.Linear(inputs, row.outputs))
        if row.act:
            head.add_module(f"act{number}", make_activation(activation))
        inputs = row.outputs
    return head


class PoolToSide(nn.Module):
    """Adaptive average pooling to (batch, channels, side, side), free of cost where that is the size already."""

    def __init__(self, side: int) -> None:
        super().__init__()
        self.side = side

    def forward(self, x: Tensor) -> Tensor:
        """Pool, or hand the very same tensor on."""
        if x.shape[-2] == self.side and x.shape[-1] == self.side:
            return x
        return nn.functional.adaptive_avg_pool2d(x, self.side)

    def extra_repr(self) -> str:
        """What `print` shows."""
        return f"side={self.side}"


class Concatenate(nn.Module):
    """Branches side by side, along the channels. A module, so that a list of layers shows it."""

    def forward(self, *branches: Tensor) -> Tensor:
        """Join tensors of equal batch, height and width."""
        return torch.cat(branches, 1)


class Add(nn.Module):
    """A residual connection: the block's result plus its input. A module, so that a list of layers shows it."""

    def forward(self, x: Tensor, shortcut: Tensor) -> Tensor:
        """Add two tensors of one shape."""
        return x + shortcut


class Scale(nn.Module):
    """A gate: feature maps of (batch, channels, height, width) times factors of (batch, channels, 1, 1)."""

    def forward(self, x: Tensor, gate: Tensor) -> Tensor:
        """Multiply each feature map by its factor."""
        return x * gate


class StochasticDepth(nn.Module):
    """While training, drop a residual block for whole pictures, with this probability (arXiv 1603.09382)."""

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability

    def forward(self, x: Tensor) -> Tensor:
        """Zero some pictures of (batch, channels, height, width) and scale up the rest to keep the mean."""
        if not self.training or self.probability == 0:
            return x
        kept = 1 - self.probability
        return x * x.new_empty(len(x), 1, 1, 1).bernoulli_(kept).div_(kept)

    def extra_repr(self) -> str:
        """What `print` shows."""
        return f"probability={self.probability:g}"
