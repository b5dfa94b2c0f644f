"""Do a cell's answers agree with plain fp32's? A fast form that answers something else is not ranked.

Plain means eager, without autocast, with direct convolutions and in the contiguous format, on the same pictures
and weights. It is asked
after the timing, and changes nothing that is measured.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from benchbox.engine.loops import infer
from benchbox.engine.stage import Context, Stage
from benchbox.models.convolutions import direct

# The cell's first pictures are compared: enough to see a wrong answer, and little work for plain fp32.
COMPARED = 4
# An answer that is wrong on one picture of four errs by about 0.7. Rounding was measured on the six networks at
# 64 and 128 px, fresh and while training, in both formats. fp32: 2e-6; more is allowed for other algorithms, yet
# less than products in TF32 err (5e-4). bf16: 0.016, and 0.03 where a fresh EfficientNet answers next to nothing;
# 0.09 for a LeNet that learned nothing, whose logits hardly differ. fp16: 0.002, but 0.029 for the same fresh
# EfficientNet, whose logits are subnormal there.
TOLERANCE = {"fp32": 1e-4, "bf16": 0.25, "fp16": 0.15}
# Logits that differ by less than this share of their own size are equal for fp32 itself: what is left of a
# picture's logits without their mean may be nothing but rounding.
RESOLUTION = 2.0**-20


@dataclass(frozen=True, kw_only=True)
class Parity:
    """How far a cell's logits are from plain fp32's, and on how many pictures the likeliest class is the same."""

    error: float
    top1: float


def check_parity(context: Context, stage: Stage, *, answer: Tensor, pictures: Tensor) -> None:
    """Compare a cell's logits [N, classes] for its first N `pictures` with plain fp32's; void it where they differ.

    Answers that are no numbers leave no measurement, and a void cell.
    """
    context.began("parity")
    findings, precision = context.findings, context.spec.placement.precision
    plain = plain_logits(stage, pictures)
    if not (torch.isfinite(answer).all() and torch.isfinite(plain).all()):
        findings.actual["void"] = _not_finite(answer, plain)
        return
    seen = compare(answer, plain)
    findings.measure("parity_error", seen.error)
    findings.measure("parity_top1", seen.top1)
    if seen.error > TOLERANCE[precision]:
        findings.actual["void"] = _lost(seen, precision)


def first_answers(logits: Tensor) -> Tensor:
    """The logits that are compared, in a copy: a compiled network may use its output's memory again."""
    return logits.detach()[:COMPARED].to("cpu", torch.float32, copy=True)


def plain_logits(stage: Stage, pictures: Tensor) -> Tensor:
    """What the network answers in plain fp32, in fp32 on the CPU.

    The network itself is turned and turned back, since not every network can be copied, nor has the room for it.
    """
    network, was_training = stage.network, stage.network.training
    network.eval().to(memory_format=torch.contiguous_format)
    try:
        with torch.inference_mode(), direct(network):
            return network(pictures[:COMPARED].contiguous()).float().cpu()  # type: ignore[no-any-return]
    finally:
        stage.place.put(network).train(was_training)


def own_logits(stage: Stage, pictures: Tensor) -> Tensor:
    """What the network answers in its place, uncompiled and in eval mode, in fp32 on the CPU."""
    network, was_training = stage.network, stage.network.training
    try:
        return first_answers(infer(network.eval(), pictures[:COMPARED], stage.place))
    finally:
        network.train(was_training)


def compare(answer: Tensor, plain: Tensor) -> Parity:
    """The relative error ‖a − b‖ / ‖b‖ of logits without each picture's mean, which softmax does not see."""
    own, other = _centred(answer), _centred(plain)
    size = max(float(other.norm()), RESOLUTION * float(plain.norm()))
    distance = float((own - other).norm())
    top1 = float((answer.argmax(1) == plain.argmax(1)).double().mean())
    return Parity(error=distance / size if size else distance, top1=top1)


def _centred(logits: Tensor) -> Tensor:
    wide = logits.double()
    return wide - wide.mean(dim=1, keepdim=True)


def _lost(seen: Parity, precision: str) -> str:
    return (
        f"its answers differ from plain fp32's by {seen.error:.2g} of their size, more than the "
        f"{TOLERANCE[precision]:g} of {precision}; the likeliest class is the same on {seen.top1:.0%} of the "
        "pictures (a network with chance in its eval mode shows here too)"
    )


def _not_finite(answer: Tensor, plain: Tensor) -> str:
    if torch.isfinite(plain).all():
        return "its answers are not finite numbers, plain fp32's are"
    return "plain fp32's answers are not finite numbers: there is nothing to compare with"
