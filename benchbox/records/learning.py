"""What a fit or an evaluation showed: accuracy, epochs, milestones, curves. No join, no text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from benchbox.records.estimate import Estimate, median, wilson
from benchbox.records.record import Record

MILESTONES = (0.5, 0.9, 0.99, 1.0)
# An accuracy that passed through fp32 may lie this far below the ratio that it means.
ROUNDING = 1e-6
CURVES = (
    "train_loss",
    "train_accuracy",
    "test_loss",
    "test_accuracy",
    "val_loss",
    "val_accuracy",
    "learning_rate",
    "epoch_seconds",
)


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """How right a network is on the held-out pictures; `source` says where its weights come from."""

    top1: Estimate
    correct: int
    pictures: int
    top5: float | None
    macro_f1: float | None
    loss: float | None
    pictures_per_second: float | None
    source: str


@dataclass(frozen=True, kw_only=True)
class Milestone:
    """The first epoch (from 1) to reach a held-out accuracy; `seconds` of training up to its end."""

    share: float
    epoch: int
    seconds: float | None


@dataclass(frozen=True, kw_only=True)
class Learning:
    """How a fit went. `best_accuracy` is the best epoch's on the held-out pictures.

    That epoch is chosen on those themselves, and so flatters; but not where it `is_chosen_apart`, on pictures that
    were set aside for it.
    `pictures_per_second`: median over the epochs, None where they were not timed. `curves`: a metric of
    CURVES to one value an epoch. A milestone that was never reached is absent.
    """

    epochs: int
    fit_seconds: float | None
    best_accuracy: float
    best_epoch: int
    is_chosen_apart: bool = False
    pictures_per_second: Estimate | None
    milestones: tuple[Milestone, ...]
    curves: Mapping[str, tuple[float, ...]]

    def milestone(self, share: float) -> Milestone | None:
        """The milestone of one share, None where it was not reached."""
        return next((reached for reached in self.milestones if reached.share == share), None)


def accuracy_of(record: Record) -> Accuracy | None:
    """The accuracy in a record, None where no picture was scored."""
    correct, pictures = record.last("correct"), record.last("pictures")
    if correct is None or not pictures:
        return None
    return Accuracy(
        top1=wilson(int(correct), int(pictures)),
        correct=int(correct),
        pictures=int(pictures),
        top5=record.last("top5"),
        macro_f1=record.last("macro_f1"),
        loss=record.last("loss"),
        pictures_per_second=record.last("eval_pictures_per_second"),
        source=_source(record),
    )


def _source(record: Record) -> str:
    if record.spec.task == "evaluate":
        weights = f" ({record.actual.weights})" if record.actual.weights else ""
        return f"checkpoint {record.files.get('checkpoint') or record.spec.checkpoint}{weights}"
    epochs = len(record.values("test_accuracy"))
    seconds = record.last("fit_seconds") or record.seconds
    return f"fit: {epochs} epoch{'s' if epochs != 1 else ''} in {seconds:.0f} s"


def learning_of(record: Record) -> Learning | None:
    """The epochs of a fit, None where none ended."""
    accuracies = record.values("test_accuracy")
    if not accuracies:
        return None
    is_chosen_apart = len(record.values("val_accuracy")) == len(accuracies)
    side = "val" if is_chosen_apart else "test"
    best = _best_epoch(record.values(f"{side}_accuracy"), record.values(f"{side}_loss"))
    speeds = record.values("train_pictures_per_second")
    curves = {name: record.values(name) for name in CURVES}
    return Learning(
        epochs=len(accuracies),
        fit_seconds=record.last("fit_seconds"),
        best_accuracy=accuracies[best],
        best_epoch=best + 1,
        is_chosen_apart=is_chosen_apart,
        pictures_per_second=median(speeds) if speeds else None,
        milestones=_milestones(accuracies, record.values("epoch_seconds")),
        curves={name: values for name, values in curves.items() if values},
    )


def _best_epoch(accuracies: Sequence[float], losses: Sequence[float]) -> int:
    """The position of the highest accuracy, of those the lowest loss, of those the first."""
    if len(losses) != len(accuracies):
        losses = [0.0] * len(accuracies)
    return min(range(len(accuracies)), key=lambda epoch: (-accuracies[epoch], losses[epoch]))


def _milestones(accuracies: Sequence[float], seconds: Sequence[float]) -> tuple[Milestone, ...]:
    elapsed = list(accumulate(seconds))
    reached = {
        share: next((epoch for epoch, seen in enumerate(accuracies) if seen >= share - ROUNDING), None)
        for share in MILESTONES
    }
    return tuple(
        Milestone(share=share, epoch=epoch + 1, seconds=elapsed[epoch] if epoch < len(elapsed) else None)
        for share, epoch in reached.items()
        if epoch is not None
    )
