"""The main module of an arm of a gate: `python -m benchbox.runner.rows_child PIPE LIFELINE`, two descriptors.

It is started by its name, in the arm's folder, so that each arm imports its own files, benchbox itself among them
where the folder holds one. What is said over the pipe is in `plan.gate`.
"""

import os
import sys
from collections.abc import Sequence
from multiprocessing.connection import Connection

from benchbox.runner.processes import ENGINE
from benchbox.runner.serve import become_child, find

SERVE_ROWS = f"{ENGINE}.rows:serve_rows"


def main(arguments: Sequence[str]) -> None:
    """Become a child that ends with its parent, and answer it."""
    pipe, lifeline = map(int, arguments)
    for descriptor in (pipe, lifeline):
        os.set_inheritable(descriptor, False)  # what this process starts shall not keep them open
    become_child(None, lifeline=lifeline)
    with Connection(pipe) as connection:
        find(SERVE_ROWS)(connection)


if __name__ == "__main__":
    main(sys.argv[1:])
