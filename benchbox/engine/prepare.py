"""What a plan must know of this machine, these pictures and these networks: probed in a child process."""

from pathlib import Path

import torch

from benchbox.data.pictures import open_pictures
from benchbox.data.split import count_twins, split
from benchbox.data.workers import core_count
from benchbox.errors import ModelError
from benchbox.models import agree_on_format, build, network_digest
from benchbox.plan.catalogue import is_foreign
from benchbox.plan.facts import DataFacts, DeviceFacts, Facts, MachineFacts
from benchbox.plan.requests import PrepareRequest
from benchbox.plan.resolve import resolve_model
from benchbox.plan.spec import DataSpec, ModelSpec
from benchbox.records.events import Noted, Observer, ignore


def prepare(request: PrepareRequest, *, observer: Observer = ignore) -> Facts:
    """The facts for a plan. Raises DataError or ModelError for what cannot run at all, before anything runs."""
    data = probe_data(request.data, dataset=Path(request.dataset), observer=observer)
    digests: dict[str, str] = {}
    refused: dict[str, ModelError] = {}
    for model in request.models:
        try:
            _try(model, request, classes=len(data.classes), observer=observer)
            digests[model.name] = network_digest(model.name)
        except ModelError as error:
            refused[model.name] = error
    if refused and (not request.goes_on or len(refused) == len(request.models)):
        raise next(iter(refused.values()))
    return Facts(
        machine=probe_machine(),
        data=data,
        network_digests=digests,
        refusals={name: str(error) for name, error in refused.items()},
    )


def probe_data(spec: DataSpec, *, dataset: Path, observer: Observer) -> DataFacts:
    """The pictures behind a spec, counted and split; their decoded form is then in the cache."""
    pictures = open_pictures(spec, root=dataset, observer=observer)
    sides = split(pictures, fraction=spec.test_fraction, seed=spec.split_seed)
    return DataFacts(
        source=pictures.source if pictures.source in ("coil20", "turntable") else spec.source,
        title=pictures.title,
        digest=pictures.digest,
        classes=pictures.classes,
        pictures=len(pictures),
        train=len(sides.train),
        test=len(sides.test),
        is_streamed=pictures.pixels is None,
        skipped=pictures.skipped,
        twins=count_twins(pictures, sides),
    )


def probe_machine() -> MachineFacts:
    """The devices, the preferred one first, and what each computes."""
    devices = (
        [_cuda_facts(index) for index in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
    )
    if torch.backends.mps.is_available():
        devices.append(DeviceFacts(name="mps", title="Apple GPU", precisions=("fp32",), fastest="fp32"))
    return MachineFacts(
        devices=(*devices, _cpu_facts()),
        cores=core_count(),
        threads=torch.get_num_threads(),
        torch=str(torch.__version__),
    )


def _cuda_facts(index: int) -> DeviceFacts:
    # Emulated bf16 is slower than fp16, so only bf16 of the chip's own counts.
    with torch.cuda.device(index):
        has_bf16 = torch.cuda.is_bf16_supported(including_emulation=False)
    return DeviceFacts(
        name=f"cuda:{index}",
        title=torch.cuda.get_device_name(index),
        precisions=("fp32", "bf16", "fp16") if has_bf16 else ("fp32", "fp16"),
        fastest="bf16" if has_bf16 else "fp16",
    )


def _cpu_facts() -> DeviceFacts:
    # Every CPU accepts bf16, but only these compute it in hardware. fp16 has no fast path and no scaler there.
    capabilities = cpu_capabilities()
    is_fast = any(capabilities.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16"))
    return DeviceFacts(
        name="cpu",
        title=str(capabilities.get("cpu_name", "CPU")),
        precisions=("fp32", "bf16"),
        fastest="bf16" if is_fast else "fp32",
    )


def cpu_capabilities() -> dict[str, object]:
    """What torch says of this processor; empty where this torch does not say."""
    ask = getattr(torch.cpu, "get_capabilities", None)
    return dict(ask()) if ask is not None else {}


def _try(model: ModelSpec, request: PrepareRequest, *, classes: int, observer: Observer) -> None:
    """Raises ModelError where a network cannot run; a foreign one is built and tried once to know."""
    model, data = resolve_model(model, request.data), request.data
    if not is_foreign(model.name):
        return
    network = build(model, classes=classes, channels=data.channels, image_size=data.image_size)
    _, note = agree_on_format(
        network,
        channels=data.channels,
        image_size=data.image_size,
        classes=classes,
        memory_format=request.memory_format,
    )
    if note:
        observer(Noted(text=f"{model.name}: {note}"))
