"""Counts of networks without a picture: the same as a cell's own, and a reason where a network cannot be made."""

from pathlib import Path

from factories import SIZES, sample_spec

from benchbox.engine.count import METRICS, count_rows
from benchbox.plan.spec import case
from benchbox.records.counting import CountRequest


def test_every_row_has_a_record_with_what_can_be_counted() -> None:
    specs = tuple(sample_spec(model, "infer", threads=1, precision="fp32") for model in ("lenet", "resnet50"))
    records = count_rows(CountRequest(specs=specs, classes=20)).records
    assert [record.case for record in records] == [case(spec) for spec in specs]
    for record in records:
        assert {seen.metric for seen in record.measurements} == set(METRICS)
        parameters, flops = SIZES[record.spec.model.name]
        assert record.last("parameters") == parameters
        assert abs((record.last("flops") or 0) / flops - 1) < 0.001
        assert record.environment is not None
        assert record.actual.data == "", "no picture was looked at"


def test_classes_count() -> None:
    specs = (sample_spec("lenet", "infer", threads=1, precision="fp32"),)
    few, many = (count_rows(CountRequest(specs=specs, classes=classes)).records[0] for classes in (2, 20))
    assert (many.last("parameters") or 0) > (few.last("parameters") or 0)


def test_a_network_that_cannot_be_made_is_a_record_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "nets.py").write_text("def broken(classes):\n    raise ValueError('no such layer')\n")
    names = (f"{tmp_path / 'nets.py'}:broken", "lenet")
    specs = tuple(
        sample_spec(name, "infer", threads=1, precision="fp32", activation=None, dropout=None, init="default")
        for name in names
    )
    broken, whole = count_rows(CountRequest(specs=specs, classes=20)).records
    assert (broken.status, broken.measurements) == ("unsupported", ())
    assert "no such layer" in broken.reason
    assert whole.status == "ok"
