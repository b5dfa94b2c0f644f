"""Which row of new stands against which of the base, and what is said of a row before any of its numbers.

The rows are those that were declared, else those of the base: a row that is not there is missing, and not nothing.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from benchbox.gate.evidence import Arm
from benchbox.gate.naming import is_meant, names_of
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
    """The rows of both arms by case, with names that no two of them share.

    A row of the base stands against new's row of the same case, unless it was renamed, or new has it in another
    place alone.
    """

    def __init__(self, base: Rows, new: Rows, rules: Rules) -> None:
        self._base, self._new, self._rules = base, new, rules
        self._names: dict[str, str] = {}
        # By case and by name; both stand for all cases that they name, in order.
        self._cases: dict[str, dict[str, None]] = defaultdict(dict)
        rows = {**new, **base}
        self._name(rows)
        self._renamed = self._find_renamed()
        moved = self._find_moved()
        if moved:
            # What one row is called in both arms is no name that two rows share.
            self._name({case: row for case, row in rows.items() if case not in moved})
        self._targets = self._renamed | moved
        self._olds: dict[str, list[str]] = defaultdict(list)
        for old, target in self._targets.items():
            self._olds[target].append(old)

    def _name(self, rows: Rows) -> None:
        names = names_of({case: row.spec for case, row in rows.items()}, given=self._rules.names)
        self._names |= names
        for case, name in names.items():
            self._cases[case][case] = self._cases[name][case] = None

    def _find_renamed(self) -> dict[str, str]:
        """New cases by old ones, as the settings say."""
        return {
            old: target
            for was, now in self._rules.renamed.items()
            for old in self._cases.get(was, ())
            for target in self._cases.get(now, ())
            if old in self._base and target in self._new
        }

    def _find_moved(self) -> dict[str, str]:
        """New cases by old ones of the rows that both arms have, but not in the same place and form.

        A placement holds what the machine decided, such as its threads. Another machine's row is thus not missing:
        what differs is told by its name. Only one row of each arm may be left that could be meant.
        """
        targets = {case: self._renamed.get(case, case) for case in self._base}
        removed = self._rules.removed
        lost = {
            case: self._base[case]
            for case, target in targets.items()
            if target not in self._new and not is_meant(case, self._names[case], by=removed)
        }
        met = set(targets.values())
        left = _by_work({case: row for case, row in self._new.items() if case not in met})
        return {
            cases[0]: left[work][0]
            for work, cases in _by_work(lost).items()
            if len(cases) == 1 and len(left.get(work, ())) == 1
        }

    def walk(self) -> Iterator[Match]:
        """The matches, in order."""
        walked, taken = set[str](), set[str]()
        for match in (*self._of_declared(), *map(self._match, self._base)):
            case = match.base.case if match.base is not None else match.case
            if case not in walked:
                walked.add(case)
                taken.add(match.case)
                yield match
        yield from (self._match(case) for case in self._new if case not in taken)

    def _of_declared(self) -> Iterator[Match]:
        for word in self._rules.declared:
            cases = self._cases.get(word, ())
            for case in cases:
                yield from (self._match(old, is_declared=True) for old in self._meant(case))
            if not cases:
                yield Match(case=word, name=self._rules.names.get(word, word), is_declared=True)

    def _meant(self, case: str) -> list[str]:
        """The rows that are meant by a case: what has it now, and what had it in the base, which may be another."""
        olds = self._olds.get(case, [])
        return [*olds, case] if case in self._base or not olds else olds

    def _match(self, case: str, *, is_declared: bool = False) -> Match:
        target = self._targets.get(case, case)
        return Match(
            case=target,
            name=self._names[target],
            base=self._base.get(case),
            new=self._new.get(target),
            was=self._names[case] if case in self._renamed and target != case else "",
            is_declared=is_declared,
            is_gated=is_declared or (not self._rules.declared and case in self._base),
        )


def _by_work(rows: Rows) -> dict[str, list[str]]:
    """The cases of rows by what they do, wherever and in whichever form."""
    found: dict[str, list[str]] = defaultdict(list)
    for case, row in rows.items():
        found[row.work].append(case)
    return found
