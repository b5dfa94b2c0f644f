"""What a file's name says: its class, its view, and its place in the order that people expect.

A label comes from the name alone, never from a position in a listing. Nothing here reads a file.
"""

import re
from collections.abc import Container
from pathlib import PurePosixPath

from benchbox.data.sides import SIDE_FOLDERS
from benchbox.errors import DataError

_NUMBERED = re.compile(r"(?P<label>.+)__(?P<view>[0-9]+)")
_DIGITS = re.compile(r"([0-9]+)")


def natural_key(text: str) -> tuple[object, ...]:
    """A sorting key by which obj2 comes before obj10; equal only for equal texts."""
    parts = _DIGITS.split(text)  # words at even places, digits at odd ones
    return tuple(int(part) if place % 2 else part for place, part in enumerate(parts)), text


def order_key(name: str, label: str) -> tuple[object, ...]:
    """The order of pictures: by class, then file name, then path; the same for a folder and its archive."""
    return natural_key(label), natural_key(PurePosixPath(name).name), natural_key(name)


def view_of(name: str) -> int | None:
    """The number behind the last `__` of a file's name, None where it has none."""
    match = _NUMBERED.fullmatch(PurePosixPath(name).stem)
    return int(match["view"]) if match else None


def label_by_name(name: str) -> str:
    """The class in a name like `obj12__5.png`: obj12. Raises DataError for a name of another form."""
    match = _NUMBERED.fullmatch(PurePosixPath(name).stem)
    if match is None:
        raise DataError(
            f"{name} does not say its class",
            allowed="files named label__number.ext (obj12__5.png), or one folder a class, two classes or more",
            hint="rename it, or move it into a folder named after its class",
        )
    return match["label"]


def label_by_folder(name: str) -> str:
    """The class of a file in one folder a class: the first folder of its path."""
    return PurePosixPath(name).parts[0]


def without_wrapper(names: list[str], *, keep: Container[str] = ()) -> list[str]:
    """Names without the folders that hold all of them, as archives often have; the order is kept.

    A folder whose name, in lower case, is in `keep` is no wrapper.
    """
    split = [PurePosixPath(name).parts for name in names]
    while split and all(len(p) > 1 and p[0] == split[0][0] for p in split) and split[0][0].lower() not in keep:
        split = [parts[1:] for parts in split]
    return ["/".join(parts) for parts in split]


def label_names(names: list[str]) -> list[str]:
    """A class for every path, by its first folder where there are folders, else by its name.

    Raises DataError where some pictures lie in folders and others beside these, or the folders are sides.
    """
    _refuse_sides(names)
    nested = [name for name in names if "/" in name]
    if not nested:
        return [label_by_name(name) for name in names]
    if len(nested) < len(names):
        loose = next(name for name in names if "/" not in name)
        raise DataError(
            f"{loose} lies beside class folders such as {label_by_folder(nested[0])}/",
            allowed="one folder a class, or all files in one folder with names like label__number.ext",
            hint="move it into the folder of its class",
        )
    return [label_by_folder(name) for name in names]


def are_sides(names: list[str]) -> bool:
    """Whether the first folders are sides of a split, and classes come below them or in the files' names."""
    tops = {PurePosixPath(name).parts[0].lower() for name in names}
    has_classes = all(name.count("/") >= 2 or ("/" in name and view_of(name) is not None) for name in names)
    return bool(tops) and tops <= SIDE_FOLDERS.keys() and has_classes


def _refuse_sides(names: list[str]) -> None:
    if are_sides(names):
        tops = {PurePosixPath(name).parts[0] for name in names}
        raise DataError(
            f"the folders {', '.join(sorted(tops))} are sides of a split, not classes",
            allowed="one folder a class, or the sides with --split folders",
            hint=f"add --split folders, or give the folder {sorted(tops)[0]} alone",
        )
