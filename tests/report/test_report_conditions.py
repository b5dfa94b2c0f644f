from pathlib import Path

import msgspec
import pytest
from factories import (
    bench_records,
    failed_record,
    fit_record,
    full_records,
    sample_actual,
    sample_facts,
    sample_plan,
    timed_record,
)

from benchbox.plan.spec import DataSpec, RunSpec
from benchbox.records.record import Record
from benchbox.report.conditions import NEIGHBOURS, conditions, split_text, unfinished


def _with(record: Record, **changes: object) -> Record:
    return msgspec.structs.replace(record, actual=sample_actual(**changes))


def _on(record: Record, **changes: object) -> RunSpec:
    data = msgspec.structs.replace(record.spec.data, **changes)
    return msgspec.structs.replace(record.spec, data=data)


@pytest.mark.parametrize(
    ("fraction", "ratio"), [(0.1, "9:1"), (0.2, "4:1"), (0.25, "3:1"), (0.5, "1:1"), (1 / 3, "2:1")]
)
def test_the_split_is_a_ratio(fraction: float, ratio: str) -> None:
    said = split_text(DataSpec(test_fraction=fraction, split_seed=3), 1296, 144)
    assert said == f"random {ratio}, seed 3: 1,296 train, 144 held out"


@pytest.mark.parametrize(
    ("data", "counts", "said"),
    [
        (
            DataSpec(split="views:8", split_seed=1),
            (160, 1280, 0),
            "8 of 72 views of each object, seed 1: 160 train, 1,280 held out",
        ),
        (
            DataSpec(split="views:8", val_fraction=0.1),
            (144, 1280, 16),
            "8 of 72 views of each object, seed 0: 144 train, 1,280 held out, 16 set aside for choosing",
        ),
        (DataSpec(split="sector:90"), (1080, 360, 0), "a sector of 90°, seed 0: 1,080 train, 360 held out"),
        (DataSpec(split="folders"), (9469, 3925, 0), "as the folders give it: 9,469 train, 3,925 held out"),
        (
            DataSpec(val_fraction=0.1),
            (1166, 144, 130),
            "random 9:1, seed 0: 1,166 train, 144 held out, 130 set aside for choosing",
        ),
        (DataSpec(part="all", split="views:8"), (1440, 0, 0), "none: all 1,440 pictures"),
        (DataSpec(split="views:8"), (0, 0, 0), ""),
    ],
)
def test_every_rule_is_said_in_a_line(data: DataSpec, counts: tuple[int, int, int], said: str) -> None:
    assert split_text(data, *counts) == said


def test_the_line_counts_what_a_run_really_set_aside() -> None:
    record = _with(fit_record(), train=1166, test=144, validation=130)
    records = [msgspec.structs.replace(record, spec=_on(record, val_fraction=0.1))]
    assert "130 set aside" in dict(conditions(sample_plan("train", records), records))["Split"]


def test_twins_may_be_among_the_pictures_set_aside() -> None:
    records, facts = [fit_record()], sample_facts()
    for validation, others in ((0, "training pictures"), (9, "training pictures and those set aside")):
        found = msgspec.structs.replace(facts.data, twins=2, validation=validation)
        plan = sample_plan("train", records, facts=msgspec.structs.replace(facts, data=found))
        said = f"2 held-out pictures have a twin, pixel for pixel, among the {others}"
        assert ("", said) in conditions(plan, records)


@pytest.mark.parametrize("rule", ["views:8", "sector:90"])
def test_only_a_random_split_of_views_is_called_easy(rule: str) -> None:
    records = [msgspec.structs.replace(fit_record(), spec=_on(fit_record(), split=rule))]
    assert NEIGHBOURS not in str(conditions(sample_plan("train", records), records))


def test_views_of_a_turntable_come_with_the_warning() -> None:
    records = [fit_record()]
    assert ("", NEIGHBOURS) in conditions(sample_plan("train", records), records)


def test_other_pictures_come_without_it() -> None:
    record = _with(fit_record(), data="Flowers (photos)")
    spec = msgspec.structs.replace(record.spec, data=DataSpec(source="photos"))
    records = [msgspec.structs.replace(record, spec=spec)]
    assert NEIGHBOURS not in str(conditions(sample_plan("train", records), records))


def test_a_fallback_is_said_once_with_all_it_concerns() -> None:
    records = [_with(fit_record(name), notes=("fell back to contiguous",)) for name in ("lenet", "vgg16", "vgg16")]
    notes = [said for name, said in conditions(sample_plan("train", records), records) if name == "Note"]
    assert notes == ["lenet, vgg16: fell back to contiguous"]


def test_warnings_of_the_plan_are_notes() -> None:
    records = [fit_record()]
    assert ("Note", "one seed") in conditions(sample_plan("train", records, notes=("one seed",)), records)


def test_what_is_equal_for_all_runs_is_said_once() -> None:
    records = bench_records()
    names = [name for name, _ in conditions(sample_plan("bench", records), records)]
    assert names == ["Data", "Split", "", "Machine", "Software", "Placement"]


def test_the_placement_is_the_one_that_ran() -> None:
    records = [_with(fit_record(precision="bf16"), memory_format="contiguous", precision="fp32")]
    said = dict(conditions(sample_plan("train", records), records))["Placement"]
    assert said == "cpu, fp32, contiguous, gathered batches, 2 threads"


def test_runs_that_never_started_claim_no_placement() -> None:
    records = [failed_record()]
    assert "Placement" not in dict(conditions(sample_plan("train", records), records))


def test_the_ceiling_is_told_with_its_precision() -> None:
    records = full_records()
    said = dict(conditions(sample_plan("bench", records), records))["Ceiling"]
    assert said == "bf16 matrix product 10.0 TFLOP/s, copy 10.0 GB/s"


def test_an_unfinished_report_says_how_it_is_finished() -> None:
    records = [timed_record(), timed_record("alexnet"), failed_record("vgg16", "infer", status="interrupted")]
    plan = sample_plan("bench", [*records, timed_record("resnet50")])
    said = "2 of 4 runs; `benchbox bench --resume 'my reports/x'` runs the rest"
    assert unfinished(Path("my reports/x"), plan, records) == [("Unfinished", said)]


def test_a_ladder_is_resumed_by_its_command() -> None:
    ((_, said),) = unfinished(Path("x"), sample_plan("ablate speed", [timed_record()]), [])
    assert "`benchbox ablate --resume x`" in said


def test_failed_runs_are_finished() -> None:
    records = [failed_record(status="oom"), failed_record("lenet", status="skipped")]
    assert unfinished(Path("x"), sample_plan("bench", records), records) == []
