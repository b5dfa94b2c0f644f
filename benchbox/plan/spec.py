"""RunSpec: one run, fully named, and the parts it is made of.

Specs are frozen; a variation is `vary(spec, "fit.lr", 0.01)` or `msgspec.structs.replace`. They are checked
when they are made and never repaired. `"auto"` and None mean "not decided yet": `plan.resolve` replaces
them once, from the recipes and from what was probed of the machine, so that a record holds what ran.
"""

import hashlib
from math import inf
from typing import Literal, get_args

import msgspec

from benchbox.errors import SpecError
from benchbox.plan.facts import Facts
from benchbox.plan.splits import SplitRule, parse_split

Task = Literal["fit", "evaluate", "infer", "train_step", "largest_batch"]
Activation = Literal["sigmoid", "tanh", "relu", "leaky_relu", "elu", "gelu", "silu", "mish", "hardswish"]
Init = Literal["auto", "suited", "default"]
FitMode = Literal["stretch", "pad", "crop"]
Precision = Literal["auto", "fp32", "bf16", "fp16"]
MemoryFormat = Literal["channels_last", "contiguous"]
Feed = Literal["gather", "loader"]
Part = Literal["test", "train", "all"]
Schedule = Literal["one_cycle", "cosine", "constant"]
Optimizer = Literal["adamw", "adam", "sgd", "rmsprop"]
RecipeName = Literal["own", "plain"]
Augment = Literal["none", "light", "standard"]
Convolution = Literal["direct", "fast"]

TASKS: tuple[str, ...] = get_args(Task)
ACTIVATIONS: tuple[str, ...] = get_args(Activation)
OPTIMIZERS: tuple[str, ...] = get_args(Optimizer)

GIB = 2**30
CHANNELS = (1, 3)
LARGEST_SIDE = 4096


def _need(is_met: bool, field: str, got: object, allowed: str) -> None:
    if not is_met:
        raise SpecError.of(field, got, allowed=allowed)


def _need_one(field: str, got: object, allowed: tuple[object, ...]) -> None:
    _need(got in allowed, field, got, ", ".join("unset" if value is None else str(value) for value in allowed))


