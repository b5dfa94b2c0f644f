"""Records of runs that left none: how each way to end is told."""

import signal
from datetime import UTC, datetime

from factories import failed_record, fit_record, sample_spec

from benchbox.runner.child import ChildError, TimedOut
from benchbox.runner.outcome import outcome_of_death, outcome_of_timeout

BEGAN = datetime.now(UTC)
KILLED = ChildError("the process was ended by SIGKILL", signal=signal.SIGKILL)


def test_a_kill_while_the_kernels_count_rose_is_oom() -> None:
    record = outcome_of_death(sample_spec(), KILLED, began=BEGAN, oom_kills=1)
    assert record.status == "oom"
    assert "memory ran out" in record.reason
    assert "--batch-size" in record.reason


def test_another_death_is_a_crash() -> None:
    assert outcome_of_death(sample_spec(), KILLED, began=BEGAN, oom_kills=0).status == "crashed"
    other = ChildError("RuntimeError: shapes", "a traceback")
    record = outcome_of_death(sample_spec(), other, began=BEGAN, oom_kills=1)
    assert (record.status, record.reason, record.log) == ("crashed", "RuntimeError: shapes", "a traceback")


def test_a_timeout_keeps_what_was_measured() -> None:
    spec = sample_spec()
    mute = outcome_of_timeout(spec, TimedOut(5.0), began=BEGAN)
    assert (mute.spec, mute.status) == (spec, "timeout")
    assert mute.reason == "over 5 s; a longer --timeout, or 0 for none, lets it go on"
    half = failed_record("lenet", status="interrupted", reason="stopped")
    told = outcome_of_timeout(spec, TimedOut(5.0, half), began=BEGAN)
    assert (told.status, told.reason, told.actual) == ("timeout", mute.reason, half.actual)


def test_a_run_that_ended_in_the_same_moment_keeps_its_outcome() -> None:
    assert outcome_of_timeout(sample_spec(), TimedOut(5.0, fit_record()), began=BEGAN) == fit_record()
