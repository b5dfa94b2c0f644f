"""`benchbox train`: fit architectures and keep their checkpoints."""

import typer
from msgspec.structs import replace

from benchbox.cli import options
from benchbox.cli.flow import carry_out, gather_facts, make_models, start
from benchbox.cli.output import Output
from benchbox.plan.commands import plan_train
from benchbox.plan.spec import DataSpec, FitSpec, PlacementSpec, RunSpec


# Longer than forty lines: a command's signature is its list of options.
def train(
    context: typer.Context,
    models: options.Models = None,
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
    eval_batch_size: options.EvalBatchSize = 64,
    lr: options.Lr = None,
    weight_decay: options.WeightDecay = None,
    optimizer: options.OptimizerOption = "adamw",
    schedule: options.ScheduleOption = None,
    label_smoothing: options.LabelSmoothing = None,
    augment: options.AugmentOption = None,
    activation: options.ActivationOption = None,
    dropout: options.Dropout = None,
    init: options.InitOption = "auto",
    seed: options.Seeds = "0",
    device: options.Device = "auto",
    precision: options.PrecisionOption = "auto",
    memory_format: options.MemoryFormatOption = "channels_last",
    convolution: options.ConvolutionOption = "direct",
    compile: options.Compile = False,
    threads: options.Threads = None,
    profile: options.Profile = False,
    resume: options.Resume = None,
    timeout: options.Timeout = 0.0,
    no_isolate: options.NoIsolate = False,
    out: options.Out = options.REPORTS,
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> None:
    """Train architectures on pictures and keep the best and the last checkpoint of each."""
    output = Output(out=out, quiet=quiet, json=json)
    conduct = start(context, output, command="train", resume=resume, timeout=timeout, no_isolate=no_isolate)
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
            eval_batch_size=eval_batch_size,
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
            compile=compile,
            convolution=convolution,
            threads=threads,
            workers=workers,
        ),
    )
    seeds = options.parse_seeds(seed)
    named = make_models(models or [], activation=activation, dropout=dropout, init=init)
    facts = gather_facts(base, named, output, conduct)
    plan = plan_train(base, named, seeds, facts)
    carry_out(replace(plan, keeps_checkpoints=True, profiles=profile), output, conduct)
