"""What a bench answers to `--under`: the row chosen under constraints, in one sentence. Chosen elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchbox.records.constraints import Choice, Constraint, choose, parse
from benchbox.records.rows import Row
from benchbox.report import text
from benchbox.report.cells import notes_of
from benchbox.report.grid import Grid


def under_grid(texts: Sequence[str], seen: Sequence[Row], names: Sequence[str]) -> Grid | None:
    """The answer to constraints as a note with a title, None where there are none."""
    if not texts:
        return None
    constraints = [parse(each) for each in texts]
    title = f"Under {' and '.join(constraint.text for constraint in constraints)}"
    return Grid(title=title, columns=(), sections=(), notes=answer(constraints, seen, names))


def answer(constraints: Sequence[Constraint], seen: Sequence[Row], names: Sequence[str]) -> tuple[str, ...]:
    """Sentences: which row is chosen and why, which may hold the constraints too, or which is nearest.

    Where an accuracy is held against its lower bound, the bound is said, and how many pictures would raise it.
    """
    choice = choose(seen, constraints)
    named = _Names(
        names={id(row): name for row, name in zip(seen, names, strict=True)},
        has_bound=any(constraint.quantity == "accuracy" for constraint in constraints),
    )
    perhaps = [named.full(row) for row in choice.perhaps]
    return (
        _chosen(choice, named),
        *([f"Perhaps, since an interval crosses the limit: {', '.join(perhaps)}."] if perhaps else []),
        *(note for constraint in constraints for note in _pictures_needed(constraint, choice, named)),
    )


@dataclass(frozen=True, kw_only=True)
class _Names:
    """The names of rows, by identity; `has_bound` where an accuracy is said with its lower bound."""

    names: Mapping[int, str]
    has_bound: bool

    def short(self, row: Row) -> str:
        return self.names[id(row)]

    def full(self, row: Row) -> str:
        """With what the constraints are usually about, in brackets."""
        said = [
            self._accuracy(row),
            f"{text.duration(row.inference.p50)} a batch" if row.inference else "not timed",
            f"{text.count(row.parameters)} parameters" if row.parameters is not None else "",
        ]
        return f"{self.short(row)} ({', '.join(word for word in said if word)})"

    def listed(self, rows: Sequence[Row]) -> str:
        return text.listed([self.short(row) for row in rows])

    def _accuracy(self, row: Row) -> str:
        if row.accuracy is None:
            return "no accuracy"
        seen = row.accuracy.top1
        bound = f", at least {text.share(seen.low)}" if self.has_bound else ""
        return f"{text.share(seen.value)} right{bound}"


def _chosen(choice: Choice, named: _Names) -> str:
    if choice.chosen is None:
        nearest = f"; the nearest is {named.full(choice.nearest)}" if choice.nearest else ""
        return f"None holds surely{nearest}."
    said = named.full(choice.chosen)
    if not choice.is_by_accuracy:
        return f"{said}: the fastest, since no row that holds has an accuracy."
    unknown = f"; not known: {named.listed(choice.unscored)}" if choice.unscored else ""
    if choice.equals:
        why = f"the fastest of those whose accuracies cannot be told apart ({named.listed(choice.equals)})"
    else:
        why = f"the most accurate{' of those with an accuracy' if choice.unscored else ''}"
    return f"{said}: {why}{unknown}."


def _pictures_needed(constraint: Constraint, choice: Choice, named: _Names) -> tuple[str, ...]:
    """Which rows may only fail because too few pictures were held out to know."""
    return notes_of(
        [named.short(row) for row in choice.perhaps],
        (
            f"enough are right for {constraint.text}, but of too few pictures to be sure; it would take about "
            f"{needed:,} held-out ones, and there are {row.accuracy.pictures:,}."
            if row.accuracy is not None and (needed := constraint.pictures_needed(row)) is not None
            else ""
            for row in choice.perhaps
        ),
    )
