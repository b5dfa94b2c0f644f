"""Cards: what a checkpoint says of itself in the JSON beside it, by which it is found without being opened."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import msgspec
from msgspec.structs import replace

from benchbox.errors import CheckpointError
from benchbox.plan.spec import DataSpec, FitSpec, ModelSpec

# History of the cards. Old numbers are read for ever, unknown ones are refused.
#   1  2026-11: the first.
#   2  2026-11: rules of splitting, pictures set aside for choosing, recipes, smoothing, augmentation.
CARD_SCHEMA = 2
READABLE_CARDS = (1, 2)
FOLDER = "checkpoints"


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """A checkpoint's description. `kind` is `best` (by accuracy, then loss) or `last`.

    The best epoch is `chosen_on` the held-out pictures, or on the `validation` side where there is one. `accuracy`
    and `loss` are those of the held-out pictures either way. `mean` and `std` are the normalisation per channel
    that the weights expect, on pictures scaled to 0…1.
    """

    schema: int = CARD_SCHEMA
    kind: Literal["best", "last"]
    model: ModelSpec
    data: DataSpec
    fit: FitSpec
    data_digest: str
    data_title: str
    classes: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    seed: int
    epoch: int
    epochs: int
    accuracy: float
    loss: float
    chosen_on: Literal["test", "validation"] = "test"
    network_digest: str = ""
    created: str
    benchbox: str

    @property
    def weights(self) -> str:
        """Where the weights come from, in words that say whether the epoch was chosen on held-out pictures."""
        epoch = f"epoch {self.epoch} of {self.epochs}"
        if self.kind == "last":
            return epoch
        if self.chosen_on == "validation":
            return f"{epoch}, chosen on the pictures set aside"
        return f"{epoch}, the best on the held-out pictures"


class Cards(msgspec.Struct, frozen=True, kw_only=True):
    """The cards of several checkpoints, in the order asked."""

    cards: tuple[Card, ...]


def card_path(checkpoint: Path) -> Path:
    """The card that lies beside a checkpoint."""
    return checkpoint.with_suffix(".json")


def checkpoint_path(folder: Path, run: str, kind: Literal["best", "last"]) -> Path:
    """Where the fit named `run` leaves a checkpoint in its report."""
    return folder / FOLDER / f"{run}-{kind}.pt"


def state_beside(last: Path) -> Path:
    """Where a fit keeps what it needs to go on until it is over, beside its last checkpoint.

    A state has no card, so that nobody takes it for a checkpoint.
    """
    return last.with_name(f"{last.name.removesuffix('-last.pt')}-state.pt")


def read_card(checkpoint: Path) -> Card:
    """The card beside a checkpoint. Raises CheckpointError where there is none or it cannot be read."""
    path = card_path(checkpoint)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CheckpointError(
            f"{checkpoint} has no card {path.name}: {error.strerror}",
            allowed="a checkpoint of `benchbox train`, with its .json beside it",
        ) from error
    return decode_card(content, name=str(path))


def decode_card(content: bytes | str, *, name: str) -> Card:
    """A card from its JSON; `name` is its file's, for the message. Raises CheckpointError."""
    try:
        schema = msgspec.json.decode(content, type=_Versioned).schema
        if schema in READABLE_CARDS:
            return msgspec.json.decode(content, type=Card)
    except msgspec.MsgspecError as error:
        raise CheckpointError(f"{name} holds no card of a checkpoint: {error}") from error
    raise CheckpointError(
        f"{name} has schema {schema}",
        allowed=f"schema {' or '.join(map(str, READABLE_CARDS))}",
        hint="read it with the release of benchbox that wrote it",
    )


class _Versioned(msgspec.Struct):
    schema: int


def find_checkpoint(
    reports: Path, model: ModelSpec, data: DataSpec, *, digest: str, network_digest: str = ""
) -> Path | None:
    """The best checkpoint of a model on these pictures and this split, the newest among equals.

    `model` must be resolved; a checkpoint of another activation or dropout is another model's, and so is one
    of a foreign network whose source has changed since (`network_digest`). How its weights began says nothing of
    what it has learned.
    """
    wanted = ("best", replace(model, init="auto"), digest, network_digest)
    fitting = [
        (card, path)
        for card, path in _cards(reports)
        if (card.kind, replace(card.model, init="auto"), card.data_digest, card.network_digest) == wanted
        and _same_pictures(card.data, data)
    ]
    if not fitting:
        return None
    return max(fitting, key=lambda found: (found[0].accuracy, -found[0].loss, found[0].created))[1]


def not_unasked(path: Path, name: str) -> CheckpointError:
    """The refusal to run a user's own code because a checkpoint names it."""
    return CheckpointError(
        f"{path} was trained from {name}, whose code is not run unasked", hint=f"give it again: --model {name}"
    )


def check_fit(card: Card, *, name: str, classes: tuple[str, ...], channels: int) -> None:
    """Raise CheckpointError where pictures of these classes and channels cannot be shown to the network."""
    unknown = [label for label in classes if label not in card.classes]
    if unknown:
        raise CheckpointError(
            f"{name} does not know the class{'es' if len(unknown) > 1 else ''} {_some(unknown)}",
            allowed=f"its {len(card.classes)} classes: {_some(card.classes)}",
            hint="evaluate it on pictures of its own classes, or train on these",
        )
    if channels != card.data.channels:
        raise CheckpointError(
            f"{name} takes pictures of {card.data.channels} channel(s), and these are read with {channels}",
            allowed=f"--channels {card.data.channels}",
        )


def _some(labels: tuple[str, ...] | list[str]) -> str:
    shown = ", ".join(labels[:5])
    return shown if len(labels) <= 5 else f"{shown}, … ({len(labels)} in all)"


def same_split(one: DataSpec, other: DataSpec) -> bool:
    """Whether both hold out the same pictures of one data set; how many others are set aside does not matter."""
    return _are_equal(one, other, ("split", "test_fraction", "split_seed"))


def _same_pictures(one: DataSpec, other: DataSpec) -> bool:
    """Whether both hold out the same pictures of one data set, in the same form."""
    return same_split(one, other) and _are_equal(one, other, ("image_size", "channels", "fit_mode"))


def _are_equal(one: DataSpec, other: DataSpec, fields: Sequence[str]) -> bool:
    return all(getattr(one, field) == getattr(other, field) for field in fields)


def _cards(reports: Path) -> Iterator[tuple[Card, Path]]:
    for path in sorted(reports.glob(f"*/{FOLDER}/*.pt")):
        # `latest` is a second name of a folder that is found by its own.
        if path.parent.parent.is_symlink():
            continue
        try:
            yield read_card(path), path
        except CheckpointError:
            # Someone else's file, or one being written: it can still be named on the command line.
            continue
