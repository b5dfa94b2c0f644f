"""How pictures become batches, augmented and normalised on the device.

Two feeds with one interface give equal batches.

Neither waits for the device: no value is read back in here.
"""

from collections.abc import Callable, Iterator
from typing import Protocol, TypedDict, Unpack

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from benchbox.data.augment import make_augmentation
from benchbox.data.listing import Reader
from benchbox.data.normalise import Normalise, runs
from benchbox.data.pictures import Pictures
from benchbox.plan.spec import Augment, MemoryFormat
from benchbox.plan.spec import Feed as FeedKind

Batch = tuple[Tensor, Tensor]
# Told the name of each stage that has ended: "data wait" once a batch's pictures are there, "copy" once they are
# on the device, augmented and normalised.
Lap = Callable[[str], None]


def no_lap(stage: str) -> None:
    """Nobody watches the stages."""


class Feed(Protocol):
    """Batches of (float32 pictures [B, C, H, W], int64 labels [B]) on a device.

    `pictures` and `steps` count what one pass gives.
    """

    @property
    def pictures(self) -> int:
        """Pictures in a pass, those of a dropped last batch left out."""

    @property
    def steps(self) -> int:
        """Batches in a pass."""

    def batches(self, epoch: int = 0, *, skip: int = 0, lap: Lap = no_lap) -> Iterator[Batch]:
        """One pass without its first `skip` batches, which are not even read.

        A shuffled feed's order is a function of its seed and `epoch` alone.
        """

    def close(self) -> None:
        """End worker processes, if there are any. The feed cannot be used afterwards."""


class FeedOptions(TypedDict):
    """What both feeds take besides the pictures and their indices.

    `shuffle_seed` None means evaluation: the order of the indices, and no batch dropped. `augment` other than
    "none" changes every picture anew in each pass, by draws from torch's global generator.
    """

    device: torch.device
    memory_format: MemoryFormat
    batch_size: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    shuffle_seed: int | None
    augment: Augment