class Spec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The base of all specs: frozen, keyword-only, JSON in and out, unknown fields refused."""


class ModelSpec(Spec, frozen=True, kw_only=True):
    """Which network: a catalogue name, torchvision:NAME, timm:NAME, file.py:factory or module:factory.

    `activation` and `dropout` None mean the architecture's own; `init` "suited" fits the activation,
    "default" is PyTorch's. A foreign network has neither argument and always keeps its own init.
    """

    name: str = "lenet"
    activation: str | None = None
    dropout: float | None = None
    init: Init = "auto"

    def __post_init__(self) -> None:
        _need(bool(self.name), "model.name", self.name, "an architecture's name")
        _need_one("model.activation", self.activation, (None, *ACTIVATIONS))
        _need_one("model.init", self.init, get_args(Init))
        dropout = self.dropout
        _need(dropout is None or 0 <= dropout < 1, "model.dropout", dropout, "0 ≤ dropout < 1")


class DataSpec(Spec, frozen=True, kw_only=True):
    """Which pictures, how they are brought to one size, and which of them are held out.

    `source` is `coil20`, `turntable`, a folder or a zip. `split_seed` chooses the held-out pictures and is
    apart from the run's seed, so that all seeds of a comparison see the same split. `split` is the rule
    (`plan.splits`), of which only `random` reads `test_fraction`. `val_fraction` of the training pictures are set
    aside for choosing. `part` is the side of the split on which an evaluation is made.
    """

    source: str = "auto"
    image_size: int = 128
    channels: int = 1
    fit_mode: FitMode = "stretch"
    split: str = "random"
    test_fraction: float = 0.1
    val_fraction: float = 0.0
    split_seed: int = 0
    part: Part = "test"
    skip_bad: bool = False
    cache_limit: int = 2 * GIB

    def __post_init__(self) -> None:
        _need(bool(self.source), "data.source", self.source, "coil20, turntable, a folder or a zip")
        _need(
            1 <= self.image_size <= LARGEST_SIDE,
            "data.image_size",
            self.image_size,
            f"1 to {LARGEST_SIDE} pixels",
        )
        _need_one("data.channels", self.channels, CHANNELS)
        _need_one("data.fit_mode", self.fit_mode, get_args(FitMode))
        parse_split(self.split)
        _need(0 < self.test_fraction < 1, "data.test_fraction", self.test_fraction, "between 0 and 1")
        _need(0 <= self.val_fraction < 1, "data.val_fraction", self.val_fraction, "0 or more, less than 1")
        _need_one("data.part", self.part, get_args(Part))
        _need(self.split_seed >= 0, "data.split_seed", self.split_seed, "0 or more")
        _need(self.cache_limit >= 0, "data.cache_limit", self.cache_limit, "0 bytes or more")

    @property
    def rule(self) -> SplitRule:
        """The rule by which pictures are held out."""
        return parse_split(self.split)


class FitSpec(Spec, frozen=True, kw_only=True):
    """How a network is trained. None means what the recipe says: the architecture's own, or the plain one.

    `seconds` bounds the training time; a fit that could not finish one epoch in it is not started. `until` ends a
    fit after the first epoch with that held-out accuracy, a ratio; its schedule still spans all `epochs`.
    """

    recipe: RecipeName = "own"
    epochs: int | None = None
    seconds: float | None = None
    until: float | None = None
    batch_size: int | None = 32
    eval_batch_size: int = 64
    optimizer: Optimizer = "adamw"
    lr: float | None = None
    weight_decay: float | None = None
    schedule: Schedule | None = None
    label_smoothing: float | None = None
    augment: Augment | None = None

    def __post_init__(self) -> None:
        _need_one("fit.recipe", self.recipe, get_args(RecipeName))
        _need(self.epochs is None or self.epochs >= 1, "fit.epochs", self.epochs, "1 or more")
        _need(self.seconds is None or 0 < self.seconds < inf, "fit.seconds", self.seconds, "more than 0, finite")
        _need(self.until is None or 0 < self.until <= 1, "fit.until", self.until, "a ratio over 0, at most 1")
        _need(self.batch_size is None or self.batch_size >= 1, "fit.batch_size", self.batch_size, "1 or more")
        _need(self.eval_batch_size >= 1, "fit.eval_batch_size", self.eval_batch_size, "1 or more")
        _need_one("fit.optimizer", self.optimizer, OPTIMIZERS)
        _need(self.lr is None or 0 < self.lr < 100, "fit.lr", self.lr, "more than 0, less than 100")
        decay = self.weight_decay
        _need(decay is None or 0 <= decay < 10, "fit.weight_decay", decay, "0 or more, less than 10")
        _need_one("fit.schedule", self.schedule, (None, *get_args(Schedule)))
        smoothing = self.label_smoothing
        _need(smoothing is None or 0 <= smoothing < 1, "fit.label_smoothing", smoothing, "0 or more, less than 1")
        _need_one("fit.augment", self.augment, (None, *get_args(Augment)))

    @property
    def batch(self) -> int:
        """Pictures a step, once the spec is resolved."""
        assert self.batch_size is not None, "a resolved fit has a batch size"
        return self.batch_size


class PlacementSpec(Spec, frozen=True, kw_only=True):
    """Where and in which form the arithmetic runs.

    `feed` says how batches come: `gather` keeps all decoded pictures on the device and indexes them,
    `loader` streams through a DataLoader with `workers` processes. `sync_seconds` is the least time between
    two synchronisations for the display and the NaN check; 0 synchronises after every step. `convolution` "fast"
    computes large kernels by Fourier transforms and the gradients of depthwise ones in float32: same sums, other
    roundings. `keeps_memory` keeps freed memory in the process, where the C library can (glibc).
    """

    device: str = "auto"
    precision: Precision = "auto"
    memory_format: MemoryFormat = "channels_last"
    compile: bool = False
    fused: bool = True
    convolution: Convolution = "direct"
    keeps_memory: bool | None = None
    threads: int | None = None
    feed: Feed = "gather"
    workers: int = 2
    sync_seconds: float = 0.5

    def __post_init__(self) -> None:
        kind = self.device.split(":")[0]
        _need(
            kind in ("auto", "cpu", "cuda", "mps"),
            "placement.device",
            self.device,
            "auto, cpu, cuda, cuda:N, mps",
        )
        _need_one("placement.precision", self.precision, get_args(Precision))
        _need_one("placement.memory_format", self.memory_format, get_args(MemoryFormat))
        _need_one("placement.convolution", self.convolution, get_args(Convolution))
        _need_one("placement.feed", self.feed, get_args(Feed))
        _need(self.threads is None or self.threads >= 1, "placement.threads", self.threads, "1 or more")
        _need(self.workers >= 0, "placement.workers", self.workers, "0 or more")
        sync_seconds = self.sync_seconds
        _need(0 <= sync_seconds < inf, "placement.sync_seconds", sync_seconds, "0 or more seconds, finite")


# Over this many seconds a call, so few samples (or blocks of turns) must do where there is no time for more.
SLOW_CALL = 2.0
FEW_SAMPLES = 3


class TimingSpec(Spec, frozen=True, kw_only=True):
    """How long a cell is timed: `seconds` at most, until the median is known to ± `goal`, `least` samples."""

    seconds: float = 10.0
    goal: float = 0.01
    least: int = 6

    def __post_init__(self) -> None:
        _need(0 < self.seconds < inf, "timing.seconds", self.seconds, "more than 0, finite")
        _need(0 < self.goal < 1, "timing.goal", self.goal, "a ratio between 0 and 1")
        _need(self.least >= 1, "timing.least", self.least, "1 or more samples")


class RunSpec(Spec, frozen=True, kw_only=True):
    """One run, fully named. `seed` rules initialisation, dropout and the order of the pictures.

    `repeat` tells apart the fresh processes in which one and the same work is measured again.
    """

    task: Task = "fit"
    model: ModelSpec = ModelSpec()
    data: DataSpec = DataSpec()
    fit: FitSpec = FitSpec()
    placement: PlacementSpec = PlacementSpec()
    timing: TimingSpec = TimingSpec()
    seed: int = 0
    repeat: int = 0
    checkpoint: str | None = None

    def __post_init__(self) -> None:
        _need_one("task", self.task, TASKS)
        _need(self.seed >= 0, "seed", self.seed, "0 or more")
        _need(self.repeat >= 0, "repeat", self.repeat, "0 or more")
        _need(
            self.task != "evaluate" or self.checkpoint is not None,
            "checkpoint",
            self.checkpoint,
            "a checkpoint's path, since an evaluation needs trained weights",
        )


class Plan(Spec, frozen=True, kw_only=True):
    """What one command shall run.

    `specs` stand in the order in which they are shown, `labels` name them one by one, each once, and `order`
    holds their places in the order in which they run, where it is another one. `turns` are groups of places
    whose runs are alive together and take turns in short slices, since their ratios are what is asked for.
    `factors` are the dotted fields that an ablation varies, and `chosen` those that it varies as well, of which
    each arm keeps what did best on pictures set aside; `trusted` are the networks that the user
    named, whose code a checkpoint may therefore bring back; `refusals` say, by label, why a run is not even
    started. `timeout` is the most seconds of one run, None for no limit, and `budget`
    the seconds of timing that were asked for, None for the usual ones. `robustness` has evaluations score disturbed
    pictures as well. `under` are constraints by which the
    report shall choose, such as `latency<10ms`.
    """

    command: str
    specs: tuple[RunSpec, ...]
    labels: tuple[str, ...] = ()
    facts: Facts | None = None
    factors: tuple[str, ...] = ()
    chosen: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    keeps_checkpoints: bool = False
    trusted: tuple[str, ...] = ()
    refusals: dict[str, str] = {}
    order: tuple[int, ...] = ()
    turns: tuple[tuple[int, ...], ...] = ()
    timeout: float | None = None
    budget: float | None = None
    profiles: bool = False
    robustness: bool = False
    under: tuple[str, ...] = ()
    created: str = ""
    arguments: tuple[str, ...] = ()


def work_of(spec: RunSpec) -> RunSpec:
    """What must be equal for runs to tell of the same work, whichever of its sides each of them measured.

    It leaves out the task, how long it may last, in which of several processes it ran and where weights came from.
    """
    fit = msgspec.structs.replace(spec.fit, epochs=None, seconds=None, until=None, eval_batch_size=1)
    return msgspec.structs.replace(spec, task="fit", fit=fit, timing=TimingSpec(), checkpoint=None, repeat=0)


def case(spec: RunSpec) -> str:
    """The identity by which two reports are compared: readable, and equal for equal work.

    It leaves out what differs between repeats of the same work (seeds, how long is timed, where a
    checkpoint lies) and ends in a short hash of everything else.
    """
    same = msgspec.structs.replace(
        spec,
        seed=0,
        checkpoint="" if spec.checkpoint else None,
        timing=TimingSpec(),
        data=msgspec.structs.replace(spec.data, split_seed=0),
    )
    plain = msgspec.to_builtins(same)
    del plain["repeat"]
    digest = hashlib.sha256(msgspec.json.encode(plain)).hexdigest()[:8]
    place, data = spec.placement, spec.data
    form = f"{place.device}-{place.precision}-{place.memory_format}{'-compile' if place.compile else ''}"
    batch = spec.fit.eval_batch_size if spec.task == "evaluate" else spec.fit.batch
    return f"{spec.task}/{spec.model.name}/{form}/b{batch}@{data.image_size}/{digest}"
