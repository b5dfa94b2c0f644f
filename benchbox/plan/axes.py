"""Factors: the fields of a spec that can be varied, their values, and how several of them cross."""

import difflib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from benchbox.errors import SpecError
from benchbox.plan.spec import RunSpec, Spec, TimingSpec

SpecType = TypeVar("SpecType", bound=Spec)

# What a short name varies when --values is not given.
USUAL_VALUES: dict[str, tuple[str, ...]] = {
    "model.activation": ("sigmoid", "relu"),
    "model.dropout": ("0", "0.5"),
    "model.init": ("default", "suited"),
    "fit.recipe": ("plain", "own"),
    "fit.optimizer": ("adamw", "sgd"),
    "fit.schedule": ("constant", "one_cycle"),
    "fit.lr": ("0.0001", "0.001", "0.01"),
    "fit.augment": ("none", "light", "standard"),
    "fit.label_smoothing": ("0", "0.1"),
    "placement.precision": ("fp32", "bf16"),
    "placement.memory_format": ("contiguous", "channels_last"),
    "placement.compile": ("false", "true"),
    "placement.fused": ("false", "true"),
    "placement.convolution": ("direct", "fast"),
    "placement.keeps_memory": ("false", "true"),
    "placement.feed": ("loader", "gather"),
}

# By what a grid of learning rates multiplies the recipe's. A factor of ten apart, since what suits a sigmoid and
# what suits a ReLU may lie as far from one another; three, since each costs all arms and seeds once more.
USUAL_RATES = (0.1, 1.0, 10.0)
LR = "fit.lr"

# These are what a comparison is made of, not what it varies.
_FIXED = ("task", "checkpoint", "model.name", "data.source", "data.part", "seed", "repeat")


_SETTING_WORDS = {
    "fit.batch_size": "batch {}",
    "data.image_size": "{} px",
    "placement.threads": "threads {}",
}


@dataclass(frozen=True, kw_only=True)
class Factor:
    """One dotted field and the values that it takes, already of the field's type."""

    field: str
    values: tuple[object, ...]


def fields(kind: type[Spec] = RunSpec, prefix: str = "") -> Iterator[str]:
    """The dotted names of all fields of a spec that hold a plain value."""
    for field in msgspec.structs.fields(kind):
        if field.type is TimingSpec:
            continue  # how long is measured, not what
        if isinstance(field.type, type) and issubclass(field.type, Spec):
            yield from fields(field.type, f"{prefix}{field.name}.")
        elif f"{prefix}{field.name}" not in _FIXED:
            yield f"{prefix}{field.name}"


def find_field(name: str) -> str:
    """The dotted field that a short name such as `memory-format` means.

    Raises SpecError for an unknown one, with the nearest.
    """
    known = {field.split(".")[-1]: field for field in fields()} | {field: field for field in fields()}
    plain = name.replace("-", "_")
    if plain in known:
        return known[plain]
    nearest = difflib.get_close_matches(plain, known, n=1)
    short = ", ".join(field.split(".")[-1].replace("_", "-") for field in fields())
    hint = f"did you mean {nearest[0].replace('_', '-')}?" if nearest else ""
    raise SpecError.of("factor", name, allowed=f"speed, {short}", hint=hint)


def make_factor(name: str, values: Sequence[str] = ()) -> Factor:
    """A factor from texts. Raises SpecError for an unknown field or a value that is not of its type."""
    field = find_field(name)
    texts = tuple(values) or USUAL_VALUES.get(field, ())
    if not texts:
        raise SpecError.of(f"values of {name}", "none", allowed=f"--values A,B,… of {name}")
    parsed = tuple(parse(field, text) for text in texts)
    if len(set(parsed)) < len(parsed):
        raise SpecError.of(f"values of {name}", ",".join(texts), allowed="each value once")
    return Factor(field=field, values=parsed)


def make_rates(given: Sequence[float], usual: float) -> Factor:
    """The learning rates of a grid, ascending: the given ones, or for none the usual ones around a recipe's."""
    # Products of decimals are rounded back to decimals: 0.0003 × 0.1 is 0.00003.
    rates = given or [float(f"{usual * times:.6g}") for times in USUAL_RATES]
    return Factor(field=LR, values=tuple(sorted(rates)))


def parse(field: str, text: str) -> object:
    """A text as a value of a dotted field's type. Raises SpecError naming what the type allows."""
    kind = _type_of(field)
    try:
        return msgspec.convert(text, kind, strict=False)
    except msgspec.ValidationError as error:
        raise SpecError.of(field, text, allowed=_allowed(kind), hint="") from error


def vary(spec: RunSpec, field: str, value: object) -> RunSpec:
    """The spec with one dotted field changed, and checked again."""
    part, _, leaf = field.rpartition(".")
    if not part:
        return _replaced(spec, {leaf: value})
    return _replaced(spec, {part: _replaced(getattr(spec, part), {leaf: value})})


def value_of(spec: RunSpec, field: str) -> object:
    """The value of a dotted field."""
    found: object = spec
    for name in field.split("."):
        found = getattr(found, name)
    return found


def setting_words(spec: RunSpec, fields: Sequence[str]) -> list[str]:
    """The values of some fields as words that tell runs apart: `batch 8`, `fp32`, `128 px`."""
    return [_setting_word(field, value_of(spec, field)) for field in fields]


def _setting_word(field: str, value: object) -> str:
    if field == "placement.compile":
        return "compiled" if value else "eager"
    return _SETTING_WORDS.get(field, "{}").format(value)


def cross(spec: RunSpec, factors: Sequence[Factor]) -> list[RunSpec]:
    """All combinations of the factors' values, the last factor varying fastest."""
    crossed = []
    for values in itertools.product(*(factor.values for factor in factors)):
        varied = spec
        for factor, value in zip(factors, values, strict=True):
            varied = vary(varied, factor.field, value)
        crossed.append(varied)
    return crossed


def _replaced(spec: SpecType, changes: Mapping[str, object]) -> SpecType:
    return msgspec.structs.replace(spec, **changes)


def _type_of(field: str) -> Any:
    kind: Any = RunSpec
    for name in field.split("."):
        kind = next(part.type for part in msgspec.structs.fields(kind) if part.name == name)
    return kind


def _allowed(kind: Any) -> str:
    described = msgspec.inspect.type_info(kind)
    if isinstance(described, msgspec.inspect.LiteralType):
        return ", ".join(str(value) for value in described.values)
    if isinstance(described, msgspec.inspect.UnionType):
        kind = " or ".join(type(part).__name__.removesuffix("Type").lower() for part in described.types)
        return str(kind)
    return type(described).__name__.removesuffix("Type").lower()
