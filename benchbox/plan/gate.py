"""What a gate measures, and what is said to the process that measures it: all rows of one arm, and the control.

An arm may bring a benchbox of its own, so that messages are JSON, and the first one tells by which protocol its
process speaks. Records travel as the JSON that a journal holds, whose schema their reader checks.
"""

import hashlib
from collections.abc import Sequence
from math import inf
from typing import Literal

import msgspec

from benchbox.errors import SpecError
from benchbox.plan.requests import RunRequest
from benchbox.plan.schedule import SLICE_SECONDS
from benchbox.plan.spec import RunSpec, case

# History of the messages. Arms of another number are refused; a field that is added with a default keeps it.
#   1  2026-11: the first.
PROTOCOL = 1
# Folders of installed packages, wherever an environment lies: nobody's own code.
INSTALLED = ("site-packages", "dist-packages")

Passes = Literal["none", "memory", "all"]
TIMED = ("infer", "train_step")
# The control has a turn in a round of blocks where it has used no more than this share of the time so far.
CONTROL_SHARE = 0.1
CONTROL_SECONDS = SLICE_SECONDS / 2
# Processes in which memory alone is measured count from here, apart from pairs.
FIRST_OF_MEMORY = 1000
PROCESSES_OF_MEMORY = 3


class GateSeries(msgspec.Struct, frozen=True, kw_only=True):
    """A series of pairs: one fresh process of each arm, or of the only one, in which all rows take turns.

    `specs` are resolved, one a row, and `labels` name them. `seconds` are those of work of a row in one arm of one
    pair. There are `least` to `most` pairs, numbered from `first`; `seed` draws the order in which rows and arms
    work. `timeout` is how long an arm may take for any one answer, None for no limit. All rows share the device and
    the threads, as does the control. Raises SpecError for what cannot be.
    """

    specs: tuple[RunSpec, ...]
    labels: tuple[str, ...]
    seconds: float
    least: int = 7
    most: int = 20
    seed: int = 0
    first: int = 0
    timeout: float | None = 300.0

    def __post_init__(self) -> None:
        _need(bool(self.specs), "rows", "none", "one or more")
        _need(0 < self.seconds < inf, "seconds", self.seconds, "more than 0, finite")
        _need(1 <= self.least <= self.most, "pairs", f"{self.least}-{self.most}", "the least and the most, from 1")
        _need(self.first >= 0, "first", self.first, "0 or more")
        _need(self.timeout is None or self.timeout > 0, "timeout", self.timeout, "more than 0 s, or None")
        _need(len(self.labels) == len(self.specs), "labels", self.labels, f"one for each of {len(self.specs)} rows")
        _need_each_once("labels", self.labels)
        _need_each_once("rows", [case(spec) for spec in self.specs])
        for spec in self.specs:
            _need(spec.task in TIMED, "task of a row", spec.task, " or ".join(TIMED))
        places = {(spec.placement.device, spec.placement.threads) for spec in self.specs}
        allowed = "one device and one number of threads for all rows of a series"
        words = ", ".join(f"{device} with {threads} threads" for device, threads in sorted(places, key=str))
        _need(len(places) == 1, "rows", words, allowed)


def _need(is_met: bool, field: str, got: object, allowed: str) -> None:
    if not is_met:
        raise SpecError.of(field, got, allowed=allowed)


def _need_each_once(field: str, names: Sequence[str]) -> None:
    twice = [name for place, name in enumerate(names) if name in names[:place]]
    _need(not twice, field, ", ".join(twice), "each once")


