"""What a gate leaves and shows: its files, the table or the JSON, what GitHub reads, and its exit code."""

import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import typer

from benchbox.cli.output import Output, say
from benchbox.errors import (
    EXIT_INCONCLUSIVE,
    EXIT_INTERNAL,
    EXIT_OK,
    EXIT_REGRESSION,
    EXIT_UNASSERTED,
    EXIT_USAGE,
)
from benchbox.gate.verdict import GateReport, encode_report
from benchbox.records.files import write_whole
from benchbox.records.journal import storing

JSON, MARKDOWN, JUNIT, HTML = "gate.json", "gate.md", "gate.xml", "gate.html"
# Where each arm's records go in a report of a gate that measured them.
BASE, NEW = "base.jsonl", "new.jsonl"
# Of several codes the first of these counts.
PRECEDENCE = (EXIT_USAGE, EXIT_INTERNAL, EXIT_REGRESSION, EXIT_UNASSERTED, EXIT_INCONCLUSIVE, EXIT_OK)
# Set by GitHub's runners.
SUMMARY, OUTPUTS, LISTENS = "GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT", "GITHUB_ACTIONS"


@dataclass(frozen=True, kw_only=True)
class GateOutput(Output):
    """Where a gate's answer goes, besides the folder of its report.

    `copies` are further files by the name that they have in the report. `is_report_only` gives exit code 0 whatever
    the answer.
    """

    copies: Mapping[str, Path]
    is_report_only: bool = False


def copies_of(*, junit: Path | None, markdown: Path | None, html: Path | None) -> dict[str, Path]:
    """The files that were asked for beside the report, by their names in it."""
    asked = {JUNIT: junit, MARKDOWN: markdown, HTML: html}
    return {name: path for name, path in asked.items() if path is not None}


def typed_command(resolved: Mapping[str, str] | None = None) -> str:
    """The command as it was typed, with what names such as a branch meant in their place."""
    meant = resolved or {}
    return shlex.join(["benchbox", *(_meant(sys.argv[1:], meant))])


def _meant(words: Sequence[str], meant: Mapping[str, str]) -> list[str]:
    """The words, where the one after --base or --new, or behind its `=`, is what it stood for."""
    said = []
    for before, word in zip(("", *words), words, strict=False):
        option, is_joined, _ = word.partition("=")
        if is_joined and option in meant:
            said.append(f"{option}={meant[option]}")
        else:
            said.append(meant.get(before, word))
    return said


def first_code(*codes: int) -> int:
    """The code that counts of several."""
    return min(codes, key=PRECEDENCE.index)


def finish(report: GateReport, folder: Path, output: GateOutput) -> NoReturn:
    """Write a gate's answer, show it, and leave with its exit code. Raises StorageError."""
    write_gate(report, folder, output.copies)
    show_gate(report, output)
    tell_github(report, output)
    if not output.quiet:
        say(output.stderr, f"Report: {folder}")
    leave(output, report.code)


def leave(output: Output, code: int) -> NoReturn:
    """Leave with an exit code; with --report-only with 0, saying in place of which."""
    if isinstance(output, GateOutput) and output.is_report_only and code:
        say(output.stderr, f"--report-only: exit code {EXIT_OK} in place of {code}")
        raise typer.Exit(EXIT_OK)
    raise typer.Exit(code)


def write_gate(report: GateReport, folder: Path, copies: Mapping[str, Path]) -> None:
    """gate.json, gate.md, gate.xml and gate.html, and the copies that were asked for. Raises StorageError."""
    # Imported here: plots take half a second, which --help must not wait for.
    from benchbox.report.gate_html import html
    from benchbox.report.gate_junit import junit
    from benchbox.report.gate_markdown import markdown

    contents = {
        JSON: encode_report(report),
        MARKDOWN: markdown(report).encode(),
        JUNIT: junit(report),
        HTML: html(report).encode(),
    }
    for name, content in contents.items():
        for path in filter(None, (folder / name, copies.get(name))):
            with storing(path):
                write_whole(path, content)


def show_gate(report: GateReport, output: Output) -> None:
    """The table, or the JSON, on stdout."""
    from benchbox.report.gate_table import print_gate

    if output.json:
        sys.stdout.write(encode_report(report).decode())
        return
    print_gate(output.stdout, report)


def tell_github(report: GateReport, output: Output, variables: Mapping[str, str] = os.environ) -> None:
    """The step's summary and outputs where GitHub asks for them, and annotations, on stderr, where it listens.

    Raises StorageError.
    """
    from benchbox.report.gate_github import github

    asked = {name: variables.get(name) for name in (SUMMARY, OUTPUTS)}
    paths = {name: Path(path) if path else None for name, path in asked.items()}
    lines = github(report, summary=paths[SUMMARY], output=paths[OUTPUTS])
    for line in lines if variables.get(LISTENS) == "true" else ():
        output.stderr.print(line, soft_wrap=True, markup=False, highlight=False)
