"""Which row of new stands against which of the base, and what is said of a row before any of its numbers.

The rows are those that were declared, else those of the base: a row that is not there is missing, and not nothing.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from benchbox.gate.evidence import Arm
from benchbox.gate.naming import names_of
from benchbox.gate.rows import RowSeen, rows_of
from benchbox.gate.rules import Rules

Rows = Mapping[str, RowSeen]


@dataclass(frozen=True, kw_only=True)
class Match:
    """One row with its side of each arm, None where an arm has none. `was` is its name in the base, if another.

    `is_declared` says that somebody named it, `is_gated` that it is among the rows that count.
    """

    case: str
    name: str
    base: RowSeen | None = None
    new: RowSeen | None = None
    was: str = ""
    is_declared: bool = False
    is_gated: bool = True

    @property
    def both(self) -> "Both | None":
        """The row where both arms have it."""
        if self.base is None or self.new is None:
            return None
        return Both(case=self.case, name=self.name, base=self.base, new=self.new)


@dataclass(frozen=True, kw_only=True)
class Both:
    """A row that both arms have."""

    case: str
    name: str
    base: RowSeen
    new: RowSeen

    @property
    def is_same(self) -> bool:
        """Whether these are the very same records: there is nothing to infer then."""
        return self.base.records == self.new.records


def match_rows(base: Arm, new: Arm, rules: Rules) -> list[Match]:
    """Every row of both arms once: the declared ones first, else those of the base, then those of new alone."""
    return list(_Matching(rows_of(base), rows_of(new), rules).walk())


class _Matching:
    """The rows of both arms by case, with names that no two of them share."""

    def __init__(self, base: Rows, new: Rows, rules: Rules) -> None:
        self._base, self._new, self._declared, self._given = base, new, rules.declared, rules.names
        self._names = names_of({name: row.spec for name, row in {**new, **base}.items()}, given=rules.names)
        self._cases: dict[str, list[str]] = defaultdict(list)
        for case, name in self._names.items():
            self._cases[case].append(case)
            self._cases[name].append(case)
        self._targets = {
            old: target
            for was, now in rules.renamed.items()
            for old in self._cases.get(was, ())
            for target in self._cases.get(now, ())
            if old in base and target in new
        }

    def walk(self) -> Iterator[Match]:
        """The matches, in order."""
        seen: set[str] = set()
        for match in (*self._of_declared(), *map(self._match, self._base)):
            case = match.base.case if match.base is not None else match.case
            if case not in seen:
                seen |= {case, match.case}
                yield match
        yield from (self._match(case) for case in self._new if case not in seen)

    def _of_declared(self) -> Iterator[Match]:
        """A row that was renamed may be declared by either name."""
        sources = {target: old for old, target in self._targets.items()}
        for word in self._declared:
            cases = self._cases.get(word, ())
            yield from (self._match(sources.get(case, case), is_declared=True) for case in cases)
            if not cases:
                yield Match(case=word, name=self._given.get(word, word), is_declared=True)

    def _match(self, case: str, *, is_declared: bool = False) -> Match:
        target = self._targets.get(case, case)
        return Match(
            case=target,
            name=self._names[target],
            base=self._base.get(case),
            new=self._new.get(target),
            was=self._names[case] if target != case else "",
            is_declared=is_declared,
            is_gated=is_declared or (not self._declared and case in self._base),
        )
