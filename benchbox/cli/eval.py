"""`benchbox eval`: what trained networks say of pictures that they were not trained on."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
from msgspec.structs import replace

from benchbox.cli import options
from benchbox.cli.conduct import Conduct
from benchbox.cli.flow import best_checkpoint, carry_out, gather_facts, make_models
from benchbox.cli.output import Output
from benchbox.errors import CheckpointError, SpecError
from benchbox.plan.catalogue import is_own
from benchbox.plan.commands import plan_eval
from benchbox.plan.facts import Facts
from benchbox.plan.requests import CardsRequest
from benchbox.plan.resolve import resolve
from benchbox.plan.spec import (
    Activation,
    DataSpec,
    FitMode,
    FitSpec,
    ModelSpec,
    Part,
    PlacementSpec,
    RunSpec,
)
from benchbox.plan.words import train_command
from benchbox.records.checkpoints import Card, Cards, check_fit, not_unasked
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
OWN_OR = "the checkpoint's own; of an architecture: "
DataOrOwn = Annotated[
    str | None,
    typer.Option(
        "--data",
        help="coil20, turntable, a folder or a zip.",
        show_default=f"{OWN_OR}auto",
        rich_help_panel=options.DATA,
    ),
]
ImageSizeOrOwn = Annotated[
    int | None,
    typer.Option(
        "--image-size",
        help="Side in pixels to which pictures are brought.",
        show_default=f"{OWN_OR}128",
        rich_help_panel=options.DATA,
    ),
]
ChannelsOrOwn = Annotated[
    int | None,
    typer.Option(
        "--channels",
        help="1 for grey, 3 for colour.",
        show_default=f"{OWN_OR}1",
        rich_help_panel=options.DATA,
    ),
]
FitModeOrOwn = Annotated[
    FitMode | None,
    typer.Option(
        "--fit-mode",
        help="How a picture becomes square.",
        show_default=f"{OWN_OR}stretch",
        rich_help_panel=options.DATA,
    ),
]
SplitOrOwn = Annotated[
    str | None,
    typer.Option(
        "--split",
        help="The rule by which pictures are held out: random, views:K, sector:D or folders.",
        show_default=f"{OWN_OR}random",
        rich_help_panel=options.DATA,
    ),
]
SplitSeedOrOwn = Annotated[
    int | None,
    typer.Option(
        "--split-seed",
        help="Which pictures are held out.",
        show_default=f"{OWN_OR}0",
        rich_help_panel=options.DATA,
    ),
]
Robustness = Annotated[
    bool,
    typer.Option(
        "--robustness",
        help="Also score noisy, blurred, darker, brighter and partly covered pictures, at five strengths each: "
        "25 passes more.",
        rich_help_panel=options.MEASURING,
    ),
]
# These decide which pictures are held out.
SPLIT_FIELDS = ("split", "split_seed")


# Longer than forty lines: a command's signature is its list of options.
def evaluate(
    targets: Targets = None,
    data: DataOrOwn = None,
    part: PartOption = None,
    model: options.OwnModel = None,
    image_size: ImageSizeOrOwn = None,
    channels: ChannelsOrOwn = None,
    fit_mode: FitModeOrOwn = None,
    split: SplitOrOwn = None,
    split_seed: SplitSeedOrOwn = None,
    skip_bad: options.SkipBad = False,
    robustness: Robustness = False,
    eval_batch_size: options.EvalBatchSize = 64,
    activation: options.ActivationOption = None,
    dropout: options.Dropout = None,
    device: options.Device = "auto",
    precision: options.PrecisionOption = "auto",
    memory_format: options.MemoryFormatOption = "channels_last",
    compile: options.Compile = False,
    threads: options.Threads = None,
    out: options.Out = options.REPORTS,
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> None:
    """Evaluate checkpoints, or the best checkpoint of an architecture: accuracy, calibration, what is mixed up."""
    # Imported here: what it needs takes half a second, which --help must not wait for.
    from benchbox.report.naming import names

    if not targets:
        raise SpecError.of(
            "CHECKPOINT|ARCHITECTURE…", "none", allowed="a checkpoint file or a trained architecture"
        )
    asked = {
        "source": data,
        "image_size": image_size,
        "channels": channels,
        "fit_mode": fit_mode,
        "split": split,
        "split_seed": split_seed,
        "part": part,
    }
    given = {field: value for field, value in asked.items() if value is not None} | {"skip_bad": skip_bad}
    base = RunSpec(
        data=replace(DataSpec(), **given),
        fit=FitSpec(eval_batch_size=eval_batch_size),
        placement=PlacementSpec(
            device=device, precision=precision, memory_format=memory_format, compile=compile, threads=threads
        ),
    )
    output = Output(out=out, quiet=quiet, json=json)
    named = [_named(target, activation=activation, dropout=dropout) for target in targets]
    paths = [_find(each, base, output) if isinstance(each, ModelSpec) else each for each in named]
    cards = call(f"{ENGINE}:read_cards", CardsRequest(checkpoints=tuple(map(str, paths))), returns=Cards).cards
    trusted = [each.name for each in named if isinstance(each, ModelSpec)] + ([model] if model else [])
    _check_code(paths, cards, model=model, trusted=trusted)
    wanted = [spec_of_card(base, path, card, given, model=model) for path, card in zip(paths, cards, strict=True)]
    every = gather_all(wanted, cards, part, output)
    specs = [
        on_its_pictures(spec, card, facts, part) for spec, card, facts in zip(wanted, cards, every, strict=True)
    ]
    plan = plan_eval(specs, names(specs), every[0])
    carry_out(replace(plan, trusted=tuple(trusted), robustness=robustness), output, Conduct())


def _check_code(paths: Sequence[Path], cards: Sequence[Card], *, model: str | None, trusted: Sequence[str]) -> None:
    """Raises CheckpointError where a user's code would have to run that was not named, or is not needed."""
    own = [(path, card.model.name) for path, card in zip(paths, cards, strict=True) if is_own(card.model.name)]
    if model is not None and not own:
        raise CheckpointError(f"--model {model}: no checkpoint was trained from a file", hint="leave --model out")
    for path, name in own:
        if model is None and name not in trusted:
            raise not_unasked(path, name)


