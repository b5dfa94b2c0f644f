"""Doubts below a table: each kind once, for all timings that it concerns."""

from factories import eval_record, failed_record, largest_record, process_records, timed_record, with_actual

from benchbox.records.record import Record
from benchbox.records.rows import rows
from benchbox.report.doubts import doubt_notes
from benchbox.report.text import MOST_LISTED

BUSY = "other processes used {}% of the cores meanwhile: end them, then measure again"


def doubtful(model: str, task: str, *doubts: str) -> Record:
    return with_actual(timed_record(model, task), doubts=doubts)  # type: ignore[arg-type]


def notes(*records: Record) -> tuple[str, ...]:
    seen = rows(records)
    return doubt_notes(seen, [row.model for row in seen])


def test_nothing_is_said_where_nothing_is_in_doubt() -> None:
    assert notes(timed_record()) == ()


def test_the_same_doubt_of_several_timings_is_said_once_with_its_range() -> None:
    seen = notes(
        doubtful("lenet", "infer", BUSY.format(66)),
        doubtful("lenet", "train_step"),
        doubtful("alexnet", "infer", BUSY.format(9.5)),
    )
    words = "other processes used 9.5–66% of the cores meanwhile: end them, then measure again"
    assert seen == (f"In doubt: lenet inference, alexnet inference: {words}.",)


def test_a_doubt_of_all_is_one_of_all() -> None:
    seen = notes(doubtful("lenet", "infer", BUSY.format(20)), doubtful("lenet", "train_step", BUSY.format(20)))
    assert seen == (f"In doubt: all timings: {BUSY.format(20)}.",)


def test_a_doubt_of_all_timings_is_one_of_all_beside_what_is_not_timed() -> None:
    busy = (doubtful("lenet", "infer", BUSY.format(20)), doubtful("lenet", "train_step", BUSY.format(20)))
    assert notes(*busy, eval_record("lenet"), largest_record("lenet")) == (
        f"In doubt: all timings: {BUSY.format(20)}.",
    )


def test_a_failed_timing_has_no_doubt_and_is_none_of_all() -> None:
    busy = (doubtful("lenet", "infer", BUSY.format(20)), doubtful("alexnet", "infer", BUSY.format(20)))
    assert "all timings" in notes(*busy, failed_record("vgg16", "infer"))[0]


def test_every_number_that_varies_has_its_range() -> None:
    said = "noisy: ±{}% after {} s of 10"
    seen = notes(
        doubtful("lenet", "infer", said.format(7, 2)),
        doubtful("alexnet", "infer", said.format(9, 1)),
        timed_record("vgg16"),
    )
    assert seen == ("In doubt: lenet inference, alexnet inference: noisy: ±7–9% after 1–2 s of 10.",)


def test_processes_of_one_cell_share_a_doubt() -> None:
    cells = process_records(medians=(0.1, 0.1, 0.1))
    records = [with_actual(cell, doubts=(f"noisy: ±{9.5 + place}%",)) for place, cell in enumerate(cells)]
    assert notes(*records) == ("In doubt: lenet inference: noisy: ±9.5–11.5%.",)


def test_doubts_of_other_kinds_stay_apart() -> None:
    assert len(notes(doubtful("lenet", "infer", BUSY.format(20), "noisy: ±7%"))) == 2


def test_long_lists_are_cut() -> None:
    models = ("lenet", "alexnet", "googlenet", "vgg16", "resnet50", "efficientnet_b0", "efficientnet_b1")
    seen = notes(*(doubtful(model, "infer", "noisy: ±7%") for model in models), timed_record("efficientnet_b2"))
    assert f"and {len(models) - MOST_LISTED} more" in seen[0]
