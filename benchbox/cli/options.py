"""The options that commands share: one alias each, so that a name means the same everywhere."""

import re
from pathlib import Path
from typing import Annotated

import typer

from benchbox.errors import SpecError
from benchbox.plan.spec import (
    GIB,
    Activation,
    Augment,
    Convolution,
    FitMode,
    Init,
    MemoryFormat,
    Optimizer,
    Precision,
    RecipeName,
    Schedule,
)

_UNITS = {"": 1, "B": 1, "KIB": 2**10, "MIB": 2**20, "GIB": GIB, "KB": 10**3, "MB": 10**6, "GB": 10**9}

DATA = "Pictures"
TRAINING = "Training"
PLACEMENT = "Where and how it runs"
OUTPUT = "Output"

Models = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="ARCHITECTURE…",
        help="Names of the zoo, torchvision:NAME, timm:NAME, path/to/file.py:factory or module:factory.",
        show_default=False,
    ),
]

Data = Annotated[
    str,
    typer.Option(
        "--data",
        help="coil20, turntable, a folder or a zip; auto is coil20 if present, else turntable.",
        rich_help_panel=DATA,
    ),
]
ImageSize = Annotated[int, typer.Option(help="Side in pixels to which pictures are brought.", rich_help_panel=DATA)]
Channels = Annotated[int, typer.Option(help="1 for grey, 3 for colour.", rich_help_panel=DATA)]
FitModeOption = Annotated[
    FitMode,
    typer.Option("--fit-mode", help="How a picture becomes square.", rich_help_panel=DATA),
]
Split = Annotated[
    str,
    typer.Option(
        "--split",
        help="What is held out: random (a tenth), views:K (all but K views of each object), sector:D (D degrees of "
        "each turn) or folders (test/ beside train/).",
        rich_help_panel=DATA,
    ),
]
ValFraction = Annotated[
    float,
    typer.Option(
        "--val-fraction",
        help="Share of the training pictures set aside for choosing the best epoch.",
        rich_help_panel=DATA,
    ),
]
SplitSeed = Annotated[int, typer.Option(help="Which pictures are held out.", rich_help_panel=DATA)]
SkipBad = Annotated[
    bool, typer.Option("--skip-bad", help="Leave out files that are no pictures.", rich_help_panel=DATA)
]
OwnModel = Annotated[
    str | None,
    typer.Option(
        "--model",
        help="path/to/file.py:factory that a checkpoint was trained from; its code is not run unasked.",
        rich_help_panel=DATA,
    ),
]
CacheLimit = Annotated[
    str,
    typer.Option(help="Larger sets are streamed, not held decoded in memory.", rich_help_panel=DATA),
]
Workers = Annotated[int, typer.Option(help="Processes that decode streamed pictures.", rich_help_panel=DATA)]

