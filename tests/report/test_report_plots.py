from typing import Any

import numpy as np
import pytest
from factories import CLASSES, ablation_records, failed_record, fit_record

from benchbox.records.rows import rows
from benchbox.records.scores import confusion
from benchbox.report.figures import png
from benchbox.report.plots import comparison_figure, confusion_figure, learning_figure


def _labels(axes: Any) -> tuple[str, str]:
    return axes.get_xlabel(), axes.get_ylabel()


def test_learning_curves_show_both_sides_of_the_split() -> None:
    figure = learning_figure("lenet", rows([fit_record()])[0])
    assert figure
    loss, accuracy = figure.axes
    assert [_labels(axes) for axes in (loss, accuracy)] == [("epoch", "cross-entropy (nat)"), ("epoch", "accuracy")]
    held_out = next(line for line in accuracy.lines if line.get_label() == "held out")
    assert list(np.asarray(held_out.get_ydata())) == [0.25, 0.55, 0.95, 1.0]


def test_a_fit_without_an_epoch_has_no_curves() -> None:
    assert learning_figure("vgg16", rows([failed_record()])[0]) is None


def test_a_single_epoch_is_a_dot_not_nothing() -> None:
    figure = learning_figure("lenet", rows([fit_record(accuracies=(0.5,))])[0])
    assert figure
    assert {line.get_marker() for line in figure.axes[0].lines} == {"o"}


def test_arms_are_means_with_bands_over_seeds() -> None:
    records = ablation_records(("relu",), seeds=3, models=("lenet",))
    figure = comparison_figure("Arms", {"lenet relu": rows(records), "nothing": rows([failed_record()])})
    assert figure
    accuracy = figure.axes[1]
    (line,) = accuracy.lines
    assert line.get_label() == "lenet relu (mean of 3)"
    # Seeds 0, 1 and 2 reach 0.30, 0.29 and 0.28 in their first epoch.
    assert np.asarray(line.get_ydata())[0] == pytest.approx(0.29)
    assert len(accuracy.collections) == 1


def test_arms_end_with_their_shortest_run() -> None:
    records = [fit_record(accuracies=(0.1, 0.2, 0.3)), fit_record(accuracies=(0.1, 0.2), seed=1)]
    figure = comparison_figure("Arms", {"lenet": rows(records)})
    assert figure
    assert len(np.asarray(figure.axes[1].lines[0].get_xdata())) == 2


def test_many_arms_can_be_told_apart() -> None:
    figure = comparison_figure("Arms", {f"arm {number}": rows([fit_record()]) for number in range(20)})
    assert figure
    looks = {(line.get_color(), line.get_linestyle()) for line in figure.axes[0].lines}
    assert len(looks) == 20


@pytest.mark.parametrize(("classes", "numbers"), [(25, 25), (26, 0)])
def test_counts_are_written_up_to_25_classes(classes: int, numbers: int) -> None:
    matrix = confusion(range(classes), range(classes), [f"c{number}" for number in range(classes)])
    assert len(confusion_figure("lenet", matrix, on="all pictures").axes[0].texts) == numbers


def test_a_thousand_classes_do_not_write_over_one_another() -> None:
    matrix = confusion([0], [1], [f"class number {number}" for number in range(1000)])
    figure = confusion_figure("lenet", matrix, on="all pictures")
    assert len(figure.axes[0].get_yticklabels()) == 50


def test_equal_figures_are_equal_bytes() -> None:
    matrix = confusion([0, 1], [0, 0], CLASSES)
    one, two = (png(confusion_figure("lenet", matrix, on="all pictures")) for _ in range(2))
    assert one == two
    assert one.startswith(b"\x89PNG")
