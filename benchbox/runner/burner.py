"""A bad neighbour on purpose: a program that burns a core in bursts, to see what the gate says beside it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# Bursts and pauses of one to ten seconds: longer than a block, so that whole blocks differ, and shorter than a
# pair, so that it does not just look like a slower machine. It ends with whoever started it.
_PROGRAM = """
import os, random, sys, time

chance, parent = random.Random(int(sys.argv[1])), int(sys.argv[2])

def until_drawn(work):
    until = time.monotonic() + chance.uniform(1, 10)
    while time.monotonic() < until:
        if os.getppid() != parent:
            sys.exit()
        work()

while True:
    until_drawn(lambda: sum(range(1000)))
    until_drawn(lambda: time.sleep(0.1))
"""


@contextmanager
def burning(seed: int) -> Iterator[None]:
    """One core burns in bursts drawn from `seed` while the context is open."""
    words = [sys.executable, "-c", _PROGRAM, str(seed), str(os.getpid())]
    # A session of its own: Ctrl-C is for this process, which then ends it.
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, start_new_session=True) as process:
        try:
            yield
        finally:
            process.kill()
