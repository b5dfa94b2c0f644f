"""Sample inspections for tests, with numbers that are easy to check by hand."""

from typing import Any

import msgspec

from benchbox.plan.facts import Ceiling
from benchbox.plan.spec import PlacementSpec
from benchbox.records.fingerprint import Fingerprint
from benchbox.records.inspection import ClockFacts, Inspection, Series
from benchbox.records.machine import MachineState


def sample_fingerprint(**changes: Any) -> Fingerprint:
    """Two cores and no GPU."""
    seen = Fingerprint(
        cpu="Test CPU 9000",
        vector="AVX512",
        instructions=("aes", "avx2", "avx512_bf16"),
        cores=2,
        quota=None,
        memory=8 * 2**30,
        device="cpu",
        gpu="",
        gpus=0,
        gpu_memory=0,
        driver="",
        cuda="",
        cudnn="",
        torch="2.14.1",
        torchvision="0.29.0",
        python="3.11",
        system="Linux 6 x86_64",
        threads=2,
        interop_threads=2,
        variables={"OMP_NUM_THREADS": "2"},
        flags={"cudnn.allow_tf32": "False", "mkldnn.enabled": "True"},
        benchbox="0.1.0",
    )
    return msgspec.structs.replace(seen, **changes)


def sample_inspection(**changes: Any) -> Inspection:
    """Blocks whose log-ratios are ±0.02, and five processes around 10 ms."""
    placement = PlacementSpec(device="cpu", precision="bf16", threads=2)
    ceilings = tuple(
        Ceiling(device="cpu", precision=precision, threads=2, flops_per_second=flops, copy_bytes_per_second=2e10)
        for precision, flops in (("fp32", 1.5e11), ("bf16", 4.2e11))
    )
    seen = Inspection(
        placement=placement,
        fingerprint=sample_fingerprint(),
        ceilings=ceilings,
        clock=ClockFacts(step_seconds=4e-8, reading_seconds=5e-8),
        series=Series(blocks=(0.02, -0.02) * 40, seconds=20.1, call_seconds=0.0103),
        states=(MachineState(seconds=0.0), MachineState(seconds=20.1)),
        processes=(0.0100, 0.0105, 0.0098, 0.0110, 0.0102),
    )
    return msgspec.structs.replace(seen, **changes)