BatchSize = Annotated[
    int | None,
    typer.Option(
        "--batch-size", "-b", help="Pictures a step.", show_default="the recipe's", rich_help_panel=TRAINING
    ),
]
EvalBatchSize = Annotated[
    int, typer.Option(help="Pictures a batch where nothing is learned.", rich_help_panel=TRAINING)
]
RecipeOption = Annotated[
    RecipeName,
    typer.Option(
        "--recipe",
        help="own: the architecture's; plain: AdamW at 0.0001 throughout, PyTorch's initialisation.",
        rich_help_panel=TRAINING,
    ),
]
Until = Annotated[
    str | None,
    typer.Option(
        "--until",
        metavar="PERCENT",
        help="Stop after the first epoch with so many held-out pictures right, such as 100%.",
        show_default="all epochs",
        rich_help_panel=TRAINING,
    ),
]
LabelSmoothing = Annotated[
    float | None,
    typer.Option(
        "--label-smoothing",
        help="Share of the label that is spread over all classes.",
        show_default="the recipe's",
        rich_help_panel=TRAINING,
    ),
]
AugmentOption = Annotated[
    Augment | None,
    typer.Option(
        "--augment",
        help="light: shifts and mirrors; standard: also crops, brightness and contrast, erased patches.",
        show_default="the recipe's: none",
        rich_help_panel=TRAINING,
    ),
]
Epochs = Annotated[
    int | None,
    typer.Option(help="Passes over the training pictures.", show_default="the recipe's", rich_help_panel=TRAINING),
]
Lr = Annotated[
    float | None,
    typer.Option("--lr", help="Peak learning rate.", show_default="the recipe's", rich_help_panel=TRAINING),
]
WeightDecay = Annotated[
    float | None,
    typer.Option(help="Weight decay.", show_default="the recipe's", rich_help_panel=TRAINING),
]
OptimizerOption = Annotated[
    Optimizer, typer.Option("--optimizer", help="What turns gradients into steps.", rich_help_panel=TRAINING)
]
ScheduleOption = Annotated[
    Schedule | None,
    typer.Option(
        "--schedule",
        help="How the learning rate moves.",
        show_default="the recipe's",
        rich_help_panel=TRAINING,
    ),
]
ActivationOption = Annotated[
    Activation | None,
    typer.Option(
        "--activation",
        help="In place of the architecture's own.",
        show_default="its own",
        rich_help_panel=TRAINING,
    ),
]
Dropout = Annotated[
    float | None,
    typer.Option(help="In place of the architecture's own.", show_default="its own", rich_help_panel=TRAINING),
]
InitOption = Annotated[
    Init,
    typer.Option(
        "--init",
        help="suited: to the activation; default: PyTorch's; auto: the recipe's.",
        rich_help_panel=TRAINING,
    ),
]
Seed = Annotated[
    int, typer.Option(help="Of initialisation, dropout and the order of pictures.", rich_help_panel=TRAINING)
]
Seeds = Annotated[
    str,
    typer.Option(
        "--seed",
        help="Of initialisation, dropout and the order of pictures; several as 0,1,2.",
        rich_help_panel=TRAINING,
    ),
]

Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N, mps.", rich_help_panel=PLACEMENT)]
PrecisionOption = Annotated[
    Precision,
    typer.Option("--precision", help="auto is the fastest here.", rich_help_panel=PLACEMENT),
]
MemoryFormatOption = Annotated[
    MemoryFormat,
    typer.Option("--memory-format", help="How pictures and weights lie in memory.", rich_help_panel=PLACEMENT),
]
ConvolutionOption = Annotated[
    Convolution,
    typer.Option(
        "--convolution",
        help="fast: large kernels by Fourier transforms, depthwise gradients in fp32.",
        rich_help_panel=PLACEMENT,
    ),
]
Compile = Annotated[bool, typer.Option("--compile", help="Use torch.compile.", rich_help_panel=PLACEMENT)]
Threads = Annotated[
    int | None, typer.Option(help="CPU threads.", show_default="all cores", rich_help_panel=PLACEMENT)
]

Sizes = Annotated[
    str, typer.Option("--image-size", help="Side in pixels; several as 64,128.", rich_help_panel=DATA)
]
BatchSizes = Annotated[
    str, typer.Option("--batch-size", "-b", help="Pictures a batch; several as 1,8,32.", rich_help_panel=PLACEMENT)
]
Precisions = Annotated[
    str,
    typer.Option(
        "--precision", help="fp32, bf16, fp16, several as fp32,bf16; auto: the fastest.", rich_help_panel=PLACEMENT
    ),
]
MemoryFormats = Annotated[
    str,
    typer.Option("--memory-format", help="channels_last, contiguous, or both as a,b.", rich_help_panel=PLACEMENT),
]
Convolutions = Annotated[
    str,
    typer.Option(
        "--convolution",
        help="direct, fast (large kernels by Fourier transforms, …), or both as a,b.",
        rich_help_panel=PLACEMENT,
    ),
]
Compiles = Annotated[
    list[bool] | None,
    typer.Option(
        "--compile/--no-compile",
        help="Use torch.compile; both options: with and without.",
        show_default="no",
        rich_help_panel=PLACEMENT,
    ),
]
ThreadCounts = Annotated[
    str | None,
    typer.Option(
        "--threads",
        help="CPU threads; several as 1,2.",
        show_default="all cores",
        rich_help_panel=PLACEMENT,
    ),
]

