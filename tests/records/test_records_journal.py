"""The journal: whole lines or none, a torn end dropped and mended, and which of several records of a run counts."""

import os
import pickle
import resource
import signal
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from factories import failed_record, fit_record, sample_spec, timed_record
from hypothesis import given
from hypothesis import strategies as st

from benchbox.errors import RecordError, StorageError
from benchbox.records.journal import (
    JOURNAL,
    append,
    by_place,
    latest,
    mend,
    read,
    read_journal,
    settled,
    storing,
)
from benchbox.records.record import Record, encode

LINE = encode(fit_record()) + b"\n"
POOL = (fit_record(), fit_record("alexnet"), timed_record(), failed_record("lenet"), failed_record("alexnet"))
SPECS = tuple({record.spec: None for record in POOL})


@given(cut=st.integers(min_value=0, max_value=len(LINE) - 2))
def test_a_line_cut_anywhere_is_dropped_with_a_note(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    journal = tmp_path_factory.mktemp("report") / JOURNAL
    journal.write_bytes(LINE + LINE[:cut])
    seen = read_journal(journal)
    assert seen.records == (fit_record(),)
    assert ("cut off" in seen.note) == (cut > 0)


def test_a_whole_line_without_its_end_counts(tmp_path: Path) -> None:
    (tmp_path / JOURNAL).write_bytes(LINE + LINE[:-1])
    assert len(read_journal(tmp_path).records) == 2
    assert read_journal(tmp_path).note == ""


@pytest.mark.parametrize(
    "damaged",
    [b'{"schema": 1, "sp\n' + LINE, LINE[:40] + b"\n", b'{"schema": 99}', b"\xff\n" + LINE, b'"\xff"\n'],
)
def test_other_damage_is_an_error_that_names_the_line(tmp_path: Path, damaged: bytes) -> None:
    (tmp_path / JOURNAL).write_bytes(LINE + damaged)
    with pytest.raises(RecordError, match=r"results\.jsonl, line 2"):
        read_journal(tmp_path)


@pytest.mark.parametrize("tail", [b"", LINE[:100], LINE[:-1], b"\xff\xfe"])
def test_a_mended_journal_takes_the_next_line(tmp_path: Path, tail: bytes) -> None:
    journal = tmp_path / JOURNAL
    journal.write_bytes(LINE + tail)
    before = read_journal(journal).records
    mend(journal)
    append(journal, fit_record("vgg16"))
    assert read_journal(journal).records == (*before, fit_record("vgg16"))
    assert read_journal(journal).note == ""


def test_a_journal_that_is_not_there_needs_no_mending(tmp_path: Path) -> None:
    mend(tmp_path / JOURNAL)
    assert not (tmp_path / JOURNAL).exists()


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """As if the disk were full after so many bytes of a file."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    heard = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, heard)


def test_a_line_that_finds_no_room_leaves_the_journal_as_it_was(tmp_path: Path) -> None:
    journal = tmp_path / JOURNAL
    append(journal, fit_record())
    with largest_file(len(LINE) + 50), pytest.raises(StorageError) as error:
        append(journal, fit_record("alexnet"))
    assert journal.read_bytes() == LINE
    assert error.value.path == str(journal)
    assert f"--resume {tmp_path}" in str(error.value)
    append(journal, fit_record("alexnet"))
    assert read(journal) == [fit_record(), fit_record("alexnet")]


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux's")
def test_a_full_disk_is_named(tmp_path: Path) -> None:
    (tmp_path / JOURNAL).symlink_to("/dev/full")
    with pytest.raises(StorageError, match="No space left on device"):
        append(tmp_path / JOURNAL, fit_record())


def test_the_name_of_a_new_journal_is_forced_to_the_disk_once(tmp_path: Path) -> None:
    synced: list[bool] = []

    def sync(descriptor: int) -> None:
        synced.append(stat.S_ISDIR(os.fstat(descriptor).st_mode))

    for _ in range(2):
        append(tmp_path / JOURNAL, fit_record(), sync=sync)
    assert synced == [False, True, False]


def test_only_what_the_system_refuses_is_a_matter_of_storage(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"cannot write .*: Is a directory\. Make room\."), storing(tmp_path):
        os.open(tmp_path, os.O_WRONLY)
    with pytest.raises(ZeroDivisionError), storing(tmp_path):
        raise ZeroDivisionError


def test_an_error_of_storage_crosses_processes_as_it_was() -> None:
    error = StorageError("reports/x", "No space left on device", report="reports")
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.path, again.report) == (str(error), error.path, error.report)
    expected = "cannot write reports/x: No space left on device. Make room, then go on with `--resume reports`."
    assert str(error) == expected


def test_a_run_that_was_made_again_counts_once() -> None:
    first, again = failed_record("lenet"), fit_record("lenet")
    assert first.spec == again.spec
    other = fit_record("alexnet")
    assert settled([first, other, again]) == [again, other]
    assert latest([first, other, again], [other.spec, again.spec]) == [other, again]


def test_a_report_is_read_as_it_counts(tmp_path: Path) -> None:
    for record in (failed_record("lenet"), fit_record("lenet")):
        append(tmp_path / JOURNAL, record)
    assert read(tmp_path) == [fit_record("lenet")]
    assert len(read_journal(tmp_path).records) == 2


def test_a_spec_that_a_plan_holds_twice_has_two_records() -> None:
    spec = sample_spec()
    one, two, three = failed_record("lenet"), fit_record("lenet"), fit_record("lenet", accuracies=(0.5,))
    assert by_place([one], [spec, spec]) == [one, None]
    assert by_place([one, two, three], [spec, spec]) == [two, three]


@given(records=st.lists(st.sampled_from(POOL)), specs=st.lists(st.sampled_from(SPECS), unique=True))
def test_laws_of_what_counts(records: Sequence[Record], specs: Sequence[object]) -> None:
    counting = latest(records, specs)  # type: ignore[arg-type]
    assert [record.spec for record in counting] == [s for s in specs if s in {r.spec for r in records}]
    assert all(record == [r for r in records if r.spec == record.spec][-1] for record in counting)
    assert settled(settled(records)) == settled(records)
    assert {record.spec for record in settled(records)} == {record.spec for record in records}
