"""What eval says of one network and of several: against one another, disturbed, and how sure they may be."""

import json
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from factories import CLASSES, eval_record, failed_record, sample_plan, with_actual, with_measured
from msgspec.structs import replace
from PIL import Image
from rich.console import Console

from benchbox.plan.spec import Plan
from benchbox.records.calibration import calibrate
from benchbox.records.mcnemar import Duel
from benchbox.records.record import Record
from benchbox.records.robustness import DISTURBANCES, Robustness
from benchbox.report.calibration import BY_CHANCE, MIXED, TOO_HIGH, TOO_LOW, calibration_grid, reliability_figure
from benchbox.report.document import json_document
from benchbox.report.duels import conclusion, duels_grid
from benchbox.report.grid import Grid, print_grid
from benchbox.report.robustness import robustness_figure, robustness_grid
from benchbox.report.tables import result_grids
from benchbox.report.write import write_report

GOLDEN = Path(__file__).parent / "golden" / "eval-of-two.txt"
PICTURES = 144
FALLING: dict[str, Any] = {each.metric: (1.0, 0.95, 0.8, 0.5, 0.25) for each in DISTURBANCES}


def evaluated(
    folder: Path, model: str, wrong: Sequence[int], *, sure: float = 0.9, first: int = 0, **measured: Any
) -> Record:
    """An evaluation that left its predictions: of 144 pictures from `first`, those in `wrong` were mistaken."""
    numbers = range(first, first + PICTURES)
    path = f"predictions/{model}-{first}.csv"
    frame = pd.DataFrame(
        {
            "picture": [f"obj{number % 20 + 1}__{number}.png" for number in numbers],
            "label": [CLASSES[number % 20] for number in numbers],
            "predicted": [CLASSES[(number + (number in wrong)) % 20] for number in numbers],
            "probability": sure,
            "label_rank": [1 + (number in wrong) for number in numbers],
        }
    )
    (folder / "predictions").mkdir(exist_ok=True)
    frame.to_csv(folder / path, index=False)
    record = eval_record(model, correct=PICTURES - len(set(wrong) & set(numbers)), predictions=path)
    return with_measured(record, calibration_error=0.05, **measured)


def tables(folder: Path, records: Sequence[Record]) -> dict[str, Grid]:
    return {grid.title: grid for grid in result_grids(folder, sample_plan("eval", records), records)}


def document(folder: Path, records: Sequence[Record]) -> Any:
    return json.loads(json_document(folder, sample_plan("eval", records), records))


def shown(grids: Sequence[Grid]) -> str:
    out = StringIO()
    console = Console(file=out, width=80)
    for grid in grids:
        print_grid(console, grid)
        console.print()
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def test_two_networks_at_eighty_columns(tmp_path: Path) -> None:
    records = [
        evaluated(tmp_path, "lenet", range(10), **FALLING),
        evaluated(tmp_path, "efficientnet_b0", [0], sure=0.995, **FALLING),
    ]
    overviews = [grid for grid in tables(tmp_path, records).values() if ":" not in grid.title]
    said = shown(overviews)
    assert max(map(len, said.splitlines())) <= 80
    assert f"{said}\n" == GOLDEN.read_text(encoding="utf-8")


def test_one_network_is_compared_with_nobody_and_not_disturbed_unasked(tmp_path: Path) -> None:
    titles = list(tables(tmp_path, [evaluated(tmp_path, "lenet", [1, 2])]))
    assert titles == ["Evaluation", "Calibration", "lenet: classes", "lenet: most confused"]


def test_old_reports_without_predictions_still_have_their_table() -> None:
    assert list(tables(Path(), [eval_record()])) == ["Evaluation"]


def test_spoiled_predictions_are_told_and_stop_nothing(tmp_path: Path) -> None:
    records = [evaluated(tmp_path, "lenet", [1]), evaluated(tmp_path, "alexnet", [2])]
    (tmp_path / records[0].files["predictions"]).write_text("picture,label\n")
    found = tables(tmp_path, records)
    assert "One against another" not in found
    assert [line[0].text for line in found["Calibration"].lines] == ["alexnet"]
    assert "has the columns" in found["lenet: classes"].notes[0]
    write_report(tmp_path, sample_plan("eval", records), records)
    assert (tmp_path / "plots" / "reliability-alexnet.png").exists()
    assert document(tmp_path, records)["evaluations"][0]["calibration"] is None


def test_an_evaluation_that_failed_is_compared_with_nobody(tmp_path: Path) -> None:
    failed = failed_record("alexnet", "evaluate", status="crashed")
    assert "One against another" not in tables(tmp_path, [evaluated(tmp_path, "lenet", [1]), failed])


