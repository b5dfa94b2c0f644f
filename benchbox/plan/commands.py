"""The plans of the commands: pure functions from a base spec, the facts, and what the user named.

Each returns a Plan of resolved specs in the order in which they run. Nothing is read or measured here.
"""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from benchbox.errors import SpecError
from benchbox.plan.axes import Factor, cross, value_of
from benchbox.plan.budgets import seconds_a_cell
from benchbox.plan.facts import Facts
from benchbox.plan.resolve import find_device, resolve
from benchbox.plan.spec import ModelSpec, Plan, RunSpec, TimingSpec

ONE_SEED = "one seed a value: a difference that other seeds may reverse; --seeds 3 shows their spread"


def plan_train(base: RunSpec, models: Sequence[ModelSpec], seeds: Sequence[int], facts: Facts) -> Plan:
    """One fit for each model and seed."""
    specs, labels = [], []
    for model in models:
        for seed in seeds:
            specs.append(resolve(replace(base, task="fit", model=model, seed=seed), facts))
            labels.append(f"{model.name} seed {seed}" if len(seeds) > 1 else model.name)
    return _plan("train", specs, labels, facts)


def plan_eval(specs: Sequence[RunSpec], labels: Sequence[str], facts: Facts) -> Plan:
    """One evaluation for each checkpoint; each spec was resolved on the pictures of its own."""
    return _plan("eval", specs, labels, facts)


def plan_bench(
    base: RunSpec,
    models: Sequence[ModelSpec],
    facts: Facts,
    *,
    checkpoints: Mapping[str, str],
    budget: float,
    fit_seconds: float,
    fit_epochs: int | None,
) -> Plan:
    """For each model an inference cell, a training cell, and where its accuracy comes from.

    That is a fit of `fit_epochs` where asked for (which then comes first), else the model's entry in
    `checkpoints`, else a fit of at most `fit_seconds`; 0 seconds turn the fit off.
    """
    able = [model for model in models if model.name not in facts.refusals]
    fits = [model for model in able if model.name not in checkpoints] if fit_epochs is None and fit_seconds else []
    share = seconds_a_cell(budget, cells=2 * len(able), fits=len(fits), fit_seconds=fit_seconds)
    timing = TimingSpec(seconds=share)
    specs: list[RunSpec] = []
    labels: list[str] = []
    refusals: dict[str, str] = {}
    for model in models:
        runs = [replace(base, task="infer", model=model)]
        if model.name in facts.refusals:
            refusals[f"{model.name} infer"] = facts.refusals[model.name]
        else:
            named = resolve(replace(base, model=model, timing=timing), facts)
            runs = _bench_runs(named, checkpoints.get(model.name), fit_seconds=fit_seconds, fit_epochs=fit_epochs)
        specs += runs
        labels += [f"{model.name} {run.task.replace('_', ' ')}" for run in runs]
    return replace(_plan("bench", specs, labels, facts), refusals=refusals)


def _bench_runs(
    named: RunSpec, checkpoint: str | None, *, fit_seconds: float, fit_epochs: int | None
) -> list[RunSpec]:
    """The two cells of a network and, where it has one, the source of its accuracy."""
    cells = [replace(named, task="infer"), replace(named, task="train_step")]
    if fit_epochs is not None:
        return [replace(named, task="fit", fit=replace(named.fit, epochs=fit_epochs)), *cells]
    if checkpoint is not None:
        return [*cells, replace(named, task="evaluate", checkpoint=checkpoint)]
    if fit_seconds:
        return [*cells, replace(named, task="fit", fit=replace(named.fit, seconds=fit_seconds))]
    return cells


def plan_ablate(
    base: RunSpec, models: Sequence[ModelSpec], factors: Sequence[Factor], seeds: int, facts: Facts
) -> Plan:
    """A fit for each model, combination of the factors' values and seed; all else is the model's own."""
    specs, labels = [], []
    for model in models:
        for varied in cross(replace(base, task="fit", model=model), factors):
            values = " ".join(f"{_leaf(factor)} {value_of(varied, factor.field)}" for factor in factors)
            for seed in range(base.seed, base.seed + seeds):
                specs.append(resolve(replace(varied, seed=seed), facts))
                labels.append(f"{model.name} {values} seed {seed}")
    fields = tuple(factor.field for factor in factors)
    return replace(_plan("ablate", specs, labels, facts), factors=fields, notes=() if seeds > 1 else (ONE_SEED,))


def plan_ladder(base: RunSpec, models: Sequence[ModelSpec], facts: Facts, *, has_compile: bool = True) -> Plan:
    """The training step of each model on every rung, from the plain loop up to all that speeds it up.

    `has_compile` False leaves the last rung out: compiling may take minutes.
    """
    specs, labels = [], []
    for model in models:
        rungs = _ladder(replace(base, task="train_step", model=model), facts)
        before = None
        for rung, spec in rungs if has_compile else rungs[:-1]:
            resolved = resolve(spec, facts)
            # What a machine or an optimizer does not have is no rung.
            if resolved != before:
                specs.append(resolved)
                labels.append(f"{model.name} {rung}")
            before = resolved
    return _plan("ablate speed", specs, labels, facts)


def _ladder(spec: RunSpec, facts: Facts) -> list[tuple[str, RunSpec]]:
    """Rungs that each keep what the ones before them gained."""
    asked = spec.placement.precision
    fastest = find_device(spec.placement.device, facts.machine).fastest if asked == "auto" else asked
    steps: list[tuple[str, dict[str, object]]] = [
        # What tutorials do: fp32, NCHW, unfused, a DataLoader over decoded pictures, .item() at every step.
        (
            "plain",
            {
                "precision": "fp32",
                "memory_format": "contiguous",
                "fused": False,
                "feed": "loader",
                "workers": 0,
                "sync_seconds": 0.0,
                "compile": False,
            },
        ),
        ("+ channels_last", {"memory_format": "channels_last"}),
        (f"+ autocast {fastest}", {"precision": fastest}),
        ("+ fused optimizer", {"fused": True}),
        ("+ gathered batches, no .item()", {"feed": "gather", "sync_seconds": 0.5}),
        ("+ compile", {"compile": True}),
    ]
    rungs, placement = [], spec.placement
    for label, changes in steps:
        placement = replace(placement, **changes)
        rungs.append((label, replace(spec, placement=placement)))
    return rungs


def _plan(command: str, specs: Sequence[RunSpec], labels: Sequence[str], facts: Facts) -> Plan:
    doubled = {label for label in labels if list(labels).count(label) > 1}
    if doubled:
        raise SpecError.of("runs", sorted(doubled)[0], allowed="each run once")
    return Plan(command=command, specs=tuple(specs), labels=tuple(labels), facts=facts)


def _leaf(factor: Factor) -> str:
    return factor.field.rsplit(".", maxsplit=1)[-1]
