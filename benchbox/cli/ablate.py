"""`benchbox ablate`: change one factor, keep everything else, see what it does."""

import re
from typing import Annotated, Any

import typer
from msgspec.structs import replace
from typer.core import TyperCommand

from benchbox.cli import options
from benchbox.cli.conduct import was_typed
from benchbox.cli.flow import carry_out, gather_facts, make_models, start
from benchbox.cli.output import Output
from benchbox.data.sources import find_source
from benchbox.errors import SpecError
from benchbox.plan.axes import LR, Factor, cross, find_field, make_factor
from benchbox.plan.commands import plan_ablate, plan_ladder
from benchbox.plan.spec import DataSpec, FitSpec, PlacementSpec, Plan, RunSpec, TimingSpec

SPEED = "speed"
ABLATION = "Ablation"
LR_GRID = "--lr-grid"
# What --lr-grid stands for by itself.
USUAL = "usual"
# Of the training pictures, set aside for choosing among learning rates.
SET_ASIDE = 0.1
# What cannot be varied where every arm chooses its own rate, and why.
NOT_BESIDE_RATES = {
    LR: "one of them: a rate is chosen or compared",
    "fit.until": "one of them: the held-out pictures would have a say in what is chosen",
    "data.val_fraction": "one of them: every arm chooses on the same pictures set aside",
}

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
        help="The factor's values, as A,B; with two factors once for each, as NAME=A,B. Of speed the rungs, by "
        "their first words, as plain,fast.",
        show_default="the usual ones",
        rich_help_panel=ABLATION,
    ),
]
ModelNames = Annotated[
    str, typer.Option("--models", help="Architectures, separated by commas.", rich_help_panel=ABLATION)
]
SeedCount = Annotated[
    int,
    typer.Option(
        "--seeds",
        help="Repeat every arm with so many seeds; of one nothing can be concluded.",
        rich_help_panel=ABLATION,
    ),
]
LrGrid = Annotated[
    str | None,
    typer.Option(
        LR_GRID,
        metavar="[A,B,…]",
        help="Train every arm at each of these learning rates and compare them at their own best, chosen on "
        "pictures set aside; alone: a tenth of the recipe's, the recipe's and ten times it.",
        show_default="the recipe's rate",
        rich_help_panel=ABLATION,
    ),
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
    lr_grid: LrGrid = None,
    seconds: SampleSeconds = 10.0,
    precision_goal: options.Goal = 1.0,
    data: options.Data = "auto",
    image_size: options.ImageSize = 128,
    channels: options.Channels = 1,
    fit_mode: options.FitModeOption = "stretch",
    split: options.Split = "random",
    val_fraction: options.ValFraction = 0.0,
    split_seed: options.SplitSeed = 0,
    skip_bad: options.SkipBad = False,
    cache_limit: options.CacheLimit = "2GiB",
    workers: options.Workers = 2,
    recipe: options.RecipeOption = "own",
    epochs: options.Epochs = None,
    until: options.Until = None,
    batch_size: options.BatchSize = None,
    lr: options.Lr = None,
    weight_decay: options.WeightDecay = None,
    optimizer: options.OptimizerOption = "adamw",
    schedule: options.ScheduleOption = None,
    label_smoothing: options.LabelSmoothing = None,
    augment: options.AugmentOption = None,
    activation: options.ActivationOption = None,
    dropout: options.Dropout = None,
    init: options.InitOption = "auto",
    seed: options.Seed = 0,
    device: options.Device = "auto",
    precision: options.PrecisionOption = "auto",
    memory_format: options.MemoryFormatOption = "channels_last",
    convolution: options.ConvolutionOption = "direct",
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
            split=split,
            val_fraction=val_fraction,
            split_seed=split_seed,
            skip_bad=skip_bad,
            cache_limit=options.parse_bytes(cache_limit),
        ),
        fit=FitSpec(
            recipe=recipe,
            epochs=epochs,
            until=options.parse_until(until),
            batch_size=batch_size,
            lr=lr,
            weight_decay=weight_decay,
            optimizer=optimizer,
            schedule=schedule,
            label_smoothing=label_smoothing,
            augment=augment,
        ),
        placement=PlacementSpec(
            device=device,
            precision=precision,
            memory_format=memory_format,
            compile=bool(compile),
            convolution=convolution,
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
    rates = None if lr_grid is None else parse_rates(lr_grid)
    if rates is not None:
        refuse_beside_rates(base, wanted, is_ladder=is_ladder)
        if not was_typed(context, "val_fraction") and not has_validation(base.data):
            base = replace(base, data=replace(base.data, val_fraction=SET_ASIDE))
    names = options.split_list([models])
    named = make_models(names, activation=activation, dropout=dropout, init=init)
    placements = [spec.placement for spec in cross(base, wanted)]
    if is_ladder:
        placements = [base.placement, replace(base.placement, precision="fp32")]
    facts = gather_facts(base, named, output, conduct, placements=placements)
    if rates is not None and not facts.data.validation:
        allowed = f"more than 0 with {LR_GRID}, which chooses on the pictures set aside"
        raise SpecError.of("--val-fraction", base.data.val_fraction, allowed=allowed)
    if is_ladder:
        plan = plan_ladder(
            base, named, facts, has_compile=compile is not False, wanted=options.split_list(values or [])
        )
    else:
        plan = plan_ablate(base, named, wanted, seeds, facts, rates=rates)
    if not quiet and not dry_run:
        say_notes(plan, output)
    carry_out(replace(plan, budget=seconds), output, conduct)


class AblateCommand(TyperCommand):
    """The command whose --lr-grid may stand alone."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The arguments, with the word for the usual rates behind a --lr-grid that has none."""
        return super().parse_args(ctx, with_usual_rates(args))


def with_usual_rates(words: list[str]) -> list[str]:
    """The words typed, with USUAL behind a --lr-grid that no number follows."""
    followers = [*words[1:], ""]
    pairs = zip(words, followers, strict=True)
    return [
        part
        for word, follower in pairs
        for part in ([word, USUAL] if word == LR_GRID and not re.match(r"[\d.,]", follower) else [word])
    ]


def parse_rates(text: str) -> list[float]:
    """The learning rates of `0.0001,0.001,0.01`, none for the usual ones. Raises SpecError."""
    if text == USUAL:
        return []
    try:
        rates = [float(part) for part in options.split_list([text])]
    except ValueError:
        rates = []
    if len(set(rates)) < 2 or len(set(rates)) < len(rates) or not all(0 < rate < 100 for rate in rates):
        allowed = "two rates or more, each once, between 0 and 100, or none for the usual three"
        raise SpecError.of(LR_GRID, text, allowed=allowed)
    return rates


def has_validation(data: DataSpec) -> bool:
    """Whether the folders of the pictures give a side to choose on, beside which none is set aside.

    Raises DataError where they give no sides, and should.
    """
    if data.rule.kind != "folders":
        return False
    found = find_source(data.source, root=options.DATASET, sides="asked")
    return any(item.side == "validation" for item in found.items)


def refuse_beside_rates(base: RunSpec, factors: list[Factor], *, is_ladder: bool) -> None:
    """Raises SpecError for what a grid of learning rates cannot stand beside."""
    if is_ladder:
        raise SpecError.of(LR_GRID, SPEED, allowed="a factor that is trained with; speed only times steps")
    for factor in factors:
        if factor.field in NOT_BESIDE_RATES:
            name = factor.field.rsplit(".", maxsplit=1)[-1].replace("_", "-")
            raise SpecError.of(LR_GRID, f"{name} as a factor", allowed=NOT_BESIDE_RATES[factor.field])
    if base.fit.lr is not None:
        raise SpecError.of(f"--lr with {LR_GRID}", base.fit.lr, allowed="one of them")
    if base.fit.until is not None:
        hint = "leave --until out: the held-out pictures would have a say in what is chosen"
        raise SpecError.of(f"--until with {LR_GRID}", f"{base.fit.until:.0%}", allowed="one of them", hint=hint)


def say_notes(plan: Plan, output: Output) -> None:
    """What the plan warns of, before anything runs."""
    for note in plan.notes:
        output.stderr.print(f"note: {note}", soft_wrap=True, markup=False, highlight=False)


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