def _named(target: str, *, activation: Activation | None, dropout: float | None) -> Path | ModelSpec:
    """What a target means: a checkpoint's file, or an architecture."""
    path = Path(target).expanduser()
    if path.is_file() or path.suffix in SUFFIXES:
        return path
    [model] = make_models([target], activation=activation, dropout=dropout)
    return model


def _find(model: ModelSpec, base: RunSpec, output: Output) -> Path:
    """An architecture's best checkpoint on the asked pictures. Raises CheckpointError where it has none."""
    facts = gather_facts(base, [model], output, Conduct())
    found = best_checkpoint(output.out, model, base.data, facts)
    if found is None:
        resolved = resolve(replace(base, model=model), facts)
        raise CheckpointError(
            f"no checkpoint of {model.name} on {facts.data.title}, as asked for, under {output.out}",
            hint=f"train it: {train_command(resolved)}",
        )
    return found


def spec_of_card(
    base: RunSpec, path: Path, card: Card, given: Mapping[str, object], *, model: str | None
) -> RunSpec:
    """The evaluation of one checkpoint: its own pictures and settings, but for what the user gave.

    Raises SpecError for another split of the same pictures: it would hold out what was trained on.
    """
    for field in SPLIT_FIELDS:
        own = getattr(card.data, field)
        if given.get(field, own) != own:
            raise SpecError.of(f"--{field.replace('_', '-')} with {path}", given[field], allowed=f"{own}, its own")
    is_moved = model is not None and is_own(card.model.name)
    return replace(
        base,
        task="evaluate",
        model=replace(card.model, name=model) if is_moved else card.model,
        data=replace(card.data, **given),
        fit=replace(card.fit, eval_batch_size=base.fit.eval_batch_size),
        seed=card.seed,
        checkpoint=str(path),
    )


def gather_all(specs: Sequence[RunSpec], cards: Sequence[Card], part: Part | None, output: Output) -> list[Facts]:
    """The facts for each evaluation; pictures that several are made on are looked at once."""
    probed = [_probed(spec, card, part) for spec, card in zip(specs, cards, strict=True)]
    known: dict[RunSpec, Facts] = {}
    for spec in probed:
        if spec not in known:
            known[spec] = gather_facts(spec, [], output, Conduct())
    return [known[spec] for spec in probed]


def _probed(spec: RunSpec, card: Card, part: Part | None) -> RunSpec:
    """What is asked of the pictures: nothing of the network, and no split of others than those trained on.

    Other pictures are shown whole, and the rule by which the checkpoint's own were split need not fit them.
    """
    is_other = part is None and spec.data.source != card.data.source
    data = replace(spec.data, part="all") if is_other else spec.data
    return RunSpec(data=data, placement=spec.placement)


def on_its_pictures(spec: RunSpec, card: Card, facts: Facts, part: Part | None) -> RunSpec:
    """The spec resolved on the pictures that were found.

    Unless asked otherwise these are the held-out side of the pictures it was trained on, or all of any
    others. Raises CheckpointError where they do not fit the network.
    """
    check_fit(card, name=str(spec.checkpoint), classes=facts.data.classes, channels=spec.data.channels)
    usual: Part = "test" if facts.data.digest == card.data_digest else "all"
    return resolve(replace(spec, data=replace(spec.data, part=part or usual)), facts)
