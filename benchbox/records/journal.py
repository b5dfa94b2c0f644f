"""results.jsonl: one record a line, on the disk before the next run starts."""

import os
from collections.abc import Iterator
from pathlib import Path

from benchbox.errors import RecordError
from benchbox.records.record import Record, decode, encode

JOURNAL = "results.jsonl"


def append(journal: Path, record: Record) -> None:
    """Add one line and force it to the disk, so that a later crash cannot take it away."""
    with journal.open("ab") as file:
        file.write(encode(record) + b"\n")
        file.flush()
        os.fsync(file.fileno())


def find_journal(path: Path) -> Path:
    """The journal meant by a path: the file itself or the one in a report folder.

    Raises RecordError where there is none.
    """
    journal = path / JOURNAL if path.is_dir() else path
    if not journal.is_file():
        raise RecordError(
            f"no records at {path}",
            allowed=f"a report folder with a {JOURNAL}, or such a file",
            hint="`reports/latest` is the newest report",
        )
    return journal


def read(path: Path) -> list[Record]:
    """All records of a report folder or a journal, in the order of their runs. Raises RecordError."""
    return list(_lines(find_journal(path)))


def _lines(journal: Path) -> Iterator[Record]:
    for number, line in enumerate(journal.read_bytes().splitlines(), start=1):
        try:
            yield decode(line)
        except RecordError as error:
            raise RecordError(f"{journal}, line {number}: {error.what}", hint=error.hint) from error
