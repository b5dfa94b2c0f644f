"""Sides of a split that lie in folders of their own: train/ and test/, or val/. Reads no file."""

from pathlib import PurePosixPath
from typing import Literal

from benchbox.errors import DataError

Side = Literal["train", "test", "validation"]

SIDE_FOLDERS: dict[str, Side] = {
    "train": "train",
    "training": "train",
    "test": "test",
    "testing": "test",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
}
_ALLOWED = "train/ with test/ or val/ beside it, or all three, each with one folder a class"
_MOST_NAMED = 5


def tell_sides(names: list[str]) -> list[Side]:
    """The side of every path, by its first folder, whatever its case.

    Beside test/, val/ is the validation side; without test/ it is the held-out one, as in Imagenette. Raises
    DataError where a first folder is no side, two are one and the same, or the training or held-out side is
    missing.
    """
    tops = sorted({PurePosixPath(name).parts[0] for name in names})
    sides = {top: SIDE_FOLDERS[top.lower()] for top in tops if top.lower() in SIDE_FOLDERS}
    strangers = [top for top in tops if top not in sides]
    if strangers:
        raise _refusal(f"{_some(strangers)} {'is' if len(strangers) == 1 else 'are'} no side of a split")
    given = list(sides.values())
    for side in given:
        if given.count(side) > 1:
            same = [top for top in tops if sides[top] == side]
            raise _refusal(f"{_some(same)} are one and the same side")
    if "train" not in given:
        raise _refusal(f"there is no folder to train on, only {_some(tops)}")
    if given == ["train"]:
        raise _refusal(f"there is no folder to hold out, only {_some(tops)}")
    if "test" not in given:
        sides = {top: "test" if side == "validation" else side for top, side in sides.items()}
    return [sides[PurePosixPath(name).parts[0]] for name in names]


def below_side(name: str) -> str:
    """A path without its first folder."""
    return name.split("/", maxsplit=1)[-1]


def _some(tops: list[str]) -> str:
    more = f" and {len(tops) - _MOST_NAMED:,} more" if len(tops) > _MOST_NAMED else ""
    return ", ".join(tops[:_MOST_NAMED]) + more


def _refusal(what: str) -> DataError:
    return DataError(
        f"--split folders: {what}",
        allowed=_ALLOWED,
        hint="rename or move the folders, or let benchbox hold pictures out with --split random",
    )
