"""`benchbox eval`: what trained networks say of pictures that they were not trained on."""

from pathlib import Path
from typing import Annotated

import typer
from msgspec.structs import replace

from benchbox.cli import options
from benchbox.cli.flow import Output, carry_out, gather_facts, make_models
from benchbox.errors import CheckpointError, SpecError
from benchbox.plan.commands import plan_eval
from benchbox.plan.facts import Facts
from benchbox.plan.requests import CardsRequest
from benchbox.plan.resolve import resolve_model
from benchbox.plan.spec import DataSpec, FitSpec, Part, PlacementSpec, RunSpec
from benchbox.records.checkpoints import Card, Cards, check_fit, find_checkpoint
from benchbox.runner.child import ENGINE, call

SUFFIXES = (".pt", ".pth", ".ckpt", ".bin")

Targets = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="CHECKPOINT|ARCHITECTURE…",
        help="Checkpoint files, or architectures whose best checkpoint on these pictures is looked up.",
        show_default=False,
    ),
]
PartOption = Annotated[
    Part | None,
    typer.Option(
        "--part",
        help="Which pictures.",
        show_default="the held-out ones; all, of pictures other than those trained on",
        rich_help_panel=options.DATA,
    ),
]
OwnModel = Annotated[
    str | None,
    typer.Option(
        "--model",
        help="path/to/file.py:factory that a checkpoint was trained from; its code is not run unasked.",
        rich_help_panel=options.DATA,
    ),
]
DataOrOwn = Annotated[
    str | None,
    typer.Option(
        "--data",
        help="coil20, turntable, a folder or a zip.",
        show_default="the checkpoint's own",
        rich_help_panel=options.DATA,
    ),
]


def evaluate(
    targets: Targets = None,
    data: DataOrOwn = None,
    part: PartOption = None,
    model: OwnModel = None,
    image_size: options.ImageSize = 128,
    channels: options.Channels = 1,
    split_seed: options.SplitSeed = 0,
    skip_bad: options.SkipBad = False,
    eval_batch_size: options.EvalBatchSize = 64,
    device: options.Device = "auto",
    precision: options.PrecisionOption = "auto",
    memory_format: options.MemoryFormatOption = "channels_last",
    compile: options.Compile = False,
    threads: options.Threads = None,
    out: options.Out = options.REPORTS,
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> None:
    """Evaluate checkpoints, or the best checkpoint of an architecture: accuracy, per class, confusions."""
    if not targets:
        raise SpecError.of(
            "CHECKPOINT|ARCHITECTURE…", "none", allowed="a checkpoint file or a trained architecture"
        )
    wanted = DataSpec(
        source=data or "auto",
        image_size=image_size,
        channels=channels,
        split_seed=split_seed,
        skip_bad=skip_bad,
    )
    base = RunSpec(
        data=wanted,
        fit=FitSpec(eval_batch_size=eval_batch_size),
        placement=PlacementSpec(
            device=device, precision=precision, memory_format=memory_format, compile=compile, threads=threads
        ),
    )
    output = Output(out=out, quiet=quiet, json=json)
    paths = [path for target in targets for path in [_find(target, base, output)]]
    cards = call(f"{ENGINE}:read_cards", CardsRequest(checkpoints=tuple(map(str, paths))), returns=Cards).cards
    specs, facts = [], None
    for path, card in zip(paths, cards, strict=True):
        seen = replace(card.data, source=data or card.data.source, skip_bad=skip_bad)
        facts = gather_facts(replace(base, data=seen), [], output)
        check_fit(card, name=str(path), classes=facts.data.classes, channels=seen.channels)
        specs.append(_spec(base, path, card, seen, facts, part=part, model=model))
    assert facts is not None, "there is a target"
    labels = [f"{card.model.name} {path}" for path, card in zip(paths, cards, strict=True)]
    carry_out(plan_eval(specs, labels, facts), output, model=model)


def _find(target: str, base: RunSpec, output: Output) -> Path:
    """The checkpoint that a target means: the file itself, or an architecture's best on the asked pictures."""
    path = Path(target)
    if path.is_file() or path.suffix in SUFFIXES:
        return path
    [model] = make_models([target])
    facts = gather_facts(base, [], output)
    found = find_checkpoint(output.out, resolve_model(model, base.data), base.data, facts.data.digest)
    if found is None:
        raise CheckpointError(
            f"no checkpoint of {target} on {facts.data.title} under {output.out}",
            hint=f"train it: benchbox train {target} --data {base.data.source}",
        )
    return found


def _spec(
    base: RunSpec, path: Path, card: Card, data: DataSpec, facts: Facts, *, part: Part | None, model: str | None
) -> RunSpec:
    """The evaluation of one checkpoint: on its own held-out pictures, or on all of other pictures."""
    usual: Part = "test" if facts.data.digest == card.data_digest else "all"
    named = card.model if model is None else replace(card.model, name=model)
    return replace(base, task="evaluate", model=named, data=replace(data, part=part or usual), checkpoint=str(path))
