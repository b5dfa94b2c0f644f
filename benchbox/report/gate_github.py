"""What a gate tells GitHub Actions: the step's summary, its outputs, and annotations of rows.

The forms are those of GitHub's "Workflow commands for GitHub Actions". Whether there is a GitHub is the caller's to
know.
"""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from benchbox.gate.exits import FAILING, UNASSERTED, UNDECIDED
from benchbox.gate.verdict import GateReport, Verdict
from benchbox.records.journal import storing
from benchbox.report.gate_facts import conclusion
from benchbox.report.gate_markdown import SUMMARY_LIMIT, markdown
from benchbox.report.gate_order import code_word, in_order
from benchbox.report.gate_words import row_of, tell

TITLE = "benchbox compare"
# GitHub shows so many errors and so many warnings of a step, and drops the rest without a word.
MOST_ANNOTATIONS = 10
_LEVELS = {**dict.fromkeys(FAILING, "error"), **dict.fromkeys((*UNASSERTED, *UNDECIDED), "warning")}


def github(report: GateReport, *, summary: Path | None, output: Path | None) -> tuple[str, ...]:
    """Append to the files that GitHub named, where it did; the annotations, which shall be printed.

    Raises StorageError.
    """
    if summary is not None:
        append_summary(summary, report)
    if output is not None:
        append_outputs(output, report)
    return annotations(report)


def append_summary(path: Path, report: GateReport) -> None:
    """The Markdown, below what earlier commands of the step wrote, of all of which GitHub takes so much.

    Raises StorageError.
    """
    with storing(path):
        written = path.stat().st_size if path.exists() else 0
        said = markdown(report, limit=max(0, SUMMARY_LIMIT - written - 1))
        _append(path, f"\n{said}" if written else said)


def append_outputs(path: Path, report: GateReport) -> None:
    """`verdict`, `exit_code` and `failed_rows`, one a line, for the steps that follow. Raises StorageError."""
    failed = dict.fromkeys(row_of(verdict) for verdict in report.of_state(*FAILING))
    outputs = {
        "verdict": code_word(report.code),
        "exit_code": str(report.code),
        "failed_rows": "\n".join(" ".join(row.split()) for row in failed),
    }
    with storing(path):
        _append(path, "".join(_output(name, value) for name, value in outputs.items()))


def _output(name: str, value: str) -> str:
    """A value of several lines, between lines that it does not hold."""
    end = "end_of_value"
    while end in value:
        end += "_"
    return f"{name}<<{end}\n{value}\n{end}\n"


def _append(path: Path, said: str) -> None:
    with path.open("a", encoding="utf-8", newline="\n") as file:
        file.write(said)


def annotations(report: GateReport) -> tuple[str, ...]:
    """A line for each row that failed or was not decided, failures first; else for a conclusion that is no pass."""
    lines: dict[str, list[str]] = {"error": [], "warning": []}
    for verdict in in_order(report):
        if level := _LEVELS.get(verdict.state):
            lines[level].append(_annotation(level, verdict, report))
    if report.code and not any(lines.values()):
        lines["error"].append(f"::error title={_property(TITLE)}::{_data(conclusion(report))}")
    return tuple(line for level in lines for line in _capped(level, lines[level]))


def _capped(level: str, lines: list[str]) -> Iterator[str]:
    """The last line that is shown says how many there are more."""
    more = len(lines) - MOST_ANNOTATIONS
    if more <= 0:
        yield from lines
        return
    yield from lines[: MOST_ANNOTATIONS - 1]
    yield f"::{level} title={_property(TITLE)}::and {more + 1} more: see the summary"


def _annotation(level: str, verdict: Verdict, report: GateReport) -> str:
    told = tell(verdict)
    said = f"{told.name}: {told.state}{f': {told.why}' if told.why else ''}"
    properties = {"title": f"{TITLE}: {told.state}", "file": _file(verdict, report)}
    listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items() if value)
    return f"::{level} {listed}::{_data(said)}"


def _file(verdict: Verdict, report: GateReport) -> str:
    """The file that a row's network came from, where it lies in the repository; empty else."""
    name = report.new.imported.get(verdict.row) or report.new.imported.get(verdict.case) or ""
    path = PurePosixPath(name)
    return name if name and not path.is_absolute() and ".." not in path.parts else ""


def _data(said: str) -> str:
    """A message on one line: what would end it or begin another is escaped."""
    return said.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(said: str) -> str:
    return _data(said).replace(":", "%3A").replace(",", "%2C")
