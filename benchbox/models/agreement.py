"""Does a network run on these pictures, and in which memory format? Tried, with as little arithmetic as will do."""

import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from benchbox.errors import ModelError
from benchbox.models.oneline import one_line
from benchbox.plan.spec import MemoryFormat

FORMATS: dict[MemoryFormat, torch.memory_format] = {
    "channels_last": torch.channels_last,
    "contiguous": torch.contiguous_format,
}
# Two, since batch norm cannot train on a batch of one picture whose feature maps are one pixel.
PICTURES = 2


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What a network is tried on."""

    channels: int
    image_size: int
    classes: int
    memory_format: MemoryFormat

    def __str__(self) -> str:
        return f"{self.channels}×{self.image_size}×{self.image_size} in {self.memory_format}"


def agree_on_format(
    network: nn.Module, *, channels: int, image_size: int, classes: int, memory_format: MemoryFormat
) -> tuple[MemoryFormat, str]:
    """The memory format in which the network runs, and a note: empty where it is the one that was asked for.

    The network itself is left as it is. Raises ModelError where it takes another number of channels, cannot
    run on the pictures at all, or does not return one tensor of (batch, classes).
    """
    asked = Trial(channels=channels, image_size=image_size, classes=classes, memory_format=memory_format)
    refusal = _refusal(network, asked)
    if refusal is None:
        return memory_format, ""
    contiguous = _changed(asked, memory_format="contiguous")
    if memory_format != "contiguous" and _refusal(network, contiguous) is None:
        return "contiguous", f"runs in contiguous, since {memory_format} fails: {one_line(refusal)}"
    raise _explained(network, contiguous, refusal)


def _changed(trial: Trial, *, channels: int | None = None, memory_format: MemoryFormat | None = None) -> Trial:
    return Trial(
        channels=channels or trial.channels,
        image_size=trial.image_size,
        classes=trial.classes,
        memory_format=memory_format or trial.memory_format,
    )


def _explained(network: nn.Module, trial: Trial, refusal: Exception) -> ModelError:
    if isinstance(refusal, ModelError):
        return refusal
    other = 3 if trial.channels == 1 else 1
    if _refusal(network, _changed(trial, channels=other)) is None:
        return ModelError(
            f"the network takes {other}-channel pictures, got {trial.channels}-channel ones",
            hint=f"add `--channels {other}`",
        )
    error = ModelError(
        f"the network cannot run on pictures of {trial}: {one_line(refusal)}",
        hint="try another --image-size or --channels",
    )
    error.__cause__ = refusal
    return error


def _refusal(network: nn.Module, trial: Trial) -> Exception | None:
    """Why a network cannot run: on the meta device, and really where that is not enough to know."""
    try:
        shadow = on_meta(network)
        for is_training in (False, True):
            _run(shadow.train(is_training), trial, device=torch.device("meta"))
    except ModelError as error:
        return error
    except Exception:
        # Some code cannot run without numbers: then the real run is the judge.
        return _real_refusal(network, trial)
    if trial.memory_format == "contiguous" or _is_of_the_zoo(network):
        return None
    # The meta device's convolutions return contiguous tensors, whatever the format of their input.
    return _real_refusal(network, trial)


def _is_of_the_zoo(network: nn.Module) -> bool:
    """Whether the network is known to run in all formats: a copy and a run of VGG16 would take seconds."""
    return type(network).__module__.startswith("benchbox.models.")


def _real_refusal(network: nn.Module, trial: Trial) -> Exception | None:
    """Why a copy of a network cannot run in eval mode, where its numbers lie (else on the CPU)."""
    device = next((tensor.device for tensor in network.parameters()), torch.device("cpu"))
    try:
        _run(_copied(network).eval(), trial, device=device)
    except Exception as error:  # whatever a stranger's code raises is what is asked for here
        return error
    return None


def _copied(network: nn.Module) -> nn.Module:
    """A copy, or the network itself where it cannot be copied: eval mode without gradients changes nothing."""
    try:
        return copy.deepcopy(network)
    except Exception:  # weight_norm's computed weights, for one, refuse to be copied
        return network


def _run(network: nn.Module, trial: Trial, *, device: torch.device) -> None:
    layout = FORMATS[trial.memory_format]
    network = network.to(memory_format=layout)
    shape = (PICTURES, trial.channels, trial.image_size, trial.image_size)
    pictures = torch.zeros(shape, device=device).contiguous(memory_format=layout)
    with torch.no_grad():
        output = network(pictures)
    wanted = (PICTURES, trial.classes)
    if not isinstance(output, Tensor):
        raise _wrong(f"a {type(output).__name__}", wanted)
    if tuple(output.shape) != wanted:
        raise _wrong(f"a tensor of shape {tuple(output.shape)}", wanted)


def _wrong(got: str, wanted: tuple[int, int]) -> ModelError:
    return ModelError(
        f"the network returns {got} for {PICTURES} pictures",
        allowed=f"one tensor of logits, of shape (batch, classes), here {wanted}",
    )


def on_meta(network: nn.Module) -> nn.Module:
    """A copy without numbers, on the meta device: VGG16's 560 MB are not copied only to be thrown away."""
    tensors = [*network.parameters(), *network.buffers()]
    memo: dict[int, object] = {id(tensor): _empty(tensor) for tensor in tensors}
    return copy.deepcopy(network, memo)


def _empty(tensor: Tensor) -> Tensor:
    empty = torch.empty_like(tensor, device="meta")
    if isinstance(tensor, nn.Parameter):
        return nn.Parameter(empty, requires_grad=tensor.requires_grad)
    return empty
