"""Records as a pandas frame, one line a Row, and as CSV. No tables for the terminal, no plots.

COLUMNS is the documentation: name, type, unit and meaning of every column. Values are unscaled seconds,
bytes and ratios; a value that was not measured is missing (NA), never zero.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from benchbox.records.estimate import Estimate
from benchbox.records.journal import read
from benchbox.records.record import Record
from benchbox.records.rows import Accuracy, Learning, Part, Row, Slot, Timing, rows

TEXT, WHOLE, REAL, TRUTH = "string", "Int64", "Float64", "boolean"


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column: its pandas dtype, its unit ("" for none), what it means, and how a Row yields it."""

    name: str
    dtype: str
    unit: str
    meaning: str
    of: Callable[[Row], Any]


def load(path: str | Path) -> pd.DataFrame:
    """The frame of a report folder, or of one `results.jsonl`: one line a Row, the failed ones included.

    `frame.attrs["units"]` and `frame.attrs["meanings"]` describe the columns. Raises RecordError.
    """
    return frame(read(Path(path)))


def frame(records: Iterable[Record]) -> pd.DataFrame:
    """The frame of these records; the columns and their types are the same for every command."""
    seen = rows(records)
    values = {column.name: [column.of(row) for row in seen] for column in COLUMNS}
    # From objects, so that a missing value does not turn whole numbers into floats on the way.
    table = pd.DataFrame(values, dtype=object).astype({column.name: column.dtype for column in COLUMNS})
    table.attrs["units"] = {column.name: column.unit for column in COLUMNS if column.unit}
    table.attrs["meanings"] = {column.name: column.meaning for column in COLUMNS}
    return table


def summary(records: Iterable[Record]) -> str:
    """The frame as CSV text: a header line, then one line a Row; missing values are empty.

    The status `nan` is a word: `pandas.read_csv` needs `keep_default_na=False` to read it as one.
    """
    return frame(records).to_csv(index=False, lineterminator="\n")


def _text(name: str, meaning: str, of: Callable[[Row], object]) -> Column:
    return Column(name=name, dtype=TEXT, unit="", meaning=meaning, of=of)


def _whole(name: str, unit: str, meaning: str, of: Callable[[Row], object]) -> Column:
    return Column(name=name, dtype=WHOLE, unit=unit, meaning=meaning, of=of)


def _real(name: str, unit: str, meaning: str, of: Callable[[Row], object]) -> Column:
    return Column(name=name, dtype=REAL, unit=unit, meaning=meaning, of=of)


def _of_part(slot: Slot, get: Callable[[Part], object]) -> Callable[[Row], object]:
    return lambda row: None if (part := row.parts.get(slot)) is None else get(part)


def _of_timing(slot: Slot, get: Callable[[Timing], object]) -> Callable[[Row], object]:
    def value(row: Row) -> object:
        timing = row.inference if slot == "infer" else row.training
        return None if timing is None else get(timing)

    return value


def _of_accuracy(get: Callable[[Accuracy], object]) -> Callable[[Row], object]:
    return lambda row: None if row.accuracy is None else get(row.accuracy)


def _of_learning(get: Callable[[Learning], object]) -> Callable[[Row], object]:
    return lambda row: None if row.learning is None else get(row.learning)


def _timing_columns(slot: Slot, prefix: str, what: str) -> tuple[Column, ...]:
    """The columns of a timed cell: status, throughput and its bounds, latency, memory, first batch."""

    def speed(bound: Callable[[Estimate], float]) -> Callable[[Row], object]:
        return _of_timing(slot, lambda timing: bound(timing.pictures_per_second))

    return (
        _text(f"{prefix}_status", f"how the {what} ended", _of_part(slot, lambda part: part.status)),
        _real(f"{prefix}_pictures_per_second", "1/s", f"{what}: pictures / median", speed(lambda e: e.value)),
        _real(f"{prefix}_pictures_per_second_low", "1/s", "its lower bound", speed(lambda e: e.low)),
        _real(f"{prefix}_pictures_per_second_high", "1/s", "its upper bound", speed(lambda e: e.high)),
        _text(
            f"{prefix}_bounds",
            "what the bounds are: an interval, or the range of a few samples",
            _of_timing(slot, lambda timing: timing.pictures_per_second.basis),
        ),
        _whole(f"{prefix}_samples", "count", "timed batches", _of_timing(slot, lambda t: t.samples)),
        _text(f"{prefix}_stop_reason", "why sampling stopped", _of_timing(slot, lambda t: t.stop_reason)),
        _real(f"{prefix}_p50_seconds", "s", "median time of a batch", _of_timing(slot, lambda t: t.p50)),
        _real(f"{prefix}_p90_seconds", "s", "from 64 samples on", _of_timing(slot, lambda t: t.p90)),
        _real(f"{prefix}_p95_seconds", "s", "from 130 samples on", _of_timing(slot, lambda t: t.p95)),
        _real(f"{prefix}_p99_seconds", "s", "from 662 samples on", _of_timing(slot, lambda t: t.p99)),
        _whole(
            f"{prefix}_peak_memory_bytes",
            "B",
            f"{what}: most memory above the floor",
            _of_part(slot, lambda part: _rounded(part.peak_memory)),
        ),
        _real(
            f"{prefix}_first_batch_seconds",
            "s",
            "first call, with its one-time work",
            _of_part(slot, lambda part: part.first_batch_seconds),
        ),
    )


def _rounded(value: float | None) -> int | None:
    return None if value is None else round(value)


