"""Reads the fingerprint of this machine and its software."""

import os
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import psutil
import torch

from benchbox.data.workers import core_count
from benchbox.engine import system
from benchbox.engine.devices import cpu_capabilities, cpu_name
from benchbox.engine.nvidia import gpu_reader
from benchbox.engine.place import Place, make_place, switches
from benchbox.plan.spec import PlacementSpec
from benchbox.records.events import Observer, ignore
from benchbox.records.fingerprint import Fingerprint
from benchbox.version import __version__

# What rules threads, instruction sets, allocators and libraries. TORCHINDUCTOR_ is torch's own and not among them.
PREFIXES = ("OMP_", "GOMP_", "KMP_", "MKL_", "ONEDNN_", "DNNL_", "OPENBLAS_", "ATEN_", "TORCH_", "PYTORCH_")
PREFIXES_CUDA = ("CUDA_", "CUDNN_", "CUBLAS_", "NVIDIA_TF32_")
NAMES = ("LD_PRELOAD", "MALLOC_CONF")


def read_fingerprint(
    place: Place, *, root: Path = system.ROOT, variables: Mapping[str, str] = os.environ
) -> Fingerprint:
    """The fingerprint at a place, whose switches and threads are set."""
    reader = gpu_reader(place.device)
    is_cuda = place.device.type == "cuda"
    return Fingerprint(
        cpu=cpu_name(),
        vector=torch.backends.cpu.get_cpu_capability(),
        instructions=tuple(sorted(name for name, seen in cpu_capabilities().items() if seen is True)),
        cores=core_count(),
        quota=system.cpu_quota(root),
        memory=psutil.virtual_memory().total,
        device=place.device.type,
        gpu=torch.cuda.get_device_name(place.device) if is_cuda else "",
        gpus=torch.cuda.device_count() if is_cuda else 0,
        gpu_memory=torch.cuda.get_device_properties(place.device).total_memory if is_cuda else 0,
        driver="" if reader is None else reader.driver().partition(".")[0],
        cuda=(torch.version.cuda or "") if is_cuda else "",
        cudnn=str(torch.backends.cudnn.version()) if is_cuda else "",  # type: ignore[no-untyped-call]
        torch=str(torch.__version__),
        torchvision=version("torchvision"),
        python=".".join(platform.python_version_tuple()[:2]),
        system=f"{platform.system()} {platform.release().partition('.')[0]} {platform.machine()}",
        threads=torch.get_num_threads(),
        interop_threads=torch.get_num_interop_threads(),
        variables=ruling(variables),
        flags=switches(),
        benchbox=__version__,
    )


def tell_fingerprint(placement: PlacementSpec, *, observer: Observer = ignore) -> Fingerprint:
    """The fingerprint at the place of a run that is resolved, in a process of its own."""
    return read_fingerprint(make_place(placement))


def ruling(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables that rule speed, by name, in order."""
    return {
        name: variables[name]
        for name in sorted(variables)
        if name.startswith((*PREFIXES, *PREFIXES_CUDA)) or name in NAMES
    }
