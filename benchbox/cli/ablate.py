"""`benchbox ablate`: change one factor, keep everything else, see what it does."""

from typing import Annotated

import typer
from msgspec.structs import replace

from benchbox.cli import options
from benchbox.cli.flow import Output, carry_out, gather_facts, make_models, start
from benchbox.errors import SpecError
from benchbox.plan.axes import Factor, cross, find_field, make_factor
from benchbox.plan.commands import plan_ablate, plan_ladder
from benchbox.plan.spec import DataSpec, FitSpec, PlacementSpec, RunSpec, TimingSpec

SPEED = "speed"
ABLATION = "Ablation"

Factors = Annotated[
    str | None,
    typer.Argument(
        metavar="FACTOR[,FACTOR]",
        help="activation, precision, memory-format, lr, optimizer, dropout, … any field of a spec; two are "
        "crossed. speed shows the ladder from the plain loop up.",
        show_default=False,
    ),
]
Values = Annotated[
    list[str] | None,
    typer.Option(
        help="The factor's values, as A,B; with two factors once for each, as NAME=A,B.",
        show_default="the usual ones",
        rich_help_panel=ABLATION,
    ),
]
ModelNames = Annotated[
    str, typer.Option("--models", help="Architectures, separated by commas.", rich_help_panel=ABLATION)
]
SeedCount = Annotated[
    int, typer.Option("--seeds", help="Repeat every arm with so many seeds.", rich_help_panel=ABLATION)
]
CompileRung = Annotated[
    bool | None,
    typer.Option(
        "--compile/--no-compile",
        help="Use torch.compile. speed: whether the ladder has that rung.",
        show_default="no; speed: yes",
        rich_help_panel=options.PLACEMENT,
    ),
]
SampleSeconds = Annotated[
    float,
    typer.Option(
        "--seconds",
        help="Seconds of timing an arm that takes turns: of speed, and of how a network is placed.",
        rich_help_panel=ABLATION,
    ),
]


# Longer than forty lines: a command's signature is its list of options.
def ablate(
    context: typer.Context,
    factors: Factors = None,
    values: Values = None,
    models: ModelNames = "lenet,alexnet",
    seeds: SeedCount = 1,
    seconds: SampleSeconds = 10.0,
    precision_goal: options.Goal = 1.0,
    data: options.Data = "auto",
    image_size: options.ImageSize = 128,
    channels: options.Channels = 1,
    fit_mode: options.FitModeOption = "stretch",
    split_seed: options.SplitSeed = 0,
    skip_bad: options.SkipBad = False,
    cache_limit: options.CacheLimit = "2GiB",
    workers: options.Workers = 2,
    epochs: options.Epochs = None,
    batch_size: options.BatchSize = 32,
    lr: options.Lr = None,
    weight_decay: options.WeightDecay = None,
    optimizer: options.OptimizerOption = "adamw",
    schedule: options.ScheduleOption = None,
    activation: options.ActivationOption = None,
    dropout: options.Dropout = None,
    init: options.InitOption = "auto",
    seed: options.Seed = 0,
    device: options.Device = "auto",
    precision: options.PrecisionOption = "auto",
    memory_format: options.MemoryFormatOption = "channels_last",
    compile: CompileRung = None,
    threads: options.Threads = None,
    resume: options.Resume = None,
    timeout: options.Timeout = 0.0,
    no_isolate: options.NoIsolate = False,
    dry_run: options.DryRun = False,
    out: options.Out = options.REPORTS,
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> None:
    """Vary one factor (or two, crossed) and leave everything else as it is: what does it change?"""
    output = Output(out=out, quiet=quiet, json=json)
    conduct = start(
        context,
        output,
        command="ablate",
        resume=resume,
        timeout=timeout,
        no_isolate=no_isolate,
        dry_run=dry_run,
    )
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
        fit=FitSpec(
            epochs=epochs,
            batch_size=batch_size,
            lr=lr,
            weight_decay=weight_decay,
            optimizer=optimizer,
            schedule=schedule,
        ),
        placement=PlacementSpec(
            device=device,
            precision=precision,
            memory_format=memory_format,
            compile=bool(compile),
            threads=threads,
            workers=workers,
        ),
        timing=TimingSpec(seconds=seconds, goal=options.parse_goal(precision_goal)),
        seed=seed,
    )
    is_ladder = factors == SPEED
    wanted = [] if is_ladder else make_factors(factors or "", values or [])
    if seeds < 1:
        raise SpecError.of("--seeds", seeds, allowed="1 or more")
    names = options.split_list([models])
    named = make_models(names, activation=activation, dropout=dropout, init=init)
    placements = [spec.placement for spec in cross(base, wanted)]
    if is_ladder:
        placements = [base.placement, replace(base.placement, precision="fp32")]
    facts = gather_facts(base, named, output, conduct, placements=placements)
    if is_ladder:
        plan = plan_ladder(base, named, facts, has_compile=compile is not False)
    else:
        plan = plan_ablate(base, named, wanted, seeds, facts)
    carry_out(replace(plan, budget=seconds), output, conduct)


def make_factors(text: str, values: list[str]) -> list[Factor]:
    """The factors of `activation,dropout` with the values of `activation=relu,gelu` and `dropout=0,0.5`.

    With a single factor the values need no name. Raises SpecError.
    """
    names = options.split_list([text])
    if not 1 <= len(names) <= 2 or SPEED in names:
        raise SpecError.of("factor", text, allowed="one factor, two separated by a comma, or speed alone")
    given: dict[str, list[str]] = {}
    for value in values:
        name, is_named, listed = value.rpartition("=")
        if not is_named and len(names) > 1:
            raise SpecError.of("--values", value, allowed=f"NAME={value} with NAME of {', '.join(names)}")
        given.setdefault(find_field(name or names[0]), []).extend(options.split_list([listed]))
    fields = {find_field(name): name for name in names}
    for field in given:
        if field not in fields:
            raise SpecError.of("--values", field, allowed=f"values of {', '.join(names)}")
    return [make_factor(name, given.get(field, [])) for field, name in fields.items()]
