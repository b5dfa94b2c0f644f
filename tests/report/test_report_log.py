from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from factories import failed_record, sample_spec

from benchbox.records.events import Noted, PhaseBegan, StepSeen
from benchbox.report.log import LOG, LogFile

STEP = StepSeen(
    epoch=1, epochs=1, step=1, steps=2, loss=1.0, accuracy=0.5, pictures_per_second=1.0, seconds_left=1.0
)


def _log(folder: Path) -> LogFile:
    return LogFile(folder / LOG, total=1, now=lambda: datetime(2026, 11, 24, 10, tzinfo=UTC))


def test_lines_carry_the_time_and_are_there_at_once(tmp_path: Path) -> None:
    with _log(tmp_path) as log:
        log.run_started(0, sample_spec(), "lenet")
        log(PhaseBegan(name="build"))
        log(STEP)
        assert (tmp_path / LOG).read_text().splitlines() == [
            "2026-11-24T10:00:00.000+00:00 [1/1] lenet · training",
            "2026-11-24T10:00:00.000+00:00 lenet: build",
        ]


def test_what_a_process_printed_is_kept(tmp_path: Path) -> None:
    with _log(tmp_path) as log:
        log.run_ended(msgspec.structs.replace(failed_record(reason="died"), log="first\nsecond"))
    assert [line[30:] for line in (tmp_path / LOG).read_text().splitlines()][1:] == ["    first", "    second"]


def test_a_second_opening_appends(tmp_path: Path) -> None:
    for _ in range(2):
        with _log(tmp_path) as log:
            log(Noted(text="again"))
    assert (tmp_path / LOG).read_text().count("note: again") == 2


def test_what_stopped_the_work_is_said(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), _log(tmp_path):
        raise KeyboardInterrupt
    assert "stopped by KeyboardInterrupt" in (tmp_path / LOG).read_text()


def test_writing_outside_the_with_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="outside"):
        _log(tmp_path)(Noted(text="x"))
