"""What a bench answers to `--under`: the row chosen under constraints, in one sentence. Chosen elsewhere."""

from collections.abc import Sequence

from benchbox.records.constraints import Choice, Constraint, choose, parse
from benchbox.records.rows import Row
from benchbox.report import text
from benchbox.report.grid import Grid


def under_grid(texts: Sequence[str], seen: Sequence[Row], names: Sequence[str]) -> Grid | None:
    """The answer to constraints as a note with a title, None where there are none."""
    if not texts:
        return None
    constraints = [parse(each) for each in texts]
    title = f"Under {' and '.join(constraint.text for constraint in constraints)}"
    return Grid(title=title, columns=(), sections=(), notes=answer(constraints, seen, names))


def answer(constraints: Sequence[Constraint], seen: Sequence[Row], names: Sequence[str]) -> tuple[str, ...]:
    """Sentences: which row is chosen and why, which may hold the constraints too, or which is nearest."""
    choice = choose(seen, constraints)
    named = {id(row): name for row, name in zip(seen, names, strict=True)}
    perhaps = [f"{named[id(row)]} {_numbers(row)}" for row in choice.perhaps]
    return (
        _chosen(choice, named),
        *([f"Perhaps, since an interval crosses the limit: {', '.join(perhaps)}."] if perhaps else []),
    )


def _chosen(choice: Choice, named: dict[int, str]) -> str:
    if choice.chosen is None:
        nearest = (
            f"; the nearest is {named[id(choice.nearest)]} {_numbers(choice.nearest)}" if choice.nearest else ""
        )
        return f"None holds surely{nearest}."
    said = f"{named[id(choice.chosen)]} {_numbers(choice.chosen)}"
    if not choice.is_by_accuracy:
        return f"{said}: the fastest, since no row that holds has an accuracy."
    if not choice.equals:
        return f"{said}: the most accurate."
    others = ", ".join(named[id(row)] for row in choice.equals)
    return f"{said}: the fastest of those whose accuracies cannot be told apart ({others})."


def _numbers(row: Row) -> str:
    """What the constraints are usually about, in brackets."""
    said = [
        f"{text.share(row.accuracy.top1.value)} right" if row.accuracy else "no accuracy",
        f"{text.duration(row.inference.p50)} a batch" if row.inference else "not timed",
        f"{text.count(row.parameters)} parameters" if row.parameters is not None else "",
    ]
    return f"({', '.join(word for word in said if word)})"
