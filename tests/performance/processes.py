"""What a fresh process costs: torch is imported once by the forkserver, every child is forked from it.

The first call pays for the import, and may cost 0.3 s more than the import by itself; the others are forks.
"""

import statistics
import subprocess
import sys
import time

from benchbox.plan.requests import CardsRequest
from benchbox.records.checkpoints import Cards
from benchbox.runner.child import ENGINE, call
from performance.claim import Claim

EXTRA_SECONDS = 0.3
CALLS = 20
IMPORT = "import torch"


def claims() -> list[Claim]:
    """The first process against the import alone, in a new interpreter; then the processes after it."""
    imports, firsts = [], []
    for _ in range(3):
        imports.append(_seconds_of(IMPORT))
        firsts.append(_seconds_of(_FIRST))
    empty = CardsRequest(checkpoints=())
    call(f"{ENGINE}:read_cards", empty, returns=Cards)
    later = []
    for _ in range(CALLS):
        began = time.perf_counter()
        call(f"{ENGINE}:read_cards", empty, returns=Cards)
        later.append(time.perf_counter() - began)
    extra = statistics.median(firsts) - statistics.median(imports)
    each = statistics.median(later)
    return [
        Claim(
            what="the first process, beyond the import of torch",
            seen=f"{extra:.2f} s ({statistics.median(firsts):.2f} s, import {statistics.median(imports):.2f} s)",
            limit=f"≤ {EXTRA_SECONDS} s",
            holds=extra <= EXTRA_SECONDS,
            raw={"import": imports, "first": firsts},
        ),
        Claim(
            what=f"each of {CALLS} processes after it",
            seen=f"{1000 * each:.0f} ms",
            limit=f"≤ {EXTRA_SECONDS} s",
            holds=each <= EXTRA_SECONDS,
            raw={"seconds": later},
        ),
    ]


_FIRST = """
from benchbox.plan.requests import CardsRequest
from benchbox.records.checkpoints import Cards
from benchbox.runner.child import ENGINE, call
if __name__ == "__main__":
    call(f"{ENGINE}:read_cards", CardsRequest(checkpoints=()), returns=Cards)
"""


def _seconds_of(code: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - began
