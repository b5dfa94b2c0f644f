"""What disturbed the timings, in few words: doubts that differ only in a number are said once for all of them."""

import re
from collections.abc import Iterator, Sequence

from benchbox.records.rows import Row

_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_TASKS = {"infer": "inference", "train_step": "training"}
MOST_NAMED = 6


def doubt_notes(seen: Sequence[Row], names: Sequence[str]) -> tuple[str, ...]:
    """A note for each kind of doubt: which timings it concerns, and the range of its first number."""
    timed = sum(len(row.parts) for row in seen)
    groups: dict[str, list[tuple[str, str]]] = {}
    for whose, doubt in _doubts(seen, names):
        groups.setdefault(_NUMBER.sub("#", doubt), []).append((whose, doubt))
    return tuple(f"In doubt: {_whose(group, timed)}: {_ranged(group)}." for group in groups.values())


def _doubts(seen: Sequence[Row], names: Sequence[str]) -> Iterator[tuple[str, str]]:
    for row, name in zip(seen, names, strict=True):
        for part in row.parts.values():
            for doubt in part.doubts:
                yield f"{name} {_TASKS.get(part.task, part.task)}", doubt


def _whose(group: Sequence[tuple[str, str]], timed: int) -> str:
    concerned = list(dict.fromkeys(whose for whose, _ in group))
    if len(concerned) == timed > 1:
        return "all timings"
    rest = len(concerned) - MOST_NAMED
    return ", ".join(concerned[:MOST_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def _ranged(group: Sequence[tuple[str, str]]) -> str:
    """The first text, with the range of what stands in the place of its first varying number."""
    first = group[0][1]
    numbers = [_NUMBER.findall(doubt) for _, doubt in group]
    for place, matched in enumerate(_NUMBER.finditer(first)):
        values = sorted((each[place] for each in numbers), key=float)
        if values[0] != values[-1]:
            return f"{first[: matched.start()]}{values[0]}–{values[-1]}{first[matched.end() :]}"
    return first
