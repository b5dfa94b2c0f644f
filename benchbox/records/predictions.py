"""What a checkpoint's network says of single pictures, as `benchbox predict` asks and is answered. No torch."""

import msgspec

from benchbox.plan.spec import PlacementSpec


class PredictRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Show pictures to a checkpoint's network: files, folders or zips, by their paths.

    `model` allows the import of a user's own file that the checkpoint names. `top` is how many of the likeliest
    classes are told, `batch_size` how many pictures are shown at once.
    """

    checkpoint: str
    pictures: tuple[str, ...]
    model: str | None = None
    placement: PlacementSpec = PlacementSpec()
    top: int = 5
    batch_size: int = 64


class Guess(msgspec.Struct, frozen=True, kw_only=True):
    """A class and its probability, a ratio."""

    label: str
    probability: float


class Prediction(msgspec.Struct, frozen=True, kw_only=True):
    """The likeliest classes of one picture, likeliest first; none where `fault` says why it could not be read."""

    picture: str
    likeliest: tuple[Guess, ...] = ()
    fault: str = ""


class Predictions(msgspec.Struct, frozen=True, kw_only=True):
    """What was said of all pictures, in the order asked, and by whom.

    `weights` says which epoch's they are, `data` which pictures they were trained on.
    """

    checkpoint: str
    network: str
    weights: str
    data: str
    classes: tuple[str, ...]
    device: str
    precision: str
    pictures: tuple[Prediction, ...]

    @property
    def faults(self) -> tuple[Prediction, ...]:
        """The pictures that could not be read."""
        return tuple(each for each in self.pictures if each.fault)
