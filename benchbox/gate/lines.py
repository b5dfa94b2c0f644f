"""The lines of a journal as a gate reads them: a bad one stops nothing, is told with its reason, never believed.

A run that goes on with its own journal may drop a last line that was cut off; a gate may not, since the row in it
would then be neither judged nor missed.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from benchbox.errors import RecordError, UsageError
from benchbox.plan.spec import RunSpec
from benchbox.records.journal import find_journal
from benchbox.records.record import READABLE, Record, decode

# What a line that is no record can raise, deep nesting included.
_BROKEN = (UsageError, msgspec.MsgspecError, ValueError, RecursionError)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What of an arm cannot be used, and why: the row of `spec`, or whatever it held where that is None."""

    reason: str
    spec: RunSpec | None = None


@dataclass(frozen=True, kw_only=True)
class Lines:
    """The records of a journal in their order, and what of it is no record. `folder` is where its files lie."""

    records: tuple[Record, ...] = ()
    faults: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = ()
    folder: Path | None = None


def read_lines(path: Path) -> Lines:
    """The journal in a report folder, or a journal by its own path. A file that cannot be read is a fault."""
    try:
        journal = find_journal(path)
        content = journal.read_bytes()
    except RecordError as error:
        return Lines(faults=(Fault(reason=error.what),))
    except OSError as error:
        return Lines(faults=(Fault(reason=f"{path} cannot be read: {error.strerror or error}"),))
    if not content.strip():
        return Lines(faults=(Fault(reason=f"{journal} is empty"),))
    return _gathered(journal, content)


def _gathered(journal: Path, content: bytes) -> Lines:
    records: list[Record] = []
    faults: list[Fault] = []
    notes: list[str] = []
    for number, line in enumerate(content.splitlines(), start=1):
        seen, note = _read_line(line, place=f"{journal.name}, line {number}")
        if isinstance(seen, Record):
            records.append(seen)
        else:
            faults.append(seen)
        notes += [note] if note else []
    return Lines(records=tuple(records), faults=tuple(faults), notes=tuple(notes), folder=journal.parent)


def _read_line(line: bytes, *, place: str) -> tuple[Record | Fault, str]:
    """A record or a fault, and a note where a record is only used in part."""
    try:
        record = decode(line)
        if _is_resolved(record.spec):
            return record, ""
        reason = "fit.batch_size is null, and every run that was made has one"
    except _BROKEN as error:
        reason = error.what if isinstance(error, UsageError) else f"not a record: {error}"
    loose = _loose(line)
    if loose is None or loose.get("schema") not in READABLE:
        return Fault(reason=f"{place}: {reason}"), ""
    usable = _without_fingerprint(loose)
    if usable is not None:
        return usable, f"{place}: the fingerprint is not used, since it is not whole ({reason})"
    return Fault(reason=f"{place}: {_not_finite(loose) or reason}", spec=_spec(loose)), ""


def _loose(line: bytes) -> dict[str, Any] | None:
    """The line as plain values, with the NaN and Infinity that other programs write; None where it is no object."""
    try:
        seen = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return seen if isinstance(seen, dict) else None


def _without_fingerprint(loose: Mapping[str, Any]) -> Record | None:
    """The record where nothing but its fingerprint is damaged: times cannot be compared then, all else can."""
    if loose.get("fingerprint") is None:
        return None
    try:
        record = msgspec.convert({**loose, "fingerprint": None}, Record)
    except _BROKEN:
        return None
    return record if _is_resolved(record.spec) else None


def _spec(loose: Mapping[str, Any]) -> RunSpec | None:
    try:
        spec = msgspec.convert(loose.get("spec"), RunSpec)
    except _BROKEN:
        return None
    return spec if _is_resolved(spec) else None


def _is_resolved(spec: RunSpec) -> bool:
    """Whether a run can be named: its batch is part of its case and its name."""
    return spec.task == "evaluate" or spec.fit.batch_size is not None


def _not_finite(loose: Mapping[str, Any]) -> str:
    """Which measurement holds something that is not a finite number; empty where none does."""
    measurements = loose.get("measurements")
    for seen in measurements if isinstance(measurements, list) else ():
        values = seen.get("values") if isinstance(seen, dict) else None
        for value in values if isinstance(values, list) else ():
            if not _is_finite(value):
                return f"{seen.get('metric')} has the value {_named(value)}, not a finite number"
    return ""


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < math.inf


def _named(value: object) -> str:
    return "null" if value is None else str(value)
