"""One process at a time writes a report."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from benchbox.errors import RecordError, StorageError
from benchbox.records.journal import JOURNAL
from benchbox.runner.lock import is_abandoned, is_being_written, writing

HOLDER = """
import sys
from pathlib import Path
from benchbox.runner.lock import writing
with writing(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_process_is_refused_until_the_first_has_ended(tmp_path: Path) -> None:
    journal = tmp_path / JOURNAL
    words = [sys.executable, "-c", HOLDER, str(journal)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert is_being_written(journal)
        assert not is_abandoned(journal)
        with pytest.raises(RecordError, match="is being written by another benchbox"), writing(journal):
            pass
        holder.kill()
    assert not is_being_written(journal)
    assert is_abandoned(journal)
    with writing(journal):
        assert journal.exists()


def test_asking_takes_nothing_and_makes_nothing(tmp_path: Path) -> None:
    assert not is_being_written(tmp_path / JOURNAL)
    assert not (tmp_path / JOURNAL).exists()


def test_where_there_are_no_locks_nobody_knows_who_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    journal = tmp_path / JOURNAL
    journal.touch()
    assert not is_abandoned(journal)
    assert not is_being_written(journal)
    with writing(journal):
        pass


def test_a_journal_that_cannot_be_made_is_a_matter_of_storage(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="No such file or directory"), writing(tmp_path / "gone" / JOURNAL):
        pass
