"""What a plan must know before it can be made: the machine, the pictures, the networks.

The values are gathered in a child process (`benchbox.engine.prepare`), so that planning needs no torch.
"""

import msgspec


class MachineFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What this machine can compute. `devices`: names that a placement may use, the preferred one first."""

    devices: tuple[str, ...]
    device_names: tuple[str, ...]
    precisions: dict[str, tuple[str, ...]]
    fastest_precision: dict[str, str]
    cores: int
    torch: str


class DataFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What was found behind a data option. `digest` is the content hash of pictures and labels."""

    source: str
    title: str
    digest: str
    classes: tuple[str, ...]
    pictures: int
    train: int
    test: int
    image_size: int
    channels: int
    skipped: tuple[str, ...] = ()
    twins: int = 0


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a plan asks for. `notes` are warnings for the user."""

    machine: MachineFacts
    data: DataFacts
    notes: tuple[str, ...] = ()
