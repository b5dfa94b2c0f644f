"""Which files a fit leaves: its best and its last checkpoint, and while it goes on the state to go on from."""

import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import torch
from msgspec.structs import replace
from torch import Tensor

from benchbox.data.prints import picture_prints
from benchbox.engine.checkpoint import save_checkpoint
from benchbox.engine.course import Course
from benchbox.engine.loops import Learner
from benchbox.engine.sampling import Clock
from benchbox.engine.stage import Context, Stage
from benchbox.engine.training_state import Standing, Subject, finite_buffers, has_finite_weights, save_state
from benchbox.records.checkpoints import Card, card_path, checkpoint_path, state_beside
from benchbox.records.files import remove_remains
from benchbox.records.learning import CURVES
from benchbox.version import __version__

# A state is saved again once so many times the time has passed that the last one cost: at most 5 % of a fit.
PASSED = 20.0
# Within an epoch at least so many seconds apart: the next end of an epoch is often near.
SECONDS_WITHIN_EPOCH = 60.0
# What an epoch measures, one value each: the curves that a state carries on.
EPOCH_METRICS = (*CURVES, "train_pictures_per_second", "eval_pictures_per_second")


class Keeper:
    """Keeps weights and states of a fit in the report folder, or only watches where none are wanted."""

    def __init__(self, context: Context, learner: Learner, card: Card, stage: Stage) -> None:
        self._context, self._learner, self._card, self._stage = context, learner, card, stage
        self._clock: Clock = context.clock
        self._trained_on: Tensor | None = None
        self._saved_at, self._cost = context.clock(), 0.0
        # The epoch and step of the newest state, None where there is none.
        self._saved: tuple[int, int] | None = None
        self._best_epoch: int | None = None
        # Why states were not saved, as it was noted.
        self._refusals: set[str] = set()
        self._watched = finite_buffers(learner.network) if self._is_keeping else frozenset()

    @property
    def _is_keeping(self) -> bool:
        return self._context.request.keeps_checkpoints

    def _path(self, kind: Literal["best", "last"]) -> Path:
        return checkpoint_path(self._context.folder, self._context.request.name, kind)

    @property
    def state_path(self) -> Path:
        """Where the state of this fit is, if it has one."""
        return state_beside(self._path("last"))

    def go_on(self, course: Course) -> None:
        """What lies in the folder is this fit's own, up to a course that has just been restored from its state."""
        self._saved = (course.epoch, course.totals.steps)
        self._add_file("state", self.state_path)
        if course.best is not None and self._path("best").exists():
            self._best_epoch = course.best.epoch
            self._add_file("best", self._path("best"))

    def remove_remains(self) -> None:
        """Remove what an earlier process of this fit was writing when it was killed."""
        if self._is_keeping:
            checkpoints = self._path("best"), self._path("last")
            for path in (*checkpoints, *map(card_path, checkpoints), self.state_path):
                remove_remains(path)

    def keep_best(self, standing: Standing) -> None:
        """Save the weights of an epoch, which is the best so far; `standing` is on the held-out pictures."""
        self._save("best", standing)
        self._best_epoch = standing.epoch

    def is_due(self, now: float, *, within_epoch: bool) -> bool:
        """Whether so much time has passed that a state may cost its time again."""
        least = SECONDS_WITHIN_EPOCH if within_epoch else 0.0
        return self._is_keeping and now - self._saved_at >= max(least, PASSED * self._cost)

    def save_state(self, course: Course) -> None:
        """Save all that is needed to go on from here.

        Nothing is saved where nothing has happened since, in the middle of a step, or where a number is not finite:
        the state before then stays, and the latter two are noted, once each. Nor is a fit broken off because a
        state finds no room: it is noted, and the fit goes on.
        """
        if not self._is_keeping or (course.epoch, course.totals.steps) == self._saved:
            return
        began = self._clock()
        if refusal := self._refusal(course):
            self._note_once(refusal)
        else:
            self._write_state(course)
        self._saved_at = self._clock()
        self._cost = self._saved_at - began

    def _refusal(self, course: Course) -> str:
        """Why a state cannot be gone on from, empty where it can."""
        if not course.is_whole:
            return f"epoch {course.epoch} was stopped in the middle of a step"
        if not math.isfinite(float(course.totals.loss)):
            return "the loss is no number"
        if not has_finite_weights(self._learner.network, buffers=self._watched):
            return "some weights or buffers are no numbers"
        return ""

    def _note_once(self, refusal: str) -> None:
        if refusal not in self._refusals:
            self._refusals.add(refusal)
            left = self.last_good()
            self._context.findings.note(f"no state was saved: {refusal}" + (f"; {left}" if left else ""))

    def _write_state(self, course: Course) -> None:
        totals = course.totals
        try:
            save_state(
                self.state_path,
                self._subject(),
                course.position(self._curves()),
                learner=self._learner,
                totals=totals,
            )
        except OSError as error:
            self._context.findings.note(f"no state to go on from was saved: {error.strerror or error}")
        else:
            self._saved = (course.epoch, totals.steps)
            self._add_file("state", self.state_path)

    def finish(self, standing: Standing) -> None:
        """Save the last epoch's weights."""
        self._save("last", standing)

    def drop_state(self) -> None:
        """Name no state: the fit is over. The file stays until the record of the fit is written down."""
        self._context.findings.files.pop("state", None)

    def last_good(self) -> str:
        """What a fit that went wrong has left, in a clause; empty where it left nothing."""
        left = []
        if self._saved is not None:
            epoch, step = self._saved
            where = f"epoch {epoch}, step {step}" if step else f"after epoch {epoch - 1}"
            left.append(f"the last good state is {self.state_path} ({where})")
        if self._is_keeping and self._best_epoch is not None:
            left.append(f"the best weights are {self._path('best')} (epoch {self._best_epoch})")
        return ", ".join(left)

    def _save(self, kind: Literal["best", "last"], standing: Standing) -> None:
        if not self._is_keeping:
            return
        if self._trained_on is None:  # hashed once, and only where something is kept
            sides = self._stage.sides
            self._trained_on = picture_prints(self._stage.pictures, torch.cat([sides.train, sides.validation]))
        card = replace(
            self._card,
            kind=kind,
            epoch=standing.epoch,
            accuracy=standing.accuracy,
            loss=standing.loss,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        save_checkpoint(self._path(kind), card, self._learner.network, trained_on=self._trained_on)
        self._add_file(kind, self._path(kind))

    def _add_file(self, kind: str, path: Path) -> None:
        self._context.findings.add_file(kind, path, folder=self._context.folder)

    def _curves(self) -> dict[str, tuple[float, ...]]:
        seen = {metric: self._context.findings.values(metric) for metric in EPOCH_METRICS}
        return {metric: values for metric, values in seen.items() if values}

    def _subject(self) -> Subject:
        card = self._card
        return Subject(
            spec=self._context.spec,
            epochs=card.epochs,
            data_digest=card.data_digest,
            network_digest=card.network_digest,
        )


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
        chosen_on="validation" if len(stage.sides.validation) else "test",
        network_digest=str(context.findings.actual.get("network_digest", "")),
        created="",
        benchbox=__version__,
    )
