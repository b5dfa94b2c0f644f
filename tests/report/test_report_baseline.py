"""A baseline as a table and as a document: its numbers, and that no damage keeps it from being shown."""

import io
import json
from collections.abc import Sequence

import pytest
from factories import measured, timed_record, with_measured
from msgspec.structs import replace
from rich.console import Console

from benchbox.gate.evidence import make_arm
from benchbox.gate.verdict import Source
from benchbox.records.record import Record
from benchbox.report.baseline import baseline_document, baseline_rows, print_baseline


def timed(samples: Sequence[float] = (0.1, 0.1), control: Sequence[float] = (0.05, 0.05)) -> Record:
    """A record that has these times and no others; empty for none."""
    record = replace(timed_record(), measurements=measured(parameters=100, peak_memory=2**20))
    series = {"sample_seconds": samples, "control_seconds": control}
    return with_measured(record, **{name: values for name, values in series.items() if values})


def test_times_are_medians_and_also_told_relative_to_the_control() -> None:
    [row] = baseline_rows(make_arm([timed()], Source(asked="base.jsonl")))
    assert row.seconds == 0.1
    assert row.to_control == pytest.approx(2.0)
    assert (row.parameters, row.peak_memory, row.records, row.failed) == (100, 2**20, 1, 0)


@pytest.mark.parametrize(
    ("samples", "control"), [((0.0, 0.1), (0.05, 0.05)), ((-0.1, -0.1), (0.05, 0.05)), ((0.1, 0.1), (0.0, 0.0))]
)
def test_of_a_row_with_a_time_that_cannot_be_no_times_are_told(
    samples: Sequence[float], control: Sequence[float]
) -> None:
    arm = make_arm([timed(samples, control)], Source(asked="base.jsonl"))
    [row] = baseline_rows(arm)
    assert (row.seconds, row.to_control, row.failed) == (None, None, 1)
    shown = io.StringIO()
    print_baseline(Console(file=shown, width=200), arm, doubts=())
    assert "which is no time in seconds" in shown.getvalue()
    assert json.loads(baseline_document(arm, doubts=(), today=""))["faults"]


@pytest.mark.parametrize(("samples", "control", "seconds"), [((), (0.05,), None), ((0.1,), (), 0.1)])
def test_without_both_times_there_is_no_ratio(
    samples: Sequence[float], control: Sequence[float], seconds: float | None
) -> None:
    [row] = baseline_rows(make_arm([timed(samples, control)], Source(asked="base.jsonl")))
    assert (row.seconds, row.to_control) == (seconds, None)
