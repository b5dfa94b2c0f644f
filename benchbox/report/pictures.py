"""What `data` and `data show` print: the known data sets, and what lies in one. Makes text, decides nothing.

Whole at 80 columns; the same words with and without a terminal.
"""

from collections.abc import Sequence
from itertools import groupby

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from benchbox.records.pictures import Count, KnownSource, PictureReport
from benchbox.report.text import size

_MOST_LISTED = 5
_MOST_CLASSES = 60


def sources_table(known: Sequence[KnownSource]) -> RenderableType:
    """The data sets that have a name, whether they are here, and what else `--data` takes."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("data", "what it is", "state"):
        table.add_column(heading, overflow="fold")
    for source in known:
        name = f"{source.name} (default)" if source.is_default else source.name
        state = f"{source.state}; {source.hint}" if source.hint else source.state
        table.add_row(Text(name), Text(source.meaning), Text(state))
    table.add_row(
        Text("FOLDER or ZIP"),
        Text("one folder a class, or files named label__number.png"),
        Text("`benchbox data show FOLDER` looks at it"),
    )
    return table


def picture_report(report: PictureReport) -> RenderableType:
    """Everything that `data show` found, one fact a line, warnings last."""
    facts = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    facts.add_column(no_wrap=True)
    facts.add_column(overflow="fold")
    for name, value in _facts(report):
        facts.add_row(Text(name, style="bold"), Text(value))
    warnings = [Padding(Text(line, style="yellow"), (0, 0)) for line in _warnings(report)]
    return Group(facts, *warnings)


def _facts(report: PictureReport) -> list[tuple[str, str]]:
    facts = [
        ("data", report.title),
        ("digest", report.digest[:16]),
        ("pictures", f"{report.pictures:,} in {len(report.classes):,} classes, {size(report.bytes)}"),
        ("classes", _classes(report.classes)),
        ("sizes", _counts(report.sizes)),
        ("modes", _counts(report.modes)),
        ("formats", _counts(report.formats)),
        ("views", f"{report.views:,} different view numbers in the names" if report.views else "none in the names"),
        ("duplicates", _duplicates(report.duplicates)),
        ("split", _split(report)),
    ]
    if report.sheet:
        facts.append(("sheet", report.sheet))
    return facts


def _warnings(report: PictureReport) -> list[str]:
    lines = []
    if report.bad:
        lines.append(f"bad files ({len(report.bad):,}); a run needs --skip-bad:")
        lines += [f"  {line}" for line in _listed(report.bad)]
    if report.others:
        lines.append(f"not pictures by name ({len(report.others):,}): {', '.join(_listed(report.others))}")
    if report.problem:
        lines.append(f"no run is possible: {report.problem}")
    if report.twins:
        seen = "training picture or one set aside" if report.validation else "training picture"
        lines.append(
            f"held-out pictures with the same pixels as a {seen}: {report.twins:,}; the accuracy will flatter"
        )
    return lines


def _classes(classes: Sequence[Count]) -> str:
    """`obj1 … obj20: 72 each` where neighbours have equal counts, else every class with its own."""
    runs = [(count, [kind.name for kind in run]) for count, run in groupby(classes, key=lambda kind: kind.count)]
    parts = [_run(names, count) for count, names in runs[:_MOST_CLASSES]]
    rest = len(runs) - len(parts)
    return ", ".join(parts) + (f" and {rest:,} more groups" if rest > 0 else "")


def _run(names: Sequence[str], count: int) -> str:
    if len(names) == 1:
        return f"{names[0]} {count:,}"
    between = " … " if len(names) > 2 else ", "
    return f"{names[0]}{between}{names[-1]}: {count:,} each"


def _counts(counts: Sequence[Count]) -> str:
    parts = [f"{kind.name} ({kind.count:,})" for kind in counts[:_MOST_LISTED]]
    rest = sum(kind.count for kind in counts[_MOST_LISTED:])
    if rest:
        parts.append(f"{len(counts) - _MOST_LISTED:,} others ({rest:,})")
    return ", ".join(parts) or "none"


def _duplicates(groups: Sequence[Sequence[str]]) -> str:
    if not groups:
        return "none"
    some = "; ".join(" = ".join(_listed(group)) for group in groups[:3])
    more = "; …" if len(groups) > 3 else ""
    return f"same pixels ({len(groups):,}): {some}{more}"


def _split(report: PictureReport) -> str:
    if report.problem:
        return "impossible"
    aside = f", {report.validation:,} set aside for choosing" if report.validation else ""
    return f"{report.split}: {report.train:,} to train on, {report.test:,} held out{aside}"


def _listed(texts: Sequence[str]) -> list[str]:
    rest = len(texts) - _MOST_LISTED
    return [*texts[:_MOST_LISTED], *([f"and {rest:,} more"] if rest > 0 else [])]
