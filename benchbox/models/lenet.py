"""LeNet (LeCun et al. 1998), fitted to small grey pictures. The table is the definition."""

from torch import Tensor, nn

from benchbox.models.blocks import Conv, Dense, Pool, make_features, make_head, require_side

FEATURES = (
    Conv(10, 10, stride=2),
    Pool(2, 2),
    Conv(20, 5),
    Pool(2, 2),
    Conv(20, 4),
    Pool(2, 2),
    Conv(20, 3, padding=1),
)
SIDE = 5
HIDDEN = (Dense(100, dropout=True), Dense(60))


class LeNet(nn.Module):
    """(batch, channels, image_size, image_size) to logits of (batch, classes). Raises ModelError if too small."""

    def __init__(self, *, classes: int, channels: int, image_size: int, activation: str, dropout: float) -> None:
        super().__init__()
        require_side("lenet", image_size)
        self.features = make_features(FEATURES, channels=channels, activation=activation)
        rows = (*HIDDEN, Dense(classes, act=False))
        self.head = make_head(rows, inputs=20, side=SIDE, activation=activation, dropout=dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Logits of a batch of pictures."""
        logits: Tensor = self.head(self.features(x))
        return logits
