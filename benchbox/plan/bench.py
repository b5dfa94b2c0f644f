"""The plan of `bench`: timed cells of every network under every combination of the swept settings.

A pure function, as those in `plan.commands`: nothing is read or measured here.
"""

import dataclasses
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

from msgspec.structs import replace

from benchbox.errors import SpecError
from benchbox.plan.axes import Factor, cross, setting_words
from benchbox.plan.budgets import least_budget, share_budget
from benchbox.plan.estimates import least_seconds
from benchbox.plan.facts import Facts, sized
from benchbox.plan.resolve import resolve
from benchbox.plan.spec import ModelSpec, Plan, RunSpec, Task

# What a bench takes when nobody says how long it may last: a coffee on two cores.
USUAL_BUDGET = 300.0
SWEEP_TRAINS_NOTHING = (
    "a sweep trains nothing: accuracy comes from checkpoints only; `benchbox train` first, or --fit-epochs"
)


@dataclass(frozen=True, kw_only=True)
class BenchOptions:
    """What is wished of a bench besides its networks and settings.

    `budget` in seconds, None for the usual one; a fit without checkpoint may take `fit_seconds`, 0 for none;
    `fit_epochs` trains every network first; `processes` is how often every cell is measured afresh.
    """

    budget: float | None = None
    fit_seconds: float = 30.0
    fit_epochs: int | None = None
    processes: int = 1
    has_max_batch: bool = False

    def __post_init__(self) -> None:
        """Raises SpecError for what cannot be."""
        if self.budget is not None and not 0 < self.budget < inf:
            raise SpecError.of("--budget", self.budget, allowed="more than 0 seconds, finite")
        if not 0 <= self.fit_seconds < inf:
            raise SpecError.of("--fit", self.fit_seconds, allowed="0 seconds or more, finite")
        if self.processes < 1:
            raise SpecError.of("--processes", self.processes, allowed="1 or more")


# The seconds of a resolved row's timed tasks.
Shares = dict[tuple[RunSpec, Task], float]


@dataclass(frozen=True, kw_only=True)
class _Run:
    """A run with its label and its turn: 0 before all timing, 1… a round of timing, -1 after all timing."""

    spec: RunSpec
    label: str
    turn: int


def plan_bench(
    base: RunSpec,
    models: Sequence[ModelSpec],
    facts: Facts,
    *,
    options: BenchOptions,
    factors: Sequence[Factor] = (),
    checkpoints: Mapping[str, str] | None = None,
) -> Plan:
    """For each model and combination: an inference cell, a training cell, and where its accuracy comes from.

    That is a fit of `fit_epochs` where asked for (which then comes first), else the entry in `checkpoints`, by
    `sized(name, image size)`, else a fit of at most `fit_seconds`; a sweep has no such fit. Raises SpecError for
    a budget under one sample of each cell.
    """
    if factors and options.fit_epochs is None:
        options = dataclasses.replace(options, fit_seconds=0.0)
    rows = [varied for model in models for varied in cross(replace(base, model=model), factors)]
    refusals = {_label(row, factors, "infer"): reason for row in rows if (reason := _refusal(row, facts))}
    able = [resolve(row, facts) for row in rows if not _refusal(row, facts)]
    shares, notes = _share(able, facts, factors, options=options, checkpoints=checkpoints or {})
    if factors and options.fit_epochs is None:
        notes = (*notes, SWEEP_TRAINS_NOTHING)
    runs: list[_Run] = []
    for row in rows:
        if _refusal(row, facts):
            runs.append(_Run(spec=replace(row, task="infer"), label=_label(row, factors, "infer"), turn=1))
        else:
            checkpoint = _checkpoint(row, checkpoints or {})
            runs += _runs_of(resolve(row, facts), factors, shares, options=options, checkpoint=checkpoint)
    return Plan(
        command="bench",
        specs=tuple(run.spec for run in runs),
        labels=tuple(run.label for run in runs),
        facts=facts,
        refusals=refusals,
        notes=(*notes, *_repeated(able, facts)),
        budget=options.budget,
        order=_order(runs, seed=base.seed) if options.processes > 1 else (),
    )


def _repeated(able: Sequence[RunSpec], facts: Facts) -> tuple[str, ...]:
    """A note where a batch holds more pictures than there are to train on."""
    largest = max((row.fit.batch for row in able), default=0)
    if largest <= facts.data.train:
        return ()
    return (f"a batch of {largest:,} holds pictures more than once: there are {facts.data.train:,} to train on",)


