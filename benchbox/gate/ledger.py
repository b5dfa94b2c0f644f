"""The gate's proof, kept: one line a gate whose truth was known, in a file that is only ever added to.

Gates of equal arms, of a slowed arm, and beside a program that burns the processor. Nothing is run here.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal, get_args

import msgspec

from benchbox.errors import RecordError
from benchbox.gate.verdict import Bounds, GateReport, State, Verdict
from benchbox.records.files import Sync
from benchbox.records.fingerprint import short_hash
from benchbox.records.journal import add_line, divided

# Equal arms; one architecture of the new arm slowed; equal arms beside a program that burns the processor.
Kind = Literal["same", "slower", "burner"]
KINDS: tuple[str, ...] = get_args(Kind)

LEDGER = "ledger.jsonl"
UNCHANGED = 1.0

# History of the ledger's lines.
#   1  2026-11: the first.
SCHEMA = 1


class TrialRow(msgspec.Struct, frozen=True, kw_only=True):
    """What a gate said of one row's time.

    `is_altered` says that the new arm's code of this row was slowed. `audited` is then its true slowdown, new over
    base, as a longer series of its own saw it; None where none was made. `differences` are the log-ratios of the
    pairs, `confirmation` those of the second series, of which `confirmed` are the bounds.
    """

    case: str
    row: str
    state: State
    is_altered: bool = False
    audited: float | None = None
    bounds: Bounds | None = None
    confirmed: Bounds | None = None
    differences: tuple[float, ...] = ()
    confirmation: tuple[float, ...] = ()

    @property
    def truth(self) -> float | None:
        """The slowdown that there was, None where nobody knows it."""
        return self.audited if self.is_altered else UNCHANGED


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """One gate that was run to prove the gate: a line of the ledger.

    `injected` is the slowdown that was meant, as a ratio less 1 (0.05). `made` is when it ended, as in
    2026-11-24T10:00:00+00:00; `fingerprint` the short hash of the host's; `commit` that of the base arm. `code` is
    the exit code of the whole gate, `control` the bounds of the control network, `seconds` how long it took.
    """

    schema: int = SCHEMA
    kind: Kind
    injected: float = 0.0
    preset: str
    margin: float
    made: str
    fingerprint: str = ""
    commit: str = ""
    rows: tuple[TrialRow, ...]
    control: Bounds | None = None
    code: int
    seconds: float


def make_trial(
    report: GateReport,
    *,
    kind: Kind,
    made: str,
    seconds: float,
    injected: float = 0.0,
    altered: Iterable[str] = (),
    audited: Mapping[str, float] | None = None,
) -> Trial:
    """A line of the ledger from what a gate said: its time verdicts, in their order.

    `altered` are the cases of the rows that were slowed, `audited` their true slowdowns by case.
    """
    slowed, truths = frozenset(altered), audited or {}
    seen = report.new.fingerprint
    return Trial(
        kind=kind,
        injected=injected,
        preset=report.preset,
        margin=report.margin,
        made=made,
        fingerprint=short_hash(seen) if seen else "",
        commit=report.base.commit,
        rows=tuple(
            _row(verdict, is_altered=verdict.case in slowed, audited=truths.get(verdict.case))
            for verdict in report.verdicts
            if verdict.group == "time"
        ),
        control=report.control.bounds if report.control else None,
        code=report.code,
        seconds=seconds,
    )


def _row(verdict: Verdict, *, is_altered: bool, audited: float | None) -> TrialRow:
    return TrialRow(
        case=verdict.case,
        row=verdict.row,
        state=verdict.state,
        is_altered=is_altered,
        audited=audited,
        bounds=verdict.bounds,
        confirmed=verdict.confirmed,
        differences=verdict.series.differences,
        confirmation=verdict.confirmation.differences,
    )


def append_trial(ledger: Path, trial: Trial, *, sync: Sync = os.fsync) -> None:
    """Add one line and force it to the disk; a line that was cut off before is removed first.

    Raises StorageError where that fails, and msgspec.ValidationError, which is a ValueError, for a trial that could
    not be read again, such as one with a NaN: the ledger is then as it was.
    """
    line = msgspec.json.encode(trial)
    msgspec.json.decode(line, type=Trial)
    add_line(ledger, line, sync=sync)


def read_ledger(ledger: Path) -> tuple[Trial, ...]:
    """All trials of a ledger in the order of their making, none where there is no ledger.

    A last line that was cut off while it was written is left out: its gate counts as not made. Raises RecordError
    for any other damage and for a schema that is not known.
    """
    if not ledger.is_file():
        return ()
    whole, _torn = divided(ledger.read_bytes())
    return tuple(_trials(ledger, whole))


def _trials(ledger: Path, content: bytes) -> Iterator[Trial]:
    for number, line in enumerate(content.splitlines(), start=1):
        try:
            trial = msgspec.json.decode(line, type=Trial)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise RecordError(f"{ledger}, line {number}: not a trial of the gate: {error}") from error
        if trial.schema != SCHEMA:
            raise RecordError(f"{ledger}, line {number}: schema {trial.schema}", allowed=f"schema {SCHEMA}")
        yield trial