def test_networks_on_other_pictures_are_not_compared_and_it_is_said(tmp_path: Path) -> None:
    records = [evaluated(tmp_path, "lenet", [1]), with_actual(evaluated(tmp_path, "alexnet", [2]), data_digest="b")]
    [note] = tables(tmp_path, records)["One against another"].notes
    assert note == "lenet and alexnet are not compared: they were scored on other pictures."
    apart = [records[0], evaluated(tmp_path, "alexnet", [], first=PICTURES)]
    [note] = tables(tmp_path, apart)["One against another"].notes
    assert "share no picture" in note
    assert document(tmp_path, apart)["duels"] == []


def test_only_shared_pictures_are_compared_and_it_is_said_which_are_left_out(tmp_path: Path) -> None:
    records = [evaluated(tmp_path, "lenet", [143]), evaluated(tmp_path, "alexnet", [200], first=100)]
    grid = tables(tmp_path, records)["One against another"]
    assert [line[2].detail for line in grid.lines] == ["of 44", "of 44"]
    assert grid.notes[-1].endswith("not scored on, 100 of lenet and 100 of alexnet.")


def found(only_first: int, only_second: int, **fields: Any) -> Duel:
    given = {"p": 0.5, "both": 100, "neither": 2, "first": 0, "second": 1, **fields}
    return Duel(only_first=only_first, only_second=only_second, **given)


@pytest.mark.parametrize(
    ("duel", "said"),
    [
        (
            found(1, 9, p=0.0215),
            "B is better: right on 9 pictures that A gets wrong, and the other way on 1 (p 0.021).",
        ),
        (
            found(6, 0, p=0.031),
            "A is better: right on 6 pictures that B gets wrong, and the other way on 0 (p 0.031).",
        ),
        (
            found(6, 3, p=0.508),
            "A and B: no difference was shown; alone the one is right on 6 pictures, the other on 3 (p 0.51).",
        ),
        (
            found(1, 3, p=0.625),
            "A and B: no difference was shown; alone the one is right on 1 picture, the other on 3 (p 0.62); "
            "on so few that they differ on, none could have been shown.",
        ),
        (found(0, 0, p=1.0), "A and B: right on the same 100 pictures and on no others."),
        (
            found(6, 0, p=0.031, holm=0.094),
            "A and B: no difference was shown; alone the one is right on 6 pictures, the other on 0 "
            "(p 0.031 alone, 0.094 Holm).",
        ),
        (
            found(20, 0, p=1.9e-6, holm=5.7e-6),
            "A is better: right on 20 pictures that B gets wrong, and the other way on 0 (p <0.001 Holm).",
        ),
    ],
)
def test_a_conclusion_says_what_the_counts_show_and_no_more(duel: Duel, said: str) -> None:
    assert conclusion(duel, ["A", "B"]) == said


def test_of_many_pairs_only_those_that_differ_are_told_in_words() -> None:
    names = ["A", "B", "C", "D"]
    pairs = [(a, b) for a in range(4) for b in range(a + 1, 4)]
    many = [
        found(20 * (pair == (0, 3)), 0, first=pair[0], second=pair[1], holm=0.001 if pair == (0, 3) else 1.0)
        for pair in pairs
    ]
    grid = duels_grid(many, names)
    assert grid
    assert len(list(grid.lines)) == 12
    assert [note.split(":")[0] for note in grid.notes[1:]] == [
        "A is better",
        "No difference was shown between the two of 5 other pairs.",
    ]


@pytest.mark.parametrize(
    ("said", "right", "verdict"),
    [
        ([0.9] * 100, [True] * 90 + [False] * 10, BY_CHANCE),
        ([0.99] * 100, [True] * 50 + [False] * 50, TOO_HIGH),
        ([0.5] * 100, [True] * 99 + [False], TOO_LOW),
        ([0.9] * 100 + [0.3] * 100, [False] * 100 + [True] * 100, MIXED),
    ],
)
def test_a_verdict_on_probabilities_says_to_which_side_they_err(
    said: list[float], right: list[bool], verdict: str
) -> None:
    grid = calibration_grid({"lenet": calibrate(said, right)})
    assert grid
    assert grid.notes[-1] == f"lenet: {verdict}"
    [line] = grid.lines
    assert line[-1].text == str(len(said))


def test_a_reliability_plot_shows_every_bin_with_its_count_and_leaves_empty_ones_empty() -> None:
    figure = reliability_figure("lenet", calibrate([0.99, 0.99, 0.4], [True, False, True]), on="held-out pictures")
    upper, lower = figure.axes
    points = upper.lines[1]
    assert np.allclose(np.asarray(points.get_xdata()), [0.4, 0.99])
    assert np.allclose(np.asarray(points.get_ydata()), [1.0, 0.5])
    assert [text.get_text() for text in lower.texts if text.get_text()] == ["1", "2"]
    assert sum(bar.get_height() for bar in lower.patches) == 3  # type: ignore[attr-defined]


