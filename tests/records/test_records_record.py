"""Records: JSON lines that come back as they were; other schemas and damaged lines are refused and named."""

import json
from pathlib import Path

import pytest
from factories import bench_records, failed_record, fit_record

from benchbox.errors import CheckpointError, RecordError, SpecError
from benchbox.records.checkpoints import decode_card
from benchbox.records.journal import JOURNAL, append, read
from benchbox.records.record import READABLE, SCHEMA, Measurement, decode, encode


@pytest.mark.parametrize("record", [*bench_records(), fit_record(), failed_record("lenet", status="oom")])
def test_a_record_comes_back_as_it_was(record: object) -> None:
    assert decode(encode(record)) == record  # type: ignore[arg-type]


# As the first release wrote it, shortened.
OLD = b"""{"schema": 1, "spec": {"task": "fit", "model": {"name": "lenet", "activation": "sigmoid", "dropout": 0.5,
"init": "suited"}, "data": {"source": "turntable", "image_size": 128, "channels": 1, "fit_mode": "stretch",
"test_fraction": 0.1, "split_seed": 0, "part": "test", "skip_bad": false, "cache_limit": 2147483648}, "fit":
{"epochs": 30, "seconds": 30.0, "batch_size": 32, "eval_batch_size": 64, "optimizer": "adamw", "lr": 0.01,
"weight_decay": 0.01, "schedule": "one_cycle"}, "placement": {"device": "cpu", "precision": "bf16",
"memory_format": "channels_last", "compile": false, "fused": true, "threads": 2, "feed": "gather", "workers": 2,
"sync_seconds": 0.5}, "timing": {"seconds": 10.0, "goal": 0.01, "least": 6}, "seed": 0, "checkpoint": null}, "case":
"fit/lenet/cpu-bf16-channels_last/b32@128/084ea646", "status": "ok", "reason": "", "started":
"2026-11-24T05:38:28+00:00", "seconds": 17.66, "actual": {"data": "turntable (dataset/turntable)", "data_digest":
"5f73", "classes": ["obj1", "obj2"], "train": 1296, "test": 144, "memory_format": "channels_last", "precision":
"bf16", "network_digest": "", "weights": "", "stop_reason": "", "mean": [0.197], "std": [0.278], "test_pictures":
["obj1__20.png"], "notes": []}, "environment": null, "measurements": [{"metric": "test_accuracy", "values": [0.5,
1.0]}], "files": {"predictions": "predictions/lenet-fit.csv"}, "log": ""}"""


@pytest.mark.parametrize("schema", [1, 2])
def test_an_old_record_is_read_as_it_was_meant(schema: int) -> None:
    record = decode(OLD.replace(b'"schema": 1', f'"schema": {schema}'.encode()))
    spec = record.spec
    assert (record.schema, record.case) == (schema, "fit/lenet/cpu-bf16-channels_last/b32@128/084ea646")
    assert (spec.data.split, spec.data.val_fraction, spec.placement.convolution) == ("random", 0.0, "direct")
    assert (spec.fit.until, spec.fit.label_smoothing, spec.fit.augment, spec.repeat) == (None, None, None, 0)
    assert (record.last("test_accuracy"), record.actual.weights_digest) == (1.0, "")


def test_a_new_record_has_the_newest_schema() -> None:
    assert json.loads(encode(fit_record()))["schema"] == SCHEMA == max(READABLE) == 4


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
