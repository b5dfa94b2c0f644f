"""What `benchbox env` asks of a child process, and what it learns of a machine."""

from typing import Literal

import msgspec

from benchbox.plan.facts import Ceiling
from benchbox.plan.spec import PlacementSpec
from benchbox.records.fingerprint import Fingerprint
from benchbox.records.machine import MachineState

CautionKind = Literal[
    "load",
    "foreign",
    "throttled",
    "governor",
    "turbo",
    "quota",
    "swap",
    "memory",
    "stolen",
]


class InspectRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Inspect the machine at a placement that may still be open; `seconds` are those of the A/A series."""

    placement: PlacementSpec
    seconds: float


class FixedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Time the fixed network at a settled placement for some seconds."""

    placement: PlacementSpec
    seconds: float


class FixedTimes(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds a call of the fixed network, one value a slice, in the order seen."""

    seconds: tuple[float, ...]


class ClockFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The clock that times samples: its smallest step that was seen, and what one reading costs, in seconds."""

    step_seconds: float
    reading_seconds: float


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """Two identical arms that took turns: per block, the log of the second's time over the first's.

    `seconds` is how long they did, `call_seconds` what one call took.
    """

    blocks: tuple[float, ...]
    seconds: float
    call_seconds: float


class Caution(msgspec.Struct, frozen=True, kw_only=True):
    """Something that makes this machine's times doubtful: its number, or its name where it has none."""

    kind: CautionKind
    value: float | None = None
    name: str = ""


class Inspection(msgspec.Struct, frozen=True, kw_only=True):
    """A machine, inspected at one settled placement.

    `doubts` say what disturbed the series between the two `states`. `processes` are the median seconds of a call
    in fresh processes, one value each; they are filled by whoever may start processes.
    """

    placement: PlacementSpec
    fingerprint: Fingerprint
    ceilings: tuple[Ceiling, ...]
    clock: ClockFacts
    series: Series
    states: tuple[MachineState, ...]
    doubts: tuple[str, ...] = ()
    cautions: tuple[Caution, ...] = ()
    processes: tuple[float, ...] = ()
