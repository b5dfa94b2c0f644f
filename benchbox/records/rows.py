"""Row: one architecture under one placement and settings, joined from the records that measured it.

The join is defined here and nowhere else: an inference, a training step and one source of accuracy (a fit
or an evaluation) of the same work make one row. Nothing vanishes: a part that failed or was skipped keeps
its status and reason. Values are seconds, bytes and ratios; text is made in `benchbox.report`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Literal

import msgspec

from benchbox.plan.spec import RunSpec, TimingSpec
from benchbox.records.estimate import Estimate, median, percentile, throughput, wilson
from benchbox.records.record import GOOD, Actual, Environment, Record, Status

Slot = Literal["infer", "train_step", "accuracy", "largest_batch"]

SLOTS: dict[str, Slot] = {
    "infer": "infer",
    "train_step": "train_step",
    "fit": "accuracy",
    "evaluate": "accuracy",
    "largest_batch": "largest_batch",
}
MILESTONES = (0.5, 0.9, 0.99, 1.0)
# An accuracy that passed through fp32 may lie this far below the ratio that it means.
ROUNDING = 1e-6
CURVES = ("train_loss", "train_accuracy", "test_loss", "test_accuracy", "learning_rate", "epoch_seconds")


@dataclass(frozen=True, kw_only=True)
class Timing:
    """A timed cell: pictures a second, seconds a batch, bytes. A percentile is None for too few samples."""

    pictures_per_second: Estimate
    samples: int
    p50: float
    p90: float | None
    p95: float | None
    p99: float | None
    stop_reason: str


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """How right a network is on the held-out pictures; `source` says where its weights come from."""

    top1: Estimate
    correct: int
    pictures: int
    top5: float | None
    macro_f1: float | None
    loss: float | None
    pictures_per_second: float | None
    source: str


@dataclass(frozen=True, kw_only=True)
class Milestone:
    """The first epoch (from 1) to reach a held-out accuracy; `seconds` of training up to its end."""

    share: float
    epoch: int
    seconds: float | None


@dataclass(frozen=True, kw_only=True)
class Learning:
    """How a fit went. The best epoch is chosen on the held-out pictures themselves, and so flatters.

    `pictures_per_second`: median over the epochs, None where they were not timed. `curves`: a metric of
    CURVES to one value an epoch. A milestone that was never reached is absent.
    """

    epochs: int
    fit_seconds: float | None
    best_accuracy: float
    best_epoch: int
    pictures_per_second: Estimate | None
    milestones: tuple[Milestone, ...]
    curves: Mapping[str, tuple[float, ...]]

    def milestone(self, share: float) -> Milestone | None:
        """The milestone of one share, None where it was not reached."""
        return next((reached for reached in self.milestones if reached.share == share), None)


@dataclass(frozen=True, kw_only=True)
class Part:
    """How one of a row's records ended, and what it left. `peak_memory` in bytes, times in seconds."""

    task: str
    status: Status
    reason: str
    seconds: float
    actual: Actual
    environment: Environment | None
    files: Mapping[str, str]
    first_batch_seconds: float | None
    peak_memory: float | None


@dataclass(frozen=True, kw_only=True)
class Row:
    """One architecture under one placement and settings. `spec` is that of the row's first record."""

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
    def reason(self) -> str:
        """Why parts did not end well, each after its task, in one line; empty where all did."""
        bad = [part for part in self.parts.values() if part.status != "ok"]
        return "; ".join(f"{part.task} {part.status}: {part.reason}".rstrip(": ") for part in bad)

    @property
    def precision(self) -> str:
        """The precision that really ran, or the one asked for where nothing ran."""
        return self._ran("precision") or self.spec.placement.precision

    @property
    def memory_format(self) -> str:
        """The memory format that really ran, or the one asked for where nothing ran."""
        return self._ran("memory_format") or self.spec.placement.memory_format

    def _ran(self, name: str) -> str:
        values = (str(getattr(part.actual, name)) for part in self.parts.values())
        return next((value for value in values if value), "")


def rows(records: Iterable[Record]) -> list[Row]:
    """Rows in the order in which their first records stand in the journal.

    A record joins the latest row of the same work whose slot is still free; else it begins a new row, so
    that repeats stay apart.
    """
    groups: list[dict[Slot, Record]] = []
    latest: dict[RunSpec, dict[Slot, Record]] = {}
    for record in records:
        slot, work = SLOTS[record.spec.task], _work(record.spec)
        group = latest.get(work)
        if group is None or slot in group:
            group = latest[work] = {}
            groups.append(group)
        group[slot] = record
    return [_row(group) for group in groups]


