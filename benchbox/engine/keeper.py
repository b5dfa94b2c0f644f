"""Which checkpoints a fit leaves: the best one and the last one, and while it goes on what it needs to go on."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from msgspec.structs import replace
from torch import Tensor

from benchbox.data.prints import picture_prints
from benchbox.engine.checkpoint import save_checkpoint
from benchbox.engine.loops import Learner
from benchbox.engine.sampling import Clock
from benchbox.engine.stage import Context, Stage
from benchbox.records.checkpoints import FOLDER, Card
from benchbox.version import __version__

# The optimizer's state is up to twice the weights (1.7 GB with them for VGG16): not after every short epoch.
SECONDS_BETWEEN_STATES = 60.0


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How good a network is after an epoch; compared by accuracy, then by loss."""

    epoch: int
    accuracy: float
    loss: float

    def is_better_than(self, other: "Standing | None") -> bool:
        """Whether this epoch's weights replace the other's as the best."""
        return other is None or (self.accuracy, -self.loss) > (other.accuracy, -other.loss)


class Keeper:
    """Keeps the best and the last weights of a fit in the report folder, or only watches where none are wanted."""

    def __init__(self, context: Context, learner: Learner, card: Card, stage: Stage) -> None:
        self._context, self._learner, self._card = context, learner, card
        self._stage = stage
        self._trained_on: Tensor | None = None
        self._clock: Clock = context.clock
        self._state_saved = context.clock()
        self._best: Standing | None = None
        self._last: Standing | None = None

    def keep(self, standing: Standing) -> bool:
        """Note an epoch, and save what it calls for; returns whether it is the best so far."""
        self._last = standing
        is_best = standing.is_better_than(self._best)
        if is_best:
            self._best = standing
            self._save("best", standing)
        if self._clock() - self._state_saved > SECONDS_BETWEEN_STATES:
            self.save_state()
        return is_best

    def save_state(self) -> None:
        """Save the last epoch with all that is needed to go on from it."""
        if self._last is not None:
            self._save("last", self._last, learner=self._learner)
        self._state_saved = self._clock()

    def finish(self) -> None:
        """Save the last epoch's weights alone: nothing goes on from here."""
        if self._last is not None:
            self._save("last", self._last)

    def _save(self, kind: Literal["best", "last"], standing: Standing, *, learner: Learner | None = None) -> None:
        request = self._context.request
        if not request.keeps_checkpoints:
            return
        if self._trained_on is None:  # hashed once, and only where something is kept
            self._trained_on = picture_prints(self._stage.pictures, self._stage.sides.train)
        path = self._context.folder / FOLDER / f"{request.name}-{kind}.pt"
        card = replace(
            self._card,
            kind=kind,
            epoch=standing.epoch,
            accuracy=standing.accuracy,
            loss=standing.loss,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        save_checkpoint(path, card, self._learner.network, trained_on=self._trained_on, learner=learner)
        self._context.findings.add_file(kind, path, folder=self._context.folder)


def make_card(context: Context, stage: Stage, *, epochs: int) -> Card:
    """A card with all that a fit knows before its first epoch."""
    spec, pictures = context.spec, stage.pictures
    return Card(
        kind="last",
        model=spec.model,
        data=spec.data,
        fit=spec.fit,
        data_digest=pictures.digest,
        data_title=pictures.title,
        classes=pictures.classes,
        mean=stage.mean,
        std=stage.std,
        seed=spec.seed,
        epoch=0,
        epochs=epochs,
        accuracy=0.0,
        loss=0.0,
        network_digest=str(context.findings.actual.get("network_digest", "")),
        created="",
        benchbox=__version__,
    )
