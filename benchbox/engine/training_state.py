"""The state of a training under way: all that decides how it goes on, so that it goes on bit for bit.

Weights, optimizer, schedule, scaler, random numbers, the sums of the epoch that is going on, and what was seen of
the epochs before. The order of the pictures needs no keeping: it follows from the seed and the epoch. When a state
is saved is decided in `keeper`.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import torch
from torch import nn

from benchbox.engine.loops import Learner, Totals
from benchbox.engine.tensor_files import STATE, read_tensors, write_tensors
from benchbox.errors import CheckpointError
from benchbox.plan.dotted import differences, dotted
from benchbox.plan.spec import RunSpec

# History of the states. A state lives no longer than its training, so that only the newest is read.
#   1  2026-11: the first.
STATE_SCHEMA = 1
# Where weights came from and how long is timed mean nothing to a fit.
_ASIDE = ("checkpoint", "timing")


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How good a network is after an epoch; compared by accuracy, then by loss."""

    epoch: int
    accuracy: float
    loss: float

    def is_better_than(self, other: "Standing | None") -> bool:
        """Whether this epoch's weights replace the other's as the best."""
        return other is None or (self.accuracy, -self.loss) > (other.accuracy, -other.loss)


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """How far a fit has come: `step` steps of `epoch` are done (from 1), on `pictures` pictures.

    `epoch_seconds` are those of training in this epoch, `seconds` those of the whole fit. `curves` hold, by metric,
    one value for each epoch that has ended. `best` is judged on the side that chooses, `last` on the held-out
    pictures. `breaks` say where the fit went on before.
    """

    epoch: int = 1
    step: int = 0
    pictures: int = 0
    epoch_seconds: float = 0.0
    seconds: float = 0.0
    curves: dict[str, tuple[float, ...]] = {}
    best: Standing | None = None
    last: Standing | None = None
    breaks: tuple[str, ...] = ()


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What a state is of. The schedule spans `epochs`, which a bounded fit has planned from its pace."""

    spec: RunSpec
    epochs: int
    data_digest: str
    network_digest: str = ""


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """All of a state but its tensors."""

    schema: int = STATE_SCHEMA
    subject: Subject
    position: Position


@dataclass(frozen=True, kw_only=True)
class TrainingState:
    """A state that was read; `content` are its tensors."""

    path: Path
    subject: Subject
    position: Position
    content: Mapping[str, Any]

    def check(self, *, spec: RunSpec, data_digest: str, network_digest: str) -> None:
        """Raise CheckpointError, with the field, where the state is of another spec, other pictures, other code."""
        old = dotted(self.subject.spec, aside=_ASIDE) | {
            "data.digest": self.subject.data_digest,
            "source of the network": self.subject.network_digest,
        }
        new = dotted(spec, aside=_ASIDE) | {"data.digest": data_digest, "source of the network": network_digest}
        for difference in differences(old, new):
            raise CheckpointError(
                f"{self.path} cannot be gone on with: {difference}",
                allowed="the spec, the pictures and the network that it was saved with",
                hint="remove it to train from the start",
            )

    def restore(self, learner: Learner) -> Totals:
        """Put everything back; returns the sums of the epoch that is going on. Raises CheckpointError.

        The random numbers go on from here: whatever draws one before the next step would shift them.
        """
        content, position = self.content, self.position
        try:
            learner.network.load_state_dict(content["weights"])
            learner.optimizer.load_state_dict(content["optimizer"])
            learner.scaler.load_state_dict(content["scaler"])
            learner.schedule.load_state_dict(content["schedule"])
            _set_generators(content["generators"], learner.place.device)
        except (RuntimeError, ValueError, KeyError) as error:
            raise CheckpointError(
                f"{self.path} does not fit the network: {error}", hint="remove it to train from the start"
            ) from error
        device = learner.place.device
        return Totals(
            loss=content["loss"].to(device),
            correct=content["correct"].to(device),
            pictures=position.pictures,
            steps=position.step,
        )


def save_state(path: Path, subject: Subject, position: Position, *, learner: Learner, totals: Totals) -> None:
    """Write a state between two steps, whole or not at all, and on the disk. Raises OSError."""
    content = {
        "kind": STATE,
        "header": msgspec.json.encode(Header(subject=subject, position=position)),
        "weights": learner.network.state_dict(),
        "optimizer": learner.optimizer.state_dict(),
        "scaler": learner.scaler.state_dict(),
        "schedule": learner.schedule.state_dict(),
        "loss": totals.loss,
        "correct": totals.correct,
        "generators": _generators(learner.place.device),
    }
    write_tensors(path, content)


def load_state(path: Path) -> TrainingState:
    """Read a state, without running any code of its. Raises CheckpointError."""
    content = read_tensors(path, kind=STATE, is_mapped=False)
    try:
        header = msgspec.json.decode(content["header"], type=Header)
    except (KeyError, msgspec.MsgspecError) as error:
        raise _unknown(path, str(error)) from error
    if header.schema != STATE_SCHEMA:
        raise _unknown(path, f"schema {header.schema}")
    return TrainingState(path=path, subject=header.subject, position=header.position, content=content)


def finite_buffers(network: nn.Module) -> frozenset[str]:
    """The buffers in a network's state that are numbers: an attention mask of -inf is none, and means no harm."""
    kept = network.state_dict().keys()
    return frozenset(name for name, buffer in network.named_buffers() if name in kept and _is_finite(buffer))


def has_finite_weights(network: nn.Module, *, buffers: Collection[str]) -> bool:
    """Whether all weights, and the buffers of these names, are numbers; waits for the device."""
    watched = (buffer for name, buffer in network.named_buffers() if name in buffers)
    return all(map(_is_finite, (*network.parameters(), *watched)))


def _is_finite(values: torch.Tensor) -> bool:
    return not values.is_floating_point() or bool(torch.isfinite(values).all())


def _unknown(path: Path, why: str) -> CheckpointError:
    return CheckpointError(
        f"{path} is of another release of benchbox: {why}", hint="go on with that one, or remove it to start anew"
    )


def _generators(device: torch.device) -> dict[str, torch.Tensor]:
    """The states of torch's global generators: what dropout and augmentation draw from."""
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    elif device.type == "mps":
        states["mps"] = torch.mps.get_rng_state()
    return states


def _set_generators(states: Mapping[str, torch.Tensor], device: torch.device) -> None:
    torch.set_rng_state(states["cpu"])
    if device.type == "cuda":
        torch.cuda.set_rng_state(states["cuda"], device)
    elif device.type == "mps":
        torch.mps.set_rng_state(states["mps"])
