"""The plans of the commands: pure functions from a base spec, the facts, and what the user named.

Each returns a Plan of resolved specs in the order in which they run. Nothing is read or measured here.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from benchbox.errors import SpecError
from benchbox.plan.axes import LR, Factor, cross, make_rates, value_of
from benchbox.plan.facts import Facts
from benchbox.plan.recipes import USUAL_BATCH, recipe_for
from benchbox.plan.resolve import find_device, resolve
from benchbox.plan.spec import ModelSpec, Plan, RunSpec

ONE_SEED = (
    "nothing can be concluded from one seed: others may reverse a difference in accuracy; --seeds 3 shows their "
    "spread"
)

# Such as a fused kernel of an optimizer that has none.
SAME = "left out, since it makes no difference here"


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


def plan_ablate(
    base: RunSpec,
    models: Sequence[ModelSpec],
    factors: Sequence[Factor],
    seeds: int,
    facts: Facts,
    *,
    rates: Sequence[float] | None = None,
) -> Plan:
    """A fit for each model, combination of the factors' values and seed; all else is the model's own.

    A factor of the placement is varied for speed: a model's combinations then begin with a training step each,
    which take turns. With `rates`, empty for the usual ones around the recipe's, every combination is trained at
    each of these learning rates, of which it shall keep the best.
    """
    specs: list[RunSpec] = []
    labels: list[str] = []
    turns, same = [], []
    for model in models:
        start = replace(base, task="fit", model=model)
        crossed = [(_values(spec, factors), spec) for spec in cross(start, factors)]
        arms = _distinct(crossed, facts)
        same += [f"{model.name} {values}" for values, spec in crossed if (values, spec) not in arms]
        if len(arms) > 1 and any(factor.field.startswith("placement.") for factor in factors):
            turns.append(_next_places(specs, len(arms)))
            specs += [resolve(replace(spec, task="train_step"), facts) for _, spec in arms]
            labels += [f"{model.name} {values} train step" for values, _ in arms]
        grid = _grid(start, rates)
        for spec in (tried for _, arm in arms for tried in cross(arm, grid)):
            for seed in range(base.seed, base.seed + seeds):
                specs.append(resolve(replace(spec, seed=seed), facts))
                labels.append(f"{model.name} {_values(spec, [*factors, *grid])} seed {seed}")
    return replace(
        _plan("ablate", specs, labels, facts),
        factors=tuple(factor.field for factor in factors),
        chosen=() if rates is None else (LR,),
        turns=_groups(turns),
        notes=(*((ONE_SEED,) * (seeds == 1)), *(f"{arm}: {SAME}" for arm in same)),
    )


def _distinct(arms: Sequence[tuple[str, RunSpec]], facts: Facts) -> list[tuple[str, RunSpec]]:
    """The arms without those that resolve to the run of one before them."""
    kept: dict[RunSpec, tuple[str, RunSpec]] = {}
    for values, spec in arms:
        kept.setdefault(resolve(spec, facts), (values, spec))
    return list(kept.values())


def _grid(spec: RunSpec, rates: Sequence[float] | None) -> list[Factor]:
    """The learning rates as a factor that varies fastest, or none."""
    if rates is None:
        return []
    return [make_rates(rates, recipe_for(spec.model.name, spec.fit.recipe).lr)]


def _values(spec: RunSpec, factors: Sequence[Factor]) -> str:
    return " ".join(f"{_leaf(factor)} {value_of(spec, factor.field)}" for factor in factors)


def _next_places(specs: Sequence[RunSpec], count: int) -> tuple[int, ...]:
    """The places of the next `count` specs of a plan."""
    return tuple(range(len(specs), len(specs) + count))


def _groups(turns: Sequence[tuple[int, ...]]) -> tuple[tuple[int, ...], ...]:
    """The groups in which there is somebody to take turns with."""
    return tuple(group for group in turns if len(group) > 1)


def plan_ladder(
    base: RunSpec,
    models: Sequence[ModelSpec],
    facts: Facts,
    *,
    has_compile: bool = True,
    wanted: Sequence[str] = (),
) -> Plan:
    """The training step of each model on every rung, from the plain loop up to all that speeds it up.

    The rungs of a model take turns. `has_compile` False leaves the last rung out: compiling may take minutes.
    `wanted` are the first words of the rungs that are measured, none for all; each keeps what all before it gained.
    Raises SpecError for a word that no rung has, and where a model has none of them.
    """
    specs: list[RunSpec] = []
    labels: list[str] = []
    turns = []
    # Not the recipes' own, or the networks could not be told apart by speed.
    fit = replace(base.fit, batch_size=base.fit.batch_size or USUAL_BATCH)
    for model in models:
        rungs = [
            (rung, resolve(spec, facts))
            for rung, spec in _ladder(replace(base, task="train_step", model=model, fit=fit), facts)
        ]
        # What a machine or an optimizer does not have is no rung.
        climbed = [pair for place, pair in enumerate(rungs) if place == 0 or pair[1] != rungs[place - 1][1]]
        if not has_compile:
            climbed = [pair for pair in climbed if not pair[1].placement.compile]
        climbed = _wanted(climbed, wanted, words=[rung_word(rung) for rung, _ in rungs], model=model.name)
        turns.append(_next_places(specs, len(climbed)))
        specs += [spec for _, spec in climbed]
        labels += [f"{model.name} {rung}" for rung, _ in climbed]
    return replace(_plan("ablate speed", specs, labels, facts), turns=_groups(turns))


def rung_word(rung: str) -> str:
    """What a rung is asked for by: `autocast` for `+ autocast bf16`."""
    return rung.removeprefix("+ ").split()[0]


def _wanted(
    climbed: list[tuple[str, RunSpec]], wanted: Sequence[str], *, words: Sequence[str], model: str
) -> list[tuple[str, RunSpec]]:
    for word in wanted:
        if word not in words:
            raise SpecError.of("--values", word, allowed=f"rungs of the ladder: {', '.join(words)}")
    chosen = [pair for pair in climbed if not wanted or rung_word(pair[0]) in wanted]
    if not chosen:
        there = ", ".join(rung_word(rung) for rung, _ in climbed)
        raise SpecError.of("--values", ",".join(wanted), allowed=f"one of the rungs that {model} has here: {there}")
    return chosen


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
                "convolution": "direct",
                "keeps_memory": False,
                "compile": False,
            },
        ),
        ("+ channels_last", {"memory_format": "channels_last"}),
        (f"+ autocast {fastest}", {"precision": fastest}),
        ("+ fused optimizer", {"fused": True}),
        # Without .item() at every step, as well: a longer name would not fit into a table.
        ("+ gathered batches", {"feed": "gather", "sync_seconds": 0.5}),
        # None: where the machine can.
        ("+ kept memory", {"keeps_memory": None}),
        ("+ fast convolutions", {"convolution": "fast"}),
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
