"""From the name of a data set, a folder or a zip to labelled picture files. No torch, no decoding."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchbox.data.labels import (
    are_sides,
    label_by_name,
    label_names,
    natural_key,
    order_key,
    view_of,
    without_wrapper,
)
from benchbox.data.listing import SUFFIXES, Found, is_zip, list_place
from benchbox.data.sides import SIDE_FOLDERS, Side, below_side, tell_sides
from benchbox.errors import DataError

Kind = Literal["coil20", "turntable", "folder", "zip"]
Sides = Literal["asked", "refused", "either"]

ROOT = Path("dataset")
COIL20, TURNTABLE = "coil20", "turntable"
COIL20_ZIP = "coil-20-proc.zip"
COIL20_PICTURES, COIL20_OBJECTS = 1440, 20
_ALLOWED = "coil20, turntable, a folder or a zip"


@dataclass(frozen=True, kw_only=True)
class Item:
    """One picture file. `name` is its path below the data set, `location` where a reader finds it.

    `side` is the side of a split that its folder gives, None where sides were not asked for.
    """

    name: str
    label: str
    view: int | None
    side: Side | None = None
    location: str
    size: int
    stamp: int


@dataclass(frozen=True, kw_only=True)
class Source:
    """A data set as it lies on the disk: items by class and name in natural order, and what was left out."""

    kind: Kind
    title: str
    path: Path
    items: tuple[Item, ...]
    others: tuple[str, ...] = ()

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names in natural order: obj1, obj2, … obj10."""
        return tuple(sorted({item.label for item in self.items}, key=natural_key))

    @property
    def counts(self) -> Counter[str]:
        """Pictures by class."""
        return Counter(item.label for item in self.items)


def find_source(source: str, *, root: Path = ROOT, sides: Sides = "refused") -> Source:
    """The pictures behind `auto`, `coil20`, `turntable`, a folder or a zip; `root` is the `dataset/` folder.

    `sides` says what is expected of folders train/ and test/ above the classes. Raises DataError where that is not
    found, where there are no pictures, or their classes cannot be told.
    """
    kind = decide(source, root=root)
    if sides == "asked" and kind in (COIL20, TURNTABLE):
        raise DataError(
            f"--split folders: {kind} does not come in folders to train on and to hold out",
            allowed="random, views:K or sector:D for these pictures",
        )
    if kind == "coil20":
        return _coil20(root)
    if kind == "turntable":
        return _turntable(root)
    return _any_place(Path(source).expanduser(), kind, sides=sides)


def decide(source: str, *, root: Path = ROOT) -> Kind:
    """Which kind of source is meant; `auto` is coil20 where it is present, else turntable.

    Raises DataError for what is neither a known name nor a folder nor a zip.
    """
    if source == "auto":
        return "coil20" if has_coil20(root) else "turntable"
    if source in (COIL20, TURNTABLE):
        return "coil20" if source == COIL20 else "turntable"
    path = Path(source).expanduser()
    if path.is_dir():
        return "folder"
    if is_zip(path):
        return "zip"
    what = f"{source} is a file, but no zip" if path.exists() else f"there is no folder or zip {source!r}"
    raise DataError(what, allowed=_ALLOWED, hint="`benchbox data` lists what is here")


def has_coil20(root: Path) -> bool:
    """Whether `root`/coil20 holds pictures or an archive."""
    return _coil20_place(root) is not None


def _coil20_place(root: Path) -> Path | None:
    """The folder of loose pictures if there are any, else the official archive, else the only archive."""
    folder = root / COIL20
    if not folder.is_dir():
        return None
    if next((path for path in folder.rglob("*.png") if not path.name.startswith(".")), None) is not None:
        return folder
    archives = sorted(path for path in folder.iterdir() if is_zip(path))
    official = [path for path in archives if path.name == COIL20_ZIP]
    return next(iter(official or archives), None)


def _coil20(root: Path) -> Source:
    place = _coil20_place(root)
    if place is None:
        raise DataError(
            f"COIL-20 is not in {root / COIL20}",
            allowed=f"its pictures (obj1__0.png …) or {COIL20_ZIP}",
            hint="`benchbox data get coil20` fetches it; `--data turntable` needs no network",
        )
    return _named_pictures("coil20", f"COIL-20 ({root / COIL20})", place)


def _turntable(root: Path) -> Source:
    folder = root / TURNTABLE
    if not folder.is_dir():
        raise DataError(
            f"the turntable pictures are not in {folder}",
            hint="`benchbox data show turntable` renders them",
        )
    return _named_pictures("turntable", f"turntable ({folder})", folder)


def _named_pictures(kind: Kind, title: str, place: Path) -> Source:
    """Pictures whose class is in their name, whatever folders they lie in."""
    listing = list_place(place)
    names = without_wrapper([file.location for file in listing.pictures])
    items = [_item(file, name, label_by_name(name)) for file, name in zip(listing.pictures, names, strict=True)]
    # The archive may lie beside its unpacked pictures: it is no stray file.
    others = tuple(name for name in listing.others if not name.lower().endswith(".zip"))
    return Source(kind=kind, title=title, path=place, items=_in_order(items), others=others)


def _any_place(path: Path, kind: Kind, *, sides: Sides) -> Source:
    listing = list_place(path)
    if not listing.pictures:
        archive = next((name for name in listing.others if name.lower().endswith(".zip")), None)
        raise DataError(
            f"no pictures in {path}",
            allowed=f"files ending in {', '.join(SUFFIXES)}",
            hint=f"name the archive itself: {path / archive}"
            if archive
            else "put one folder a class into it, or files named label__number.png",
        )
    # Some programs on Windows write archives with their own separator.
    separator = "\\" if kind == "zip" else "/"
    locations = [file.location.replace(separator, "/") for file in listing.pictures]
    has_sides = sides == "asked" or (sides == "either" and are_sides(without_wrapper(locations)))
    items = (_items_by_side if has_sides else _items_by_class)(listing.pictures, locations)
    title = f"{path.resolve().name} ({path})"
    return Source(kind=kind, title=title, path=path, items=_in_order(items), others=listing.others)


def _items_by_class(files: tuple[Found, ...], locations: list[str]) -> list[Item]:
    names = without_wrapper(locations)
    return [_item(*each) for each in zip(files, names, label_names(names), strict=True)]


def _items_by_side(files: tuple[Found, ...], locations: list[str]) -> list[Item]:
    names = without_wrapper(locations, keep=SIDE_FOLDERS)
    sides = tell_sides(names)
    labels = label_names([below_side(name) for name in names])
    return [_item(*each) for each in zip(files, names, labels, sides, strict=True)]


def _item(file: Found, name: str, label: str, side: Side | None = None) -> Item:
    return Item(
        name=name,
        label=label,
        view=view_of(name),
        side=side,
        location=file.location,
        size=file.size,
        stamp=file.stamp,
    )


def _in_order(items: list[Item]) -> tuple[Item, ...]:
    return tuple(sorted(items, key=lambda item: order_key(item.name, item.label)))
