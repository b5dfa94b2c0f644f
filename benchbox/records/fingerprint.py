"""What must be equal before times from two places may be compared, and a short hash of it.

It is of the machine and its software. What a row adds (precision, memory format, compilation, and the hashes of
the network, the pictures and the control) is the comparison's business.
"""

import hashlib

import msgspec

SHOWN = 12


class Fingerprint(msgspec.Struct, frozen=True, kw_only=True):
    """A machine and its software, as far as they decide speed.

    `vector` is the widest vector unit that torch uses, `instructions` all that it sees in the processor. `cores`
    may be used by affinity, of which a control group's `quota` may allow less; None for no limit. Of the driver
    the major version counts, of Python the minor, of the system its name and its kernel's major. `gpu` is empty on
    a CPU, `gpus` counts all that torch sees. `variables` are those of the environment that rule OpenMP, MKL,
    oneDNN, torch and CUDA; `flags` torch's global switches.
    """

    cpu: str
    vector: str
    instructions: tuple[str, ...]
    cores: int
    quota: float | None
    memory: int
    device: str
    gpu: str
    gpus: int
    gpu_memory: int
    driver: str
    cuda: str
    cudnn: str
    torch: str
    torchvision: str
    python: str
    system: str
    threads: int
    interop_threads: int
    variables: dict[str, str]
    flags: dict[str, str]
    benchbox: str


def short_hash(fingerprint: Fingerprint) -> str:
    """The first digits of the SHA-256 of a fingerprint: equal for equal ones, whatever their order of names."""
    return hashlib.sha256(msgspec.json.encode(fingerprint, order="sorted")).hexdigest()[:SHOWN]