MEASURING = "Measuring"
Goal = Annotated[
    float,
    typer.Option(
        "--precision-goal",
        help="Stop when the interval is within ± so many per cent, if the time is not used before.",
        rich_help_panel=MEASURING,
    ),
]

Under = Annotated[
    list[str] | None,
    typer.Option(
        metavar="CONSTRAINT",
        help='Choose the best under a constraint, such as "latency<10ms"; may be given more than once.',
        rich_help_panel=MEASURING,
    ),
]

RUNNING = "Running"
Resume = Annotated[
    Path | None,
    typer.Option(
        metavar="REPORT",
        help="Run what is missing or failed in that report; train goes on where it was cut off.",
        rich_help_panel=RUNNING,
    ),
]
Timeout = Annotated[
    float,
    typer.Option(help="Most seconds of one run; 0: no limit.", rich_help_panel=RUNNING),
]
NoIsolate = Annotated[
    bool,
    typer.Option("--no-isolate", help="All runs in this process, for debuggers.", rich_help_panel=RUNNING),
]
DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="Show what would run and about how long, and stop.", rich_help_panel=RUNNING),
]
Profile = Annotated[
    bool,
    typer.Option("--profile", help="Traces for TensorBoard and the costliest layers.", rich_help_panel=RUNNING),
]

Out = Annotated[Path, typer.Option(help="Folder of the reports.", rich_help_panel=OUTPUT)]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, only the result.", rich_help_panel=OUTPUT)]
Json = Annotated[
    bool, typer.Option("--json", help="One JSON document on stdout in place of tables.", rich_help_panel=OUTPUT)
]

REPORTS = Path("reports")
DATASET = Path("dataset")


def parse_bytes(text: str) -> int:
    """A size such as 500MiB or 2GiB in bytes. Raises SpecError."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", text)
    if match is None or match[2].upper() not in _UNITS:
        raise SpecError.of("--cache-limit", text, allowed="bytes, or a number with KiB, MiB or GiB")
    return int(float(match[1]) * _UNITS[match[2].upper()])


def check_constraints(texts: list[str]) -> tuple[str, ...]:
    """The constraints as they were typed. Raises SpecError for one that says nothing."""
    # Imported here: what it needs takes half a second, which --help must not wait for.
    from benchbox.records.constraints import parse

    for text in texts:
        parse(text)
    return tuple(texts)


def parse_goal(percent: float) -> float:
    """A goal in per cent as a ratio. Raises SpecError."""
    if not 0 < percent < 100:
        raise SpecError.of("--precision-goal", percent, allowed="more than 0 and less than 100 per cent")
    return percent / 100


def parse_until(text: str | None) -> float | None:
    """A share such as `99.5%` as a ratio. Raises SpecError."""
    if text is None:
        return None
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*%\s*", text)
    if match is None or not 0 < float(match[1]) <= 100:
        raise SpecError.of("--until", text, allowed="more than 0% and at most 100%, such as 100%")
    return float(match[1]) / 100


def parse_seeds(text: str) -> list[int]:
    """Seeds such as `0` or `0,1,2`. Raises SpecError."""
    parts = split_list([text])
    if not parts or not all(part.isdecimal() for part in parts) or len(set(parts)) < len(parts):
        raise SpecError.of("--seed", text, allowed="whole numbers from 0, separated by commas, each once")
    return [int(part) for part in parts]


def split_list(texts: list[str]) -> list[str]:
    """The parts of texts that may each hold several, separated by commas."""
    return [part.strip() for text in texts for part in text.split(",") if part.strip()]