def _milestone_columns(percent: int) -> tuple[Column, ...]:
    share = percent / 100

    def value(of: Callable[[Learning], object]) -> Callable[[Row], object]:
        return _of_learning(of)

    return (
        _whole(
            f"epochs_to_{percent}",
            "count",
            f"first epoch whose held-out accuracy was {percent} %",
            value(lambda learning: (m := learning.milestone(share)) and m.epoch),
        ),
        _real(
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
    _text("model", "architecture", lambda row: row.model),
    _text("status", "ok, skipped, or how the first failed part ended", lambda row: row.status),
    _text("reason", "why a part failed or was skipped", lambda row: row.reason or None),
    _text("activation", "missing: the architecture's own", lambda row: row.spec.model.activation),
    _real("dropout", "ratio", "missing: the architecture's own", lambda row: row.spec.model.dropout),
    _text("init", "initialisation", lambda row: row.spec.model.init),
    _text("device", "where it ran", lambda row: row.spec.placement.device),
    _text("precision", "of the arithmetic, as it really ran", lambda row: row.precision),
    _text("memory_format", "as it really ran", lambda row: row.memory_format),
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
    _text("feed", "how batches were made", lambda row: row.spec.placement.feed),
    _whole("workers", "count", "processes that decode for a loader", lambda row: row.spec.placement.workers),
    _real("sync_seconds", "s", "least time between two looks", lambda row: row.spec.placement.sync_seconds),
    _whole("threads", "count", "of the arithmetic on a CPU", lambda row: row.spec.placement.threads),
    _whole("batch_size", "count", "pictures in a training or timed batch", lambda r: r.spec.fit.batch_size),
    _whole("image_size", "px", "side of the square pictures", lambda row: row.spec.data.image_size),
    _whole("channels", "count", "1 grey, 3 colour", lambda row: row.spec.data.channels),
    _text("fit_mode", "how pictures became square", lambda row: row.spec.data.fit_mode),
    _text("data", "the pictures", _data_name),
    _text("part", "the scored side of the split: test is the held-out one", lambda row: row.spec.data.part),
    _real("test_fraction", "ratio", "share held out", lambda row: row.spec.data.test_fraction),
    _text("data_digest", "content hash of pictures and labels", _data_digest),
    _whole("split_seed", "", "chooses the held-out pictures", lambda row: row.spec.data.split_seed),
    _text("optimizer", "of the fit", lambda row: row.spec.fit.optimizer),
    _real("lr", "1", "highest learning rate of the fit", lambda row: row.spec.fit.lr),
    _real("weight_decay", "1", "of the fit", lambda row: row.spec.fit.weight_decay),
    _text("schedule", "of the learning rate", lambda row: row.spec.fit.schedule),
    _whole("seed", "", "of initialisation and order", lambda row: row.spec.seed),
    _whole("parameters", "count", "trainable numbers", lambda row: row.parameters),
    _whole("buffers", "count", "other numbers kept with the weights", lambda row: row.buffers),
    _whole("weight_bytes", "B", "parameters and buffers in fp32", lambda row: row.weight_bytes),
    _whole("flops", "FLOP", "forward pass of one picture; 1 MAC = 2 FLOP", lambda row: row.flops),
)

_ACCURACY = (
    _text("accuracy_status", "how the fit or evaluation ended", _of_part("accuracy", lambda p: p.status)),
    _real("accuracy", "ratio", "top-1; of a fit, after its last epoch", _of_accuracy(lambda a: a.top1.value)),
    _real("accuracy_low", "ratio", "Wilson's 95 % bound", _of_accuracy(lambda a: a.top1.low)),
    _real("accuracy_high", "ratio", "Wilson's 95 % bound", _of_accuracy(lambda a: a.top1.high)),
    _whole("correct", "count", "scored pictures classified rightly", _of_accuracy(lambda a: a.correct)),
    _whole("pictures", "count", "scored pictures", _of_accuracy(lambda a: a.pictures)),
    _real("top5", "ratio", "only where there are over five classes", _of_accuracy(lambda a: a.top5)),
    _real("macro_f1", "ratio", "mean F1 over the classes", _of_accuracy(lambda a: a.macro_f1)),
    _real("loss", "nat", "mean cross-entropy of the scored pictures", _of_accuracy(lambda a: a.loss)),
    _text("accuracy_source", "where the weights come from", _of_accuracy(lambda a: a.source)),
    _real("eval_pictures_per_second", "1/s", "while evaluating", _of_accuracy(lambda a: a.pictures_per_second)),
)

_LEARNING = (
    _whole("epochs", "count", "epochs done", _of_learning(lambda learning: learning.epochs)),
    _real("fit_seconds", "s", "the whole fit, evaluation included", _of_learning(lambda x: x.fit_seconds)),
    _real(
        "fit_pictures_per_second",
        "1/s",
        "median over the epochs",
        _of_learning(lambda x: x.pictures_per_second and x.pictures_per_second.value),
    ),
    _whole(
        "fit_peak_memory_bytes",
        "B",
        "fit or evaluation: most memory above the floor",
        _of_part("accuracy", lambda part: _rounded(part.peak_memory)),
    ),
    _real(
        "best_accuracy",
        "ratio",
        "best epoch's, chosen on the held-out pictures themselves",
        _of_learning(lambda learning: learning.best_accuracy),
    ),
    _whole("best_epoch", "", "counted from 1", _of_learning(lambda learning: learning.best_epoch)),
)

COLUMNS: tuple[Column, ...] = (
    *_IDENTITY,
    *_timing_columns("infer", "infer", "inference"),
    *_timing_columns("train_step", "train_step", "training step"),
    *_ACCURACY,
    *_LEARNING,
    *(column for percent in (50, 90, 99, 100) for column in _milestone_columns(percent)),
)
