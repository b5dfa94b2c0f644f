"""The main module of an arm of a gate: `python -m benchbox.runner.rows_child PIPE LIFELINE`, two descriptors.

It is started by its name, in the arm's folder, so that each arm imports its own files, benchbox itself among them
where the folder holds one. What is said over the pipe is in `plan.gate`.
"""

import sys
from collections.abc import Sequence

from benchbox.runner.processes import ENGINE
from benchbox.runner.serve import become_arm, find

SERVE_ROWS = f"{ENGINE}.rows:serve_rows"


def main(arguments: Sequence[str]) -> None:
    """Become a child that ends with its parent, and answer it."""
    with become_arm(arguments) as connection:
        find(SERVE_ROWS)(connection)


if __name__ == "__main__":
    main(sys.argv[1:])