class Order:
    """Which pictures come in which batch of an epoch: int64 positions on the CPU."""

    def __init__(self, indices: Tensor, *, batch_size: int, shuffle_seed: int | None) -> None:
        self._indices, self._batch_size, self._seed = indices, batch_size, shuffle_seed
        self.pictures = len(indices) - self._dropped()
        self.steps = -(-self.pictures // batch_size)

    def _dropped(self) -> int:
        # Batch norm on a 1×1 map needs two values a channel, which a last batch of one picture has not.
        count, size = len(self._indices), self._batch_size
        is_single = self._seed is not None and size > 1 and count > 1 and count % size == 1
        return 1 if is_single else 0

    def of(self, epoch: int) -> Tensor:
        """The indices of an epoch's pictures, in order."""
        if self._seed is None:
            return self._indices
        mixed = np.random.SeedSequence((self._seed, epoch)).generate_state(1, np.uint64)
        generator = torch.Generator().manual_seed(int(mixed[0]) >> 1)  # the sign bit is not a seed's
        shuffled = self._indices[torch.randperm(len(self._indices), generator=generator)]
        return shuffled[: self.pictures]


class GatherFeed:
    """Batches gathered by index from pixels that stay on the device.

    Feeds over one `Pictures.to(device)` share its pixels. Raises ValueError for streamed pictures.
    """

    def __init__(self, pictures: Pictures, indices: Tensor, **options: Unpack[FeedOptions]) -> None:
        if pictures.pixels is None:
            raise ValueError("streamed pictures have no pixels to gather from: use LoaderFeed")
        self._device, self._batch_size = options["device"], options["batch_size"]
        self._pixels, self._labels = pictures.pixels.to(self._device), pictures.labels.to(self._device)
        self._order, self._finish = _order(indices, options), _finish(pictures, options)

    @property
    def pictures(self) -> int:
        """Pictures in a pass."""
        return self._order.pictures

    @property
    def steps(self) -> int:
        """Batches in a pass."""
        return self._order.steps

    def batches(self, epoch: int = 0, *, skip: int = 0, lap: Lap = no_lap) -> Iterator[Batch]:
        """One pass in the order of `epoch`, without its first `skip` batches."""
        order = self._order.of(epoch)[skip * self._batch_size :].to(self._device, non_blocking=True)
        for chosen in runs(order, self._batch_size):
            pixels, labels = self._pixels.index_select(0, chosen), self._labels.index_select(0, chosen)
            lap("data wait")
            pictures = self._finish(pixels)
            lap("copy")
            yield pictures, labels

    def close(self) -> None:
        """Nothing to end."""


class LoaderFeed:
    """Batches from a DataLoader, for streamed pictures and as the plain baseline over decoded ones.

    Workers decode, the device does the rest; they live until `close`, and not longer than the feed.
    """

    def __init__(
        self, pictures: Pictures, indices: Tensor, *, workers: int, **options: Unpack[FeedOptions]
    ) -> None:
        self._device = options["device"]
        self._order, self._finish = _order(indices, options), _finish(pictures, options)
        self._sampler = _EpochSampler(self._order, options["batch_size"])
        self._loader: DataLoader[Batch] | None = DataLoader(
            _AsDataset(pictures),
            batch_sampler=self._sampler,
            num_workers=workers,
            pin_memory=self._device.type == "cuda",
            persistent_workers=workers > 0,
            # Of its own: every pass draws a number, which would shift dropout's in the global one.
            generator=torch.Generator(),
        )

    @property
    def pictures(self) -> int:
        """Pictures in a pass."""
        return self._order.pictures

    @property
    def steps(self) -> int:
        """Batches in a pass."""
        return self._order.steps

    def batches(self, epoch: int = 0, *, skip: int = 0, lap: Lap = no_lap) -> Iterator[Batch]:
        """One pass in the order of `epoch`, without its first `skip` batches. Raises ValueError after `close`."""
        if self._loader is None:
            raise ValueError("the feed is closed")
        self._sampler.epoch, self._sampler.skip = epoch, skip
        for pixels, labels in self._loader:
            lap("data wait")
            pictures = self._finish(pixels.to(self._device, non_blocking=True))
            moved = labels.to(self._device, non_blocking=True)
            lap("copy")
            yield pictures, moved

    def close(self) -> None:
        """End the workers: a DataLoader ends its own when nothing refers to it any more."""
        self._loader = None


def make_feed(
    kind: FeedKind, pictures: Pictures, indices: Tensor, *, workers: int, **options: Unpack[FeedOptions]
) -> Feed:
    """The feed that a placement asks for; streamed pictures always come from a loader."""
    if kind == "gather" and pictures.pixels is not None:
        return GatherFeed(pictures, indices, **options)
    return LoaderFeed(pictures, indices, workers=workers, **options)


def _order(indices: Tensor, options: FeedOptions) -> Order:
    return Order(indices, batch_size=options["batch_size"], shuffle_seed=options["shuffle_seed"])


def _finish(pictures: Pictures, options: FeedOptions) -> Callable[[Tensor], Tensor]:
    """What is done to a batch on its device: from uint8 to what the network takes."""
    is_last = options["memory_format"] == "channels_last"
    normalise = Normalise(mean=options["mean"], std=options["std"], device=options["device"], channels_last=is_last)
    augment = make_augmentation(options["augment"], side=pictures.shape[-1])
    return normalise if augment is None else lambda pixels: normalise(augment(pixels))


class _EpochSampler:
    """Batches of positions for a DataLoader; `epoch`, and how many of its first batches to `skip`, are set before
    every pass, since workers outlive one.
    """

    def __init__(self, order: Order, batch_size: int) -> None:
        self._order, self._batch_size, self.epoch, self.skip = order, batch_size, 0, 0

    def __len__(self) -> int:
        return self._order.steps - self.skip

    def __iter__(self) -> Iterator[list[int]]:
        for chosen in runs(self._order.of(self.epoch)[self.skip * self._batch_size :], self._batch_size):
            yield chosen.tolist()


class _AsDataset(Dataset[Batch]):
    """Pictures as a DataLoader wants them. A worker opens its own archive: a handle has one position."""

    def __init__(self, pictures: Pictures) -> None:
        # A worker process cannot use what lies on a device.
        self._pixels = None if pictures.pixels is None else pictures.pixels.cpu()
        self._labels, self._stream = pictures.labels, pictures.stream
        self._read = Reader(self._stream.path) if self._stream else None

    def __getitem__(self, index: int) -> Batch:
        if self._pixels is not None:
            return self._pixels[index], self._labels[index]
        assert self._stream is not None, "pictures are held or streamed"
        assert self._read is not None, "a stream has a reader"
        return self._stream.decode(index, self._read), self._labels[index]
