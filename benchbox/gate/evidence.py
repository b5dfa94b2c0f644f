"""What each arm brings to a gate: its records, the answers picture by picture, and what of it is no evidence.

A bad file raises nothing here: a gate has a documented state for each, which `benchbox.gate.judge` gives it.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec

from benchbox.errors import RecordError
from benchbox.gate.lines import Fault, read_lines
from benchbox.gate.verdict import EXACT, Source
from benchbox.plan.spec import case
from benchbox.records.record import Record

__all__ = ["Arm", "Fault", "load_arm", "make_arm"]

# Nothing takes less than a picosecond or more than thirty years: such a number is no time.
SHORTEST, LONGEST = 1e-12, 1e9
# What a number of a metric must be: the least, the most, and what it is otherwise.
_RANGES: dict[str, tuple[float, float, str]] = {
    "sample_seconds": (SHORTEST, LONGEST, "no time in seconds"),
    "control_seconds": (SHORTEST, LONGEST, "no time in seconds"),
    "peak_memory": (0, math.inf, "no number of bytes"),
    "top1": (0, 1, "no share"),
    **dict.fromkeys(EXACT, (0, math.inf, "no count")),
}
# What `git describe --dirty=+` puts after a commit with changed files.
_DIRTY = "+"


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One side of a comparison. `answers` say by case and seed which pictures an evaluation was right on.

    `faults` are what cannot be used, `notes` what people should know of the rest.
    """

    source: Source
    records: tuple[Record, ...] = ()
    answers: Mapping[tuple[str, int], Mapping[str, bool]] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def damage(self) -> tuple[str, ...]:
        """Why rows may be missing that nobody can name: a file that is not there, a line that is no record."""
        return tuple(fault.reason for fault in self.faults if fault.spec is None)


def load_arm(path: Path, *, today: str = "") -> Arm:
    """A stored run: a report folder, a journal or a baseline. `today`, in UTC as 2026-11-24, gives its age.

    Raises nothing for a file that is missing, empty, damaged or of an unknown schema: those are faults.
    """
    lines = read_lines(path)
    arm = make_arm(lines.records, Source(asked=str(path)), lines.folder)
    source = msgspec.structs.replace(arm.source, age_days=_age(arm.records, today))
    return replace(arm, source=source, faults=lines.faults + arm.faults, notes=lines.notes + arm.notes)


def make_arm(records: Iterable[Record], source: Source, folder: Path | None = None) -> Arm:
    """An arm of these records, whose predictions lie in `folder`.

    What the source leaves open (commit, benchbox, fingerprint) is filled in from the records. Values that cannot
    be, such as a time of 0, are faults of their rows.
    """
    seen = tuple(records)
    answers, notes = _answers(seen, folder)
    faults = tuple(Fault(reason=reason, spec=record.spec) for record in seen if (reason := _defect(record)))
    return Arm(source=_completed(source, seen), records=seen, answers=answers, faults=faults, notes=notes)


def _completed(source: Source, records: Sequence[Record]) -> Source:
    places = [record.environment for record in records if record.environment is not None]
    commits = {place.commit for place in places if place.commit}
    fingerprints = (record.fingerprint for record in records if record.fingerprint is not None)
    return msgspec.structs.replace(
        source,
        commit=source.commit or ", ".join(sorted({commit.removesuffix(_DIRTY) for commit in commits})),
        is_dirty=source.is_dirty or (not source.commit and any(commit.endswith(_DIRTY) for commit in commits)),
        benchbox=source.benchbox or ", ".join(sorted({place.benchbox for place in places})),
        fingerprint=source.fingerprint or next(fingerprints, None),
    )


def _age(records: Sequence[Record], today: str) -> float | None:
    """Days from the latest of the records to today; below 0 where it is after that."""
    days = [day for record in records if (day := _day(record.started)) is not None]
    now = _day(today)
    return None if now is None or not days else float((now - max(days)).days)


def _day(text: str) -> date | None:
    """In UTC, as the records are and today is; None where the text is no time."""
    try:
        moment = datetime.fromisoformat(text)
        return (moment.astimezone(UTC) if moment.tzinfo else moment).date()
    except (ValueError, OverflowError):
        return None


def _defect(record: Record) -> str:
    """Which number of a record cannot be; empty where all can."""
    for seen in record.measurements:
        if seen.metric not in _RANGES:
            continue
        low, high, words = _RANGES[seen.metric]
        for value in seen.values:
            if not low <= value <= high or (seen.metric in EXACT and not value.is_integer()):
                return f"{seen.metric} has the value {value:g}, which is {words}"
    return ""


def _answers(
    records: Sequence[Record], folder: Path | None
) -> tuple[dict[tuple[str, int], Mapping[str, bool]], tuple[str, ...]]:
    """By case and seed which pictures were answered rightly, and why that is not known of others."""
    answers: dict[tuple[str, int], Mapping[str, bool]] = {}
    notes = []
    for record in records:
        if folder is None or not _is_scored(record):
            continue
        try:
            answers[case(record.spec), record.spec.seed] = _read_answers(record, folder)
        except RecordError as error:
            notes.append(error.what)
    return answers, tuple(notes)


def _is_scored(record: Record) -> bool:
    return record.spec.task == "evaluate" and record.status == "ok" and "predictions" in record.files


def _read_answers(record: Record, folder: Path) -> dict[str, bool]:
    """The answers that an evaluation left in `folder`.

    Raises RecordError where the file cannot be read, tells of one picture twice, or is of another evaluation, which
    may have written over it.
    """
    from benchbox.records.scores import read_predictions  # pandas, which only an evaluation needs

    path = folder / record.files["predictions"]
    frame = read_predictions(path)
    answers = dict(zip(frame["picture"].tolist(), (frame["label_rank"] == 1).tolist(), strict=True))
    if len(answers) != len(frame):
        raise RecordError(f"{path} names a picture twice")
    scored, right = record.last("correct"), sum(answers.values())
    if scored is not None and scored != right:
        said = f"{path} is right on {right:,} of {len(answers):,} pictures, and its record on {scored:,.0f}"
        raise RecordError(f"{said}: it is of another run")
    return answers
