"""predict(request) → Predictions: what a checkpoint's network says of single pictures, which have no labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from msgspec.structs import replace
from torch import nn

from benchbox.data.decoding import Array, DecodeSettings
from benchbox.data.loose import Loose, decode_loose, find_loose
from benchbox.data.normalise import Normalise
from benchbox.engine.checkpoint import Checkpoint, load_checkpoint
from benchbox.engine.devices import probe_machine
from benchbox.engine.loops import infer
from benchbox.engine.place import Place, make_place
from benchbox.errors import CheckpointError, NotFiniteError
from benchbox.models import agree_on_format
from benchbox.plan.catalogue import is_foreign, is_own
from benchbox.plan.resolve import settle
from benchbox.plan.spec import PlacementSpec
from benchbox.records.events import Noted, Observer, PhaseBegan, Progress, ignore
from benchbox.records.predictions import Guess, Prediction, Predictions, PredictRequest


@dataclass(frozen=True, kw_only=True)
class _Reader:
    """A network on its place, and how pictures are brought to the form that it was trained on."""

    network: nn.Module
    place: Place
    settings: DecodeSettings
    normalise: Normalise
    classes: tuple[str, ...]
    top: int


def predict(request: PredictRequest, *, observer: Observer = ignore) -> Predictions:
    """Bring pictures to the form that the network was trained on, and tell its likeliest classes.

    A picture that cannot be read is answered with the reason. Raises DataError where there is no such file,
    CheckpointError for what is no checkpoint, SpecError for what this machine does not have, and NotFiniteError
    where the network's answers are no numbers.
    """
    items = find_loose(request.pictures)
    placement = settle(request.placement, probe_machine())
    checkpoint = _load(request)
    placement = _agreed(placement, checkpoint, observer)
    reader = _make_reader(checkpoint, placement, top=request.top)
    observer(PhaseBegan(name="predicting"))
    pictures: list[Prediction] = []
    for start in range(0, len(items), request.batch_size):
        pictures += _read(reader, items[start : start + request.batch_size])
        observer(Progress(done=len(pictures), total=len(items)))
    return Predictions(
        checkpoint=request.checkpoint,
        network=checkpoint.card.model.name,
        weights=checkpoint.card.weights,
        data=checkpoint.card.data_title,
        classes=checkpoint.classes,
        device=placement.device,
        precision=placement.precision,
        pictures=tuple(pictures),
    )


def _load(request: PredictRequest) -> Checkpoint:
    checkpoint = load_checkpoint(Path(request.checkpoint).expanduser(), model=request.model)
    if request.model is not None and not is_own(checkpoint.card.model.name):
        raise CheckpointError(
            f"--model {request.model}: {request.checkpoint} was not trained from a file", hint="leave --model out"
        )
    return checkpoint


def _agreed(placement: PlacementSpec, checkpoint: Checkpoint, observer: Observer) -> PlacementSpec:
    """The placement with a memory format in which the network runs; a fallback is told."""
    card = checkpoint.card
    if not is_foreign(card.model.name):
        return placement
    memory_format, note = agree_on_format(
        checkpoint.network,
        channels=card.data.channels,
        image_size=card.data.image_size,
        classes=len(card.classes),
        memory_format=placement.memory_format,
    )
    if note:
        observer(Noted(text=f"{card.model.name}: {note}"))
    return replace(placement, memory_format=memory_format)


def _make_reader(checkpoint: Checkpoint, placement: PlacementSpec, *, top: int) -> _Reader:
    card, place = checkpoint.card, make_place(placement)
    is_last = placement.memory_format == "channels_last"
    return _Reader(
        network=place.put(checkpoint.network),
        place=place,
        settings=DecodeSettings.of(card.data),
        normalise=Normalise(mean=card.mean, std=card.std, device=place.device, channels_last=is_last),
        classes=card.classes,
        top=min(top, len(card.classes)),
    )


def _read(reader: _Reader, items: Sequence[Loose]) -> list[Prediction]:
    """What is said of some pictures, in their order."""
    found = decode_loose(items, reader.settings)
    guesses = iter(_guess(reader, [seen for seen in found if not isinstance(seen, str)]))
    return [
        Prediction(picture=item.name, fault=seen)
        if isinstance(seen, str)
        else Prediction(picture=item.name, likeliest=next(guesses))
        for item, seen in zip(items, found, strict=True)
    ]


def _guess(reader: _Reader, pictures: Sequence[Array]) -> list[tuple[Guess, ...]]:
    """The likeliest classes of each picture."""
    if not pictures:
        return []
    pixels = torch.from_numpy(np.stack(pictures)).to(reader.place.device)
    logits = infer(reader.network, reader.normalise(pixels), reader.place).float()
    if not logits.isfinite().all():
        raise NotFiniteError("the network's answers are no numbers; --precision fp32 may help")
    likeliest = logits.softmax(1).topk(reader.top, dim=1)
    return [
        tuple(
            Guess(label=reader.classes[number], probability=probability)
            for number, probability in zip(numbers, probabilities, strict=True)
        )
        for numbers, probabilities in zip(likeliest.indices.tolist(), likeliest.values.tolist(), strict=True)
    ]
