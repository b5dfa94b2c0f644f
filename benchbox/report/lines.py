"""One line of text for each thing that happens in a run: for the live display and for the log."""

from datetime import timedelta

from benchbox.plan.spec import RunSpec
from benchbox.records.events import AnyEvent, EpochEnded, Noted, PhaseBegan, Progress, StepSeen
from benchbox.records.record import Record
from benchbox.records.rows import Row, rows
from benchbox.report import text

_TASKS = {
    "fit": "training",
    "evaluate": "evaluating",
    "infer": "timing inference",
    "train_step": "timing training",
    "largest_batch": "searching the largest batch",
}
# Short enough for a fit's whole line to fit eighty columns.
BAR_CELLS = 8


def started_line(index: int, total: int, spec: RunSpec, label: str) -> str:
    """`[2/6] alexnet · training`; `index` counts from 0."""
    return f"[{index + 1}/{total}] {_titled(label, spec)}"


def _titled(label: str, spec: RunSpec) -> str:
    """The label and what is done; a bench's labels say it already."""
    return label if label.endswith(spec.task.replace("_", " ")) else f"{label} · {_TASKS[spec.task]}"


def event_line(event: AnyEvent, label: str) -> str:
    """An event as a line of its own, with the run's label in front where there is one."""
    said = f"note: {event.text}" if isinstance(event, Noted) else progress_line(event)
    return f"{label}: {said}" if label else said


def progress_line(event: AnyEvent) -> str:
    """What an event says, without the run's name."""
    match event:
        case PhaseBegan(name=name):
            return name
        case Progress(done=done, total=total):
            return f"{bar(done, total)} {done:,}/{total:,}"
        case Noted(text=said):
            return said
        case StepSeen():
            return _step_line(event)
        case EpochEnded():
            return _epoch_line(event)


def bar(done: int, total: int) -> str:
    """A bar of a fixed length; full only when all is done."""
    full = BAR_CELLS * min(done, total) // total if total else BAR_CELLS
    return "━" * full + "╌" * (BAR_CELLS - full)


def _step_line(seen: StepSeen) -> str:
    done = (seen.epoch - 1) * seen.steps + seen.step
    return (
        f"{bar(done, seen.epochs * seen.steps)} epoch {seen.epoch}/{seen.epochs} · loss {seen.loss:.3f} · "
        f"accuracy {text.share(seen.accuracy)} · {text.rate(seen.pictures_per_second)} · "
        f"{_left(seen.seconds_left)}"
    )


def _epoch_line(seen: EpochEnded) -> str:
    best = " · best so far" if seen.is_best else ""
    aside = "" if seen.val_accuracy is None else f" (set aside {text.share(seen.val_accuracy)})"
    return (
        f"epoch {seen.epoch}/{seen.epochs} · loss {seen.train_loss:.3f} → held-out {seen.test_loss:.3f} · "
        f"accuracy {text.share(seen.test_accuracy)}{aside} · {text.rate(seen.pictures_per_second)} · "
        f"{_left(seen.seconds_left)}{best}"
    )


def _left(seconds: float) -> str:
    if seconds <= 0:
        return "done"
    return f"{timedelta(seconds=max(1, round(seconds)))} left"


def ended_line(record: Record, label: str) -> str:
    """A run's outcome in one line: its numbers, or its status and reason."""
    head, (row,) = _titled(label, record.spec), rows([record])
    if record.status != "ok":
        return f"{head}: {record.status}{': ' if record.reason else ''}{record.reason}"
    return f"{head}: {', '.join([*_outcome(row), text.duration(record.seconds)])}"


def _outcome(row: Row) -> list[str]:
    said = []
    if row.accuracy is not None:
        right = f"{row.accuracy.correct:,} of {row.accuracy.pictures:,}"
        said.append(f"{text.share(row.accuracy.top1.value)} right ({right})")
    if row.learning is not None:
        said.append(text.plural(row.learning.epochs, "epoch"))
    timing = row.inference or row.training
    if timing is not None:
        said.append(f"{text.rate(timing.pictures_per_second.value)}")
    if row.largest_batch is not None:
        bound = "at least " if row.largest_batch.is_bound else ""
        said.append(f"{bound}{row.largest_batch.pictures:,} pictures a batch")
    marks = {"void": row.void, "in doubt": row.doubts}
    return [*said, *(mark for mark, is_so in marks.items() if is_so)]
