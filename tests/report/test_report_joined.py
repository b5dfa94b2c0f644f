from io import StringIO
from pathlib import Path

import pytest
from factories import eval_record, fit_record, sample_plan, timed_record
from msgspec.structs import replace
from rich.console import Console

from benchbox.errors import UsageError
from benchbox.records.record import Record
from benchbox.report.joined import Report, joined
from benchbox.report.show import show


def _report(folder: str, *records: Record, command: str = "train", **fields: object) -> Report:
    return Report(Path(folder), sample_plan(command, records, **fields), records)


def test_one_report_is_itself() -> None:
    one = _report("a", fit_record("lenet"))
    assert joined([one]) is one


def test_runs_stand_in_the_order_of_the_reports() -> None:
    whole = joined([_report(name, fit_record(name)) for name in ("vgg16", "lenet", "alexnet")])
    assert [spec.model.name for spec in whole.plan.specs] == ["vgg16", "lenet", "alexnet"]
    assert [record.spec for record in whole.records] == list(whole.plan.specs)


def test_files_are_found_where_each_report_lies() -> None:
    whole = joined([_report("a", fit_record("lenet")), _report("b", fit_record("alexnet"))])
    again = joined([whole, _report("c", fit_record("vgg16"))])
    places = [Path(record.files["last"]) for record in again.records]
    assert places == [
        Path.cwd() / folder / "checkpoints" / f"{model}-last.pt"
        for folder, model in (("a", "lenet"), ("b", "alexnet"), ("c", "vgg16"))
    ]


def test_what_takes_turns_still_does() -> None:
    records = [timed_record("lenet", "train_step"), timed_record("lenet", "train_step", precision="bf16")]
    others = [timed_record("alexnet", "train_step"), timed_record("alexnet", "train_step", precision="bf16")]
    reports = [
        _report(folder, *seen, command="ablate speed", turns=((0, 1),), labels=("plain", "bf16"))
        for folder, seen in (("a", records), ("b", others))
    ]
    whole = joined(reports).plan
    assert whole.turns == ((0, 1), (2, 3))
    assert whole.labels == ("plain", "bf16", "plain", "bf16")


def test_notes_come_once() -> None:
    notes = ("the cache is read-only",)
    reports = [_report(name, fit_record(name), notes=notes) for name in ("lenet", "alexnet")]
    assert joined(reports).plan.notes == notes


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        (
            _report("a", fit_record("lenet")),
            _report("b", eval_record("alexnet"), command="eval"),
            "a and b do not go into one table: they are of train and eval",
        ),
        (
            _report("a", fit_record("lenet"), command="ablate recipe"),
            _report("b", fit_record("alexnet"), command="ablate recipe"),
            "they are of ablate recipe",
        ),
        (
            _report("a", fit_record("lenet")),
            _report("b", fit_record("alexnet"), fit_record("lenet")),
            "b holds runs that stand before it already: lenet",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(first: Report, second: Report, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        joined([first, second])
    assert said in str(refused.value)


def test_each_folder_is_named_and_what_is_unfinished_in_it() -> None:
    one, other = _report("a", fit_record("lenet")), _report("b", fit_record("alexnet"))
    broken = Report(
        other.folder, replace(other.plan, specs=(*other.plan.specs, fit_record("vgg16").spec)), other.records
    )
    out = StringIO()
    show(Console(file=out, width=80), [one, broken])
    said = " ".join(out.getvalue().split())
    assert "Report a" in said
    assert "Report b Unfinished 1 of 2 runs; `benchbox train --resume b` runs the rest" in said
    assert "lenet" in said
    assert "alexnet" in said
