"""What a gate is to hold its rows to: margins, which metrics count, which rows there must be, what was accepted."""

from fnmatch import fnmatchcase

import msgspec

from benchbox.errors import SpecError
from benchbox.gate.verdict import GROUPS, Group

# The margin is about half of the slowdown that shall be found: `default` aims at 5 %, `shared` at 10 %.
PRESETS: dict[str, float] = {"strict": 0.015, "default": 0.025, "shared": 0.05}

# Shares of the held-out pictures: of the same weights, and of networks that were trained.
ACCURACY_MARGIN = 0.005
TRAINED_MARGIN = 0.01
# Two pictures are within chance, however few there are.
LEAST_PICTURES = 2
# Fewer seeds than these do not tell one training from another.
LEAST_SEEDS = 5


class Accepted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A regression that somebody answered for: `metric` of the rows that match `row` may be up to `bound` worse.

    `bound` is a ratio less 1 (0.08 for 8 % slower or larger), for accuracy a share. `expires` is the last day, as
    2026-12-31, on which it holds.
    """

    row: str
    metric: str
    bound: float
    reason: str
    expires: str


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """All that a comparison is told besides the records.

    `margin` is that of time, as a ratio less 1; `margins` are others, by a glob over rows' cases or names, of which
    the last that matches counts. `declared` are the rows that there must be, by case or name; empty for those of
    the base. `names` are those of rows for people, by case. `removed` may be missing in new; `renamed` are new
    names by old ones. `skipped` are globs of rows that the user left out. `today` is a date as 2026-11-24.
    """

    preset: str = "default"
    margin: float = PRESETS["default"]
    margins: dict[str, float] = {}
    groups: tuple[Group, ...] = ("exact", "time", "memory", "accuracy")
    declared: tuple[str, ...] = ()
    names: dict[str, str] = {}
    removed: tuple[str, ...] = ()
    renamed: dict[str, str] = {}
    skipped: tuple[str, ...] = ()
    accepted: tuple[Accepted, ...] = ()
    accuracy_margin: float = ACCURACY_MARGIN
    trained_margin: float = TRAINED_MARGIN
    today: str = ""

    def __post_init__(self) -> None:
        for margin in (self.margin, *self.margins.values(), self.accuracy_margin, self.trained_margin):
            if not 0 < margin < 1:
                raise SpecError.of("margin", margin, allowed="a ratio between 0 and 1, such as 0.025")
        if not self.groups or set(self.groups) - set(GROUPS):
            raise SpecError.of("metrics", ",".join(self.groups), allowed=", ".join(GROUPS))

    @property
    def asked(self) -> tuple[Group, ...]:
        """The groups that were chosen, so that the base must have them; none where all were left to be gated."""
        return () if set(self.groups) == set(GROUPS) else self.groups

    def margin_of(self, case: str, row: str) -> float:
        """The margin of a row's time, as a ratio less 1."""
        fitting = [
            margin for glob, margin in self.margins.items() if fnmatchcase(case, glob) or fnmatchcase(row, glob)
        ]
        return fitting[-1] if fitting else self.margin
