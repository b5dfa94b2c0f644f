"""What was found in a data set: the report of `data show`, and the sources that `data` lists. No torch."""

import msgspec

from benchbox.plan.spec import DataSpec


class InspectRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Which pictures shall be looked at; `root` is the `dataset/` folder, `sheet` a PNG to write, or empty."""

    data: DataSpec = DataSpec()
    root: str = "dataset"
    sheet: str = ""


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """How many pictures are of one kind."""

    name: str
    count: int


class PictureReport(msgspec.Struct, frozen=True, kw_only=True):
    """What lies in a data set, bad files included.

    `classes` are in natural order, the other counts by frequency. `duplicates` are groups of names with the same
    pixels. `bad` says for each file that is no picture why. `split` is the rule that a run would use; `train`,
    `test`, `validation` and `twins` (held-out pictures whose pixels are also on another side) are what comes of
    it, 0 where `problem` says why nothing does. `views` counts the different view numbers, 0 where names carry
    none. `sheet` is the contact sheet's path.
    """

    source: str
    title: str
    digest: str
    classes: tuple[Count, ...]
    sizes: tuple[Count, ...]
    modes: tuple[Count, ...]
    formats: tuple[Count, ...]
    bytes: int
    views: int = 0
    duplicates: tuple[tuple[str, ...], ...] = ()
    bad: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    split: str = "random"
    train: int = 0
    test: int = 0
    validation: int = 0
    twins: int = 0
    problem: str = ""
    sheet: str = ""

    @property
    def pictures(self) -> int:
        """All picture files, bad ones included."""
        return sum(kind.count for kind in self.classes)


class KnownSource(msgspec.Struct, frozen=True, kw_only=True):
    """A data set that has a name; `state` says whether it is here, `hint` how to get it."""

    name: str
    meaning: str
    state: str
    hint: str = ""
    is_default: bool = False
