"""What every task needs before its own work: pictures, their split, a network on its place, and feeds."""

from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from benchbox.data.feeds import Feed, make_feed
from benchbox.data.normalise import statistics
from benchbox.data.pictures import Pictures, open_pictures
from benchbox.data.split import Split, split
from benchbox.engine.findings import Findings
from benchbox.engine.memory import MemoryFloor, forget_peak, mark_floor
from benchbox.engine.place import Place, make_place
from benchbox.engine.sampling import Clock
from benchbox.models import agree_on_format, build, network_digest
from benchbox.models.agreement import FORMATS
from benchbox.models.describe import describe_named
from benchbox.plan.catalogue import is_foreign
from benchbox.plan.requests import RunRequest
from benchbox.plan.spec import RunSpec
from benchbox.records.description import DescribeRequest
from benchbox.records.events import Observer, PhaseBegan

NAMES = {layout: name for name, layout in FORMATS.items()}


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a run is given besides its spec."""

    request: RunRequest
    observer: Observer
    clock: Clock
    findings: Findings

    @property
    def spec(self) -> RunSpec:
        """The resolved spec of this run."""
        return self.request.spec

    @property
    def folder(self) -> Path:
        """The report folder."""
        return Path(self.request.folder)

    def began(self, phase: str) -> float:
        """Tell that a phase began, and so that the one before ended; returns the clock's reading."""
        self.observer(PhaseBegan(name=phase))
        now = self.clock()
        self.findings.begin_phase(phase, now=now)
        return now


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A network on its place, the pictures, and their normalisation (per channel, on pictures scaled to 0…1)."""

    place: Place
    network: nn.Module
    pictures: Pictures
    sides: Split
    mean: tuple[float, ...]
    std: tuple[float, ...]


def open_data(context: Context) -> tuple[Pictures, Split]:
    """The run's pictures and their split, noted in the findings."""
    spec, findings = context.spec, context.findings
    context.began("pictures")
    # Unobserved: `prepare` has decoded them and said what there was to say.
    pictures = open_pictures(spec.data, root=Path(context.request.dataset))
    sides = split(pictures, spec.data)
    findings.actual |= {
        "data": pictures.title,
        "data_digest": pictures.digest,
        "classes": pictures.classes,
        "train": len(sides.train),
        "test": len(sides.test),
        "validation": len(sides.validation),
        "test_pictures": tuple(pictures.names[index] for index in sides.test.tolist()),
    }
    return pictures, sides


def set_stage(context: Context) -> tuple[MemoryFloor, Stage]:
    """Everything for a run from fresh weights, and the floor above which its memory is counted.

    `build_seconds` are those of construction and placement, without the trial and the counting between the two.
    """
    floor = mark_floor(torch.device(context.spec.placement.device))
    pictures, sides = open_data(context)
    mean, std = statistics(pictures, sides.train)
    place = make_place(context.spec.placement)
    # Initialisation, dropout and the order of pictures all follow from the seed.
    torch.manual_seed(context.spec.seed)
    classes, data = len(pictures.classes), context.spec.data
    began = context.began("build")
    network = build(context.spec.model, classes=classes, channels=data.channels, image_size=data.image_size)
    built = context.clock() - began
    place = _settle(context, network, place, classes=classes, mean=mean, std=std)
    context.findings.measure("build_seconds", built + _put(context, network, place))
    on_device = pictures.to(place.device)
    # What building held for a moment, such as the trial of a foreign network, is not the run's.
    forget_peak(floor)
    return floor, Stage(place=place, network=network, pictures=on_device, sides=sides, mean=mean, std=std)


def put_on_stage(
    context: Context,
    network: nn.Module,
    *,
    pictures: Pictures,
    sides: Split,
    classes: int,
    place: Place,
    mean: tuple[float, ...],
    std: tuple[float, ...],
) -> Stage:
    """A network on its place, in a memory format in which it runs; counts it, and records what really runs."""
    place = _settle(context, network, place, classes=classes, mean=mean, std=std)
    _put(context, network, place)
    on_device = pictures.to(place.device)
    return Stage(place=place, network=network, pictures=on_device, sides=sides, mean=mean, std=std)


def _settle(
    context: Context,
    network: nn.Module,
    place: Place,
    *,
    classes: int,
    mean: tuple[float, ...],
    std: tuple[float, ...],
) -> Place:
    """The place with a memory format in which the network runs; counts it, and records what really runs."""
    place = _agreed(context, network, place, classes=classes)
    context.findings.actual |= {
        "mean": mean,
        "std": std,
        "precision": context.spec.placement.precision,
        "memory_format": NAMES[place.memory_format],
        "network_digest": network_digest(context.spec.model.name),
    }
    _count(context, classes=classes)
    return place


def _put(context: Context, network: nn.Module, place: Place) -> float:
    """Move the network itself to its place; the seconds that it took."""
    began = context.began("placement")
    place.put(network)
    place.synchronise()
    return context.clock() - began


def feed_of(stage: Stage, spec: RunSpec, indices: Tensor, *, batch_size: int, shuffle_seed: int | None) -> Feed:
    """Batches of some pictures, as the placement wants them; those that are shuffled are augmented."""
    return make_feed(
        spec.placement.feed,
        stage.pictures,
        indices,
        workers=spec.placement.workers,
        device=stage.place.device,
        memory_format=NAMES[stage.place.memory_format],
        batch_size=batch_size,
        mean=stage.mean,
        std=stage.std,
        shuffle_seed=shuffle_seed,
        augment="none" if shuffle_seed is None else spec.fit.augment or "none",
    )


def _agreed(context: Context, network: nn.Module, place: Place, *, classes: int) -> Place:
    """The place with a memory format in which the network runs; a fallback is noted."""
    if not is_foreign(context.spec.model.name):
        return place
    data = context.spec.data
    agreed, note = agree_on_format(
        network,
        channels=data.channels,
        image_size=data.image_size,
        classes=classes,
        memory_format=NAMES[place.memory_format],
    )
    if note:
        context.findings.note(note)
    return replace(place, memory_format=FORMATS[agreed])


def _count(context: Context, *, classes: int) -> None:
    """Measure what is counted, in a second network without numbers: parameters, buffers, bytes, FLOPs."""
    context.began("counting")
    data = context.spec.data
    counted = describe_named(
        DescribeRequest(
            model=context.spec.model, channels=data.channels, image_size=data.image_size, classes=classes
        )
    )
    for metric in ("parameters", "buffers", "weight_bytes", "flops"):
        context.findings.measure(metric, getattr(counted, metric))
