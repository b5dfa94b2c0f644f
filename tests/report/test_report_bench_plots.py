from typing import Any

import numpy as np
import pytest
from factories import SIZES, bench_records, eval_record, failed_record, fit_record, timed_record, with_actual

from benchbox.records.record import Record
from benchbox.records.rows import rows
from benchbox.report.bench_plots import bench_figure, trade_off_figure
from benchbox.report.naming import row_names


def _cells(model: str, *, seconds: float, correct: int, **fields: Any) -> list[Record]:
    return [
        timed_record(model, samples=[seconds] * 6, **fields),
        timed_record(model, "train_step", samples=[3 * seconds] * 6, **fields),
        eval_record(model, correct=correct, **fields),
    ]


def _trade_off(records: list[Record]) -> Any:
    seen = rows(records)
    return trade_off_figure(seen, row_names(seen))


def _steps(axes: Any) -> list[Any]:
    return [line for line in axes.lines if line.get_label() == "Pareto front"]


THREE = [
    *_cells("lenet", seconds=0.01, correct=100),
    *_cells("alexnet", seconds=0.1, correct=140),
    *_cells("vgg16", seconds=0.5, correct=139),
]


def test_throughput_is_bars_named_by_their_rows() -> None:
    figure = bench_figure(rows(bench_records()), ["lenet", "alexnet", "vgg16"])
    assert figure
    (axes,) = figure.axes
    assert axes.get_xlabel() == "pictures a second"
    assert [label.get_text() for label in axes.get_yticklabels()] == ["lenet", "alexnet", "vgg16"]


def test_a_void_row_is_named_so() -> None:
    figure = bench_figure(rows([with_actual(timed_record(), void="answers differ")]), ["lenet"])
    assert figure
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["lenet (void)"]


def test_nothing_timed_no_bars() -> None:
    assert bench_figure(rows([fit_record()]), ["lenet"]) is None


def test_accuracy_stands_against_latency_and_against_size() -> None:
    figure = _trade_off(THREE)
    assert [axes.get_xlabel() for axes in figure.axes] == [
        "median latency of a batch (ms, logarithmic)",
        "parameters (millions, logarithmic)",
    ]


def test_the_front_is_a_step_line_through_the_rows_that_stand_on_it() -> None:
    latency, size = _trade_off(THREE).axes
    (steps,) = _steps(latency)
    assert np.asarray(steps.get_xdata())[:2] == pytest.approx([10, 100])
    assert np.asarray(steps.get_ydata()) == pytest.approx([100 / 144, 140 / 144, 140 / 144])
    assert len(_steps(size)) == 1


def test_every_setting_has_a_front_of_its_own() -> None:
    records = [*THREE, *_cells("lenet", seconds=0.001, correct=100, batch_size=1)]
    records += _cells("alexnet", seconds=0.01, correct=140, batch_size=1)
    assert len(_steps(_trade_off(records).axes[0])) == 2


def test_failed_and_void_rows_are_not_in_the_trade_off() -> None:
    void = [with_actual(record, void="answers differ") for record in _cells("alexnet", seconds=0.1, correct=144)]
    records = [*void, failed_record("vgg16", "infer"), *_cells("lenet", seconds=0.1, correct=140)]
    assert _trade_off(records) is None


def test_many_rows_can_be_told_apart_and_their_names_do_not_lie_upon_one_another() -> None:
    records = [
        record
        for place, model in enumerate(SIZES)
        for size in (1, 8, 32, 64)
        for record in _cells(model, seconds=0.01 * (place + 1) * size, correct=120 + place, batch_size=size)
    ]
    figure = _trade_off(records)
    looks = {(bars.lines[0].get_color(), bars.lines[0].get_marker()) for bars in figure.axes[0].containers}
    assert len(looks) == 24
    figure.draw_without_rendering()
    (legend,) = figure.legends
    boxes = [words.get_window_extent() for words in legend.get_texts()]
    assert not any(one.overlaps(other) for place, one in enumerate(boxes) for other in boxes[:place])
    assert not any(legend.get_window_extent().overlaps(axes.get_window_extent()) for axes in figure.axes)
