"""Checkpoints: weights and their card in one file, whole or absent, loaded without running any code of theirs."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import torch
from torch import Tensor, nn

from benchbox.engine.tensor_files import CHECKPOINT, read_tensors, write_tensors
from benchbox.errors import CheckpointError
from benchbox.models import build
from benchbox.plan.catalogue import is_own
from benchbox.plan.requests import CardsRequest
from benchbox.records.checkpoints import Card, Cards, card_path, decode_card, not_unasked
from benchbox.records.events import Observer, ignore
from benchbox.records.files import write_json


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A loaded checkpoint: its card and its network, on the CPU, in eval mode.

    `trained_on`: int64 prints (`data.prints`) of the training pictures and of those set aside for choosing, none
    where they were streamed.
    """

    card: Card
    network: nn.Module
    trained_on: Tensor

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names, in the order of the network's outputs."""
        return self.card.classes


def save_checkpoint(path: Path, card: Card, network: nn.Module, *, trained_on: Tensor) -> None:
    """Write weights and card, each beside its place and then renamed. Raises OSError."""
    content = {
        "kind": CHECKPOINT,
        "card": msgspec.json.encode(card),
        "trained_on": trained_on,
        "weights": network.state_dict(),
    }
    write_tensors(path, content)
    write_json(card_path(path), card)


def weights_digest(network: nn.Module) -> str:
    """SHA-256 of all weights and buffers by name, type and shape, wherever and in whatever order they lie."""
    digest = hashlib.sha256()
    for name, value in sorted(network.state_dict().items()):
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        plain = value.detach().cpu().contiguous()
        digest.update(plain.reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def load_checkpoint(path: str | os.PathLike[str], *, model: str | None = None) -> Checkpoint:
    """Load a checkpoint of `benchbox train`.

    Only plain tensors and text are read (`weights_only`). A network from a user's own file is imported only
    if that file is given again as `model`. Raises CheckpointError for anything else.
    """
    content = _read(Path(path))
    card = decode_card(content["card"], name=str(path))
    network = _rebuild(Path(path), card, model)
    try:
        network.load_state_dict(content["weights"])
    except RuntimeError as error:
        first = str(error).splitlines()[-1].strip()
        raise CheckpointError(
            f"the weights in {path} do not fit {card.model.name}: {first}",
            hint="the network's code has changed since; train it again",
        ) from error
    return Checkpoint(card=card, network=network.eval(), trained_on=content["trained_on"])


def read_cards(request: CardsRequest, *, observer: Observer = ignore) -> Cards:
    """The cards that lie in some checkpoints, which are opened but not built. Raises CheckpointError."""
    return Cards(cards=tuple(decode_card(_read(Path(path))["card"], name=path) for path in request.checkpoints))


def _rebuild(path: Path, card: Card, model: str | None) -> nn.Module:
    spec, name = card.model, card.model.name
    if is_own(name):
        if model is None:
            raise not_unasked(path, name)
        spec = msgspec.structs.replace(spec, name=model)
    return build(spec, classes=len(card.classes), channels=card.data.channels, image_size=card.data.image_size)


def _read(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        raise CheckpointError(
            f"no file {path}",
            allowed="a checkpoint's path, or an architecture that was trained on these pictures",
        )
    return read_tensors(path, kind=CHECKPOINT, is_mapped=True)
