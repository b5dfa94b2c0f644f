"""A plan before it runs: which runs, and about how long they will take. No measurements."""

from collections.abc import Sequence

import msgspec

from benchbox.plan.estimates import run_seconds
from benchbox.plan.spec import Plan, RunSpec
from benchbox.report import text
from benchbox.report.grid import Cell, Column, Grid, Line

_TASKS = {
    "fit": "train",
    "evaluate": "evaluate",
    "infer": "time inference",
    "train_step": "time training",
    "largest_batch": "search the largest batch",
}
DOCUMENT_SCHEMA = 1


def expectation(plan: Plan, places: Sequence[int] | None = None) -> str:
    """`12 runs of 6 networks, at most about 7 min`; without a time where nothing is known of it.

    `places` are those of the runs that are meant, None for all.
    """
    listed = _listed(plan, places)
    models = dict.fromkeys(spec.model.name for spec, _ in listed)
    said = f"{text.plural(len(listed), 'run')} of {text.plural(len(models), 'network')}"
    seconds = sum(_seconds(plan, spec, label) for spec, label in listed)
    # Most cells know their median well before their time is used.
    return f"{said}, at most about {text.about(seconds)}" if seconds else said


def plan_grid(plan: Plan, places: Sequence[int] | None = None) -> Grid:
    """One line a run: its name, what is done, about how long at most, and why it will not run at all."""
    columns = (Column(title="Run", is_text=True), Column(title="What", is_text=True), Column(title="At most"))
    listed = _listed(plan, places)
    lines = tuple(_line(plan, spec, label) for spec, label in listed)
    notes = [f"{expectation(plan, places)}: from counted FLOPs and what this machine was just seen to do."]
    notes += [f"{label}: {plan.refusals[label]}" for _, label in listed if label in plan.refusals]
    return Grid(title=f"Plan of `{plan.command}`", columns=columns, sections=(lines,), notes=(*notes, *plan.notes))


def _listed(plan: Plan, places: Sequence[int] | None) -> Sequence[tuple[RunSpec, str]]:
    chosen = (plan.order or range(len(plan.specs))) if places is None else places
    return [(plan.specs[place], plan.labels[place]) for place in chosen]


def _seconds(plan: Plan, spec: RunSpec, label: str) -> float:
    return 0.0 if label in plan.refusals else run_seconds(plan, spec)


def _line(plan: Plan, spec: RunSpec, label: str) -> Line:
    if label in plan.refusals:
        return (Cell(text=label), Cell(text="cannot run", is_bad=True), Cell())
    seconds = run_seconds(plan, spec)
    about = Cell(text=text.about(seconds)) if seconds else Cell()
    return (Cell(text=label), Cell(text=_TASKS[spec.task]), about)


class _Run(msgspec.Struct, frozen=True, kw_only=True):
    label: str
    task: str
    seconds: float
    refusal: str


class _Document(msgspec.Struct, frozen=True, kw_only=True):
    schema: int
    command: str
    runs: list[_Run]
    seconds: float
    notes: tuple[str, ...]


def plan_document(plan: Plan, places: Sequence[int] | None = None) -> bytes:
    """The same as one JSON document with a final newline; seconds are estimates, 0 where nothing is known."""
    runs = [
        _Run(label=label, task=spec.task, seconds=_seconds(plan, spec, label), refusal=plan.refusals.get(label, ""))
        for spec, label in _listed(plan, places)
    ]
    document = _Document(
        schema=DOCUMENT_SCHEMA,
        command=plan.command,
        runs=runs,
        seconds=sum(run.seconds for run in runs),
        notes=plan.notes,
    )
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
