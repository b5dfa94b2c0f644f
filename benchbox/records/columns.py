"""All columns of the frame of rows: the documentation of summary.csv. Values are seconds, bytes and ratios.

A value that was not measured is missing (NA), never zero. New columns come last in their group, groups last of all.
"""

from collections.abc import Callable

from benchbox.records.cell_columns import CELL_COLUMNS
from benchbox.records.column import (
    TRUTH,
    Column,
    of_part,
    of_timing,
    real_column,
    rounded,
    text_column,
    whole_column,
)
from benchbox.records.estimate import Estimate
from benchbox.records.evaluation_columns import EVALUATION_COLUMNS
from benchbox.records.learning import Accuracy, Learning
from benchbox.records.rows import Row, Slot


def _of_accuracy(get: Callable[[Accuracy], object]) -> Callable[[Row], object]:
    return lambda row: None if row.accuracy is None else get(row.accuracy)


def _of_learning(get: Callable[[Learning], object]) -> Callable[[Row], object]:
    return lambda row: None if row.learning is None else get(row.learning)


def _timing_columns(slot: Slot, prefix: str, what: str) -> tuple[Column, ...]:
    """The columns of a timed cell: status, throughput and its bounds, latency, memory, first batch."""

    def speed(bound: Callable[[Estimate], float]) -> Callable[[Row], object]:
        return of_timing(slot, lambda timing: bound(timing.pictures_per_second))

    return (
        text_column(f"{prefix}_status", f"how the {what} ended", of_part(slot, lambda part: part.status)),
        real_column(f"{prefix}_pictures_per_second", "1/s", f"{what}: pictures / median", speed(lambda e: e.value)),
        real_column(f"{prefix}_pictures_per_second_low", "1/s", "its lower bound", speed(lambda e: e.low)),
        real_column(f"{prefix}_pictures_per_second_high", "1/s", "its upper bound", speed(lambda e: e.high)),
        text_column(
            f"{prefix}_bounds",
            "what the bounds are: an interval, or the range of a few samples",
            of_timing(slot, lambda timing: timing.pictures_per_second.basis),
        ),
        whole_column(f"{prefix}_samples", "count", "timed batches", of_timing(slot, lambda t: t.samples)),
        text_column(f"{prefix}_stop_reason", "why sampling stopped", of_timing(slot, lambda t: t.stop_reason)),
        real_column(f"{prefix}_p50_seconds", "s", "median time of a batch", of_timing(slot, lambda t: t.p50)),
        real_column(f"{prefix}_p90_seconds", "s", "from 64 samples on", of_timing(slot, lambda t: t.p90)),
        real_column(f"{prefix}_p95_seconds", "s", "from 130 samples on", of_timing(slot, lambda t: t.p95)),
        real_column(f"{prefix}_p99_seconds", "s", "from 662 samples on", of_timing(slot, lambda t: t.p99)),
        whole_column(
            f"{prefix}_peak_memory_bytes",
            "B",
            f"{what}: most memory above the floor",
            of_part(slot, lambda part: rounded(part.peak_memory)),
        ),
        real_column(
            f"{prefix}_first_batch_seconds",
            "s",
            "first call, with its one-time work",
            of_part(slot, lambda part: part.first_batch_seconds),
        ),
    )


def _milestone_columns(percent: int) -> tuple[Column, ...]:
    share = percent / 100

    def value(of: Callable[[Learning], object]) -> Callable[[Row], object]:
        return _of_learning(of)

    return (
        whole_column(
            f"epochs_to_{percent}",
            "count",
            f"first epoch whose held-out accuracy was {percent} %",
            value(lambda learning: (m := learning.milestone(share)) and m.epoch),
        ),
        real_column(
            f"seconds_to_{percent}",
            "s",
            f"training seconds up to its end, {percent} %",
            value(lambda learning: (m := learning.milestone(share)) and m.seconds),
        ),
    )


def _data_name(row: Row) -> str:
    return next((part.actual.data for part in row.parts.values() if part.actual.data), row.spec.data.source)


def _data_digest(row: Row) -> str | None:
    return next((part.actual.data_digest for part in row.parts.values() if part.actual.data_digest), None)


