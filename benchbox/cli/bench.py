"""`benchbox bench`: speed, size and accuracy of architectures in one table."""

from pathlib import Path
from typing import Annotated

import typer
from msgspec.structs import replace

from benchbox.cli import options
from benchbox.cli.flow import Output, best_checkpoint, carry_out, gather_facts, make_models
from benchbox.errors import SpecError
from benchbox.plan.catalogue import THE_SIX
from benchbox.plan.commands import plan_bench
from benchbox.plan.facts import Facts
from benchbox.plan.spec import DataSpec, FitSpec, ModelSpec, PlacementSpec, RunSpec

MEASURING = "Measuring"

All = Annotated[bool, typer.Option("--all", help="The six of the zoo.", rich_help_panel=MEASURING)]
Budget = Annotated[
    float,
    typer.Option(
        help="Seconds for the whole, but for the few samples that a slow cell needs at least.",
        rich_help_panel=MEASURING,
    ),
]
FitSeconds = Annotated[
    float,
    typer.Option(
        "--fit",
        help="Most seconds for training a network that has no checkpoint; 0 trains none.",
        rich_help_panel=MEASURING,
    ),
]
FitEpochs = Annotated[
    int | None,
    typer.Option(help="Train each network first, for so many epochs.", rich_help_panel=MEASURING),
]


# Longer than forty lines: a command's signature is its list of options.
def bench(
    models: options.Models = None,
    all_: All = False,
    budget: Budget = 300.0,
    fit_seconds: FitSeconds = 30.0,
    fit_epochs: FitEpochs = None,
    data: options.Data = "auto",
    image_size: options.ImageSize = 128,
    channels: options.Channels = 1,
    fit_mode: options.FitModeOption = "stretch",
    split_seed: options.SplitSeed = 0,
    skip_bad: options.SkipBad = False,
    cache_limit: options.CacheLimit = "2GiB",
    workers: options.Workers = 2,
    batch_size: options.BatchSize = 32,
    activation: options.ActivationOption = None,
    dropout: options.Dropout = None,
    init: options.InitOption = "auto",
    seed: options.Seed = 0,
    device: options.Device = "auto",
    precision: options.PrecisionOption = "auto",
    memory_format: options.MemoryFormatOption = "channels_last",
    compile: options.Compile = False,
    threads: options.Threads = None,
    out: options.Out = options.REPORTS,
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> None:
    """Which network is fastest, smallest and most accurate here: one row each, speed and accuracy side by side."""
    if all_ and models:
        raise SpecError.of("ARCHITECTURE… with --all", " ".join(models), allowed="names or --all")
    if budget <= 0 or fit_seconds < 0:
        raise SpecError.of("--budget, --fit", (budget, fit_seconds), allowed="--budget over 0, --fit 0 or more")
    base = RunSpec(
        data=DataSpec(
            source=data,
            image_size=image_size,
            channels=channels,
            fit_mode=fit_mode,
            split_seed=split_seed,
            skip_bad=skip_bad,
            cache_limit=options.parse_bytes(cache_limit),
        ),
        fit=FitSpec(batch_size=batch_size),
        placement=PlacementSpec(
            device=device,
            precision=precision,
            memory_format=memory_format,
            compile=compile,
            threads=threads,
            workers=workers,
        ),
        seed=seed,
    )
    names = list(THE_SIX) if all_ else models or []
    named = make_models(names, activation=activation, dropout=dropout, init=init, hint="or --all for the six")
    output = Output(out=out, quiet=quiet, json=json)
    facts = gather_facts(base, named, output, goes_on=True)
    checkpoints = {} if fit_epochs is not None else find_checkpoints(out, named, base.data, facts)
    plan = plan_bench(
        base,
        named,
        facts,
        checkpoints=checkpoints,
        budget=budget,
        fit_seconds=fit_seconds,
        fit_epochs=fit_epochs,
    )
    trusted = tuple(model.name for model in named)
    carry_out(replace(plan, keeps_checkpoints=fit_epochs is not None, trusted=trusted), output)


def find_checkpoints(out: Path, models: list[ModelSpec], data: DataSpec, facts: Facts) -> dict[str, str]:
    """The best checkpoint of each network that has one on these pictures, by name."""
    able = [model for model in models if model.name not in facts.refusals]
    found = {model.name: best_checkpoint(out, model, data, facts) for model in able}
    return {name: str(path) for name, path in found.items() if path is not None}
