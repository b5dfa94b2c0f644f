"""Which pictures are trained on, held out or set aside, by the rule of a spec. No torch, and no pixels.

What cannot be divided is so known before anything is decoded.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import gcd

from benchbox.data.drawing import choose
from benchbox.data.sides import Side
from benchbox.errors import DataError
from benchbox.plan.spec import DataSpec
from benchbox.plan.splits import SplitKind

_TURN = 360  # degrees
_BY_CHANCE = "use --split random, which needs no views"


@dataclass(frozen=True, kw_only=True)
class Member:
    """A picture as a split sees it: its path, its class, its view number, and the side that its folder gives."""

    name: str
    label: str
    view: int | None
    side: Side | None


def divide(members: Sequence[Member], spec: DataSpec) -> list[Side]:
    """The side of every picture; all are of the training side where the spec asks for all of them.

    Every class has a picture or more on each side. Raises DataError, naming the class or the picture, where the
    rule cannot give that.
    """
    if spec.part == "all":
        return ["train"] * len(members)
    return _set_aside(members, _RULES[spec.rule.kind](members, spec), spec)


def _by_chance(members: Sequence[Member], spec: DataSpec) -> list[Side]:
    names, labels = [member.name for member in members], [member.label for member in members]
    held = set(choose(names, labels, fraction=spec.test_fraction, seed=spec.split_seed))
    return ["test" if place in held else "train" for place in range(len(members))]


def _by_views(members: Sequence[Member], spec: DataSpec) -> list[Side]:
    """Every object's same K views, evenly spaced, to train on; the seed says with which of them to begin."""
    ranks, views = _turn_of(members, spec)
    kept = spec.rule.number
    if views % kept or kept == views:
        divisors = ", ".join(str(number) for number in range(1, views) if views % number == 0)
        raise DataError(
            f"--split {spec.split}: there are {views:,} views of each object",
            allowed=f"views: and a smaller number that divides them evenly: {divisors}",
        )
    step = views // kept
    return ["train" if rank % step == spec.split_seed % step else "test" for rank in ranks]


def _by_sector(members: Sequence[Member], spec: DataSpec) -> list[Side]:
    """The same D degrees of every object's turn held out; the next seed holds out the next D degrees."""
    ranks, views = _turn_of(members, spec)
    width, rest = divmod(spec.rule.number * views, _TURN)
    if rest:
        least = _TURN // gcd(_TURN, views)
        raise DataError(
            f"--split {spec.split}: {views} views of each object are {_TURN / views:g}° apart, and no sector of "
            f"{spec.rule.number}° holds a whole number of them",
            allowed=f"sector: and a multiple of {least} below {_TURN}" if least < _TURN else "random or views:K",
        )
    first = spec.split_seed * width
    return ["test" if (rank - first) % views < width else "train" for rank in ranks]


def _by_folders(members: Sequence[Member], spec: DataSpec) -> list[Side]:
    """The sides as the folders give them."""
    sides = [member.side for member in members if member.side is not None]
    assert len(sides) == len(members), "a source read for its folders gives every picture a side"
    seen = {(member.label, member.side) for member in members}
    for label in dict.fromkeys(member.label for member in members):
        for side in dict.fromkeys(sides):
            if (label, side) not in seen:
                raise DataError(
                    f"--split {spec.split}: class {label!r} has no picture on the {_SPOKEN[side]} side",
                    allowed="every class on every side",
                    hint="add pictures of it there, or take the class away from the other folders",
                )
    return sides


_SPOKEN: dict[Side, str] = {"train": "training", "test": "held-out", "validation": "validation"}

_RULES: dict[SplitKind, Callable[[Sequence[Member], DataSpec], list[Side]]] = {
    "random": _by_chance,
    "views": _by_views,
    "sector": _by_sector,
    "folders": _by_folders,
}


def _turn_of(members: Sequence[Member], spec: DataSpec) -> tuple[list[int], int]:
    """For each picture the place of its view in the turn, and how many views a turn has.

    Raises DataError unless every class has the same views, each once and at even steps.
    """
    turns: dict[str, set[int]] = {}
    for member in members:
        seen = turns.setdefault(member.label, set())
        if member.view is None:
            raise _no_turn(spec, f"the name {member.name} carries no view number")
        if member.view in seen:
            raise _no_turn(spec, f"class {member.label!r} has view {member.view} more than once ({member.name})")
        seen.add(member.view)
    views = sorted(_common_views(turns, spec))
    uneven = [two for one, two in pairwise(views) if two - one != views[1] - views[0]]
    if uneven:
        raise _no_turn(spec, f"the view numbers are not at even steps at {uneven[0]}")
    places = {view: place for place, view in enumerate(views)}
    return [places[member.view] for member in members if member.view is not None], len(views)


def _common_views(turns: dict[str, set[int]], spec: DataSpec) -> set[int]:
    """The view numbers that all classes have. Raises DataError for a class that has others."""
    (first, wanted), *others = turns.items()
    for label, views in others:
        if len(views) != len(wanted):
            raise _no_turn(
                spec, f"class {label!r} has {len(views):,} views, and class {first!r} has {len(wanted):,}"
            )
        if views != wanted:
            raise _no_turn(spec, f"class {label!r} has no view {min(wanted - views)}, which class {first!r} has")
    return wanted


def _no_turn(spec: DataSpec, what: str) -> DataError:
    return DataError(
        f"--split {spec.split}: {what}",
        allowed="files named label__view.ext, with the same views of every class, at even steps of a turn",
        hint=_BY_CHANCE,
    )


def _set_aside(members: Sequence[Member], sides: list[Side], spec: DataSpec) -> list[Side]:
    """The sides with `val_fraction` of the training side moved to the validation side.

    Raises DataError where there is a validation side already, or a class would be left without training pictures.
    """
    if not spec.val_fraction:
        return sides
    given = f"--val-fraction {spec.val_fraction:g}"
    if "validation" in sides:
        raise DataError(f"{given}: the folders have a validation side already", hint="use --val-fraction 0")
    training = [place for place, side in enumerate(sides) if side == "train"]
    names, labels = [members[place].name for place in training], [members[place].label for place in training]
    lonely = next((label for label, count in Counter(labels).items() if count == 1), None)
    if lonely is not None:
        raise DataError(
            f"{given}: class {lonely!r} has a single training picture, and none to set aside",
            allowed="two training pictures or more a class",
            hint="leave --val-fraction out, hold fewer pictures out, or add some",
        )
    drawn = choose(names, labels, fraction=spec.val_fraction, seed=spec.split_seed, purpose="validation ")
    aside = {training[place] for place in drawn}
    return ["validation" if place in aside else side for place, side in enumerate(sides)]