def _work(spec: RunSpec) -> RunSpec:
    """What must be equal for records to tell of the same row: all but the task and how long it may last."""
    fit = msgspec.structs.replace(spec.fit, epochs=None, seconds=None, eval_batch_size=1)
    return msgspec.structs.replace(spec, task="fit", fit=fit, timing=TimingSpec(), checkpoint=None)


def _row(group: Mapping[Slot, Record]) -> Row:
    records = tuple(group.values())
    accuracy = group.get("accuracy")
    return Row(
        spec=records[0].spec,
        parts={slot: _part(record) for slot, record in group.items()},
        parameters=_count(records, "parameters"),
        buffers=_count(records, "buffers"),
        weight_bytes=_count(records, "weight_bytes"),
        flops=_count(records, "flops"),
        inference=_timing(group.get("infer")),
        training=_timing(group.get("train_step")),
        accuracy=_accuracy(accuracy) if accuracy else None,
        learning=_learning(accuracy) if accuracy else None,
        records=records,
    )


def _part(record: Record) -> Part:
    return Part(
        task=record.spec.task,
        status=record.status,
        reason=record.reason,
        seconds=record.seconds,
        actual=record.actual,
        environment=record.environment,
        files=record.files,
        first_batch_seconds=record.last("first_batch_seconds"),
        peak_memory=record.last("peak_memory"),
    )


def _count(records: Sequence[Record], metric: str) -> int | None:
    values = (record.last(metric) for record in records)
    return next((int(value) for value in values if value is not None), None)


def _timing(record: Record | None) -> Timing | None:
    samples = record.values("sample_seconds") if record else ()
    if record is None or not samples:
        return None
    return Timing(
        pictures_per_second=throughput(samples, record.spec.fit.batch_size),
        samples=len(samples),
        p50=median(samples).value,
        p90=percentile(samples, 90),
        p95=percentile(samples, 95),
        p99=percentile(samples, 99),
        stop_reason=record.actual.stop_reason,
    )


def _accuracy(record: Record) -> Accuracy | None:
    correct, pictures = record.last("correct"), record.last("pictures")
    if correct is None or not pictures:
        return None
    return Accuracy(
        top1=wilson(int(correct), int(pictures)),
        correct=int(correct),
        pictures=int(pictures),
        top5=record.last("top5"),
        macro_f1=record.last("macro_f1"),
        loss=record.last("loss"),
        pictures_per_second=record.last("eval_pictures_per_second"),
        source=_source(record),
    )


def _source(record: Record) -> str:
    if record.spec.task == "evaluate":
        weights = f" ({record.actual.weights})" if record.actual.weights else ""
        return f"checkpoint {record.files.get('checkpoint') or record.spec.checkpoint}{weights}"
    epochs = len(record.values("test_accuracy"))
    seconds = record.last("fit_seconds") or record.seconds
    return f"fit: {epochs} epoch{'s' if epochs != 1 else ''} in {seconds:.0f} s"


def _learning(record: Record) -> Learning | None:
    accuracies = record.values("test_accuracy")
    if not accuracies:
        return None
    best = _best_epoch(accuracies, record.values("test_loss"))
    speeds = record.values("train_pictures_per_second")
    curves = {name: record.values(name) for name in CURVES}
    return Learning(
        epochs=len(accuracies),
        fit_seconds=record.last("fit_seconds"),
        best_accuracy=accuracies[best],
        best_epoch=best + 1,
        pictures_per_second=median(speeds) if speeds else None,
        milestones=_milestones(accuracies, record.values("epoch_seconds")),
        curves={name: values for name, values in curves.items() if values},
    )


def _best_epoch(accuracies: Sequence[float], losses: Sequence[float]) -> int:
    """The position of the highest accuracy, of those the lowest loss, of those the first."""
    if len(losses) != len(accuracies):
        losses = [0.0] * len(accuracies)
    return min(range(len(accuracies)), key=lambda epoch: (-accuracies[epoch], losses[epoch]))


def _milestones(accuracies: Sequence[float], seconds: Sequence[float]) -> tuple[Milestone, ...]:
    elapsed = list(accumulate(seconds))
    reached = {
        share: next((epoch for epoch, seen in enumerate(accuracies) if seen >= share - ROUNDING), None)
        for share in MILESTONES
    }
    return tuple(
        Milestone(share=share, epoch=epoch + 1, seconds=elapsed[epoch] if epoch < len(elapsed) else None)
        for share, epoch in reached.items()
        if epoch is not None
    )
