from typing import Any

import numpy as np
import pytest
from factories import CLASSES, ablation_records, failed_record, fit_record

from benchbox.records.rows import Row, rows
from benchbox.records.scores import confusion
from benchbox.report.figures import png
from benchbox.report.plots import ablation_figure, comparison_figure, confusion_figure, learning_figure


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


def test_several_fits_are_compared_in_loss_and_accuracy() -> None:
    figure = comparison_figure("Fits", {"lenet": rows([fit_record()])[0], "vgg16": rows([failed_record()])[0]})
    assert figure
    loss, accuracy = figure.axes
    assert [_labels(axes)[1] for axes in (loss, accuracy)] == ["held-out cross-entropy (nat)", "held-out accuracy"]
    (line,) = accuracy.lines
    assert (line.get_label(), list(np.asarray(line.get_ydata()))) == ("lenet", [0.25, 0.55, 0.95, 1.0])


def test_fits_without_an_epoch_are_no_figure() -> None:
    nothing = rows([failed_record()])
    assert comparison_figure("Fits", {"vgg16": nothing[0]}) is None
    assert ablation_figure("Arms", {"vgg16": {"relu": nothing}}) is None


def _arms(seeds: int, values: tuple[str, ...] = ("relu",), model: str = "lenet") -> dict[str, list[Row]]:
    return {value: rows(ablation_records((value,), seeds=seeds, models=(model,))) for value in values}


def _bounds(panel: Any) -> tuple[float, float]:
    """The ends of the first band at its first epoch."""
    points = panel.collections[0].get_paths()[0].vertices
    first = points[points[:, 0] == 1.0][:, 1]
    return float(first.min()), float(first.max())


@pytest.mark.parametrize(
    ("seeds", "low", "high", "said"),
    [
        # Seeds 0, 1, 2 reach 0.30, 0.29, 0.28 in their first epoch: mean 0.29 and standard deviation 0.01.
        (3, 0.28, 0.30, "line: mean, band: ± one standard deviation of 3 seeds"),
        (2, 0.29, 0.30, "line: mean, band: the range of 2 seeds"),
    ],
)
def test_an_arm_is_the_mean_of_its_seeds_with_a_band_that_is_explained(
    seeds: int, low: float, high: float, said: str
) -> None:
    figure = ablation_figure("Arms", {"lenet": _arms(seeds)})
    assert figure
    (panel,) = figure.axes
    (line,) = panel.lines
    assert np.asarray(line.get_ydata())[0] == pytest.approx((low + high) / 2)
    assert _bounds(panel) == pytest.approx((low, high))
    assert figure.legends[0].get_title().get_text() == said


def test_bands_of_other_numbers_of_seeds_are_told_as_such() -> None:
    panels = {name: _arms(seeds, model="lenet") for name, seeds in (("a", 5), ("b", 3), ("c", 2), ("d", 1))}
    titles = []
    for names in ("ab", "ac", "abcd", "d"):
        figure = ablation_figure("Arms", {name: panels[name] for name in names})
        assert figure
        titles.append(figure.legends[0].get_title().get_text())
    assert titles == [
        "line: mean, band: ± one standard deviation of 3 or 5 seeds",
        "line: mean, band: ± one standard deviation of 5 seeds or the range of 2 seeds",
        "line: mean, band: ± one standard deviation of 3 or 5 seeds or the range of 2 seeds",
        "",
    ]


def test_the_band_of_three_seeds_is_their_deviation_and_not_their_range() -> None:
    records = [fit_record(accuracies=(first,), seed=seed) for seed, first in enumerate((0.2, 0.2, 0.8))]
    figure = ablation_figure("Arms", {"lenet": {"relu": rows(records)}})
    assert figure
    deviation = np.std([0.2, 0.2, 0.8], ddof=1)
    assert _bounds(figure.axes[0]) == pytest.approx((0.4 - deviation, 0.4 + deviation))


def test_one_seed_is_a_line_without_a_band() -> None:
    figure = ablation_figure("Arms", {"lenet": _arms(1)})
    assert figure
    assert (len(figure.axes[0].lines), len(figure.axes[0].collections)) == (1, 0)
    assert figure.legends[0].get_title().get_text() == ""


def test_each_network_has_a_panel_and_each_arm_one_look_in_all_of_them() -> None:
    networks = {
        "lenet": _arms(2, ("sigmoid", "relu")),
        "alexnet": _arms(2, ("relu",), "alexnet"),
        "vgg16": {"relu": rows([failed_record()])},
    }
    figure = ablation_figure("Arms", networks)
    assert figure
    panels = [panel for panel in figure.axes if panel.get_visible()]
    assert [panel.get_title() for panel in panels] == ["lenet", "alexnet"]
    looks = [
        {str(line.get_label()): (line.get_color(), line.get_linestyle()) for line in panel.lines}
        for panel in panels
    ]
    assert looks[0]["relu"] == looks[1]["relu"]
    assert looks[0]["relu"] != looks[0]["sigmoid"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["sigmoid", "relu"]


def test_more_networks_than_stand_side_by_side_leave_no_empty_panel() -> None:
    figure = ablation_figure("Arms", {name: _arms(1, model="lenet") for name in "abcd"})
    assert figure
    assert sum(panel.get_visible() for panel in figure.axes) == 4


def test_arms_end_with_their_shortest_run() -> None:
    records = [fit_record(accuracies=(0.1, 0.2, 0.3)), fit_record(accuracies=(0.1, 0.2), seed=1)]
    figure = ablation_figure("Arms", {"lenet": {"relu": rows(records)}})
    assert figure
    assert len(np.asarray(figure.axes[0].lines[0].get_xdata())) == 2


def test_many_arms_can_be_told_apart() -> None:
    figure = ablation_figure("Arms", {"lenet": {f"arm {number}": rows([fit_record()]) for number in range(20)}})
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
