"""GoogLeNet (Szegedy et al. 2014), fitted to small grey pictures: no batch norm, no auxiliary heads."""

from dataclasses import dataclass

from torch import Tensor, nn

from benchbox.models.blocks import Concatenate, Conv, Dense, Pool, make_features, make_head, require_side

STEM = (
    Conv(64, 17),
    Pool(3, 2, 1),
    Conv(64, 1, act=False),
    Conv(192, 3, padding=1, act=False),
    Pool(3, 2, 1),
)


@dataclass(frozen=True)
class Widths:
    """Channels of an inception module, a row of the paper's table 1."""

    one: int
    three_reduce: int
    three: int
    five_reduce: int
    five: int
    project: int

    @property
    def outputs(self) -> int:
        """Channels of the four branches side by side."""
        return self.one + self.three + self.five + self.project


INCEPTIONS: dict[str, Widths | Pool] = {
    "inception3a": Widths(64, 96, 128, 16, 32, 32),
    "inception3b": Widths(128, 128, 192, 32, 96, 64),
    "pool4": Pool(3, 2, 1),
    "inception4a": Widths(192, 96, 208, 16, 48, 64),
    "inception4b": Widths(160, 112, 224, 24, 64, 64),
    "inception4c": Widths(128, 128, 256, 24, 64, 64),
    "inception4d": Widths(112, 144, 288, 32, 64, 64),
    "inception4e": Widths(256, 160, 320, 32, 128, 128),
    "pool5": Pool(3, 2, 1),
    "inception5a": Widths(256, 160, 320, 32, 128, 128),
    "inception5b": Widths(384, 192, 384, 48, 128, 128),
}


class Inception(nn.Module):
    """Four branches over the same (batch, channels, h, w), joined to (batch, outputs, h, w)."""

    def __init__(self, channels: int, widths: Widths, *, activation: str) -> None:
        super().__init__()

        def branch(*rows: Conv | Pool) -> nn.Sequential:
            return make_features(rows, channels=channels, activation=activation)

        self.one = branch(Conv(widths.one, 1))
        self.three = branch(Conv(widths.three_reduce, 1), Conv(widths.three, 3, padding=1))
        self.five = branch(Conv(widths.five_reduce, 1), Conv(widths.five, 5, padding=2))
        self.project = branch(Pool(3, 1, 1), Conv(widths.project, 1))
        self.concatenate = Concatenate()

    def forward(self, x: Tensor) -> Tensor:
        """Feature maps of the four branches, in the table's order."""
        joined: Tensor = self.concatenate(self.one(x), self.three(x), self.five(x), self.project(x))
        return joined


class GoogLeNet(nn.Module):
    """(batch, channels, image_size, image_size) to logits of (batch, classes). Raises ModelError if too small."""

    def __init__(self, *, classes: int, channels: int, image_size: int, activation: str, dropout: float) -> None:
        super().__init__()
        require_side("googlenet", image_size)
        self.stem = make_features(STEM, channels=channels, activation=activation)
        self.inceptions, outputs = _make_inceptions(192, activation=activation)
        row = Dense(classes, dropout=True, act=False)
        self.head = make_head((row,), inputs=outputs, side=1, activation=activation, dropout=dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Logits of a batch of pictures."""
        logits: Tensor = self.head(self.inceptions(self.stem(x)))
        return logits


def _make_inceptions(channels: int, *, activation: str) -> tuple[nn.Sequential, int]:
    layers = nn.Sequential()
    for name, row in INCEPTIONS.items():
        if isinstance(row, Pool):
            layers.add_module(name, nn.MaxPool2d(row.kernel, row.stride, row.padding))
        else:
            layers.add_module(name, Inception(channels, row, activation=activation))
            channels = row.outputs
    return layers, channels
