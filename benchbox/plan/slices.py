"""What a live arm is told and what it answers, over a pipe of its own; and the request that starts one.

Its events and its record travel as those of every other child do.
"""

from dataclasses import dataclass
from multiprocessing.connection import Connection

import msgspec

from benchbox.plan.requests import RunRequest


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """An arm is warm and asleep, told once by itself.

    `process` is its number in the system, `call_seconds` what a call takes, `peak` the most bytes that it has held.
    """

    process: int
    call_seconds: float
    peak: int


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """Read the machine's state, before the first slice of all arms and after the last; answer Looked.

    `processes` are those of all arms: what they do is no disturbance.
    """

    processes: tuple[int, ...]


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """The state was read."""


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    """Work for about so many seconds, one call at least; answer Sliced."""

    seconds: float


class Sliced(msgspec.Struct, frozen=True, kw_only=True):
    """`calls` were made and took `seconds` each, the mean; those that woke the arm up are left out."""

    calls: int
    seconds: float


class Finish(msgspec.Struct, frozen=True, kw_only=True):
    """Do what follows the timing and return the record; `reason` says why the turns ended."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class ArmRequest:
    """One run as a live arm; `turns` is the arm's end of its pipe."""

    run: RunRequest
    turns: Connection
