"""Optimizers and schedules by name: two tables."""

from collections.abc import Callable, Iterable
from typing import Any

from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer, RMSprop
from torch.optim.lr_scheduler import CosineAnnealingLR, LambdaLR, LRScheduler, OneCycleLR

from benchbox.plan.resolve import FUSED_OPTIMIZERS
from benchbox.plan.spec import FitSpec

MOMENTUM = 0.9

_OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {
    "adamw": AdamW,
    "adam": Adam,
    "sgd": lambda parameters, **options: SGD(parameters, momentum=MOMENTUM, nesterov=True, **options),
    "rmsprop": lambda parameters, **options: RMSprop(parameters, momentum=MOMENTUM, **options),
}


def make_optimizer(fit: FitSpec, parameters: Iterable[nn.Parameter], *, is_fused: bool) -> Optimizer:
    """The optimizer of a resolved spec, in its fused form where torch has one and it is wanted."""
    options: dict[str, Any] = {"lr": fit.lr, "weight_decay": fit.weight_decay}
    if fit.optimizer in FUSED_OPTIMIZERS:
        options["fused"] = is_fused
    return _OPTIMIZERS[fit.optimizer](parameters, **options)


def make_schedule(fit: FitSpec, optimizer: Optimizer, *, steps: int) -> LRScheduler:
    """The learning rate over `steps` steps; `fit.lr` is its peak.

    one_cycle: from a 25th of the peak up to it over the first 30 %, then down to nothing (Smith & Topin 2018,
    arXiv 1708.07120), both along half a cosine, as torch does by default; it moves no momentum, so that it means
    the same for every optimizer.
    """
    if fit.schedule == "one_cycle":
        return OneCycleLR(optimizer, max_lr=fit.lr or 0.0, total_steps=steps + 1, cycle_momentum=False)
    if fit.schedule == "cosine":
        return CosineAnnealingLR(optimizer, T_max=steps)
    return LambdaLR(optimizer, lambda step: 1.0)
