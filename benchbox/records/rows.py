"""Row: one architecture under one placement and settings, joined from the records that measured it.

The join is defined here and nowhere else: inference, a training step, the search for the largest batch and one
source of accuracy (a fit or an evaluation) of the same work make one row. A cell may have been measured in
several fresh processes, which differ by `RunSpec.repeat` alone: all of them are one part of the row. Nothing
vanishes: a part that failed or was skipped keeps its status and reason. Values are seconds, bytes and ratios;
text is made in `benchbox.report`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from benchbox.plan.spec import RunSpec, work_of
from benchbox.records.journal import settled
from benchbox.records.learning import Accuracy, Learning, accuracy_of, learning_of
from benchbox.records.record import GOOD, Actual, Environment, Record, Status
from benchbox.records.timing import LargestBatch, Timing, largest_batch_of, split_of, timing_of

Slot = Literal["infer", "train_step", "accuracy", "largest_batch"]

SLOTS: dict[str, Slot] = {
    "infer": "infer",
    "train_step": "train_step",
    "fit": "accuracy",
    "evaluate": "accuracy",
    "largest_batch": "largest_batch",
}


@dataclass(frozen=True, kw_only=True)
class Part:
    """How the records of one task of a row ended, and what they left.

    One record of each process; `done` of `processes` ended well, and the status is that of the first which did
    not. `actual`, `environment` and `files` are those of the first that ended well, or of the first. Times in
    seconds, memory in bytes: of several processes the median, and of parity the worst.
    """

    task: str
    status: Status
    reason: str
    processes: int
    done: int
    seconds: float
    actual: Actual
    environment: Environment | None
    files: Mapping[str, str]
    build_seconds: float | None
    first_batch_seconds: float | None
    peak_memory: float | None
    peak_reserved: float | None
    parity_error: float | None
    parity_top1: float | None
    void: str
    doubts: tuple[str, ...]

    @property
    def time_to_first_batch(self) -> float | None:
        """Seconds from the first line of the network's construction to the end of its first batch."""
        if self.build_seconds is None or self.first_batch_seconds is None:
            return None
        return self.build_seconds + self.first_batch_seconds


@dataclass(frozen=True, kw_only=True)
class Row:
    """One architecture under one placement and settings. `spec` is that of the row's first record.

    `activation_bytes` are held for backward for one picture; `step_shares` are the stages of a training step,
    by their names in `records.timing.STAGES`, as ratios of the whole.
    """

    spec: RunSpec
    parts: Mapping[Slot, Part]
    parameters: int | None
    buffers: int | None
    weight_bytes: int | None
    flops: int | None
    inference: Timing | None = None
    training: Timing | None = None
    accuracy: Accuracy | None = None
    learning: Learning | None = None
    largest_batch: LargestBatch | None = None
    activation_bytes: int | None = None
    step_shares: Mapping[str, float] = field(default_factory=dict)
    records: tuple[Record, ...] = field(repr=False)

    @property
    def model(self) -> str:
        """The architecture's name."""
        return self.spec.model.name

    @property
    def status(self) -> Status:
        """The first part's status that is a failure, else `skipped` where a part was, else `ok`."""
        statuses = [part.status for part in self.parts.values()]
        failed = [status for status in statuses if status not in GOOD]
        return failed[0] if failed else "skipped" if "skipped" in statuses else "ok"

    @property
    def failures(self) -> tuple[tuple[tuple[str, ...], str], ...]:
        """The tasks that did not end well, with status and reason; those of which the same is said together."""
        tasks: dict[str, list[str]] = {}
        for part in self.parts.values():
            if part.status != "ok":
                tasks.setdefault(f"{part.status}: {part.reason}".rstrip(": "), []).append(part.task)
        return tuple((tuple(concerned), said) for said, concerned in tasks.items())

    @property
    def reason(self) -> str:
        """Why parts did not end well, each reason once after its tasks, in one line; empty where all did."""
        return "; ".join(f"{', '.join(concerned)} {said}" for concerned, said in self.failures)

    @property
    def voids(self) -> tuple[tuple[str, str], ...]:
        """The tasks because of which the row must not be ranked, each with its reason."""
        return tuple((part.task, part.void) for part in self.parts.values() if part.void)

    @property
    def void(self) -> str:
        """Why the row must not be ranked, each reason once after its task; empty where it may be."""
        return "; ".join(f"{task}: {reason}" for task, reason in self.voids)

    @property
    def doubts(self) -> tuple[str, ...]:
        """What disturbed the row's parts, each once after its task."""
        return _said((part.task, part.doubts) for part in self.parts.values())

    @property
    def parity_error(self) -> float | None:
        """The largest distance of a part's logits from those of plain fp32, as a ratio; None where not seen."""
        return max((seen for part in self.parts.values() if (seen := part.parity_error) is not None), default=None)

    @property
    def parity_top1(self) -> float | None:
        """The smallest share of the same likeliest class as plain fp32's; None where not seen."""
        return min((seen for part in self.parts.values() if (seen := part.parity_top1) is not None), default=None)

    @property
    def precision(self) -> str:
        """The precision that really ran, or the one asked for where nothing ran."""
        return self._ran("precision") or self.spec.placement.precision

    @property
    def memory_format(self) -> str:
        """The memory format that really ran, or the one asked for where nothing ran."""
        return self._ran("memory_format") or self.spec.placement.memory_format

    def timing(self, slot: Slot) -> Timing | None:
        """The timing of a part, None where it was not timed."""
        return {"infer": self.inference, "train_step": self.training}.get(slot)

    def is_sound(self, slot: Slot) -> bool:
        """Whether a part's numbers may be ranked: it is there, it ended well, and the row is not void."""
        part = self.parts.get(slot)
        return part is not None and part.status == "ok" and not self.void

    def _ran(self, name: str) -> str:
        values = (str(getattr(part.actual, name)) for part in self.parts.values())
        return next((value for value in values if value), "")


