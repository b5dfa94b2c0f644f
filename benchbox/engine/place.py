"""Where the arithmetic runs, and in which form: the one room that knows CUDA from CPU.

A Place is made from a PlacementSpec and handed to the loops, which therefore read the same on every device.
Only documented behaviour of torch is relied on; tests pass a Place of their own.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
from torch import nn

from benchbox.engine.allocator import keep_freed_memory
from benchbox.engine.stopwatch import EventStopwatch, Stopwatch
from benchbox.models.agreement import FORMATS
from benchbox.models.convolutions import use_fast_convolutions
from benchbox.plan.spec import PlacementSpec

DTYPES = {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True, kw_only=True)
class Place:
    """A device, the dtype of autocast (None: no autocast), a memory format, and four ways to run faster."""

    device: torch.device
    dtype: torch.dtype | None
    memory_format: torch.memory_format
    is_fused: bool
    is_compiled: bool
    has_fast_convolutions: bool = False
    keeps_memory: bool = False

    def autocast(self) -> AbstractContextManager[object]:
        """The context of a forward pass; it does nothing in fp32."""
        return torch.autocast(self.device.type, dtype=self.dtype, enabled=self.dtype is not None)

    def scaler(self) -> torch.amp.GradScaler:
        """Loss scaling, enabled for fp16 only: bf16 has fp32's range."""
        return torch.amp.GradScaler(self.device.type, enabled=self.dtype is torch.float16)

    def put(self, network: nn.Module) -> nn.Module:
        """The network's parameters on the device, in the memory format, its convolutions in the place's form."""
        if self.has_fast_convolutions:
            use_fast_convolutions(network)
        placed = network.to(device=self.device).to(memory_format=self.memory_format)
        # Only now: what building freed shall not be counted as memory of the run.
        if self.keeps_memory:
            keep_freed_memory()
        return placed

    def compiled(self, network: nn.Module) -> nn.Module:
        """What is called in place of the network: itself, or its compiled form, which shares its weights."""
        return torch.compile(network) if self.is_compiled else network  # type: ignore[return-value]

    def synchronise(self) -> None:
        """Wait until the device has done all that was asked of it; nothing to wait for on a CPU."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        elif self.device.type != "cpu":
            torch.accelerator.synchronize(self.device)

    def stopwatch(self) -> Stopwatch | None:
        """The device's own clock, None where it has none and the host's must do."""
        return EventStopwatch(self.device) if self.device.type == "cuda" else None


def make_place(spec: PlacementSpec) -> Place:
    """The place that a resolved spec names; torch's global switches are set to match, once a run."""
    set_switches(spec)
    return Place(
        device=torch.device(spec.device),
        dtype=DTYPES[spec.precision],
        memory_format=FORMATS[spec.memory_format],
        is_fused=spec.fused,
        is_compiled=spec.compile,
        has_fast_convolutions=spec.convolution == "fast",
        keeps_memory=bool(spec.keeps_memory),
    )


def set_switches(spec: PlacementSpec) -> None:
    """Set every global switch that changes speed or results, so that none is inherited unseen."""
    if spec.threads is not None:
        torch.set_num_threads(spec.threads)
    # fp32 shall mean fp32: TF32 keeps only ten bits of the mantissa.
    torch.set_float32_matmul_precision("highest")
    torch.backends.cudnn.allow_tf32 = False
    # Autotuning picks an algorithm by a race, and some algorithms add up in no fixed order: equal specs could
    # give unequal results.
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True


def switches() -> dict[str, str]:
    """The global switches as they are now, for the record."""
    return {
        "float32_matmul_precision": torch.get_float32_matmul_precision(),
        "cudnn.allow_tf32": str(torch.backends.cudnn.allow_tf32),
        "cudnn.benchmark": str(torch.backends.cudnn.benchmark),
        "cudnn.deterministic": str(torch.backends.cudnn.deterministic),
        "cudnn.enabled": str(torch.backends.cudnn.enabled),
        "mkldnn.enabled": str(torch.backends.mkldnn.enabled),
    }
