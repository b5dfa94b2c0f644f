"""The grids of a bench: ranking, details, constraints; processes, void rows and doubts."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from factories import (
    SIZES,
    bench_records,
    eval_record,
    failed_record,
    fit_record,
    full_records,
    largest_record,
    process_records,
    sample_environment,
    sample_plan,
    timed_record,
    with_actual,
    with_measured,
)
from msgspec.structs import replace
from rich.console import Console

from benchbox.plan.facts import Ceiling
from benchbox.records.record import Record
from benchbox.records.rows import rows
from benchbox.report.document import json_document
from benchbox.report.grid import Grid, markdown_table
from benchbox.report.joined import Report
from benchbox.report.lines import ended_line
from benchbox.report.show import show
from benchbox.report.tables import result_grids


def _grids(records: list[Record], **fields: Any) -> dict[str, Grid]:
    return {grid.title: grid for grid in result_grids(Path(), sample_plan("bench", records, **fields), records)}


def _column(grid: Grid, title: str, *, nth: int = 0) -> list[tuple[str, str]]:
    place = [place for place, column in enumerate(grid.columns) if column.title == title][nth]
    return [(line[place].text, line[place].detail) for line in grid.lines]


def _three(task: Any, scale: float = 1.0) -> list[Record]:
    medians = {"lenet": (0.1, 0.103, 0.098), "alexnet": (0.105, 0.101, 0.108), "vgg16": (1.0, 1.01, 1.02)}
    return [
        record
        for model, seen in medians.items()
        for record in process_records(model, task, medians=[scale * median for median in seen])
    ]


def test_a_ranking_shows_ties_as_ranges() -> None:
    ranking = _grids([*_three("infer"), *_three("train_step", 3)])["Ranking"]
    assert _column(ranking, "Infer") == [("1–2", ""), ("1–2", ""), ("3", "")]
    assert [text for text, _ in _column(ranking, "Time")] == ["1.00", "1.04", "10.1"]
    assert "Welch's 95 % interval" in ranking.notes[0]
    assert not any("--processes" in note for note in ranking.notes)


def test_columns_that_nobody_fills_are_not_in_the_ranking() -> None:
    grids = _grids(_three("infer"))
    titles = [column.title for column in grids["Ranking"].columns]
    assert titles == ["Architecture", "Infer", "Time", "Size"]
    assert "Front" not in grids["Ranking"].notes[0]
    said = grids["Speed, size and accuracy"].notes[0]
    assert said.startswith("Infer: pictures a second")
    assert "Accuracy" not in said


def test_without_timings_times_are_not_explained() -> None:
    records = [eval_record("lenet"), eval_record("alexnet"), timed_record("vgg16")]
    sized = _grids([*records, largest_record("lenet")])
    assert (
        "Time ×" not in _grids([eval_record("lenet"), eval_record("vgg16"), largest_record()])["Ranking"].notes[0]
    )
    assert "Train:" not in sized["Speed, size and accuracy"].notes[0]


def test_a_place_by_a_mere_range_is_marked_and_explained() -> None:
    records = [timed_record("lenet"), timed_record("vgg16", samples=[1.0, 1.01, 1.02])]
    ranking = _grids(records)["Ranking"]
    assert _column(ranking, "Infer") == [("1", ""), ("2?", "")]
    assert "?: by a range, which is no interval" in ranking.notes[0]
    assert "?:" not in _grids(_three("infer"))["Ranking"].notes[0]


def test_ratios_of_several_kinds_are_all_named() -> None:
    seen = _three("infer")
    assert "fastest, Welch's 95 % interval." in _grids(seen)["Ranking"].notes[0]
    mixed = [*seen, timed_record("resnet50", samples=[2.0] * 6), timed_record("googlenet", samples=[2.0, 2.1])]
    said = _grids(mixed)["Ranking"].notes[0]
    assert "Welch's 95 % interval or from the ends of the intervals or from the ends of ranges" in said
    explained = _grids(mixed)["Speed, size and accuracy"].notes[0]
    assert "(Student's t) or median and its 95 % interval in one process." in explained
    two = [record for name in ("lenet", "vgg16") for record in process_records(name, medians=(0.1, 0.11))]
    assert "fastest, from the ends of ranges, and no interval." in _grids(two)["Ranking"].notes[0]


def test_a_single_row_has_no_ranking() -> None:
    assert list(_grids([timed_record(), eval_record()])) == ["Speed, size and accuracy"]


@pytest.mark.parametrize(
    ("processes", "said", "advice"),
    [
        (1, "median and its 95 % interval in one process", "Intervals of one process a cell"),
        (2, "mean of two processes' medians and their range", "Two processes a cell give a range"),
        (3, "mean of 3 processes' medians and its 95 % interval (Student's t).", ""),
    ],
)
def test_a_report_says_of_which_kind_its_intervals_are(processes: int, said: str, advice: str) -> None:
    medians = (0.1, 0.11, 0.12)[:processes]
    grids = _grids([record for name in ("lenet", "vgg16") for record in process_records(name, medians=medians)])
    assert said in grids["Speed, size and accuracy"].notes[0]
    assert advice in " ".join(grids["Ranking"].notes)


def test_a_process_that_failed_shows_its_word_and_how_many_did_not() -> None:
    records = [*process_records(medians=(0.1, 0.1)), failed_record("lenet", "infer", repeat=2, reason="why")]
    table = _grids(records)["Speed, size and accuracy"]
    assert _column(table, "Infer") == [("crashed", "2 of 3")]
    assert "lenet: inference crashed: 2 of 3 processes ended well: why" in table.notes


def test_a_void_row_keeps_its_numbers_and_is_never_best() -> None:
    records = bench_records()
    records[0] = with_actual(records[0], void="answers differ")
    grids = _grids(records)
    table = markdown_table(grids["Speed, size and accuracy"]).splitlines()
    assert table[2].startswith("| lenet (void) | 73.5 k 0.0155 | 320 ±2.0 % |")
    assert "**160** ±2.0 %" in table[3]
    assert _column(grids["Ranking"], "Architecture") == [("alexnet", ""), ("vgg16", "")]
    assert "lenet: void, not ranked: inference: answers differ" in grids["Speed, size and accuracy"].notes


def test_a_doubt_is_a_note_and_takes_no_rank() -> None:
    records = bench_records()
    records[0] = with_actual(records[0], doubts=("noisy: ±6 %",))
    grids = _grids(records)
    assert "In doubt: lenet inference: noisy: ±6 %." in grids["Speed, size and accuracy"].notes
    assert _column(grids["Ranking"], "Infer")[0] == ("1", "")


def test_of_a_wide_interval_the_bounds_are_told() -> None:
    table = _grids(process_records(medians=(0.1, 0.2, 0.4)))["Speed, size and accuracy"]
    assert _column(table, "Infer") == [("160", "(28.6–895)")]


def test_all_that_overlap_the_best_are_bold() -> None:
    records = _three("infer")
    table = markdown_table(_grids(records)["Speed, size and accuracy"]).splitlines()[2:]
    assert [line.count("**") // 2 for line in table] == [3, 2, 0]


SPEED = "Speed, size and accuracy"


def _fits(**curves: tuple[float, ...]) -> list[Record]:
    """Timed rows with a fit each, an epoch of 2 s; by default a row has none."""
    timed = [timed_record(name, samples=[0.1 * (place + 1)] * 6) for place, name in enumerate(SIZES)]
    return [*timed, *(fit_record(name, accuracies=seen) for name, seen in curves.items())]


def test_time_to_accuracy_is_a_column_of_the_highest_share_that_a_row_reached() -> None:
    grids = _grids(_fits(lenet=(0.5, 0.92, 1.0), alexnet=(0.95, 0.99), vgg16=(0.4, 0.5, 0.6, 1.0)))
    table = grids[SPEED]
    blank = ("–", "")
    assert _column(table, "To 100%") == [("6.00", "3 ep."), blank, blank, ("8.00", "4 ep."), blank, blank]
    assert "To 100%: seconds and epochs of one fit until that accuracy" in table.notes[0]
    assert _column(grids["Ranking"], "To 100%") == [("1–2?", ""), blank, blank, ("1–2?", ""), blank, blank]
    assert "the epoch in which one fit got there" in grids["Ranking"].notes[0]


@pytest.mark.parametrize(
    ("curves", "title"),
    [
        ({"lenet": (0.5, 0.992), "alexnet": (0.5, 0.6)}, "To 99%"),
        ({"lenet": (0.5, 0.91), "alexnet": (0.5, 0.6)}, "To 90%"),
        ({"lenet": (0.5, 0.89), "alexnet": (0.5, 0.6)}, None),
    ],
)
def test_where_nobody_got_to_the_highest_share_a_lower_one_stands(
    curves: dict[str, tuple[float, ...]], title: str | None
) -> None:
    grids = _grids(_fits(**curves))
    for grid in (grids[SPEED], grids["Ranking"]):
        shown = [column.title for column in grid.columns if column.title.startswith("To ")]
        assert shown == ([title] if title else [])


def test_the_quickest_to_an_accuracy_is_bold_unless_epochs_touch() -> None:
    apart = markdown_table(_grids(_fits(lenet=(0.5, 1.0), alexnet=(0.5, 0.6, 0.7, 1.0)))[SPEED])
    assert "**4.00** 2 ep." in apart
    assert "**8.00**" not in apart
    touching = markdown_table(_grids(_fits(lenet=(0.5, 1.0), alexnet=(0.5, 0.6, 1.0)))[SPEED])
    assert "| 4.00 2 ep. |" in touching


def test_how_a_checkpoint_learned_is_told_by_the_report_that_it_was_trained_in() -> None:
    trained = "reports/20261124-054924-train/checkpoints/lenet-best.pt"
    evaluated = eval_record("lenet")
    evaluated = replace(evaluated, spec=replace(evaluated.spec, checkpoint=trained), files={"checkpoint": trained})
    table = _grids([*_fits(alexnet=(0.5, 1.0)), evaluated])[SPEED]
    assert _column(table, "To 100%")[:2] == [("–", ""), ("4.00", "2 ep.")]
    told = "how it learned: `benchbox report reports/20261124-054924-train`"
    assert f"lenet: accuracy from checkpoint {trained}; {told}." in table.notes
    assert not any("how it learned" in note for note in _grids([*_fits(), eval_record("lenet")])[SPEED].notes)


@pytest.mark.parametrize("width", [80, 120])
def test_the_widest_rows_leave_room_for_the_time_to_accuracy(width: int) -> None:
    records = [
        *process_records("efficientnet_b0", medians=(4.5, 4.9, 4.7)),
        *process_records("efficientnet_b0", "train_step", medians=(20.0, 23.1, 21.5)),
        fit_record("efficientnet_b0", accuracies=(*[0.6] * 899, 1.0)),
        failed_record("googlenet", "infer", status="unsupported"),
        failed_record("googlenet", "train_step", status="interrupted"),
        failed_record("googlenet", "fit", status="interrupted"),
    ]
    out = StringIO()
    show(Console(file=out, width=width), [Report(Path("x"), sample_plan("bench", records), records)])
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    (line,) = [line for line in lines if "efficientnet_b0" in line and "1,800" in line]
    assert "100.0" in line
    assert any("900 ep." in line for line in lines)


def test_the_document_ranks_the_time_to_accuracy_and_tells_it() -> None:
    records = _fits(lenet=(0.5, 1.0), alexnet=(0.5, 0.6, 0.7, 1.0))
    document = json.loads(json_document(Path("x"), sample_plan("bench", records), records))
    assert [place["ranks"].get("to_100") for place in document["ranking"]][:3] == [[1, 1], [2, 2], None]
    assert "to_100" in document["ranking"][0]["unsure"]
    assert [row["seconds_to_100"] for row in document["rows"]][:3] == [4.0, 8.0, None]
    assert [row["epochs_to_100"] for row in document["rows"]][:3] == [2, 4, None]


def test_the_details_show_what_was_measured_and_no_empty_columns() -> None:
    grids = _grids(full_records())
    step = grids["Inside a training step"]
    assert [column.title for column in step.columns][1:] == [
        "Wait",
        "Copy",
        "Forward",
        "Backward",
        "Optimizer",
        "Activ.",
        "Max batch",
    ]
    assert _column(step, "Backward")[0] == ("46.7", "")
    other = grids["First batch, ceiling and parity"]
    assert _column(other, "Of the ceiling", nth=1)[0] == ("0.0497", "")
    assert _column(other, "Off fp32")[0] == ("4.0e-03", "")


def test_shares_of_several_ceilings_have_no_best() -> None:
    other = _grids(full_records())["First batch, ceiling and parity"]
    assert {column.better for column in other.columns if column.title == "Of the ceiling"} == {"neither"}


def test_more_than_the_ceiling_is_explained() -> None:
    assert not any(
        "more than the ceiling" in note for grid in _grids(full_records()).values() for note in grid.notes
    )
    slow = Ceiling(device="cpu", precision="bf16", threads=2, flops_per_second=1e11, copy_bytes_per_second=1e10)
    records = [
        replace(record, environment=sample_environment(ceiling=slow))
        if record.spec.model.name == "vgg16"
        else record
        for record in full_records()
    ]
    (said,) = [
        note
        for note in _grids(records)["First batch, ceiling and parity"].notes
        if note.startswith("vgg16: more than the ceiling: ")
    ]
    assert "the machine was busy" in said


def test_one_time_work_alone_is_no_table() -> None:
    assert list(_grids(bench_records())) == ["Speed, size and accuracy", "Ranking"]


def test_other_likeliest_classes_are_told() -> None:
    records = [with_measured(timed_record(), parity_error=0.02, parity_top1=0.75)]
    assert _column(_grids(records)["First batch, ceiling and parity"], "Off fp32") == [("2.0e-02", "25.0 %")]


def test_a_largest_batch_may_be_a_bound_or_a_failure() -> None:
    records = [
        *bench_records(),
        largest_record("lenet", reason="at least 64: the next try would take about 80 s"),
        failed_record("alexnet", "largest_batch", status="timeout"),
    ]
    assert _column(_grids(records)["Inside a training step"], "Max batch") == [
        ("≥ 64", ""),
        ("timeout", ""),
    ]


SHORT = "at least {}: the next try would take about {} s"


def test_a_search_that_ended_early_says_why_and_what_searches_further() -> None:
    records = [
        *bench_records(),
        largest_record("lenet", reason=SHORT.format(256, 0.2)),
        largest_record("alexnet", reason=SHORT.format(64, 3)),
        largest_record("vgg16", reason="at least 65536: no larger batch is tried"),
    ]
    assert _grids(records)["Inside a training step"].notes[-2:] == (
        "lenet, alexnet: at least 64–256: the next try would take about 0.2–3 s; a larger --budget searches "
        "further.",
        "vgg16: at least 65536: no larger batch is tried.",
    )


def test_a_search_that_came_to_its_end_needs_no_note() -> None:
    records = [*bench_records(), largest_record("lenet", reason="64 fits, 65 does not")]
    assert len(_grids(records)["Inside a training step"].notes) == 1


def test_a_search_alone_is_a_table_too() -> None:
    assert "Inside a training step" in _grids([largest_record()])


LENET = "lenet (100.0 % right, 100 ms a batch, 73.5 k parameters)"
VGG16 = "vgg16 (no accuracy, 300 ms a batch, 140 M parameters)"


@pytest.mark.parametrize(
    ("under", "said"),
    [
        ("latency<250ms", (f"{LENET}: the fastest of those whose accuracies cannot be told apart (alexnet).",)),
        ("parameters<1M", (f"{LENET}: the most accurate.",)),
        ("parameters>1G", (f"None holds surely; the nearest is {VGG16}.",)),
        (
            "latency<1s",
            (f"{LENET}: the fastest of those whose accuracies cannot be told apart (alexnet); not known: vgg16.",),
        ),
        ("gflop>20", (f"{VGG16}: the fastest, since no row that holds has an accuracy.",)),
        (
            "latency<100ms",
            (
                f"None holds surely; the nearest is {LENET}.",
                f"Perhaps, since an interval crosses the limit: {LENET}.",
            ),
        ),
    ],
)
def test_constraints_are_answered_in_sentences(under: str, said: tuple[str, ...]) -> None:
    assert _grids(bench_records(), under=(under,))[f"Under {under}"].notes == said


def test_the_most_accurate_is_so_of_those_with_an_accuracy() -> None:
    records = [timed_record("lenet"), eval_record("lenet"), timed_record("alexnet"), timed_record("vgg16")]
    (said,) = _grids(records, under=("latency<1s",))["Under latency<1s"].notes
    assert said.endswith(": the most accurate of those with an accuracy; not known: alexnet, vgg16.")


def test_an_accuracy_under_a_constraint_is_told_with_its_lower_bound() -> None:
    (said,) = _grids(bench_records(), under=("accuracy>=95%",))["Under accuracy>=95%"].notes
    assert said.startswith("lenet (100.0 % right, at least 97.4 %, 100 ms a batch, ")


def test_where_only_the_bound_fails_more_pictures_are_asked_for() -> None:
    notes = _grids(bench_records(), under=("accuracy>=99%",))["Under accuracy>=99%"].notes
    assert "at least 97.4 %" in notes[0]
    assert "alexnet (100.0 % right, at least 97.4 %, " in notes[1]
    assert notes[2] == (
        "lenet, alexnet: enough are right for accuracy>=99%, but of too few pictures to be sure; it would take "
        "about 381 held-out ones, and there are 144."
    )


def _sweep() -> list[Record]:
    return [
        record
        for place, model in enumerate([*SIZES])
        for size in (1, 32)
        for precision in ("fp32", "bf16")
        for record in (
            timed_record(model, samples=[0.01 * (place + 1)] * 6, batch_size=size, precision=precision),
            timed_record(model, "train_step", batch_size=size, precision=precision),
            eval_record(model, batch_size=size, precision=precision),
        )
    ]


@pytest.mark.parametrize("width", [80, 120])
def test_a_sweep_of_24_rows_is_whole(width: int) -> None:
    records, out = _sweep(), StringIO()
    show(Console(file=out, width=width), [Report(Path("x"), sample_plan("bench", records), records)])
    said = out.getvalue()
    assert max(map(len, said.splitlines())) <= width
    assert "…" not in said
    assert "All 24 rows: accuracy from checkpoint" in said


def test_a_sweep_has_a_section_for_each_setting_that_is_ranked() -> None:
    grids = _grids(_sweep())
    for title in ("Speed, size and accuracy", "Ranking"):
        assert [len(section) for section in grids[title].sections] == [12, 12]
        assert grids[title].sections[1][0][0].text == "lenet batch 32 fp32"
    assert any("one batch size and one image size" in note for note in grids["Ranking"].notes)


def test_settings_of_one_row_each_stand_together_and_none_is_best() -> None:
    grids = _grids([timed_record(batch_size=size, samples=[0.01 * size] * 6) for size in (1, 8, 32)])
    assert list(grids) == ["Speed, size and accuracy"]
    table = grids["Speed, size and accuracy"]
    assert [len(section) for section in table.sections] == [3]
    assert "**" not in markdown_table(table)


def test_rows_follow_the_plan_and_not_the_order_of_their_runs() -> None:
    records = bench_records()
    plan = sample_plan("bench", records)
    table = result_grids(Path(), plan, records[::-1])[0]
    assert [line[0].text for line in table.lines] == ["lenet", "alexnet", "vgg16"]


def test_the_line_of_a_run_says_what_a_search_found_and_what_is_void() -> None:
    assert "64 pictures a batch" in ended_line(largest_record(), "lenet largest batch")
    assert ended_line(with_actual(timed_record(), void="answers differ"), "lenet infer").endswith("void, 2.50 s")
    assert rows([largest_record()])[0].status == "ok"
