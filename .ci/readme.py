"""Writes the reports under reports/kept anew from their records, and the README's tables: `make readme`."""

import io
import os
import re
import sys
from pathlib import Path

from rich.console import Console

from benchbox.records.journal import read
from benchbox.report.joined import Report
from benchbox.report.show import show
from benchbox.report.write import write_report
from benchbox.runner.folder import read_plan

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
KEPT = Path("reports/kept")
BLOCK = re.compile(r"<!-- report (?P<names>[a-z0-9 -]+?) -->\n.*?<!-- end -->", re.DOTALL)
WIDTH = 80


def filled(text: str) -> str:
    """The README's text with every block made anew from its records."""
    return BLOCK.sub(lambda block: block_of(block["names"]), text)


def block_of(names: str) -> str:
    """One block: what `benchbox report` prints of the kept records that it names, 80 columns wide."""
    output = io.StringIO()
    show(Console(file=output, width=WIDTH), [_kept(name) for name in names.split()])
    lines = "\n".join(line.rstrip() for line in output.getvalue().strip().splitlines())
    return f"<!-- report {names} -->\n```\n{lines}\n```\n<!-- end -->"


def _kept(name: str) -> Report:
    folder = ROOT / KEPT / name
    return Report(KEPT / name, read_plan(folder), read(folder))


def main() -> None:
    """Rewrite the kept reports and the README."""
    os.chdir(ROOT)
    for folder in sorted(KEPT.iterdir()):
        write_report(folder, read_plan(folder), read(folder))
    README.write_text(filled(README.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