def _said(seen: Iterable[tuple[str, Sequence[str]]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(f"{task}: {reason}" for task, reasons in seen for reason in reasons if reason))


def rows(records: Iterable[Record], specs: Sequence[RunSpec] = ()) -> list[Row]:
    """Rows in the order of the first of their records, which is that of `specs`, else that of the journal.

    A record joins the latest row of the same work where its process is still free in its slot; else it begins a
    new row. A record of the very same spec replaces the one before it, which was run again: work that shall be
    measured several times says so by `RunSpec.repeat`.
    """
    places = {spec: place for place, spec in enumerate(specs)}
    groups: list[dict[Slot, list[Record]]] = []
    latest: dict[RunSpec, dict[Slot, list[Record]]] = {}
    for record in sorted(settled(records), key=lambda record: places.get(record.spec, len(places))):
        slot, work = SLOTS[record.spec.task], work_of(record.spec)
        group = latest.get(work)
        if group is None or any(other.spec.repeat == record.spec.repeat for other in group.get(slot, ())):
            group = latest[work] = {}
            groups.append(group)
        group.setdefault(slot, []).append(record)
    return [_row(group) for group in groups]


def _row(group: Mapping[Slot, Sequence[Record]]) -> Row:
    records = tuple(record for slot in group.values() for record in slot)
    scored = next((record for record in group.get("accuracy", ()) if accuracy_of(record)), None)
    learned = next((record for record in group.get("accuracy", ()) if learning_of(record)), None)
    training = group.get("train_step", ())
    return Row(
        spec=records[0].spec,
        parts={slot: _part(found) for slot, found in group.items()},
        parameters=_count(records, "parameters"),
        buffers=_count(records, "buffers"),
        weight_bytes=_count(records, "weight_bytes"),
        flops=_count(records, "flops"),
        inference=timing_of(group.get("infer", ())),
        training=timing_of(training),
        accuracy=accuracy_of(scored) if scored else None,
        learning=learning_of(learned) if learned else None,
        largest_batch=largest_batch_of(group.get("largest_batch", ())),
        activation_bytes=_count(records, "activation_bytes"),
        step_shares=split_of(training),
        records=records,
    )


def _part(records: Sequence[Record]) -> Part:
    good = [record for record in records if record.status == "ok"]
    failed = [record for record in records if record.status not in GOOD]
    bad = failed or [record for record in records if record.status != "ok"]
    first = good[0] if good else records[0]
    return Part(
        task=first.spec.task,
        status=bad[0].status if bad else "ok",
        reason=_reason(bad, done=len(good), processes=len(records)),
        processes=len(records),
        done=len(good),
        seconds=sum(record.seconds for record in records),
        actual=first.actual,
        environment=first.environment,
        files=first.files,
        build_seconds=_middle(records, "build_seconds"),
        first_batch_seconds=_middle(records, "first_batch_seconds"),
        peak_memory=_middle(records, "peak_memory"),
        peak_reserved=_middle(records, "peak_reserved"),
        parity_error=max(_lasts(records, "parity_error"), default=None),
        parity_top1=min(_lasts(records, "parity_top1"), default=None),
        void=next((record.actual.void for record in records if record.actual.void), ""),
        doubts=tuple(dict.fromkeys(doubt for record in records for doubt in record.actual.doubts)),
    )


def _reason(bad: Sequence[Record], *, done: int, processes: int) -> str:
    """Why records did not end well; of several processes also how many did."""
    said = "; ".join(dict.fromkeys(record.reason for record in bad if record.reason))
    if not bad or processes == 1:
        return said
    return f"{done} of {processes} processes ended well{': ' if said else ''}{said}"


def _lasts(records: Sequence[Record], metric: str) -> list[float]:
    return [value for record in records if (value := record.last(metric)) is not None]


def _middle(records: Sequence[Record], metric: str) -> float | None:
    values = _lasts(records, metric)
    return float(np.median(values)) if values else None


def _count(records: Sequence[Record], metric: str) -> int | None:
    return next((int(value) for value in _lasts(records, metric)), None)
