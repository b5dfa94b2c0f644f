"""ResNet50 (He et al. 2015), fitted to small grey pictures; its convolutions keep their bias."""

from dataclasses import dataclass

from torch import Tensor, nn

from benchbox.models.activations import make_activation
from benchbox.models.blocks import Add, Conv, Dense, Pool, make_features, make_head, require_side

STEM = (Conv(64, 17, norm=True, act=False), Pool(3, 2, 1))
EXPANSION = 4


@dataclass(frozen=True)
class Stage:
    """Bottlenecks of one width; the first of them has the stride."""

    blocks: int
    width: int
    stride: int


STAGES = (Stage(3, 64, 1), Stage(4, 128, 2), Stage(6, 256, 2), Stage(3, 512, 2))
HIDDEN = (Dense(1000, dropout=True), Dense(256, act=False))


class Bottleneck(nn.Module):
    """Three convolutions and a shortcut: (batch, channels, h, w) to (batch, 4·width, h/stride, w/stride)."""

    def __init__(self, channels: int, width: int, *, stride: int, projects: bool, activation: str) -> None:
        super().__init__()
        outputs = EXPANSION * width
        rows = (
            Conv(width, 1, norm=True),
            Conv(width, 3, stride, padding=1, norm=True),
            Conv(outputs, 1, norm=True, act=False),
        )
        self.residual = make_features(rows, channels=channels, activation=activation)
        projection = (Conv(outputs, 1, stride, norm=True, act=False),)
        self.shortcut: nn.Module = nn.Identity()
        if projects:
            self.shortcut = make_features(projection, channels=channels, activation=activation)
        self.add = Add()
        self.act = make_activation(activation)

    def forward(self, x: Tensor) -> Tensor:
        """The activation of the sum of both ways."""
        result: Tensor = self.act(self.add(self.residual(x), self.shortcut(x)))
        return result


class ResNet50(nn.Module):
    """(batch, channels, image_size, image_size) to logits of (batch, classes). Raises ModelError if too small."""

    def __init__(self, *, classes: int, channels: int, image_size: int, activation: str, dropout: float) -> None:
        super().__init__()
        require_side("resnet50", image_size)
        self.stem = make_features(STEM, channels=channels, activation=activation)
        self.stages = nn.Sequential()
        outputs = 64
        for number, stage in enumerate(STAGES, start=1):
            self.stages.add_module(f"stage{number}", _make_stage(stage, outputs, activation=activation))
            outputs = EXPANSION * stage.width
        rows = (*HIDDEN, Dense(classes, act=False))
        self.head = make_head(rows, inputs=outputs, side=1, activation=activation, dropout=dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Logits of a batch of pictures."""
        logits: Tensor = self.head(self.stages(self.stem(x)))
        return logits


def _make_stage(stage: Stage, channels: int, *, activation: str) -> nn.Sequential:
    blocks = nn.Sequential()
    for number in range(1, stage.blocks + 1):
        is_first = number == 1
        stride = stage.stride if is_first else 1
        block = Bottleneck(channels, stage.width, stride=stride, projects=is_first, activation=activation)
        blocks.add_module(f"block{number}", block)
        channels = EXPANSION * stage.width
    return blocks
