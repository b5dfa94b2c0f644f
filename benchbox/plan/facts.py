"""What a plan must know before it can be made: the machine and the pictures.

The values are gathered in a child process (`benchbox.engine:prepare`), so that planning needs no torch.
"""

import msgspec


class DeviceFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One device: its name as torch spells it, the precisions that it computes, and the fastest of them."""

    name: str
    title: str
    precisions: tuple[str, ...]
    fastest: str


class Ceiling(msgspec.Struct, frozen=True, kw_only=True):
    """The most that a device was seen to do: a large matrix product in FLOP/s, a large copy in bytes/s.

    Of a copy, the bytes read and the bytes written count. `threads` are those of a CPU, 0 elsewhere.
    """

    device: str
    precision: str
    threads: int
    flops_per_second: float
    copy_bytes_per_second: float


class MachineFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What this machine can compute. The first device is the one that `auto` means.

    `cores` may be used by this process; `threads` is what torch takes by itself (one a physical core, or what
    OMP_NUM_THREADS says). `can_keep_memory`: whether freed memory can be kept for the next step.
    """

    devices: tuple[DeviceFacts, ...]
    cores: int
    threads: int
    torch: str
    can_keep_memory: bool = False
    ceilings: tuple[Ceiling, ...] = ()

    def ceiling(self, *, device: str, precision: str, threads: int) -> Ceiling | None:
        """The measured ceiling of a placement, None where it was not measured."""
        wanted = (device, precision, threads if device == "cpu" else 0)
        return next((seen for seen in self.ceilings if (seen.device, seen.precision, seen.threads) == wanted), None)


class DataFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What was found behind a data option. `digest` is the content hash of pictures and labels.

    `train`, `test` and `validation` count the sides of the split, `twins` the held-out pictures whose pixels are
    also on another side.
    """

    source: str
    title: str
    digest: str
    classes: tuple[str, ...]
    pictures: int
    train: int
    test: int
    validation: int = 0
    is_streamed: bool = False
    skipped: tuple[str, ...] = ()
    twins: int = 0


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a plan asks for.

    `network_digests` tells the sources of foreign networks by their names. By `sized(name, image_size)`,
    `refusals` tell why a network cannot run at all on these pictures, and `flops` the forward pass of one of
    them, 1 MAC = 2 FLOP. `shares_process`: the runs will share one process, and so the memory that one of them
    keeps.
    """

    machine: MachineFacts
    data: DataFacts
    network_digests: dict[str, str] = {}
    refusals: dict[str, str] = {}
    flops: dict[str, int] = {}
    shares_process: bool = False


def sized(name: str, image_size: int) -> str:
    """The key of a network for pictures of one size: `lenet@128`."""
    return f"{name}@{image_size}"
