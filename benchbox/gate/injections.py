"""Slowdowns that were injected into an architecture's code, and what a longer series saw of each: kept on file.

They are the truths by which the gate is put to the proof. Nothing is run here.
"""

from pathlib import Path

import msgspec

from benchbox.errors import RecordError
from benchbox.gate.verdict import Bounds
from benchbox.records.journal import add_line, divided

INJECTIONS = "injections.jsonl"


class Injection(msgspec.Struct, frozen=True, kw_only=True):
    """A slowdown in the code of an architecture, on top of `commit`: what was meant, what was done, what it costs.

    `slowdown` was meant, a ratio less 1; `repeats` are the layers that work once more, and `slower` the commit
    with them. `audited` are by case the slowdowns that a longer series saw, as ratios with their bounds, and
    `beside` the cases of the other rows in it: layers that find the caches full cost more than by themselves.
    `fingerprint` is the short hash of the machine's, `seconds` are those of a gate's rows, and `made` is when.
    """

    commit: str
    architecture: str
    slowdown: float
    repeats: tuple[str, ...]
    slower: str
    audited: dict[str, Bounds]
    fingerprint: str
    made: str
    seconds: float = 0.0
    beside: tuple[str, ...] = ()

    @property
    def truths(self) -> dict[str, float]:
        """The true slowdowns by case, as ratios."""
        return {case: seen.value for case, seen in self.audited.items()}


def append_injection(file: Path, injection: Injection) -> None:
    """Add one line and force it to the disk; one that was cut off before is removed first. Raises StorageError."""
    add_line(file, msgspec.json.encode(injection))


def read_injections(file: Path) -> tuple[Injection, ...]:
    """What was injected and audited before, in order; none where there is no file. Raises RecordError."""
    if not file.is_file():
        return ()
    whole, _torn = divided(file.read_bytes())
    try:
        return tuple(msgspec.json.decode(line, type=Injection) for line in whole.splitlines())
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise RecordError(
            f"{file} is damaged: {error}", hint="move it away, and slowdowns are audited anew"
        ) from error
