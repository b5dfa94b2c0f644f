"""The main module of a process that evaluates checkpoints for an arm of a gate.

`python -m benchbox.runner.score_child PIPE LIFELINE`, two descriptors; it is started in the arm's folder, so that
it imports the arm's own files. It is sent requests as JSON and answers each with what was scored (`plan.gate`).
"""

import sys
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import cast

import msgspec

from benchbox.plan.gate import Scored, encode_message
from benchbox.plan.requests import RunRequest
from benchbox.runner.processes import ENGINE
from benchbox.runner.serve import become_arm, find

SCORE = f"{ENGINE}.scoring:score"


def main(arguments: Sequence[str]) -> None:
    """Become a child that ends with its parent, and answer it."""
    connection = become_arm(arguments)
    score = cast(Callable[[RunRequest], Scored], find(SCORE))
    with connection:
        while content := _hear(connection):
            request = msgspec.json.decode(content, type=RunRequest)
            connection.send_bytes(encode_message(score(request)))


def _hear(pipe: Connection) -> bytes:
    """The next request; nothing where nobody has one any more."""
    try:
        return pipe.recv_bytes()
    except (EOFError, OSError):
        return b""


if __name__ == "__main__":
    main(sys.argv[1:])
