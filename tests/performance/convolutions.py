"""Whether the fast forms of convolutions are faster than direct ones, and where they are not.

Forward and backward of one layer under autocast in bf16, direct and fast in turn, in one process. What limits a
direct convolution with large kernels is arithmetic; a depthwise one, whether the library has a kernel for it.
"""

import statistics
import time
from collections.abc import Callable

import torch
from torch import nn

from benchbox.engine.allocator import keep_freed_memory
from benchbox.models.convolutions import direct, use_fast_convolutions
from benchbox.models.fourier import FourierConvolution
from performance.claim import Claim

BATCH = 32
PAIRS = 5


def claims() -> list[Claim]:
    """One claim a layer: the last is of a form that is not taken, since there the direct one is faster."""
    keep_freed_memory()  # as in a run
    few = FourierConvolution(1, 64, 17)
    return [
        _compare("VGG16's 64 to 64, side 17", nn.Conv2d(64, 64, 17), side=128),
        _compare("depthwise 144, side 5, stride 2", _depthwise(144, side=5, stride=2), side=32),
        _compare("depthwise 96, side 3, stride 2", _depthwise(96, side=3, stride=2), side=64),
        _compare("depthwise 672, side 5", _depthwise(672, side=5, stride=1), side=8),
        _compare("1 to 64, side 17 (direct is taken)", few, side=128, is_faster=False),
    ]


def _depthwise(channels: int, *, side: int, stride: int) -> nn.Conv2d:
    return nn.Conv2d(channels, channels, side, stride=stride, padding=side // 2, groups=channels, bias=False)


def _compare(what: str, layer: nn.Conv2d, *, side: int, is_faster: bool = True) -> Claim:
    network = nn.Sequential(layer).to(memory_format=torch.channels_last)
    use_fast_convolutions(network)
    pictures = torch.randn(BATCH, layer.in_channels, side, side).to(memory_format=torch.channels_last)
    pictures.requires_grad_(layer.in_channels > 1)

    def step() -> None:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            answer = network(pictures)
        answer.backward(torch.ones_like(answer))

    def plain() -> None:
        with direct(network):
            step()

    slow, fast = _in_turn(plain, step)
    ratio = statistics.median(slow) / statistics.median(fast)
    return Claim(
        what=f"{what}: direct / fast, seconds forward and backward",
        seen=f"{ratio:.2f} ({statistics.median(slow):.4f} / {statistics.median(fast):.4f} s)",
        limit="over 1" if is_faster else "under 1",
        holds=(ratio > 1) is is_faster,
        raw={"direct": slow, "fast": fast},
    )


def _in_turn(*calls: Callable[[], None]) -> tuple[list[float], ...]:
    """The seconds of each call, after one that is not counted."""
    seen: tuple[list[float], ...] = tuple([] for _ in calls)
    for pair in range(PAIRS + 1):
        for call, seconds in zip(calls, seen, strict=True):
            began = time.perf_counter()
            call()
            if pair:
                seconds.append(time.perf_counter() - began)
    return seen
