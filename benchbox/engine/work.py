"""The work of a timed cell, everything set up: one call is one sample's work.

A cell samples it, an arm calls it in slices. What is measured of it, and when, is decided elsewhere.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass

from msgspec.structs import replace
from torch import Tensor, nn

from benchbox.data.feeds import Feed
from benchbox.engine.beginning import make_learner
from benchbox.engine.laps import Laps
from benchbox.engine.loops import Batch, Learner, infer, train_step
from benchbox.engine.memory import MemoryFloor
from benchbox.engine.place import Place
from benchbox.engine.stage import Context, Stage, feed_of, set_stage

# Enough whole batches that a loader's workers are never at the end of their epoch.
BATCHES_A_PASS = 64
# Batches that a DataLoader's worker keeps ready by default (`prefetch_factor`).
BATCHES_AHEAD = 2


@dataclass(frozen=True, kw_only=True)
class Work:
    """One call of inference, or one training step with its feed.

    `call` does one sample's work: in inference it returns the logits of the batch, in training the loss. `batch`
    gives one whole batch of pictures on the device: in inference the one that is timed. `laps` tells a step's
    stages apart while it is begun. `learner` is None in inference. `close` ends the feed's workers; the work
    cannot be called afterwards.
    """

    context: Context
    floor: MemoryFloor
    stage: Stage
    call: Callable[[], Tensor]
    close: Callable[[], None]
    batch: Callable[[], Tensor]
    laps: Laps
    learner: Learner | None = None

    @property
    def place(self) -> Place:
        """Where the work runs; a foreign network may have chosen another memory format than was asked for."""
        return self.stage.place

    @property
    def network(self) -> nn.Module:
        """The network itself, never its compiled form."""
        return self.stage.network

    def batches_ahead(self) -> int:
        """How many batches a loader's workers fetch while the work sleeps."""
        place = self.context.spec.placement
        is_loader = place.feed == "loader" or self.stage.pictures.pixels is None
        is_fed = self.learner is not None  # inference has its one batch on the device
        return place.workers * BATCHES_AHEAD if is_loader and is_fed else 0


def open_work(context: Context) -> Work:
    """Set up the work of a spec of task `infer` or `train_step`: pictures, network, feed; nothing is called yet."""
    floor, stage = set_stage(context)
    laps = Laps(clock=context.clock, synchronise=stage.place.synchronise)
    return (_open_inference if context.spec.task == "infer" else _open_training)(context, floor, stage, laps)


def whole_batches(
    context: Context, stage: Stage, *, batch_size: int, shuffle_seed: int | None, count: int = BATCHES_A_PASS
) -> Feed:
    """Training pictures, repeated so that each of `count` batches has the size that was asked for."""
    wanted = batch_size * count
    train = stage.sides.train
    indices = train.repeat(-(-wanted // len(train)))[:wanted]
    return feed_of(stage, context.spec, indices, batch_size=batch_size, shuffle_seed=shuffle_seed)


def endless(feed: Feed, laps: Laps) -> Generator[Batch, None, None]:
    """Pass after pass of a feed."""
    epoch = 0
    while True:
        yield from feed.batches(epoch, lap=laps)
        epoch += 1


def make_endless_learner(context: Context, stage: Stage) -> Learner:
    """A learner in training mode whose schedule has no end, however many steps are timed."""
    constant = replace(context.spec, fit=replace(context.spec.fit, schedule="constant"))
    learner = make_learner(constant, stage, steps=1)
    learner.forward.train()
    return learner


def _open_inference(context: Context, floor: MemoryFloor, stage: Stage, laps: Laps) -> Work:
    """The forward pass on one batch that lies on the device."""
    network = stage.place.compiled(stage.network).eval()
    feed = whole_batches(context, stage, batch_size=context.spec.fit.batch, shuffle_seed=None)
    pictures, _ = next(iter(feed.batches()))
    feed.close()
    return Work(
        context=context,
        floor=floor,
        stage=stage,
        call=lambda: infer(network, pictures, stage.place),
        close=lambda: None,
        batch=lambda: pictures,
        laps=laps,
    )


def _open_training(context: Context, floor: MemoryFloor, stage: Stage, laps: Laps) -> Work:
    """A training step with its feed: next batch, forward, backward, optimizer."""
    spec = context.spec
    feed = whole_batches(context, stage, batch_size=spec.fit.batch, shuffle_seed=spec.seed)
    learner = make_endless_learner(context, stage)
    batches = endless(feed, laps)
    is_watched = spec.placement.sync_seconds == 0

    def step() -> Tensor:
        loss, _ = train_step(learner, *next(batches), lap=laps)
        if is_watched:
            loss.item()
        return loss

    def close() -> None:
        # A pass that was broken off keeps the loader, and with it the workers.
        batches.close()
        feed.close()

    return Work(
        context=context,
        floor=floor,
        stage=stage,
        call=step,
        close=close,
        batch=lambda: next(batches)[0],
        laps=laps,
        learner=learner,
    )
