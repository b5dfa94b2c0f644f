"""`benchbox bench`: speed, size and accuracy of architectures in one table, or in a sweep of settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from msgspec.structs import replace

from benchbox.cli import options
from benchbox.cli.flow import best_checkpoint, carry_out, gather_facts, make_models, start
from benchbox.cli.output import Output
from benchbox.errors import SpecError
from benchbox.plan.axes import Factor, cross, make_factor
from benchbox.plan.bench import USUAL_BUDGET, BenchOptions, plan_bench
from benchbox.plan.catalogue import THE_SIX
from benchbox.plan.facts import Facts, sized
from benchbox.plan.spec import DataSpec, ModelSpec, PlacementSpec, RunSpec, TimingSpec

HOUR = 3600.0

All = Annotated[bool, typer.Option("--all", help="The six of the zoo.", rich_help_panel=options.MEASURING)]
Budget = Annotated[
    float | None,
    typer.Option(
        help="Seconds for the whole, but for the few samples that a slow cell needs at least.",
        show_default=f"{USUAL_BUDGET:.0f}, or what one sample of each cell needs",
        rich_help_panel=options.MEASURING,
    ),
]
FitSeconds = Annotated[
    float,
    typer.Option(
        "--fit",
        help="Most seconds for training a network that has no checkpoint; 0 trains none.",
        rich_help_panel=options.MEASURING,
    ),
]
FitEpochs = Annotated[
    int | None,
    typer.Option(help="Train each network first, for so many epochs.", rich_help_panel=options.MEASURING),
]
Processes = Annotated[
    int,
    typer.Option(help="Measure every cell in so many fresh processes, in turn.", rich_help_panel=options.MEASURING),
]
MaxBatch = Annotated[
    bool,
    typer.Option(
        "--max-batch", help="Search the largest batch that can be trained.", rich_help_panel=options.MEASURING
    ),
]
Baseline = Annotated[
    Path | None,
    typer.Option(
        "--baseline",
        metavar="BASE",
        help="Compare the report with these records at its end, as `benchbox compare BASE REPORT` does.",
        show_default=False,
        rich_help_panel=options.RUNNING,
    ),
]


# Longer than forty lines: a command's signature is its list of options.
def bench(
    context: typer.Context,
    models: options.Models = None,
    all_: All = False,
    budget: Budget = None,
    fit_seconds: FitSeconds = 30.0,
    fit_epochs: FitEpochs = None,
    processes: Processes = 1,
    max_batch: MaxBatch = False,
    precision_goal: options.Goal = 1.0,
    under: options.Under = None,
    data: options.Data = "auto",
    image_size: options.Sizes = "128",
    channels: options.Channels = 1,
    fit_mode: options.FitModeOption = "stretch",
    split: options.Split = "random",
    split_seed: options.SplitSeed = 0,
    skip_bad: options.SkipBad = False,
    cache_limit: options.CacheLimit = "2GiB",
    workers: options.Workers = 2,
    activation: options.ActivationOption = None,
    dropout: options.Dropout = None,
    init: options.InitOption = "auto",
    seed: options.Seed = 0,
    device: options.Device = "auto",
    batch_size: options.BatchSizes = "32",
    precision: options.Precisions = "auto",
    memory_format: options.MemoryFormats = "channels_last",
    convolution: options.Convolutions = "direct",
    compile: options.Compiles = None,
    threads: options.ThreadCounts = None,
    profile: options.Profile = False,
    resume: options.Resume = None,
    timeout: options.Timeout = HOUR,
    no_isolate: options.NoIsolate = False,
    dry_run: options.DryRun = False,
    baseline: Baseline = None,
    out: options.Out = options.REPORTS,
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> None:
    """Which network is fastest, smallest and most accurate here: one row each, speed and accuracy side by side.

    Settings that are given several values, as --batch-size 1,8,32, are crossed: one row for each combination.
    """
    output = Output(out=out, quiet=quiet, json=json)
    constraints = options.check_constraints(under or [])
    conduct = start(
        context,
        output,
        command="bench",
        resume=resume,
        timeout=timeout,
        no_isolate=no_isolate,
        dry_run=dry_run,
        under=constraints,
        baseline=baseline,
    )
    if all_ and models:
        raise SpecError.of("ARCHITECTURE… with --all", " ".join(models), allowed="names or --all")
    wishes = BenchOptions(
        budget=budget,
        fit_seconds=fit_seconds,
        fit_epochs=fit_epochs,
        processes=processes,
        has_max_batch=max_batch,
    )
    base = RunSpec(
        data=DataSpec(
            source=data,
            channels=channels,
            fit_mode=fit_mode,
            split=split,
            split_seed=split_seed,
            skip_bad=skip_bad,
            cache_limit=options.parse_bytes(cache_limit),
        ),
        placement=PlacementSpec(device=device, workers=workers),
        timing=TimingSpec(goal=options.parse_goal(precision_goal)),
        seed=seed,
    )
    settings = {
        "batch-size": [batch_size],
        "image-size": [image_size],
        "precision": [precision],
        "memory-format": [memory_format],
        "convolution": [convolution],
        "compile": [str(value).lower() for value in compile or [False]],
        "threads": [threads] if threads is not None else [],
    }
    sweep = make_sweep(base, settings)
    names = list(THE_SIX) if all_ else models or []
    named = make_models(names, activation=activation, dropout=dropout, init=init, hint="or --all for the six")
    facts = gather_facts(
        sweep.base,
        named,
        output,
        conduct,
        placements=[spec.placement for spec in sweep.specs],
        image_sizes=list(dict.fromkeys(spec.data.image_size for spec in sweep.specs)),
        goes_on=True,
    )
    checkpoints = {} if fit_epochs is not None else find_checkpoints(out, named, sweep, facts)
    plan = plan_bench(sweep.base, named, facts, options=wishes, factors=sweep.factors, checkpoints=checkpoints)
    plan = replace(
        plan,
        keeps_checkpoints=fit_epochs is not None,
        trusted=tuple(model.name for model in named),
        profiles=profile,
        under=constraints,
    )
    carry_out(plan, output, conduct)


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """A base spec and the settings that take several values."""

    base: RunSpec
    factors: tuple[Factor, ...]

    @property
    def specs(self) -> list[RunSpec]:
        """The base under every combination."""
        return cross(self.base, self.factors)


def make_sweep(base: RunSpec, settings: Mapping[str, list[str]]) -> Sweep:
    """A sweep from texts such as {"batch-size": ["1,8,32"]}; every value is checked.

    Raises SpecError for a value that is not allowed, or is given twice.
    """
    factors = []
    for name, texts in settings.items():
        values = options.split_list(texts)
        if texts and not values:
            raise SpecError.of(f"--{name}", ",".join(texts), allowed="one value, or several with commas")
        if not values:
            continue
        factor = make_factor(name, values)
        (base, *_) = cross(base, [factor])
        if len(factor.values) > 1:
            factors.append(factor)
    return Sweep(base=base, factors=tuple(factors))


def find_checkpoints(out: Path, models: list[ModelSpec], sweep: Sweep, facts: Facts) -> dict[str, str]:
    """The best checkpoint of each network that has one on these pictures, by `sized(name, image size)`."""
    found = {}
    for data in dict.fromkeys(spec.data for spec in sweep.specs):
        for model in models:
            key = sized(model.name, data.image_size)
            path = None if key in facts.refusals else best_checkpoint(out, model, data, facts)
            if path is not None:
                found[key] = str(path)
    return found
