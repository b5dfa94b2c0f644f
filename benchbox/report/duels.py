"""Several networks on the same pictures: the table of pairs, and what McNemar's exact test concludes of each."""

from collections.abc import Sequence

from benchbox.records.mcnemar import Duel
from benchbox.report import text
from benchbox.report.cells import NAME, name_cell
from benchbox.report.differences import p_text
from benchbox.report.grid import Cell, Column, Grid, Line

COLUMNS = (
    NAME,
    Column(title="Accuracy", detail="%"),
    Column(title="Right"),
    Column(title="Alone right"),
    Column(title="p"),
)
# Of more pairs than this only those are told in words that differ.
MOST_TOLD = 3


def duels_grid(found: Sequence[Duel], names: Sequence[str], *, notes: Sequence[str] = ()) -> Grid | None:
    """Two lines a pair, by the places of its networks in `names`, and the conclusions below.

    `notes` say which pairs could not be compared. None where there is nothing to say.
    """
    if not found and not notes:
        return None
    columns = COLUMNS if len(found) < 2 else (*COLUMNS[:-1], Column(title="p", detail="Holm"))
    sections = tuple(_section(duel, names) for duel in found)
    said = (*_explained(found), *_conclusions(found, names), *notes)
    return Grid(title="One against another", columns=columns if found else (), sections=sections, notes=said)


def _section(duel: Duel, names: Sequence[str]) -> tuple[Line, ...]:
    first, second = duel.right
    p = Cell(text=p_text(duel.corrected))
    return (
        _line(duel, names[duel.first], right=first, alone=duel.only_first, p=p),
        _line(duel, names[duel.second], right=second, alone=duel.only_second, p=Cell(text="")),
    )


def _line(duel: Duel, name: str, *, right: int, alone: int, p: Cell) -> Line:
    return (
        name_cell(name),
        Cell(text=text.percent(right / duel.shared)),
        Cell(text=f"{right:,}", detail=f"of {duel.shared:,}"),
        Cell(text=f"{alone:,}"),
        p,
    )


def _explained(found: Sequence[Duel]) -> tuple[str, ...]:
    if not found:
        return ()
    holm = "" if len(found) < 2 else f", Holm-corrected over the {len(found)} pairs"
    return (
        "On the pictures that both were scored on. Alone right: pictures that the other one gets wrong. p: exact "
        f"McNemar test of these two counts{holm}.",
    )


def _conclusions(found: Sequence[Duel], names: Sequence[str]) -> tuple[str, ...]:
    """What follows for each pair; of many pairs only for those of which anything does."""
    told = found if len(found) <= MOST_TOLD else [duel for duel in found if duel.is_shown]
    rest = len(found) - len(told)
    return (
        *(conclusion(duel, names) for duel in told),
        *((f"No difference was shown between the two of {text.plural(rest, 'other pair')}.",) if rest else ()),
        *(_left_out(duel, names) for duel in found if any(duel.left_out)),
    )


def conclusion(duel: Duel, names: Sequence[str]) -> str:
    """One sentence: which of the two is better, or that nothing was shown and whether it could have been."""
    first, second = names[duel.first], names[duel.second]
    if not duel.differing:
        return f"{first} and {second}: right on the same {text.plural(duel.right[0], 'picture')} and on no others."
    said = _p_said(duel)
    if duel.is_shown:
        is_first = duel.only_first > duel.only_second
        better, worse = (first, second) if is_first else (second, first)
        most, least = sorted((duel.only_first, duel.only_second), reverse=True)
        lead = f"right on {text.plural(most, 'picture')} that {worse} gets wrong, and the other way on {least:,}"
        return f"{better} is better: {lead} ({said})."
    few = "" if duel.could_show else "; on so few that they differ on, none could have been shown"
    counts = f"alone the one is right on {text.plural(duel.only_first, 'picture')}, the other on {duel.only_second}"
    return f"{first} and {second}: no difference was shown; {counts} ({said}){few}."


def _p_said(duel: Duel) -> str:
    if duel.holm is None:
        return f"p {p_text(duel.p)}"
    alone = f"p {p_text(duel.p)} alone, " if duel.is_only_corrected_away else "p "
    return f"{alone}{p_text(duel.holm)} Holm"


def _left_out(duel: Duel, names: Sequence[str]) -> str:
    pairs = zip((duel.first, duel.second), duel.left_out, strict=True)
    said = [f"{count:,} of {names[place]}" for place, count in pairs if count]
    two = f"{names[duel.first]} and {names[duel.second]}"
    return f"{two}: left out are pictures that the other was not scored on, {text.joined(said)}."
