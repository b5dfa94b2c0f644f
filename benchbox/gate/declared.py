"""The rows that a project declares: what each of them asks for, and which runs that were made are meant by it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from benchbox.errors import SpecError
from benchbox.gate.verdict import Group
from benchbox.plan.catalogue import CATALOGUE, canonical
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
from benchbox.records.record import Record

# Where nobody says more: small enough for six networks to be gated while somebody waits, and as `eval` has it.
BATCH_SIZE, EVAL_BATCH_SIZE = 8, 64
# What is counted is the same on every machine and in every form, and so is the row that it stands in.
ANYWHERE = PlacementSpec(device="cpu", precision="fp32", threads=1, keeps_memory=False)

Gated = Literal["infer", "train_step", "evaluate"]

# What may be left for the machine and the pictures to decide, and is then no ground to tell two rows apart.
_UNDECIDED = ("auto", None)
_OF_DATA = ("source", "image_size", "channels", "fit_mode", "split", "split_seed")
# All else of the pictures is the checkpoint's own.
_OF_CHECKPOINT = ("source",)
# Nothing else of the pictures is counted.
_OF_COUNTS = ("image_size", "channels")
_OF_PLACEMENT = ("precision", "memory_format", "compile", "threads")


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

    @property
    def is_scored(self) -> bool:
        """Whether weights are evaluated, and no network is timed."""
        return self.checkpoint is not None


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


def is_of(spec: RunSpec, row: Row, *, is_count: bool = False) -> bool:
    """Whether a run that was made is what a row asks for, whatever was decided that the row left open.

    A run that `is_count` stands for all places and pictures of its network.
    """
    asked = spec_of(row)
    of_data = _OF_CHECKPOINT if row.is_scored else _OF_COUNTS if is_count else _OF_DATA
    places = [] if is_count else _placements(asked.placement, spec)
    pairs: Sequence[tuple[object, object]] = (
        (asked.task, spec.task),
        (asked.model.name, spec.model.name),
        (row.batch_size if row.is_scored else asked.fit.batch, _batch_of(spec)),
        *_values(asked.data, spec.data, of_data),
        *places,
    )
    return all(wanted in _UNDECIDED or wanted == seen for wanted, seen in pairs)


def _batch_of(spec: RunSpec) -> int:
    return spec.fit.eval_batch_size if spec.task == "evaluate" else spec.fit.batch


def _placements(asked: PlacementSpec, spec: RunSpec) -> list[tuple[object, object]]:
    """`cuda` means any of its devices; a network that has one form of its convolutions always ran in that."""
    seen = spec.placement
    device = seen.device if ":" in asked.device else seen.device.partition(":")[0]
    own = CATALOGUE.get(spec.model.name)
    forms = ("convolution",) if own is None or own.has_fast_convolution else ()
    return [(asked.device, device), *_values(asked, seen, (*_OF_PLACEMENT, *forms))]


def _values(asked: object, seen: object, fields: Iterable[str]) -> list[tuple[object, object]]:
    return [(getattr(asked, field), getattr(seen, field)) for field in fields]


def is_count(record: Record) -> bool:
    """Whether a record holds what was counted of a network, and nothing of a machine."""
    return record.fingerprint is None and record.spec.placement == ANYWHERE


@dataclass(frozen=True, kw_only=True)
class Declared:
    """A declared row with the cases of the runs that it means.

    One that means none stands by a word that is no run's case or name, so that it is missed: `is_found` is False.
    """

    row: Row
    cases: tuple[str, ...]
    is_found: bool

    @property
    def name(self) -> str:
        """What it is to be called: by its own name, empty where the runs' names will do."""
        return self.row.name if self.is_found else self.row.title


def find_declared(
    rows: Sequence[Row], specs: Iterable[RunSpec], *, counts: Collection[str] = ()
) -> tuple[Declared, ...]:
    """Which of these runs each row means. `counts` are the cases of those that are counts."""
    runs = {case(spec): spec for spec in specs}
    found = []
    for number, row in enumerate(rows, start=1):
        meant = tuple(name for name, spec in runs.items() if is_of(spec, row, is_count=name in counts))
        cases = meant or (f"declared row {number}: {row.title}",)
        found.append(Declared(row=row, cases=cases, is_found=bool(meant)))
    return tuple(found)


def declared_cases(found: Iterable[Declared]) -> dict[str, str]:
    """The names of declared rows by their cases, of which several may mean the same."""
    names: dict[str, str] = {}
    for each in found:
        names |= {name: names.get(name) or each.name for name in each.cases}
    return names


def is_asked(groups: Collection[Group], *, is_scored: bool) -> bool:
    """Whether one of these groups of metrics is measured of a row: of weights to be scored, or of any other."""
    return "accuracy" in groups if is_scored else any(group != "accuracy" for group in groups)


def unasked_cases(found: Iterable[Declared], groups: Collection[Group]) -> tuple[str, ...]:
    """The cases of declared rows that these groups of metrics say nothing of.

    The sizes of weights that were scored are known as well: where sizes are gated such a row counts if it is there.
    """
    return tuple(
        name
        for each in found
        if not is_asked(groups, is_scored=each.row.is_scored) and not ("exact" in groups and each.is_found)
        for name in each.cases
    )