_IDENTITY = (
    text_column("model", "architecture", lambda row: row.model),
    text_column("status", "ok, skipped, or how the first failed part ended", lambda row: row.status),
    text_column("reason", "why a part failed or was skipped", lambda row: row.reason or None),
    text_column("activation", "missing: the architecture's own", lambda row: row.spec.model.activation),
    real_column("dropout", "ratio", "missing: the architecture's own", lambda row: row.spec.model.dropout),
    text_column("init", "initialisation", lambda row: row.spec.model.init),
    text_column("device", "where it ran", lambda row: row.spec.placement.device),
    text_column("precision", "of the arithmetic, as it really ran", lambda row: row.precision),
    text_column("memory_format", "as it really ran", lambda row: row.memory_format),
    Column(
        name="compile",
        dtype=TRUTH,
        unit="",
        meaning="whether torch.compile was used",
        of=lambda row: row.spec.placement.compile,
    ),
    Column(
        name="fused",
        dtype=TRUTH,
        unit="",
        meaning="whether the fused optimizer was asked for",
        of=lambda row: row.spec.placement.fused,
    ),
    text_column("feed", "how batches were made", lambda row: row.spec.placement.feed),
    whole_column("workers", "count", "processes that decode for a loader", lambda row: row.spec.placement.workers),
    real_column("sync_seconds", "s", "least time between two looks", lambda row: row.spec.placement.sync_seconds),
    whole_column("threads", "count", "of the arithmetic on a CPU", lambda row: row.spec.placement.threads),
    whole_column("batch_size", "count", "pictures in a training or timed batch", lambda r: r.spec.fit.batch),
    whole_column("image_size", "px", "side of the square pictures", lambda row: row.spec.data.image_size),
    whole_column("channels", "count", "1 grey, 3 colour", lambda row: row.spec.data.channels),
    text_column("fit_mode", "how pictures became square", lambda row: row.spec.data.fit_mode),
    text_column("data", "the pictures", _data_name),
    text_column("part", "the scored side of the split: test is the held-out one", lambda row: row.spec.data.part),
    real_column("test_fraction", "ratio", "share held out", lambda row: row.spec.data.test_fraction),
    text_column("data_digest", "content hash of pictures and labels", _data_digest),
    whole_column("split_seed", "", "chooses the held-out pictures", lambda row: row.spec.data.split_seed),
    text_column("optimizer", "of the fit", lambda row: row.spec.fit.optimizer),
    real_column("lr", "1", "highest learning rate of the fit", lambda row: row.spec.fit.lr),
    real_column("weight_decay", "1", "of the fit", lambda row: row.spec.fit.weight_decay),
    text_column("schedule", "of the learning rate", lambda row: row.spec.fit.schedule),
    whole_column("seed", "", "of initialisation and order", lambda row: row.spec.seed),
    whole_column("parameters", "count", "trainable numbers", lambda row: row.parameters),
    whole_column("buffers", "count", "other numbers kept with the weights", lambda row: row.buffers),
    whole_column("weight_bytes", "B", "parameters and buffers in fp32", lambda row: row.weight_bytes),
    whole_column("flops", "FLOP", "forward pass of one picture; 1 MAC = 2 FLOP", lambda row: row.flops),
    text_column("split", "the rule by which pictures are held out", lambda row: row.spec.data.split),
    real_column(
        "val_fraction",
        "ratio",
        "of the training pictures, set aside for choosing",
        lambda row: row.spec.data.val_fraction,
    ),
    text_column("recipe", "own: the architecture's; plain: the same for all", lambda row: row.spec.fit.recipe),
    real_column("until", "ratio", "held-out accuracy at which the fit was to stop", lambda row: row.spec.fit.until),
    real_column(
        "label_smoothing",
        "ratio",
        "of a label, spread over all classes in training",
        lambda row: row.spec.fit.label_smoothing,
    ),
    text_column("augment", "how training pictures were varied", lambda row: row.spec.fit.augment),
    text_column(
        "convolution",
        "fast: by Fourier transforms and the like, where they gain",
        lambda row: row.spec.placement.convolution,
    ),
    Column(
        name="keeps_memory",
        dtype=TRUTH,
        unit="",
        meaning="whether the process was asked to keep freed memory",
        of=lambda row: row.spec.placement.keeps_memory,
    ),
)

_ACCURACY = (
    text_column("accuracy_status", "how the fit or evaluation ended", of_part("accuracy", lambda p: p.status)),
    real_column("accuracy", "ratio", "top-1; of a fit, after its last epoch", _of_accuracy(lambda a: a.top1.value)),
    real_column("accuracy_low", "ratio", "Wilson's 95 % bound", _of_accuracy(lambda a: a.top1.low)),
    real_column("accuracy_high", "ratio", "Wilson's 95 % bound", _of_accuracy(lambda a: a.top1.high)),
    whole_column("correct", "count", "scored pictures classified rightly", _of_accuracy(lambda a: a.correct)),
    whole_column("pictures", "count", "scored pictures", _of_accuracy(lambda a: a.pictures)),
    real_column("top5", "ratio", "only where there are over five classes", _of_accuracy(lambda a: a.top5)),
    real_column("macro_f1", "ratio", "mean F1 over the classes", _of_accuracy(lambda a: a.macro_f1)),
    real_column("loss", "nat", "mean cross-entropy of the scored pictures", _of_accuracy(lambda a: a.loss)),
    text_column("accuracy_source", "where the weights come from", _of_accuracy(lambda a: a.source)),
    real_column(
        "eval_pictures_per_second", "1/s", "while evaluating", _of_accuracy(lambda a: a.pictures_per_second)
    ),
)

_LEARNING = (
    whole_column("epochs", "count", "epochs done", _of_learning(lambda learning: learning.epochs)),
    real_column("fit_seconds", "s", "the whole fit, evaluation included", _of_learning(lambda x: x.fit_seconds)),
    real_column(
        "fit_pictures_per_second",
        "1/s",
        "median over the epochs",
        _of_learning(lambda x: x.pictures_per_second and x.pictures_per_second.value),
    ),
    whole_column(
        "fit_peak_memory_bytes",
        "B",
        "fit or evaluation: most memory above the floor",
        of_part("accuracy", lambda part: rounded(part.peak_memory)),
    ),
    real_column(
        "best_accuracy",
        "ratio",
        "held-out, at the best epoch, which is chosen on these pictures, or on those set aside",
        _of_learning(lambda learning: learning.best_accuracy),
    ),
    whole_column("best_epoch", "", "counted from 1", _of_learning(lambda learning: learning.best_epoch)),
)

COLUMNS: tuple[Column, ...] = (
    *_IDENTITY,
    *_timing_columns("infer", "infer", "inference"),
    *_timing_columns("train_step", "train_step", "training step"),
    *_ACCURACY,
    *_LEARNING,
    *(column for percent in (50, 90, 99, 100) for column in _milestone_columns(percent)),
    *CELL_COLUMNS,
    *EVALUATION_COLUMNS,
)
