"""results.jsonl: one record a line, on the disk before the next run starts.

The file is a history and is only ever added to: a run that is made again leaves a second record of its spec.
`settled` and `latest` tell which records count.
"""

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from benchbox.errors import RecordError, StorageError
from benchbox.plan.spec import RunSpec
from benchbox.records.files import Sync, append_line
from benchbox.records.record import Record, decode, encode

JOURNAL = "results.jsonl"


@dataclass(frozen=True, kw_only=True)
class Journal:
    """All records of a journal in the order of their runs, and a note where its end was lost."""

    records: tuple[Record, ...]
    note: str = ""


@contextmanager
def storing(path: Path, report: Path | None = None) -> Iterator[None]:
    """Whatever is written in here raises StorageError where the system refuses; `report` can be resumed."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise StorageError(str(path), reason, report=str(report) if report else "") from error


def append(journal: Path, record: Record, *, sync: Sync = os.fsync) -> None:
    """Add one line and force it to the disk, so that a later crash cannot take it away; nor a new file's name.

    Raises StorageError where that fails; the journal is then as it was.
    """
    with storing(journal, journal.parent):
        append_line(journal, encode(record), sync=sync)


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


def read_journal(path: Path) -> Journal:
    """A report folder's journal, or a journal by its own path, without a last line that was cut off.

    A process that is killed while it writes can leave such a line: it is dropped, and the note says so.
    Raises RecordError where there is no journal, or where another line is damaged.
    """
    journal = find_journal(path)
    whole, torn = divided(journal.read_bytes())
    note = f"the last line of {journal} was cut off and is left out: its run counts as not made" if torn else ""
    return Journal(records=tuple(_records(journal, whole)), note=note)


def read(path: Path) -> list[Record]:
    """The records of a journal that count, as `settled` tells. Raises RecordError."""
    return settled(read_journal(path).records)


def divided(content: bytes) -> tuple[bytes, bytes]:
    """What is whole, and a torn last line: one without its end that is no JSON."""
    head, end, tail = content.rpartition(b"\n")
    if not tail:
        return content, b""
    try:
        msgspec.json.decode(tail)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return head + end, tail
    return content, b""


def mend(journal: Path) -> None:
    """Make a journal ready to be added to: a last line that was cut off is removed. Raises StorageError."""
    if not journal.is_file():
        return
    content = journal.read_bytes()
    whole, torn = divided(content)
    with storing(journal, journal.parent):
        if torn:
            os.truncate(journal, len(whole))
        elif whole and not whole.endswith(b"\n"):
            with journal.open("ab") as file:
                file.write(b"\n")


def add_line(file: Path, line: bytes, *, sync: Sync = os.fsync) -> None:
    """Add a line, given without its end, to a file that is only ever added to, and force it to the disk.

    The file and its folder are made where there are none; a last line that was cut off before is removed first.
    Raises StorageError.
    """
    mend(file)
    with storing(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        append_line(file, line, sync=sync)


def settled(records: Iterable[Record]) -> list[Record]:
    """The last record of every spec, in the order of their first appearance."""
    last: dict[RunSpec, Record] = {}
    for record in records:
        last[record.spec] = record
    return list(last.values())


def latest(records: Iterable[Record], specs: Sequence[RunSpec]) -> list[Record]:
    """The last record of each of a plan's specs, in the plan's order; specs without a record are left out."""
    return [record for record in by_place(records, specs) if record is not None]


def by_place(records: Iterable[Record], specs: Sequence[RunSpec]) -> list[Record | None]:
    """For each of a plan's specs its last record, None where it has none.

    Where a plan holds the same spec n times, its last n records stand for them, in their order.
    """
    seen: dict[RunSpec, list[Record]] = defaultdict(list)
    for record in records:
        seen[record.spec].append(record)
    left = {spec: iter(seen[spec][-count:]) for spec, count in Counter(specs).items()}
    return [next(left[spec], None) for spec in specs]


def _records(journal: Path, content: bytes) -> Iterator[Record]:
    for number, line in enumerate(content.splitlines(), start=1):
        try:
            yield decode(line)
        except RecordError as error:
            raise RecordError(f"{journal}, line {number}: {error.what}", hint=error.hint) from error
        except UnicodeDecodeError as error:
            raise RecordError(f"{journal}, line {number}: not a record: {error}") from error
