"""VGG16 (Simonyan & Zisserman 2014) with batch norm, fitted to small grey pictures. The table is the definition."""

from torch import Tensor, nn

from benchbox.models.blocks import Conv, Dense, Pool, make_features, make_head, require_side


def _stage(outputs: int, repeats: int) -> tuple[Conv, ...]:
    return (Conv(outputs, 3, padding=1, norm=True),) * repeats


FEATURES: tuple[Conv | Pool, ...] = (
    *_stage(64, 2),
    # Takes a side of 128 to 112, where the paper's second stage works.
    Conv(64, 17, act=False),
    *_stage(128, 2),
    Pool(2, 2),
    *_stage(256, 3),
    Pool(2, 2),
    *_stage(512, 3),
    Pool(2, 2),
    *_stage(512, 3),
    Pool(2, 2),
)
SIDE = 7
HIDDEN = (Dense(4096, dropout=True), Dense(4096), Dense(1000), Dense(256, act=False))


class VGG16(nn.Module):
    """(batch, channels, image_size, image_size) to logits of (batch, classes). Raises ModelError if too small."""

    def __init__(self, *, classes: int, channels: int, image_size: int, activation: str, dropout: float) -> None:
        super().__init__()
        require_side("vgg16", image_size)
        self.features = make_features(FEATURES, channels=channels, activation=activation)
        rows = (*HIDDEN, Dense(classes, act=False))
        self.head = make_head(rows, inputs=512, side=SIDE, activation=activation, dropout=dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Logits of a batch of pictures."""
        logits: Tensor = self.head(self.features(x))
        return logits
