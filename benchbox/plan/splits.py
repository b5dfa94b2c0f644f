"""Which pictures are held out, as a person types it: random, views:K, sector:D or folders."""

import re
from dataclasses import dataclass
from typing import Literal, cast, get_args

from benchbox.errors import SpecError

SplitKind = Literal["random", "views", "sector", "folders"]
ALLOWED = "random, views:K (train on K views of each object), sector:D (hold out D degrees) or folders"
_NUMBERED: tuple[SplitKind, ...] = ("views", "sector")
_TURN = 360  # degrees


@dataclass(frozen=True, kw_only=True)
class SplitRule:
    """A rule and its number: views of each object to train on, or degrees to hold out; 0 for the others."""

    kind: SplitKind
    number: int = 0


def parse_split(text: str) -> SplitRule:
    """The rule in a text such as `views:8`. Raises SpecError for anything else.

    A rule has one spelling, since specs are compared by their texts.
    """
    kind, has_number, number = text.partition(":")
    is_numbered = kind in _NUMBERED
    if kind not in get_args(SplitKind) or is_numbered != bool(has_number):
        raise SpecError.of("data.split", text, allowed=ALLOWED)
    if is_numbered and not re.fullmatch("[1-9][0-9]{0,8}", number):
        raise SpecError.of("data.split", text, allowed=f"{kind}: and a whole number from 1")
    if kind == "sector" and int(number) >= _TURN:
        raise SpecError.of("data.split", text, allowed=f"sector: and less than the {_TURN} degrees of a turn")
    return SplitRule(kind=cast(SplitKind, kind), number=int(number) if is_numbered else 0)
