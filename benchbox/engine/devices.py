"""The devices of this machine and what each computes."""

import platform

import torch

from benchbox.data.workers import core_count
from benchbox.engine.allocator import can_keep_memory
from benchbox.plan.facts import DeviceFacts, MachineFacts


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
        can_keep_memory=can_keep_memory(),
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


def cpu_name() -> str:
    """The processor's name, or at least its kind."""
    return str(cpu_capabilities().get("cpu_name") or platform.processor() or platform.machine())
