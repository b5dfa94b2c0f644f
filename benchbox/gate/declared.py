"""The rows that a project declares: what each of them asks for, and which runs that were made are meant by it."""

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from benchbox.errors import SpecError
from benchbox.plan.catalogue import canonical
from benchbox.plan.spec import (
    Convolution,
    DataSpec,
    FitMode,
    FitSpec,
    MemoryFormat,
    ModelSpec,
    PlacementSpec,
    Precision,
    RunSpec,
    Task,
    case,
)

# Where nobody says more: small enough for six networks to be gated while somebody waits, and as `eval` has it.
BATCH_SIZE, EVAL_BATCH_SIZE = 8, 64

Gated = Literal["infer", "train_step", "evaluate"]

# What may be left for the machine and the pictures to decide, and is then no ground to tell two rows apart.
_UNDECIDED = ("auto", None)
_OF_DATA = ("source", "image_size", "channels", "fit_mode", "split", "split_seed")
# All else of the pictures is the checkpoint's own.
_OF_CHECKPOINT = ("source",)
_OF_PLACEMENT = ("device", "precision", "memory_format", "convolution", "compile", "threads")


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """A `[[gate.row]]`: one network under one setting, in the words of the options of `benchbox bench`.

    `model` is a catalogue name, torchvision:NAME, timm:NAME, path/to/file.py:factory or module:factory. A row with
    a `checkpoint` gates the accuracy of those weights on held-out pictures, which are prepared as they were for
    training, every other one speed and size.
    """

    model: str
    name: str = ""
    task: Gated | None = None
    checkpoint: str | None = None
    data: str = "auto"
    image_size: int = 128
    channels: int = 1
    fit_mode: FitMode = "stretch"
    split: str = "random"
    split_seed: int = 0
    batch_size: int | None = None
    device: str = "auto"
    precision: Precision = "auto"
    memory_format: MemoryFormat = "channels_last"
    convolution: Convolution = "direct"
    compile: bool = False
    threads: int | None = None

    def __post_init__(self) -> None:
        """Raises SpecError or ModelError for what cannot be."""
        spec_of(self)

    @property
    def title(self) -> str:
        """Its name for people, where no record gives it one."""
        return self.name or f"{self.model} {_task(self)} b{_batch(self)}@{self.image_size}"


def _task(row: Row) -> Task:
    return row.task or ("evaluate" if row.checkpoint else "infer")


def _batch(row: Row) -> int:
    usual = EVAL_BATCH_SIZE if _task(row) == "evaluate" else BATCH_SIZE
    return usual if row.batch_size is None else row.batch_size


def spec_of(row: Row) -> RunSpec:
    """The run that a row asks for, with all that the machine and the pictures decide left open.

    Raises SpecError for a setting that cannot be, and ModelError for an unknown architecture.
    """
    is_scored = _task(row) == "evaluate"
    if is_scored != (row.checkpoint is not None):
        raise SpecError.of(
            "checkpoint", row.checkpoint, allowed="the path of weights, for task evaluate and no other"
        )
    batch = {"eval_batch_size" if is_scored else "batch_size": _batch(row)}
    return RunSpec(
        task=_task(row),
        model=ModelSpec(name=canonical(row.model)),
        data=DataSpec(
            source=row.data,
            image_size=row.image_size,
            channels=row.channels,
            fit_mode=row.fit_mode,
            split=row.split,
            split_seed=row.split_seed,
        ),
        fit=msgspec.structs.replace(FitSpec(), **batch),
        placement=PlacementSpec(
            device=row.device,
            precision=row.precision,
            memory_format=row.memory_format,
            convolution=row.convolution,
            compile=row.compile,
            threads=row.threads,
        ),
        checkpoint=row.checkpoint,
    )


def is_of(spec: RunSpec, row: Row) -> bool:
    """Whether a run that was made is what a row asks for, whatever was decided that the row left open."""
    asked = spec_of(row)
    is_scored = asked.task == "evaluate"
    pairs: Sequence[tuple[object, object]] = (
        (asked.task, spec.task),
        (asked.model.name, spec.model.name),
        (row.batch_size if is_scored else asked.fit.batch, _batch_of(spec)),
        *_values(asked.data, spec.data, _OF_CHECKPOINT if is_scored else _OF_DATA),
        *_values(asked.placement, spec.placement, _OF_PLACEMENT),
    )
    return all(wanted in _UNDECIDED or wanted == seen for wanted, seen in pairs)


def _batch_of(spec: RunSpec) -> int:
    return spec.fit.eval_batch_size if spec.task == "evaluate" else spec.fit.batch


def _values(asked: object, seen: object, fields: Iterable[str]) -> list[tuple[object, object]]:
    return [(getattr(asked, field), getattr(seen, field)) for field in fields]


def declared_cases(rows: Sequence[Row], specs: Iterable[RunSpec]) -> dict[str, str]:
    """By case the rows' own names, empty where they have none, of all runs that they mean.

    A row that means none of them stands by its title, so that it is missed.
    """
    runs = {case(spec): spec for spec in specs}
    cases: dict[str, str] = {}
    for row in rows:
        meant = [name for name, spec in runs.items() if is_of(spec, row)]
        cases |= dict.fromkeys(meant, row.name) if meant else {row.title: row.name}
    return cases
