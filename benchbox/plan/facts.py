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


class MachineFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What this machine can compute. The first device is the one that `auto` means.

    `cores` may be used by this process; `threads` is what torch takes by itself (one a physical core, or what
    OMP_NUM_THREADS says).
    """

    devices: tuple[DeviceFacts, ...]
    cores: int
    threads: int
    torch: str


class DataFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What was found behind a data option. `digest` is the content hash of pictures and labels.

    `train` and `test` count the two sides of the split, `twins` the held-out pictures also seen in training.
    """

    source: str
    title: str
    digest: str
    classes: tuple[str, ...]
    pictures: int
    train: int
    test: int
    is_streamed: bool = False
    skipped: tuple[str, ...] = ()
    twins: int = 0


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a plan asks for.

    `network_digests` tells the sources of foreign networks by their names, `refusals` why a network cannot
    run at all on these pictures.
    """

    machine: MachineFacts
    data: DataFacts
    network_digests: dict[str, str] = {}
    refusals: dict[str, str] = {}
