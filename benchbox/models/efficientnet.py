"""EfficientNet B0 … B7 (Tan & Le 2019): the paper's table 1, scaled in width and depth.

The resolutions of the paper are not kept here: pictures come in any size.
"""

import math
from dataclasses import dataclass

from torch import Tensor, nn

from benchbox.models.activations import make_activation
from benchbox.models.blocks import Add, Dense, Scale, StochasticDepth, make_head, require_side

STEM_WIDTH = 32
LAST_WIDTH = 1280
SQUEEZE = 4  # the paper's squeeze ratio of 0.25, of a block's input channels
DROPPED_DEPTH = 0.2


@dataclass(frozen=True)
class Stage:
    """A row of the paper's table 1: `repeats` blocks; the first of them has the stride."""

    expansion: int
    kernel: int
    stride: int
    width: int
    repeats: int


STAGES = (
    Stage(1, 3, 1, 16, 1),
    Stage(6, 3, 2, 24, 2),
    Stage(6, 5, 2, 40, 2),
    Stage(6, 3, 2, 80, 3),
    Stage(6, 5, 1, 112, 3),
    Stage(6, 5, 2, 192, 4),
    Stage(6, 3, 1, 320, 1),
)


@dataclass(frozen=True)
class Scaling:
    """Compound scaling: factors of width and depth, and the batch norm that goes with them."""

    width: float
    depth: float
    epsilon: float = 1e-5
    momentum: float = 0.1

    def channels(self, width: int) -> int:
        """The scaled width as a multiple of 8, never less than 90 % of it (the authors' code)."""
        scaled = width * self.width
        rounded = max(8, int(scaled + 4) // 8 * 8)
        return rounded if rounded >= 0.9 * scaled else rounded + 8

    def repeats(self, repeats: int) -> int:
        """The scaled number of blocks, rounded up."""
        return math.ceil(repeats * self.depth)


# B0 … B7. The large three have the authors' batch norm, the others PyTorch's, as torchvision has it.
SCALINGS = (
    Scaling(1.0, 1.0),
    Scaling(1.0, 1.1),
    Scaling(1.1, 1.2),
    Scaling(1.2, 1.4),
    Scaling(1.4, 1.8),
    Scaling(1.6, 2.2, epsilon=1e-3, momentum=1e-2),
    Scaling(1.8, 2.6, epsilon=1e-3, momentum=1e-2),
    Scaling(2.0, 3.1, epsilon=1e-3, momentum=1e-2),
)


@dataclass(frozen=True, kw_only=True)
class Style:
    """What all blocks of one network share."""

    activation: str
    scaling: Scaling

    def convolution(
        self, inputs: int, outputs: int, kernel: int, *, stride: int = 1, groups: int = 1, act: bool = True
    ) -> nn.Sequential:
        """A convolution that keeps the side but for its stride, batch norm, and the activation if asked."""
        layers = nn.Sequential()
        padding = kernel // 2
        layers.add_module("conv", nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False))
        layers.add_module("norm", nn.BatchNorm2d(outputs, self.scaling.epsilon, self.scaling.momentum))
        if act:
            layers.add_module("act", make_activation(self.activation))
        return layers


class SqueezeExcitation(nn.Module):
    """Weighs each feature map by a number between 0 and 1 that is computed from all of them."""

    def __init__(self, channels: int, squeezed: int, *, activation: str) -> None:
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.reduce = nn.Conv2d(channels, squeezed, 1)
        self.act = make_activation(activation)
        self.expand = nn.Conv2d(squeezed, channels, 1)
        self.gate = nn.Sigmoid()
        self.scale = Scale()

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, h, w) to the same shape."""
        gate = self.gate(self.expand(self.act(self.reduce(self.pool(x)))))
        scaled: Tensor = self.scale(x, gate)
        return scaled


class InvertedBottleneck(nn.Module):
    """MBConv: widen, filter each channel by itself, weigh the channels, and narrow again.

    (batch, channels, h, w) to (batch, width, h/stride, w/stride); where the shapes allow it, with a shortcut
    that stochastic depth may leave alone for a picture, with probability `dropped`.
    """

    def __init__(self, channels: int, stage: Stage, *, style: Style, dropped: float) -> None:
        super().__init__()
        width = channels * stage.expansion
        self.residual = nn.Sequential()
        if stage.expansion != 1:
            self.residual.add_module("expand", style.convolution(channels, width, 1))
        depthwise = style.convolution(width, width, stage.kernel, stride=stage.stride, groups=width)
        self.residual.add_module("depthwise", depthwise)
        squeezed = max(1, channels // SQUEEZE)
        self.residual.add_module("excite", SqueezeExcitation(width, squeezed, activation=style.activation))
        self.residual.add_module("project", style.convolution(width, stage.width, 1, act=False))
        self.has_shortcut = stage.stride == 1 and channels == stage.width
        if self.has_shortcut:
            self.depth = StochasticDepth(dropped)
            self.add = Add()

    def forward(self, x: Tensor) -> Tensor:
        """The block's result, with its input added where it has a shortcut."""
        result: Tensor = self.residual(x)
        if self.has_shortcut:
            result = self.add(self.depth(result), x)
        return result


class EfficientNet(nn.Module):
    """(batch, channels, image_size, image_size) to logits of (batch, classes). `variant`: 0 … 7."""

    def __init__(
        self, variant: int, *, classes: int, channels: int, image_size: int, activation: str, dropout: float
    ) -> None:
        super().__init__()
        require_side(f"efficientnet_b{variant}", image_size)
        style = Style(activation=activation, scaling=SCALINGS[variant])
        stem = style.scaling.channels(STEM_WIDTH)
        self.stem = style.convolution(channels, stem, 3, stride=2)
        self.stages, outputs = _make_stages(stem, style=style)
        last = style.scaling.channels(LAST_WIDTH)
        self.last = style.convolution(outputs, last, 1)
        row = Dense(classes, dropout=True, act=False)
        self.head = make_head((row,), inputs=last, side=1, activation=activation, dropout=dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Logits of a batch of pictures."""
        logits: Tensor = self.head(self.last(self.stages(self.stem(x))))
        return logits


def _scaled(stage: Stage, scaling: Scaling, channels: int) -> list[tuple[int, Stage]]:
    """The blocks of a stage, each as its input channels and its row."""
    width = scaling.channels(stage.width)
    first = Stage(stage.expansion, stage.kernel, stage.stride, width, 1)
    rest = Stage(stage.expansion, stage.kernel, 1, width, 1)
    return [(channels, first), *[(width, rest)] * (scaling.repeats(stage.repeats) - 1)]


def _make_stages(channels: int, *, style: Style) -> tuple[nn.Sequential, int]:
    stages = nn.Sequential()
    total = sum(style.scaling.repeats(stage.repeats) for stage in STAGES)
    made = 0
    for number, stage in enumerate(STAGES, start=1):
        blocks = nn.Sequential()
        for inputs, row in _scaled(stage, style.scaling, channels):
            # Deeper blocks are dropped more often, the first never (arXiv 1603.09382, linear decay).
            block = InvertedBottleneck(inputs, row, style=style, dropped=DROPPED_DEPTH * made / total)
            blocks.add_module(f"block{len(blocks) + 1}", block)
            channels, made = row.width, made + 1
        stages.add_module(f"stage{number}", blocks)
    return stages, channels
