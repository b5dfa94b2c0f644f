"""A report belongs to one process while it is being written.

The lock is advisory, on the journal itself, and ends with the process however that dies. Where the system or the
disk has no such locks there is none.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from benchbox.errors import RecordError
from benchbox.records.journal import storing


@contextmanager
def writing(journal: Path) -> Iterator[None]:
    """Hold a journal, made if need be. Raises RecordError where another process writes it, and StorageError."""
    with storing(journal):
        file = journal.open("ab")
    with file:
        if _is_held_elsewhere(file):
            raise RecordError(
                f"{journal.parent} is being written by another benchbox",
                hint="wait for its end, or stop it, and ask again",
            )
        yield


def is_being_written(journal: Path) -> bool:
    """Whether another process holds this journal now."""
    if not journal.exists():
        return False
    with journal.open("rb") as file:
        return _is_held_elsewhere(file) is True


def is_abandoned(file: Path) -> bool:
    """Whether surely no other process holds this file; where there are no locks nobody knows."""
    if not file.exists():
        return True
    with file.open("rb") as opened:
        return _is_held_elsewhere(opened) is False


def _is_held_elsewhere(file: IO[bytes]) -> bool | None:
    """Take the lock, which lasts until the file is closed, and tell whether somebody else has it.

    None where that cannot be told.
    """
    if sys.platform == "win32":
        return None
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return None  # some network disks know no locks
    return False
