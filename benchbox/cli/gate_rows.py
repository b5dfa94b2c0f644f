"""Which rows a gate measures: those named on the command line, else those of benchbox.toml; and as which runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from benchbox.cli import options
from benchbox.cli.conduct import Conduct
from benchbox.cli.eval import gather_all, on_its_pictures, spec_of_card
from benchbox.cli.flow import gather_facts
from benchbox.cli.gate_options import GATE
from benchbox.cli.options import split_list
from benchbox.cli.output import Output
from benchbox.errors import CheckpointError, SpecError
from benchbox.gate.declared import Row, spec_of
from benchbox.gate.naming import names_of
from benchbox.gate.settings import FILE, left_out
from benchbox.plan.catalogue import THE_SIX, is_own
from benchbox.plan.facts import Facts
from benchbox.plan.requests import CardsRequest
from benchbox.plan.resolve import resolve
from benchbox.plan.spec import DataSpec, PlacementSpec, RunSpec, case
from benchbox.records.checkpoints import Cards
from benchbox.runner.child import ENGINE, call

TASKS = ("infer", "train_step")
# The parameters of commands that describe rows which are named there.
ROW_OPTIONS = ("tasks", "batch_size", "image_size", "channels", "data", "device", "precision", "threads")
_SPELLED = {"tasks": "--task", "all_": "--all"}

All = Annotated[bool, typer.Option("--all", help="The six of the zoo.", rich_help_panel=GATE)]
RowTasks = Annotated[
    str,
    typer.Option(
        "--task",
        help="Of the rows named here: infer, train_step, or both as a,b.",
        rich_help_panel=options.PLACEMENT,
    ),
]
RowBatch = Annotated[
    int,
    typer.Option("--batch-size", "-b", help="Of the rows named here.", rich_help_panel=options.PLACEMENT),
]


@dataclass(frozen=True, kw_only=True)
class GateRow:
    """One row as it will run: its spec, its name for people, and the name that the user gave it, if any."""

    spec: RunSpec
    name: str
    own_name: str = ""

    @property
    def case(self) -> str:
        """What identifies it."""
        return case(self.spec)

    @property
    def is_scored(self) -> bool:
        """Whether weights are evaluated, and no network is timed."""
        return self.spec.checkpoint is not None


def as_option(parameter: str) -> str:
    """A command's parameter as it is typed."""
    return _SPELLED.get(parameter, f"--{parameter.replace('_', '-')}")


def choose_rows(
    names: Sequence[str],
    *,
    all_: bool,
    tasks: str,
    settings: Mapping[str, Any],
    typed: Sequence[str],
    declared: Sequence[Row],
) -> tuple[Row, ...]:
    """The rows of the networks that were named, under `settings`, else the declared ones.

    `typed` are the options of rows that were typed: they say nothing of declared rows. Raises SpecError for rows
    that are named twice over, and for none.
    """
    if all_ and names:
        raise SpecError.of("ARCHITECTURE… with --all", " ".join(names), allowed="names or --all")
    wanted = list(THE_SIX) if all_ else list(names)
    if wanted:
        return tuple(
            Row(model=name, task=task, **settings)  # type: ignore[arg-type]
            for name in wanted
            for task in parse_tasks(tasks)
        )
    if not declared:
        hint = f"name some, or --all for the six of the zoo, or declare [[gate.row]] in {FILE}"
        raise SpecError.of("rows", "none", allowed="ARCHITECTURE…, --all or rows of a file", hint=hint)
    if typed:
        hint = "say it there, or name ARCHITECTURE…"
        raise SpecError(f"{', '.join(typed)} with the rows of {FILE}", allowed="for rows named here", hint=hint)
    return tuple(declared)


def parse_tasks(text: str) -> tuple[str, ...]:
    """`infer`, `train_step`, or both with a comma. Raises SpecError."""
    parts = split_list([text])
    if not parts or set(parts) - set(TASKS) or len(set(parts)) < len(parts):
        raise SpecError.of("--task", text, allowed=f"{', '.join(TASKS)}, or both with a comma")
    return tuple(parts)


def resolve_rows(rows: Sequence[Row], output: Output) -> tuple[GateRow, ...]:
    """The runs that rows ask for, with all decided that the machine and the pictures decide.

    Networks are not tried: each side of a gate imports its own. Raises SpecError where two rows are the same run,
    and CheckpointError where weights cannot be evaluated.
    """
    known: dict[tuple[DataSpec, PlacementSpec], Facts] = {}
    specs: dict[str, tuple[RunSpec, Row]] = {}
    for row in rows:
        resolved = _resolve_scored(row, output) if row.is_scored else _resolve_timed(row, known, output)
        if (same := case(resolved)) in specs:
            raise SpecError.of("rows", f"{row.title} and {specs[same][1].title}", allowed="each run once")
        specs[same] = (resolved, row)
    names = names_of({same: spec for same, (spec, _) in specs.items()})
    return tuple(
        GateRow(spec=spec, name=row.name or names[same], own_name=row.name) for same, (spec, row) in specs.items()
    )


def _resolve_timed(row: Row, known: dict[tuple[DataSpec, PlacementSpec], Facts], output: Output) -> RunSpec:
    """The run of a row; pictures and places that are `known` are not asked for again."""
    spec = spec_of(row)
    place = (spec.data, spec.placement)
    if place not in known:
        known[place] = gather_facts(RunSpec(data=spec.data, placement=spec.placement), [], output, Conduct())
    return resolve(spec, known[place])


def _resolve_scored(row: Row, output: Output) -> RunSpec:
    """The evaluation of a row's weights: on the held-out pictures of their own, or on those that the row names."""
    asked, path = spec_of(row), Path(str(row.checkpoint)).expanduser()
    [card] = call(f"{ENGINE}:read_cards", CardsRequest(checkpoints=(str(path),)), returns=Cards).cards
    if not is_own(row.model) and card.model.name != asked.model.name:
        raise CheckpointError(
            f"{path} holds {card.model.name}, not {asked.model.name}", allowed="weights of the row's model"
        )
    given = {} if row.data == "auto" else {"source": row.data}
    spec = spec_of_card(asked, path, card, given, model=row.model if is_own(row.model) else None)
    [facts] = gather_all([spec], [card], None, output)
    return on_its_pictures(spec, card, facts, None)


def keep_rows(rows: Sequence[GateRow], globs: Sequence[str]) -> tuple[GateRow, ...]:
    """The rows that match one of the globs, all where there are none. Raises SpecError where none does."""
    names = {row.case: row.name for row in rows}
    gone = set(left_out(names, globs))
    kept = tuple(row for row in rows if row.case not in gone)
    if not kept:
        raise SpecError.of(
            "--rows", " ".join(globs), allowed=f"a glob that fits one of {', '.join(names.values())}"
        )
    return kept
