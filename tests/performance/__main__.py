"""`make perf`: every benchmark of benchbox itself as a table; with `--keep FILE`, as a JSON line too.

Exit code 1 where a claim does not hold. Nothing else should run beside it.
"""

import argparse
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from performance import against_timm, convolutions, intervals, overhead, processes
from performance.claim import Claim

BENCHMARKS: dict[str, Callable[[], list[Claim]]] = {
    "overhead": overhead.claims,
    "processes": processes.claims,
    "convolutions": convolutions.claims,
    "intervals": intervals.claims,
    "timm": against_timm.claims,
}


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """One run of benchmarks, as a line of a file."""

    made: str
    claims: list[Claim]


def main() -> int:
    """Run what was named, else all; show it, keep it, say by the exit code whether all claims hold."""
    parser = argparse.ArgumentParser(prog="make perf", description=__doc__)
    parser.add_argument("names", nargs="*", choices=(*BENCHMARKS, []), help="which benchmarks; none: all")
    parser.add_argument("--keep", type=Path, help="add the results as a line to this file")
    asked = parser.parse_args()
    claims = [claim for name in asked.names or BENCHMARKS for claim in BENCHMARKS[name]()]
    table = Table("What", "Seen", "Claimed", "Holds")
    for claim in claims:
        table.add_row(claim.what, claim.seen, claim.limit, "yes" if claim.holds else "no")
    Console(width=100).print(table)
    if asked.keep:
        line = Kept(made=datetime.now(UTC).isoformat(timespec="seconds"), claims=claims)
        with asked.keep.open("ab") as file:
            file.write(msgspec.json.encode(line) + b"\n")
    return 0 if all(claim.holds for claim in claims) else 1


if __name__ == "__main__":
    sys.exit(main())
