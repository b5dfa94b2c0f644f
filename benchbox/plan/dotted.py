"""The plain values in a struct and the structs within by their dotted names, and what tells two of them apart."""

from collections.abc import Collection, Iterator, Mapping

import msgspec


def dotted(value: msgspec.Struct, *, aside: Collection[str] = (), prefix: str = "") -> dict[str, object]:
    """The plain values by their dotted names, such as `fit.lr`, but those `aside`."""
    found: dict[str, object] = {}
    for field in value.__struct_fields__:
        name, inner = f"{prefix}{field}", getattr(value, field)
        if name in aside:
            continue
        if isinstance(inner, msgspec.Struct):
            found |= dotted(inner, aside=aside, prefix=f"{name}.")
        else:
            found[name] = inner
    return found


def differences(old: Mapping[str, object], new: Mapping[str, object]) -> Iterator[str]:
    """What differs, in words, in the order of the names: `fit.lr was 0.1 and is 0.2 now`."""
    for name in dict.fromkeys((*old, *new)):
        if old.get(name) != new.get(name):
            yield in_words(name, old.get(name), new.get(name))


def in_words(name: str, old: object, new: object) -> str:
    """One difference as a clause."""
    return f"{name} was {old!r} and is {new!r} now"
