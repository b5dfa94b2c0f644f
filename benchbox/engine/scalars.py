"""A fit's numbers for TensorBoard, one point an epoch."""

from pathlib import Path
from types import TracebackType
from typing import Self

from benchbox.records.events import EpochEnded

FOLDER = "tensorboard"


class Scalars:
    """Writes epochs as TensorBoard scalars under `folder`/tensorboard/`name`; closes its file at the end.

    Points that an earlier run left there for epochs from `first` on are no longer shown.
    """

    def __init__(self, folder: Path, name: str, *, first: int = 1) -> None:
        # Imported here: it takes a second, and only a fit needs it.
        from torch.utils.tensorboard import SummaryWriter

        self._writer = SummaryWriter(str(folder / FOLDER / name), purge_step=first)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()

    def add(self, epoch: EpochEnded) -> None:
        """Add one epoch's losses, accuracies and speed."""
        points = {
            "loss/train": epoch.train_loss,
            "loss/test": epoch.test_loss,
            "accuracy/train": epoch.train_accuracy,
            "accuracy/test": epoch.test_accuracy,
            "loss/val": epoch.val_loss,
            "accuracy/val": epoch.val_accuracy,
            "speed/train_pictures_per_second": epoch.pictures_per_second,
        }
        for tag, value in points.items():
            if value is not None:
                self._writer.add_scalar(tag, value, epoch.epoch)
        # On the disk before a state that takes the epoch for over.
        self._writer.flush()
