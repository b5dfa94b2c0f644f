"""Accuracy on disturbed pictures: noise, blur, brightness and occlusion, at the strengths of `records.robustness`.

What is random is drawn for each picture from its name alone, on the CPU: every network of one picture size is shown
the same disturbed pictures, on any device, in any batch. The draws are the same at all strengths, so that a curve
over these does not jump because of them.
"""

import hashlib
import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torchvision.transforms.v2 import functional as F

from benchbox.data.normalise import Normalise, runs
from benchbox.engine.loops import infer
from benchbox.engine.stage import NAMES, Context, Stage
from benchbox.records.events import Progress
from benchbox.records.robustness import DISTURBANCES, Disturbance

# From a strength to the disturbed pictures, uint8 as they came.
Disturb = Callable[[float], Tensor]

_WHITE = 255
_GREY = 128


def measure_robustness(context: Context, stage: Stage, network: nn.Module, indices: Tensor) -> None:
    """Score the pictures `indices` at every strength of every disturbance; accuracies go to the findings.

    `network` must be in eval mode. Each picture is decoded once.
    """
    context.began("robustness")
    place, size = stage.place, context.spec.fit.eval_batch_size
    normalise = Normalise(
        mean=stage.mean,
        std=stage.std,
        device=place.device,
        channels_last=NAMES[place.memory_format] == "channels_last",
    )
    right = {each.metric: _no_counts(each, place.device) for each in DISTURBANCES}
    done = 0
    for chosen in runs(indices, size):
        pixels = stage.pictures.decode(chosen.tolist()).to(place.device)
        labels = stage.pictures.labels[chosen].to(place.device)
        names = [stage.pictures.names[index] for index in chosen.tolist()]
        for each in DISTURBANCES:
            disturb = make_disturbance(each.name, pixels, names)
            for level, strength in enumerate(each.strengths):
                logits = infer(network, normalise(disturb(strength)), place)
                right[each.metric][level] += count_right(logits, labels)
        done += len(chosen)
        context.observer(Progress(done=done, total=len(indices)))
    for metric, counts in right.items():
        context.findings.measure(metric, *(count / len(indices) for count in counts.tolist()))


def count_right(logits: Tensor, labels: Tensor) -> Tensor:
    """How many of N pictures are right, from logits [N, classes] and labels [N]; on their device.

    A picture whose logits are not all numbers is wrong: the likeliest class of nothing but NaN would be the first.
    """
    return ((logits.argmax(1) == labels) & logits.isfinite().all(1)).sum()


def _no_counts(disturbance: Disturbance, device: torch.device) -> Tensor:
    return torch.zeros(len(disturbance.strengths), dtype=torch.int64, device=device)


def make_disturbance(name: str, pixels: Tensor, names: Sequence[str]) -> Disturb:
    """A disturbance of pictures uint8 [N, C, side, side] that have these names."""
    return _MAKERS[name](pixels, names)


def _noise(pixels: Tensor, names: Sequence[str]) -> Disturb:
    # Not torchvision's own, which draws from the global generator of the device.
    drawn = [torch.randn(pixels.shape[1:], generator=_generator("noise", name)) for name in names]
    field = torch.stack(drawn).to(pixels.device) * _WHITE
    return lambda strength: _to_uint8(pixels + strength * field)


def _blur(pixels: Tensor, names: Sequence[str]) -> Disturb:
    side = pixels.shape[-1]

    def blurred(strength: float) -> Tensor:
        sigma = [strength * side] * 2
        # Three standard deviations to both sides; a border cannot be mirrored further than the picture goes.
        width = 2 * min(math.ceil(3 * sigma[0]), side - 1) + 1
        # A Gaussian is a product of two narrow ones, which are much less work than the square.
        across = F.gaussian_blur(pixels.float(), kernel_size=[width, 1], sigma=sigma)
        return _to_uint8(F.gaussian_blur(across, kernel_size=[1, width], sigma=sigma))

    return blurred


def _brightness(pixels: Tensor, names: Sequence[str]) -> Disturb:
    return lambda strength: F.adjust_brightness(pixels, strength)


def _occlusion(pixels: Tensor, names: Sequence[str]) -> Disturb:
    corners = [torch.rand(2, generator=_generator("occlusion", name)).tolist() for name in names]
    side, grey = pixels.shape[-1], torch.full((1, 1, 1), _GREY, dtype=pixels.dtype, device=pixels.device)

    def covered(strength: float) -> Tensor:
        square = round(strength * side)
        tops = [[round(share * (side - square)) for share in corner] for corner in corners]
        covers = [
            F.erase(picture, i=top, j=left, h=square, w=square, v=grey)
            for picture, (top, left) in zip(pixels, tops, strict=True)
        ]
        return torch.stack(covers)

    return covered


_MAKERS: dict[str, Callable[[Tensor, Sequence[str]], Disturb]] = {
    "noise": _noise,
    "blur": _blur,
    "darker": _brightness,
    "brighter": _brightness,
    "occlusion": _occlusion,
}


def _to_uint8(values: Tensor) -> Tensor:
    return values.round().clamp(0, _WHITE).to(torch.uint8)


def _generator(what: str, name: str) -> torch.Generator:
    """Of its own for every picture and disturbance."""
    mark = hashlib.blake2b(f"{what} {name}".encode(), digest_size=8).digest()
    return torch.Generator().manual_seed(int.from_bytes(mark, "big") >> 1)  # the sign bit is not a seed's
