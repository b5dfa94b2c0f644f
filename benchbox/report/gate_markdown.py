"""A gate's report in GitHub's Markdown, for a step summary or a comment: failures first, what passed folded.

What comes from outside (names, reasons, values of keys) is text in it, never markup. It can be kept under a limit:
lines of tables are then left out from the end, where those are that passed, and it says how many.
"""

import bisect
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchbox.gate.verdict import GateReport, KeyDifference
from benchbox.report import text
from benchbox.report.gate_facts import conclusion, explained, facts
from benchbox.report.gate_order import Section, code_word, sections
from benchbox.report.gate_words import Told, tell
from benchbox.report.grid import escape

# By it a workflow finds the comment that it wrote before.
MARKER = "<!-- benchbox compare -->"
# GitHub's limits: of all summaries of a step in bytes, of a comment in characters.
SUMMARY_LIMIT = 1024 * 1024
COMMENT_LIMIT = 65_536
_CALLOUTS = {"pass": "TIP", "regression": "CAUTION"}
_HEAD = (
    "| Row | Metric | Base | New | Change | Margin | Sees | n | Verdict |\n"
    "| :-- | :-- | --: | --: | --: | --: | --: | --: | :-- |"
)
# Of a key's value or a reason, such as what a compiler printed; all of it is in gate.json.
MOST_LETTERS = 500
MOST_DIFFERENCES = 50
# It stands for a backtick while all else is escaped: a character for private use, which no name has.
_BACKTICK = "\ue000"
MOST_NOTES = 20


def markdown(report: GateReport, *, limit: int | None = None) -> str:
    """The report, ending in one newline. `limit` is in bytes of UTF-8, at least one a character.

    Where even no line of a table fits, the text ends at the limit.
    """
    parts = _Parts(above=_above(report), tables=tuple(map(_table_of, sections(report))), below=_below(report))
    lines = len(report.verdicts)
    said = parts.page(most=lines)
    if limit is None or _size(said) <= limit:
        return said
    # A page grows with its lines.
    fitting = bisect.bisect_right(range(lines), limit, key=lambda most: _size(parts.page(most=most)))
    return parts.page(most=max(0, fitting - 1)).encode()[:limit].decode(errors="ignore")


def _size(said: str) -> int:
    return len(said.encode())


@dataclass(frozen=True, kw_only=True)
class _Table:
    """A section's table, of which some lines may be shown."""

    title: str
    lines: tuple[str, ...]
    is_folded: bool

    def block(self, shown: Sequence[str]) -> str:
        """The table with these lines alone, under the title of all."""
        table = "\n".join((_HEAD, *shown))
        return _folded(self.title, table) if self.is_folded else f"### {self.title}\n\n{table}"


@dataclass(frozen=True, kw_only=True)
class _Parts:
    """A report in blocks of text: what stands above the tables, the tables, what stands below."""

    above: tuple[str, ...]
    tables: tuple[_Table, ...]
    below: tuple[str, ...]

    def page(self, *, most: int) -> str:
        """The report with the first `most` lines of its tables."""
        return "\n\n".join((*self.above, *self._shown(most), *self.below)) + "\n"

    def _shown(self, most: int) -> Iterator[str]:
        left = most
        for table in self.tables:
            shown = table.lines[:left]
            left -= len(shown)
            if shown:
                yield table.block(shown)
        cut = sum(len(table.lines) for table in self.tables) - most
        if cut > 0:
            yield f"**{text.plural(cut, 'more line')} left out here for their length; all are in gate.json.**"


def _above(report: GateReport) -> tuple[str, ...]:
    callout = _CALLOUTS.get(code_word(report.code), "WARNING")
    return MARKER, f"> [!{callout}]\n> **{_prose(conclusion(report))}**", _facts(report)


def _below(report: GateReport) -> tuple[str, ...]:
    notes = explained(report.verdicts)
    return (
        *([_differences(report.differences)] if report.differences else []),
        *([_folded("How to read it", _list(notes))] if notes else []),
        *([f"Once more:\n\n{_code(report.reproduce)}"] if report.reproduce else []),
    )


def _facts(report: GateReport) -> str:
    lines = [(f"**{title}**", _prose(said)) for title, said in facts(report)]
    more = len(lines) - MOST_NOTES
    return _table(
        ("", ""), (":--", ":--"), [*lines[:MOST_NOTES], *([("", f"and {more} more")] if more > 0 else [])]
    )


def _table_of(section: Section) -> _Table:
    lines = tuple(_joined(_line(tell(verdict))) for verdict in section.verdicts)
    return _Table(title=f"{section.title}: {len(lines):,}", lines=lines, is_folded=section.is_folded)


def _line(told: Told) -> tuple[str, ...]:
    state = told.state if told.state in ("PASS", "SKIPPED", "NEW") else f"**{told.state}**"
    return (
        literal(told.row),
        literal(told.metric),
        told.base,
        told.new,
        f"{told.change} {told.interval}".rstrip(),
        told.margin,
        told.sees,
        told.count,
        f"{state}: {_prose(told.why)}" if told.why else state,
    )


def _differences(differences: Sequence[KeyDifference]) -> str:
    shown = [
        tuple(map(literal, (seen.key, seen.base or text.ABSENT, seen.new or text.ABSENT, seen.row or "all")))
        for seen in differences[:MOST_DIFFERENCES]
    ]
    more = len(differences) - MOST_DIFFERENCES
    rest = f"\n\nand {more} more, which are in gate.json." if more > 0 else ""
    table = _table(("Key", "Base", "New", "Rows"), (":--",) * 4, shown)
    return f"### In what the arms differ\n\n{table}{rest}"


def _table(columns: Sequence[str], rules: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    return "\n".join(map(_joined, (columns, rules, *lines)))


def _joined(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _folded(title: str, content: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{content}\n\n</details>"


def _list(notes: Sequence[str]) -> str:
    return "\n".join(f"- {_prose(note)}" for note in notes)


def _code(command: str) -> str:
    """A block of code, whose fence is longer than any in it."""
    fence = "`" * max(3, 1 + max((len(ticks) for ticks in re.findall("`+", command)), default=0))
    return f"{fence}sh\n{command}\n{fence}"


def literal(name: str) -> str:
    """A name as text: backticks in it are no code either."""
    return _prose(name.replace("`", _BACKTICK)).replace(_BACKTICK, "\\`")


def _prose(said: str) -> str:
    """A sentence as text, in which commands in backticks are code."""
    return escape(_shortened(said))


def _shortened(said: str) -> str:
    return said if len(said) <= MOST_LETTERS else f"{said[:MOST_LETTERS]}…"