def robust(**changes: Any) -> Robustness:
    disturbed: Mapping[str, tuple[float, ...]] = {each.name: (1.0, 0.9, 0.8, 0.5, 0.25) for each in DISTURBANCES}
    return Robustness(**{"clean": 1.0, "pictures": 144, "disturbed": disturbed, **changes})


def test_the_best_under_a_disturbance_is_one_whose_interval_is_clear_of_the_others() -> None:
    weak = robust(disturbed={each.name: (0.98, 0.9, 0.5, 0.2, 0.1) for each in DISTURBANCES})
    grid = robustness_grid({"lenet": robust(), "vgg16": weak})
    assert grid
    assert [line[0].text for line in grid.sections[0]] == ["noise", ""]
    bounds = [(line[3].bounds or (), line[5].bounds or ()) for line in grid.sections[0]]
    (weak_first, weak_third), (strong_first, strong_third) = bounds[1], bounds[0]
    assert max(weak_first) >= min(strong_first)
    assert max(weak_third) < min(strong_third)


def test_a_disturbance_that_was_not_measured_is_blank_and_no_zero() -> None:
    grid = robustness_grid({"lenet": robust(disturbed={"noise": (1.0,) * 5})})
    assert grid
    assert {cell.text for cell in grid.sections[1][0][2:]} == {"–"}
    assert robustness_grid({}) is None


def test_the_curves_begin_with_the_undisturbed_pictures() -> None:
    figure = robustness_figure({"lenet": robust(), "vgg16": robust(clean=0.5)})
    assert figure
    panels = [panel for panel in figure.axes if panel.get_visible()]
    assert [panel.get_title() for panel in panels] == [each.name for each in DISTURBANCES]
    lines = {str(line.get_label()): list(np.asarray(line.get_ydata())) for line in panels[0].lines}
    assert lines == {"lenet": [1.0, 1.0, 0.9, 0.8, 0.5, 0.25], "vgg16": [0.5, 1.0, 0.9, 0.8, 0.5, 0.25]}
    assert robustness_figure({}) is None


def test_the_plots_and_the_sheet_of_mistakes_are_linked_in_the_report(tmp_path: Path) -> None:
    record = evaluated(tmp_path, "lenet", [1], **FALLING)
    (tmp_path / "plots").mkdir()
    Image.new("L", (400, 400)).save(tmp_path / "plots" / "mistakes-lenet.png")
    record = replace(record, files={**record.files, "mistakes": "plots/mistakes-lenet.png"})
    write_report(tmp_path, sample_plan("eval", [record]), [record])
    written = (tmp_path / "report.md").read_text()
    for name in ("confusion-lenet", "reliability-lenet", "robustness", "mistakes-lenet"):
        assert f"(plots/{name}.png)" in written
        assert (tmp_path / "plots" / f"{name}.png").exists()


def test_the_document_holds_calibration_robustness_and_duels(tmp_path: Path) -> None:
    records = [evaluated(tmp_path, "lenet", range(10), **FALLING), evaluated(tmp_path, "alexnet", [0])]
    said = document(tmp_path, records)
    lenet, alexnet = said["evaluations"]
    assert (lenet["name"], lenet["calibration"]["pictures"]) == ("lenet", 144)
    assert lenet["calibration"]["error"] == pytest.approx(abs(0.9 - 134 / 144))
    filled = [each for each in lenet["calibration"]["bins"] if each["pictures"]]
    assert [each["confidence"] for each in filled] == pytest.approx([0.9])
    assert lenet["robustness"]["noise"]["accuracies"] == [1.0, 0.95, 0.8, 0.5, 0.25]
    assert len(lenet["robustness"]["noise"]["strengths"]) == 5
    assert alexnet["robustness"] is None
    [duel] = said["duels"]
    assert (duel["first"], duel["second"], duel["only_first"], duel["only_second"]) == ("lenet", "alexnet", 0, 9)
    assert duel["p"] == pytest.approx(2 * 0.5**9)
    assert duel["p_holm"] is None
    assert said["rows"][0]["accuracy_noise"] == pytest.approx(0.7)


def test_what_is_no_evaluation_has_none_of_it(tmp_path: Path) -> None:
    plan: Plan = sample_plan("train", records := [failed_record()])
    said = json.loads(json_document(tmp_path, plan, records))
    assert (said["evaluations"], said["duels"]) == ([], [])