class Message(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The base of all messages; the JSON holds the class by its name."""


class Hello(Message, frozen=True, kw_only=True):
    """An arm's process is there, told once by itself.

    `benchbox` is the folder of the package that it imported, `version` that package's, `schema` the number of its
    records and `control` the digest of its control network. `process` is its number in the system.
    """

    protocol: int
    benchbox: str
    version: str
    schema: int
    control: str
    python: str
    process: int


class Open(Message, frozen=True, kw_only=True):
    """Set a row up and warm it; answer Opened, or Lost. `row` is its place in the series."""

    row: int
    request: RunRequest


class Opened(Message, frozen=True, kw_only=True):
    """A row is warm and asleep. A call takes `call_seconds`; `peak` are the most bytes that its process held."""

    row: int
    call_seconds: float
    peak: int


class Turn(Message, frozen=True, kw_only=True):
    """Work for a slice of about so many seconds, one call at least, in block `block`; answer Turned, or Lost.

    `row` None is the control, which is made and warmed at its first turn; it answers Turned, or NoMemory.
    """

    row: int | None
    block: int
    seconds: float


class Turned(Message, frozen=True, kw_only=True):
    """`calls` were made and took `seconds` each, the mean; those that woke the row up are left out."""

    calls: int
    seconds: float


class Look(Message, frozen=True, kw_only=True):
    """Read the machine's state for all rows; answer Looked. `processes` are those of all arms."""

    processes: tuple[int, ...]


class Looked(Message, frozen=True, kw_only=True):
    """The state was read."""


class Identify(Message, frozen=True, kw_only=True):
    """Say from which files the rows that are open came; answer Identity."""


class Identity(Message, frozen=True, kw_only=True):
    """What an arm really imported, as far as its rows are open.

    `imported` holds by a row's case the file of its network, relative to the arm's folder where it lies below.
    `files` are all source files below the folder that were imported, those of an environment left out, with the
    SHA-256 of each; `elsewhere` are those that lie neither below the folder nor in an environment.
    """

    hello: Hello
    imported: dict[str, str]
    files: dict[str, str]
    elsewhere: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """The SHA-256 of all these files, by their names and contents: equal ones are equal code."""
        lines = (f"{name}\0{content}\n" for name, content in sorted(self.files.items()))
        return hashlib.sha256("".join(lines).encode()).hexdigest()


class Finish(Message, frozen=True, kw_only=True):
    """End a row, for `reason`, and answer Finished.

    `passes` are made before: "memory" asks how much the process held at most, which says something only of a row
    that had it to itself; "all" for those that follow the timing of a cell.
    """

    row: int
    reason: str
    passes: Passes = "none"


class Finished(Message, frozen=True, kw_only=True):
    """A row's record."""

    record: msgspec.Raw


class Lost(Message, frozen=True, kw_only=True):
    """The row that was asked for failed, and this is its record; the others live."""

    record: msgspec.Raw


class Scored(Message, frozen=True, kw_only=True):
    """The record of an evaluation, and what was imported until then; the answer of a process that evaluates."""

    record: msgspec.Raw
    identity: Identity


class NoMemory(Message, frozen=True, kw_only=True):
    """Memory ran out for the control, which is nobody's fault but of all that are alive together."""

    reason: str


class Stopped(Message, frozen=True, kw_only=True):
    """The last word of an arm that was told to end: the records of the rows that were open, by their places."""

    records: dict[int, msgspec.Raw]


class Refused(Message, frozen=True, kw_only=True):
    """The last word of an arm that does not understand what it was told."""

    reason: str


Wish = Open | Turn | Look | Identify | Finish
Said = Hello | Opened | Turned | Looked | Identity | Finished | Lost | NoMemory | Stopped | Refused


class Greeting(msgspec.Struct, frozen=True, kw_only=True):
    """What is read of the first message before it is known by which protocol an arm speaks."""

    protocol: int
    version: str = "unknown"


def encode_message(message: Message) -> bytes:
    """A message as JSON."""
    return msgspec.json.encode(message)


def decode_wish(content: bytes) -> Wish:
    """What an arm is asked for. Raises msgspec.MsgspecError where it is nothing that this release knows."""
    wish: Wish = msgspec.json.decode(content, type=Wish)
    return wish


def decode_scored(content: bytes) -> Scored:
    """What a process that evaluates said. Raises msgspec.MsgspecError as `decode_said`."""
    return msgspec.json.decode(content, type=Scored)


def decode_said(content: bytes) -> Said:
    """What an arm said. Raises msgspec.MsgspecError where it is nothing that this release knows."""
    said: Said = msgspec.json.decode(content, type=Said)
    return said
