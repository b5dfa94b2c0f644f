"""What a plan must know of this machine, these pictures and these networks: probed in a child process."""

import time
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.structs import replace

from benchbox.data.pictures import open_pictures
from benchbox.data.split import count_twins, split
from benchbox.engine.ceilings import measure_ceilings
from benchbox.engine.devices import probe_machine
from benchbox.engine.sampling import Clock
from benchbox.errors import ModelError
from benchbox.models import agree_on_format, build, network_digest
from benchbox.models.describe import describe_named
from benchbox.plan.catalogue import is_foreign
from benchbox.plan.facts import DataFacts, Facts, sized
from benchbox.plan.requests import PrepareRequest
from benchbox.plan.resolve import resolve_model, settle
from benchbox.plan.spec import DataSpec, ModelSpec
from benchbox.records.description import DescribeRequest
from benchbox.records.events import Noted, Observer, ignore


@dataclass
class _Trials:
    """What came of trying every network on every size of pictures; all but the digests by `sized`."""

    digests: dict[str, str] = field(default_factory=dict)
    flops: dict[str, int] = field(default_factory=dict)
    refused: dict[str, ModelError] = field(default_factory=dict)


def prepare(request: PrepareRequest, *, observer: Observer = ignore, clock: Clock = time.perf_counter) -> Facts:
    """The facts for a plan. What cannot run at all is refused before anything runs, the cheapest to know first.

    Raises SpecError, ModelError or DataError.
    """
    machine = probe_machine()
    for placement in (request.placement, *request.ceilings):
        settle(placement, machine)
    sizes = dict.fromkeys(request.image_sizes or (request.data.image_size,))
    sets = [replace(request.data, image_size=size) for size in sizes]
    _refuse_early(request, sets)
    data = _probe_all(sets, dataset=Path(request.dataset), observer=observer)
    trials = _try_all(request, sets, classes=len(data.classes), observer=observer)
    if trials.refused and not (request.goes_on and trials.digests):
        raise next(iter(trials.refused.values()))
    ceilings = measure_ceilings(request.ceilings, machine, clock=clock, observer=observer)
    return Facts(
        machine=replace(machine, ceilings=ceilings),
        data=data,
        network_digests=trials.digests,
        refusals={key: str(error) for key, error in trials.refused.items()},
        flops=trials.flops,
    )


def _refuse_early(request: PrepareRequest, sets: list[DataSpec]) -> None:
    """Raises ModelError for networks that cannot be, or not on such small pictures, before pictures are made."""
    errors: list[ModelError] = []
    for model in request.models:
        for data in sets:
            try:
                resolve_model(model, data)
            except ModelError as error:
                errors.append(error)
    if errors and (not request.goes_on or len(errors) == len(request.models) * len(sets)):
        raise errors[0]


def _probe_all(sets: list[DataSpec], *, dataset: Path, observer: Observer) -> DataFacts:
    """Decode the pictures in every size now, so that no run waits for it; what is found is the same in each.

    But for one thing: large ones may have to be streamed where small ones fit into memory.
    """
    found = [probe_data(each, dataset=dataset, observer=observer) for each in sets]
    return replace(found[0], is_streamed=any(each.is_streamed for each in found))


def probe_data(spec: DataSpec, *, dataset: Path, observer: Observer) -> DataFacts:
    """The pictures behind a spec, counted and split; their decoded form is then in the cache."""
    pictures = open_pictures(spec, root=dataset, observer=observer)
    sides = split(pictures, spec)
    return DataFacts(
        source=pictures.source if pictures.source in ("coil20", "turntable") else spec.source,
        title=pictures.title,
        digest=pictures.digest,
        classes=pictures.classes,
        pictures=len(pictures),
        train=len(sides.train),
        test=len(sides.test),
        validation=len(sides.validation),
        is_streamed=pictures.pixels is None,
        skipped=pictures.skipped,
        twins=count_twins(pictures, sides),
    )


def _try_all(request: PrepareRequest, sets: list[DataSpec], *, classes: int, observer: Observer) -> _Trials:
    """Each network on each size; one that cannot run there is refused there."""
    trials = _Trials()
    for model in request.models:
        for data in sets:
            key = sized(model.name, data.image_size)
            try:
                flops = _try(model, data, request, classes=classes, observer=observer)
                trials.digests[model.name] = network_digest(model.name)
                trials.flops |= {} if flops is None else {key: flops}
            except ModelError as error:
                trials.refused[key] = error
    return trials


def _try(
    model: ModelSpec, data: DataSpec, request: PrepareRequest, *, classes: int, observer: Observer
) -> int | None:
    """The FLOPs of one forward pass of one picture where ceilings are asked for, to be seen beside them.

    Raises ModelError where the network cannot run; a foreign one is built and tried once to know.
    """
    model = resolve_model(model, data)
    if is_foreign(model.name):
        network = build(model, classes=classes, channels=data.channels, image_size=data.image_size)
        _, note = agree_on_format(
            network,
            channels=data.channels,
            image_size=data.image_size,
            classes=classes,
            memory_format=request.placement.memory_format,
        )
        if note:
            observer(Noted(text=f"{model.name}: {note}"))
    if not request.ceilings:
        return None
    asked = DescribeRequest(model=model, channels=data.channels, image_size=data.image_size, classes=classes)
    return describe_named(asked).flops
