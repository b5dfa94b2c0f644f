"""The only loop bodies: one training step, one training epoch, one evaluation, one inference.

AMP, tracing and progress are contexts and callbacks that may do nothing. Nothing in here reads a value
back from the device, but where `train_epoch` looks, at most every `sync_seconds`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from benchbox.data.feeds import Lap, no_lap
from benchbox.engine.place import Place
from benchbox.signals import signals_held

Batch = tuple[Tensor, Tensor]


@dataclass(frozen=True, kw_only=True)
class Learner:
    """All that a training step changes, and its loss. `forward` is the network itself or its compiled form."""

    network: nn.Module
    forward: nn.Module
    optimizer: Optimizer
    scaler: torch.amp.GradScaler
    schedule: LRScheduler
    place: Place
    label_smoothing: float = 0.0

    @property
    def rate(self) -> float:
        """The learning rate of the next step."""
        return float(self.optimizer.param_groups[0]["lr"])


@dataclass(frozen=True, kw_only=True)
class Totals:
    """Sums over an epoch so far, still on the device: loss times pictures, and right answers."""

    loss: Tensor
    correct: Tensor
    pictures: int
    steps: int


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What a network said of N pictures: logits [N, classes] in fp32 and labels [N], on the device."""

    logits: Tensor
    labels: Tensor


def train_step(learner: Learner, pictures: Tensor, labels: Tensor, *, lap: Lap = no_lap) -> tuple[Tensor, Tensor]:
    """One step on a batch; returns its mean loss and its number of right answers, on the device.

    `lap` is told the stages "forward" (with the loss and the count of right answers), "backward" (with the
    release of the last step's gradients, whose place the new ones take) and "optimizer" (the rest).
    """
    with learner.place.autocast():
        logits = learner.forward(pictures)
    loss = F.cross_entropy(logits.float(), labels, label_smoothing=learner.label_smoothing)
    right = (logits.detach().argmax(1) == labels).sum()
    lap("forward")
    learner.optimizer.zero_grad(set_to_none=True)
    learner.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
    lap("backward")
    learner.scaler.step(learner.optimizer)
    learner.scaler.update()
    learner.schedule.step()
    lap("optimizer")
    return loss.detach(), right


def no_totals(device: torch.device) -> Totals:
    """The sums before an epoch's first step."""
    loss, correct = torch.zeros((), device=device), torch.zeros((), device=device, dtype=torch.int64)
    return Totals(loss=loss, correct=correct, pictures=0, steps=0)


def train_epoch(
    learner: Learner,
    batches: Iterable[Batch],
    *,
    look: Callable[[Totals], None],
    start: Totals | None = None,
) -> Totals:
    """Train on every batch. `look` is called after each step and decides itself when to synchronise.

    `start` are the sums of an epoch of which only the rest is trained. A signal waits until a step is made and
    looked at: weights, sums and random numbers belong together there. A second one is heard at once, and tears it.
    """
    learner.forward.train()
    totals, coming = start or no_totals(learner.place.device), iter(batches)
    while True:
        with signals_held(once=True) as waiting:
            for pictures, labels in coming:
                loss, right = train_step(learner, pictures, labels)
                totals = Totals(
                    loss=totals.loss + loss * len(labels),
                    correct=totals.correct + right,
                    pictures=totals.pictures + len(labels),
                    steps=totals.steps + 1,
                )
                look(totals)
                if waiting:
                    break
            else:
                return totals


def infer(network: nn.Module, pictures: Tensor, place: Place) -> Tensor:
    """Logits [N, classes] of a batch; the network must be in eval mode."""
    with torch.inference_mode(), place.autocast():
        return network(pictures)  # type: ignore[no-any-return]


def evaluate(network: nn.Module, batches: Iterable[Batch], place: Place) -> Answers:
    """The network's answers on all batches, in their order."""
    network.eval()
    logits, labels = [], []
    for pictures, wanted in batches:
        logits.append(infer(network, pictures, place).float())
        labels.append(wanted)
    return Answers(logits=torch.cat(logits), labels=torch.cat(labels))
