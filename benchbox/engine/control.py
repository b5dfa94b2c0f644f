"""The control network: the same frozen work in every process, beside which the times of a row are read.

A machine that is slow today is slow for it too; a row that alone became slower is not. It must share the character
of what it stands beside, so it is a convolutional network. It is never edited: a change has another digest, and
times beside different controls are not compared.
"""

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec
import torch
from torch import nn

from benchbox.engine.loops import infer
from benchbox.engine.place import Place
from benchbox.engine.sampling import Clock, time_calls
from benchbox.plan.schedule import untimed_calls

# 1.4 GFLOP a call, about 10 ms on two cores: convolutions of 3×3 with ReLU, the mean over each channel, a linear
# layer. Weights and pictures are drawn so that activations neither grow nor become subnormal.
BATCH, SIDE, CLASSES = 8, 32, 10
CONVOLUTIONS = ((16, 64), (64, 64), (64, 64))
SEED, SCALE = 0, 0.05
CONTROL_DIGEST = hashlib.sha256(
    msgspec.json.encode(("fp32", "channels_last", BATCH, SIDE, CLASSES, CONVOLUTIONS, SEED, SCALE))
).hexdigest()[:12]

# Both brackets of a cell and the warm-up before them take at most this share of its timing; where that is less than
# LEAST_SECONDS of timing allow there are none.
SHARE, LEAST_SECONDS = 0.1, 1.0
SAMPLES, SAMPLE_SECONDS = 4, 0.025
WARMUP_CALLS = 5

Call = Callable[[], object]
Make = Callable[[Place], Call]


def make_control_call(place: Place) -> Call:
    """One call of the control network on fixed pictures at a place. Every call of this makes a copy of its own.

    torch's random generators are left as they were.
    """
    generator = torch.Generator().manual_seed(SEED)
    with torch.device("meta"):
        network = _make_network()
    network.to_empty(device="cpu")
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.normal_(0.0, SCALE, generator=generator)
    pictures = torch.randn(BATCH, CONVOLUTIONS[0][0], SIDE, SIDE, generator=generator)
    placed = place.put(network).eval()
    on_device = pictures.to(place.device, memory_format=place.memory_format)
    return lambda: infer(placed, on_device, place)


def _make_network() -> nn.Module:
    layers: list[nn.Module] = []
    for inputs, outputs in CONVOLUTIONS:
        layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(CONVOLUTIONS[-1][1], CLASSES))


def control_place(device: torch.device) -> Place:
    """Where the control runs beside any row: on its device, in plain fp32, so that it is the same work for all."""
    return Place(device=device, dtype=None, memory_format=torch.channels_last, is_fused=False, is_compiled=False)


@dataclass(frozen=True, kw_only=True)
class Control:
    """The control, warm: its call, about how many seconds that takes, and its place."""

    call: Call
    call_seconds: float
    place: Place

    def calls_in(self, seconds: float) -> int:
        """How many calls make a sample of so many seconds: one at least."""
        return max(1, math.ceil(seconds / self.call_seconds))

    def wake(self) -> None:
        """Bring it back into the caches, and wait until the threads of whoever worked before it sleep."""
        for _ in range(untimed_calls(self.call_seconds)):
            self.call()

    def time(self, seconds: float, *, clock: Clock) -> float:
        """Seconds a call over about so many seconds; whoever asks has woken it up."""
        return time_calls(
            self.call,
            self.calls_in(seconds),
            clock=clock,
            synchronise=self.place.synchronise,
            stopwatch=self.place.stopwatch(),
        ).seconds

    def samples_beside(self, seconds: float) -> int:
        """How many samples there is room for on each side of a cell that is timed for so long; 0 for none.

        What making the control and waking it took counts with them.
        """
        sample = self.calls_in(SAMPLE_SECONDS) * self.call_seconds
        left = SHARE * seconds - (WARMUP_CALLS + 3) * self.call_seconds
        return max(0, min(SAMPLES, int(left / (2 * sample))))


def open_control(device: torch.device, *, clock: Clock, make: Make = make_control_call) -> Control:
    """Make the control and warm it."""
    place = control_place(device)
    call = make(place)
    call()
    timed = time_calls(call, WARMUP_CALLS, clock=clock, synchronise=place.synchronise)
    return Control(call=call, call_seconds=max(timed.seconds, 1e-9), place=place)


class ControlTurns:
    """The control as one that takes turns with rows: its slices, by block. It is made at its first turn."""

    def __init__(self, *, clock: Clock, make: Make = make_control_call) -> None:
        self._clock, self._make = clock, make
        self._control: Control | None = None
        self._slices: dict[int, list[float]] = {}

    def turn(self, device: torch.device, *, block: int, seconds: float) -> tuple[int, float]:
        """Work for a slice: how many calls, and the seconds that each took."""
        if self._control is None:
            self._control = open_control(device, clock=self._clock, make=self._make)
        self._control.wake()
        taken = self._control.time(seconds, clock=self._clock)
        self._slices.setdefault(block, []).append(taken)
        return self._control.calls_in(seconds), taken

    def beside(self, blocks: Sequence[int]) -> list[float]:
        """Seconds of the control for each slice of a row, of which the blocks are given in order.

        Those of the same block, its first slice for the row's first. So as to cost little the control has no turn
        in some blocks: for them its latest before counts. Empty where it had none before one of them.
        """
        seen, seconds = Counter[int](), list[float]()
        for block in blocks:
            latest = max((at for at in self._slices if at <= block), default=None)
            if latest is None:
                return []
            slices = self._slices[latest]
            seconds.append(slices[min(seen[block], len(slices) - 1)])
            seen[block] += 1
        return seconds
