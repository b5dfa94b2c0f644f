"""What a row is called for people, and which rows are meant by a word of the settings."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from types import MappingProxyType

from benchbox.plan.catalogue import CATALOGUE
from benchbox.plan.spec import RunSpec


def row_name(spec: RunSpec) -> str:
    """A row for people: network, task, batch and side of the pictures, and what differs from the usual.

    `resnet50 infer b8@128` runs in fp32 on a CPU.
    """
    batch = spec.fit.eval_batch_size if spec.task == "evaluate" else spec.fit.batch
    return " ".join([spec.model.name, spec.task, f"b{batch}@{spec.data.image_size}", *_unusual(spec)])


def _unusual(spec: RunSpec) -> Iterator[str]:
    model, data, place = spec.model, spec.data, spec.placement
    own = CATALOGUE.get(model.name)
    settings = (
        (place.device, place.device == "cpu"),
        (place.precision, place.precision == "fp32"),
        (place.memory_format, place.memory_format == "channels_last"),
        ("compiled", not place.compile),
        (f"{place.convolution} convolution", place.convolution == "direct"),
        (f"{data.channels} channels", data.channels == 1),
        (str(model.activation), own is None or model.activation in (None, own.activation)),
        (f"dropout {model.dropout}", own is None or model.dropout in (None, own.dropout)),
        (data.split, data.split == "random"),
        (f"on {data.part}", data.part == "test"),
    )
    return (words for words, is_usual in settings if not is_usual)


def names_of(specs: Mapping[str, RunSpec], *, given: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    """A name for each case of these specs: the one that is `given`, else by its settings.

    Names that several would share end in the hash of their case.
    """
    names = {case: given.get(case) or row_name(spec) for case, spec in specs.items()}
    shared = Counter(names.values())
    return {
        case: name if shared[name] == 1 else f"{name} #{case.rpartition('/')[2]}" for case, name in names.items()
    }


def is_meant(case: str, name: str, *, by: Iterable[str]) -> bool:
    """Whether one of some words is this row: its case, its name, or a glob that fits one of them."""
    return any(word in (case, name) or fnmatchcase(case, word) or fnmatchcase(name, word) for word in by)
