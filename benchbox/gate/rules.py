"""What a gate is to hold its rows to: margins, which metrics count, which rows there must be, what was accepted."""

from datetime import date
from math import inf

import msgspec

from benchbox.errors import SpecError
from benchbox.gate.naming import is_meant
from benchbox.gate.verdict import GROUPS, METRICS, Group

# The margin is about half of the slowdown that shall be found: `default` aims at 5 %, `shared` at 10 %.
PRESETS: dict[str, float] = {"strict": 0.015, "default": 0.025, "shared": 0.05}

# Shares of the held-out pictures: of the same weights, and of networks that were trained.
ACCURACY_MARGIN = 0.005
TRAINED_MARGIN = 0.01
# Two pictures are within chance, however few there are.
LEAST_PICTURES = 2
# Fewer seeds than these do not tell one training from another.
LEAST_SEEDS = 5

# By this word a time is accepted that is too good to be true.
IMPLAUSIBLE = "implausible"
ACCEPTABLE_METRICS = (*GROUPS, *METRICS, IMPLAUSIBLE)


class Accepted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A regression that somebody answered for: `metric` of the rows that match `row` may be up to `bound` worse.

    `metric` is a group, one metric of it, or `implausible` for a time that is too good to be true, which is then
    accepted whatever the bound. `bound` is a ratio less 1 (0.08 for 8 % slower or larger), for accuracy a share.
    `expires` is the last day, as 2026-12-31 and in UTC, on which it holds.
    """

    row: str
    metric: str
    bound: float
    reason: str
    expires: str

    def __post_init__(self) -> None:
        """Raises SpecError for what would accept nothing, or everything, or for no reason."""
        if self.metric not in ACCEPTABLE_METRICS:
            raise SpecError.of("accepted.metric", self.metric, allowed=", ".join(ACCEPTABLE_METRICS))
        if not 0 < self.bound < inf:
            allowed = "a ratio less 1, or a share of accuracy: more than 0, finite, such as 0.08"
            raise SpecError.of("accepted.bound", self.bound, allowed=allowed)
        if not self.reason.strip():
            raise SpecError.of("accepted.reason", self.reason, allowed="why it is accepted, in a few words")
        try:
            date.fromisoformat(self.expires)
        except ValueError as error:
            allowed = "its last day, such as 2026-12-31"
            raise SpecError.of("accepted.expires", self.expires, allowed=allowed) from error


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """All that a comparison is told besides the records.

    `margin` is that of time, as a ratio less 1; `margins` are others, by a glob over rows' cases or names, of which
    the last that matches counts. `groups` are gated; those of them that the user `chosen` must be had by a row.
    `declared` are the rows that there must be, by case or name; empty for those of the base. `names` are those of
    rows for people, by case. `removed` may be missing in new; `renamed` are new names by old ones. `skipped` are
    globs of rows that the user left out. `today` is a date in UTC as 2026-11-24.
    """

    preset: str = "default"
    margin: float = PRESETS["default"]
    margins: dict[str, float] = {}
    groups: tuple[Group, ...] = ("exact", "time", "memory", "accuracy")
    chosen: tuple[Group, ...] = ()
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
        for groups in (self.groups, self.chosen):
            if set(groups) - set(GROUPS) or len(set(groups)) < len(groups):
                raise SpecError.of("metrics", ",".join(groups), allowed=f"some of {', '.join(GROUPS)}, each once")
        if not self.groups:
            raise SpecError.of("metrics", "none", allowed=", ".join(GROUPS))

    @property
    def asked(self) -> tuple[Group, ...]:
        """The groups that every row of their kind must have in the base; none where all were left to be gated."""
        return self.groups if self.chosen or set(self.groups) != set(GROUPS) else ()

    @property
    def promised(self) -> tuple[Group, ...]:
        """The groups that some row must have, since the user named them."""
        return tuple(group for group in self.groups if group in self.chosen)

    def margin_of(self, case: str, row: str) -> float:
        """The margin of a row's time, as a ratio less 1."""
        fitting = [margin for glob, margin in self.margins.items() if is_meant(case, row, by=(glob,))]
        return fitting[-1] if fitting else self.margin
