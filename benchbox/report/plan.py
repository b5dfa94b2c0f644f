"""A plan before it runs: which runs, and about how long they will take. No measurements."""

from collections.abc import Sequence

import msgspec

from benchbox.plan.estimates import expected_seconds, run_seconds
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


def expectation(plan: Plan) -> str:
    """`12 runs of 6 networks, about 7 min`; without a time where nothing is known of it."""
    models = dict.fromkeys(spec.model.name for spec in plan.specs)
    said = f"{text.plural(len(plan.specs), 'run')} of {text.plural(len(models), 'network')}"
    seconds = expected_seconds(plan)
    return f"{said}, about {text.about(seconds)}" if seconds else said


def plan_grid(plan: Plan) -> Grid:
    """One line a run: its name, what is done, about how long it takes, and why it will not run at all."""
    columns = (Column(title="Run", is_text=True), Column(title="What", is_text=True), Column(title="About"))
    lines = tuple(_line(plan, spec, label) for spec, label in _listed(plan))
    notes = [f"{expectation(plan)}: from counted FLOPs and what this machine was just seen to do."]
    notes += [f"{label}: {reason}" for label, reason in plan.refusals.items()]
    return Grid(title=f"Plan of `{plan.command}`", columns=columns, sections=(lines,), notes=(*notes, *plan.notes))


def _listed(plan: Plan) -> Sequence[tuple[RunSpec, str]]:
    places = plan.order or range(len(plan.specs))
    return [(plan.specs[place], plan.labels[place]) for place in places]


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


def plan_document(plan: Plan) -> bytes:
    """The same as one JSON document with a final newline; seconds are estimates, 0 where nothing is known."""
    document = _Document(
        schema=DOCUMENT_SCHEMA,
        command=plan.command,
        runs=[
            _Run(
                label=label,
                task=spec.task,
                seconds=0.0 if label in plan.refusals else run_seconds(plan, spec),
                refusal=plan.refusals.get(label, ""),
            )
            for spec, label in _listed(plan)
        ],
        seconds=expected_seconds(plan),
        notes=plan.notes,
    )
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