def _refusal(row: RunSpec, facts: Facts) -> str:
    return facts.refusals.get(sized(row.model.name, row.data.image_size), "")


def _checkpoint(row: RunSpec, checkpoints: Mapping[str, str]) -> str | None:
    return checkpoints.get(sized(row.model.name, row.data.image_size))


def _share(
    able: Sequence[RunSpec],
    facts: Facts,
    factors: Sequence[Factor],
    *,
    options: BenchOptions,
    checkpoints: Mapping[str, str],
) -> tuple[Shares, tuple[str, ...]]:
    """The seconds of each row's timed tasks, and a note where the usual budget had to be raised."""
    cells = [(row, task) for row in able for task in _timed_tasks(row, factors, options)]
    least = [least_seconds(replace(row, task=task), facts) for row, task in cells]
    bare = [row for row in able if _checkpoint(row, checkpoints) is None]
    fits = len(bare) if options.fit_epochs is None and options.fit_seconds else 0
    needed = least_budget(least, fits=fits, fit_seconds=options.fit_seconds)
    usual = max(USUAL_BUDGET, needed)
    budget = usual if options.budget is None else options.budget
    raised = options.budget is None and usual > USUAL_BUDGET
    notes = (f"the budget is {usual:.0f} s, not {USUAL_BUDGET:.0f}: one sample of each cell needs it",) * raised
    shares = share_budget(budget, least=least, fits=fits, fit_seconds=options.fit_seconds)
    return dict(zip(cells, shares, strict=True)), notes


def _timed_tasks(row: RunSpec, factors: Sequence[Factor], options: BenchOptions) -> list[Task]:
    """What is timed of a row, each as often as there are processes; the search for the largest batch once."""
    tasks: list[Task] = ["infer", "train_step"] * options.processes
    if options.has_max_batch and _is_first_batch_size(row, factors):
        tasks.append("largest_batch")
    return tasks


def _runs_of(
    row: RunSpec, factors: Sequence[Factor], shares: Shares, *, options: BenchOptions, checkpoint: str | None
) -> list[_Run]:
    """The runs of one row in the order in which they are shown."""

    def run(spec: RunSpec, turn: int, process: str = "") -> _Run:
        if seconds := shares.get((row, spec.task)):
            spec = replace(spec, timing=replace(spec.timing, seconds=seconds))
        return _Run(spec=spec, label=_label(row, factors, spec.task, process), turn=turn)

    cells: list[_Run] = []
    tasks: tuple[Task, Task] = ("infer", "train_step")
    for task in tasks:
        for repeat in range(options.processes):
            process = f"process {repeat + 1}" if options.processes > 1 else ""
            cells.append(run(replace(row, task=task, repeat=repeat), 1 + repeat, process))
    if options.has_max_batch and _is_first_batch_size(row, factors):
        cells.append(run(replace(row, task="largest_batch"), -1))
    if options.fit_epochs is not None:
        return [run(replace(row, task="fit", fit=replace(row.fit, epochs=options.fit_epochs)), 0), *cells]
    if checkpoint is not None:
        return [*cells, run(replace(row, task="evaluate", checkpoint=checkpoint), -1)]
    if options.fit_seconds:
        return [*cells, run(replace(row, task="fit", fit=replace(row.fit, seconds=options.fit_seconds)), -1)]
    return cells


def _is_first_batch_size(row: RunSpec, factors: Sequence[Factor]) -> bool:
    """The largest batch is the same whatever batch is timed: it is searched once."""
    sizes = [factor.values for factor in factors if factor.field == "fit.batch_size"]
    return not sizes or row.fit.batch_size == sizes[0][0]


def _label(row: RunSpec, factors: Sequence[Factor], task: str, process: str = "") -> str:
    """`lenet batch 8 fp32 process 2 train step`."""
    settings = setting_words(row, [factor.field for factor in factors])
    return " ".join(part for part in (row.model.name, *settings, process, task.replace("_", " ")) if part)


def _order(runs: Sequence[_Run], *, seed: int) -> tuple[int, ...]:
    """Round after round, each in an order of its own, so that a noisy minute does not fall on one network."""
    chance = random.Random(seed)
    rounds: dict[int, list[int]] = {}
    for place, run in enumerate(runs):
        rounds.setdefault(run.turn, []).append(place)
    last = rounds.pop(-1, [])
    ordered = rounds.pop(0, [])
    for turn in sorted(rounds):
        chance.shuffle(rounds[turn])
        ordered += rounds[turn]
    return (*ordered, *last)
