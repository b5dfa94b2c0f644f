"""What disturbed the timings, in few words: what differs only in its numbers is said once, with their ranges."""

import re
from collections.abc import Iterable, Iterator, Sequence

from benchbox.records.ranking import TIMED
from benchbox.records.rows import Row
from benchbox.report import text
from benchbox.report.tasks import task_word

_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def doubt_notes(seen: Sequence[Row], names: Sequence[str]) -> tuple[str, ...]:
    """A note for each kind of doubt: which timings it concerns, and the ranges of its numbers."""
    timed = {
        f"{name} {task_word(slot)}"
        for row, name in zip(seen, names, strict=True)
        for slot in TIMED
        if row.timing(slot) is not None
    }
    return tuple(
        f"In doubt: {_whose(concerned, timed)}: {said}." for concerned, said in folded(_doubts(seen, names))
    )


def folded(said: Iterable[tuple[str, str]]) -> list[tuple[list[str], str]]:
    """Pairs of a name and a text, the texts that differ only in their numbers as one, with the numbers' ranges."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for name, words in said:
        groups.setdefault(_NUMBER.sub("#", words), []).append((name, words))
    return [
        (list(dict.fromkeys(name for name, _ in group)), _ranged([words for _, words in group]))
        for group in groups.values()
    ]


def _doubts(seen: Sequence[Row], names: Sequence[str]) -> Iterator[tuple[str, str]]:
    for row, name in zip(seen, names, strict=True):
        for part in row.parts.values():
            for doubt in part.doubts:
                yield f"{name} {task_word(part.task)}", doubt


def _whose(concerned: Sequence[str], timed: set[str]) -> str:
    return "all timings" if len(timed) > 1 and set(concerned) == timed else text.listed(concerned)


def _ranged(texts: Sequence[str]) -> str:
    """The first text, with the range of every number that varies in its place."""
    columns = iter(zip(*map(_NUMBER.findall, texts), strict=True))

    def span(_: re.Match[str]) -> str:
        values = sorted(next(columns), key=float)
        return values[0] if float(values[0]) == float(values[-1]) else f"{values[0]}–{values[-1]}"

    return _NUMBER.sub(span, texts[0])
