"""AlexNet (Krizhevsky et al. 2012) in one tower, fitted to small grey pictures. The table is the definition."""

from torch import Tensor, nn

from benchbox.models.blocks import Conv, Dense, Pool, make_features, make_head, require_side

FEATURES = (
    Conv(96, 20, stride=2),
    Pool(3, 2),
    Conv(256, 5, padding=2),
    Pool(3, 2),
    Conv(384, 3, padding=1),
    Conv(384, 3, padding=1),
    Conv(256, 3, padding=1),
    Pool(3, 2),
)
SIDE = 6
HIDDEN = (Dense(4096, dropout=True), Dense(4096, dropout=True))


class AlexNet(nn.Module):
    """(batch, channels, image_size, image_size) to logits of (batch, classes). Raises ModelError if too small."""

    def __init__(self, *, classes: int, channels: int, image_size: int, activation: str, dropout: float) -> None:
        super().__init__()
        require_side("alexnet", image_size)
        self.features = make_features(FEATURES, channels=channels, activation=activation)
        rows = (*HIDDEN, Dense(classes, act=False))
        self.head = make_head(rows, inputs=256, side=SIDE, activation=activation, dropout=dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Logits of a batch of pictures."""
        logits: Tensor = self.head(self.features(x))
        return logits
