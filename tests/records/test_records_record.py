"""Records: JSON lines that come back as they were; other schemas and damaged lines are refused and named."""

import json
from pathlib import Path

import pytest
from factories import bench_records, failed_record, fit_record

from benchbox.errors import CheckpointError, RecordError, SpecError
from benchbox.records.checkpoints import decode_card
from benchbox.records.journal import JOURNAL, append, read
from benchbox.records.record import Measurement, decode, encode


@pytest.mark.parametrize("record", [*bench_records(), fit_record(), failed_record("lenet", status="oom")])
def test_a_record_comes_back_as_it_was(record: object) -> None:
    assert decode(encode(record)) == record  # type: ignore[arg-type]


def test_a_record_from_before_phases_has_none() -> None:
    line = json.loads(encode(fit_record()))
    del line["phases"]
    assert decode(json.dumps(line).encode()).phases == ()


def test_another_schema_is_refused() -> None:
    line = json.loads(encode(fit_record())) | {"schema": 99}
    with pytest.raises(RecordError, match="the record has schema 99"):
        decode(json.dumps(line).encode())


@pytest.mark.parametrize("line", [b"", b"{", b"[]", b'{"schema": 1}', b"\xff"])
def test_what_is_no_record_is_refused(line: bytes) -> None:
    with pytest.raises(RecordError):
        decode(line)


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    append(tmp_path / JOURNAL, fit_record())
    with (tmp_path / JOURNAL).open("ab") as file:
        file.write(b'{"schema": 1, "sp\n')
    with pytest.raises(RecordError, match=r"results\.jsonl, line 2"):
        read(tmp_path)


def test_a_folder_without_records_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="no records at"):
        read(tmp_path)


@pytest.mark.parametrize("values", [(), (float("nan"),), (1.0, float("inf"))])
def test_a_measurement_holds_finite_numbers(values: tuple[float, ...]) -> None:
    with pytest.raises(SpecError, match="values of loss"):
        Measurement(metric="loss", values=values)


def test_a_measurement_is_of_a_known_metric() -> None:
    with pytest.raises(SpecError, match="metric: got 'lost'"):
        Measurement(metric="lost", values=(1.0,))


def test_a_card_of_another_schema_is_refused() -> None:
    with pytest.raises(CheckpointError, match=r"a\.json has schema 7"):
        decode_card(b'{"schema": 7}', name="a.json")
