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
    """What this machine can compute. The first device is the one that `auto` means."""

    devices: tuple[DeviceFacts, ...]
    cores: int
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
    """Everything a plan asks for. `notes` are warnings for the user."""

    machine: MachineFacts
    data: DataFacts
    notes: tuple[str, ...] = ()
