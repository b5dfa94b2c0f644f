import re
from io import StringIO
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd
import pytest
from factories import (
    CLASSES,
    SIZES,
    ablation_records,
    bench_records,
    eval_record,
    failed_record,
    fit_record,
    sample_plan,
    timed_record,
    with_measured,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.console import Console

from benchbox.plan.recipes import recipe_for
from benchbox.plan.spec import Plan
from benchbox.records.record import STATUSES, Record
from benchbox.records.rows import rows
from benchbox.records.scores import confusion
from benchbox.report.evaluation import class_table
from benchbox.report.grid import markdown_table, print_grid
from benchbox.report.joined import Report
from benchbox.report.show import show
from benchbox.report.tables import bench_table, result_grids, train_table
from benchbox.report.tasks import task_word

WIDTHS = (80, 120)
RUNGS = ("plain", "+ channels_last", "+ autocast bf16")


def _shown(plan: Plan, records: list[Record], width: int, folder: Path = Path()) -> str:
    out = StringIO()
    show(Console(file=out, width=width), [Report(folder, plan, records)])
    return out.getvalue()


def _ladder() -> tuple[Plan, list[Record]]:
    samples = ([0.4] * 6, [0.2] * 6, [0.1] * 6)
    precisions = ("fp32", "bf16", "fp16")
    records = [
        timed_record("lenet", "train_step", samples=seen, precision=precision)
        for seen, precision in zip(samples, precisions, strict=True)
    ]
    return sample_plan("ablate speed", records, labels=tuple(f"lenet {rung}" for rung in RUNGS)), records


def _commands() -> dict[str, tuple[Plan, list[Record]]]:
    factors: dict[str, Any] = {"factors": ("model.activation",)}
    all_models = [*SIZES]
    return {
        "train": (sample_plan("train", fits := [fit_record(name) for name in all_models]), fits),
        "eval": (sample_plan("eval", evals := [eval_record(name) for name in all_models]), evals),
        "bench": (sample_plan("bench", benched := bench_records(all_models)), benched),
        "ablate": (sample_plan("ablate", arms := ablation_records(), **factors), arms),
        "ladder": _ladder(),
    }


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("command", ["train", "eval", "bench", "ablate", "ladder"])
def test_tables_are_whole(command: str, width: int) -> None:
    plan, records = _commands()[command]
    said = _shown(plan, records, width)
    assert "…" not in said
    assert max(map(len, said.splitlines())) <= width
    squeezed = " ".join(said.split())
    for grid in result_grids(Path(), plan, records):
        for line in grid.lines:
            assert all(cell.text in squeezed for cell in line)
            assert all(cell.detail in squeezed for cell in line)


@settings(max_examples=20, deadline=None)
@given(
    status=st.sampled_from([status for status in STATUSES if status != "ok"]),
    task=st.sampled_from(["infer", "train_step", "fit"]),
    model=st.sampled_from([*SIZES]),
    width=st.sampled_from(WIDTHS),
)
def test_every_way_to_end_is_in_the_table_with_its_reason(status: Any, task: Any, model: str, width: int) -> None:
    records = [
        *bench_records(("lenet", "vgg16")),
        failed_record(model, task, status=status, reason="why so", lr=0.5),
    ]
    said = _shown(sample_plan("bench", records), records, width)
    assert f"{task_word(task)} {status}: why so" in " ".join(said.split())
    table = said.split("Infer, Train:")[0]
    assert status in table
    assert "…" not in said


def test_both_worst_words_fit_beside_the_longest_name_at_eighty_columns() -> None:
    records = [
        failed_record("efficientnet_b0", "infer", status="unsupported"),
        failed_record("efficientnet_b0", "train_step", status="interrupted"),
        *bench_records(),
    ]
    table = _shown(sample_plan("bench", records), records, 80).split("Infer, Train:")[0]
    (line,) = [line for line in table.splitlines() if "efficientnet_b0" in line]
    assert "unsupported" in line
    assert "interrupted" in line


def test_the_bench_table() -> None:
    out = StringIO()
    slow = timed_record("resnet50", samples=(3.1, 3.2, 3.3))
    failed = failed_record("resnet50", "train_step", status="oom")
    print_grid(Console(file=out, width=80), bench_table(rows([*bench_records(), slow, failed])))
    assert [line.rstrip() for line in out.getvalue().splitlines()] == BENCH


BENCH = [
    "Speed, size and accuracy",
    "              Param.        Infer    p50   Train  Peak    Accuracy  To 100%",
    "Architecture   GFLOP           /s     ms      /s   MiB           %        s",
    "───────────────────────────────────────────────────────────────────────────",
    "lenet         73.5 k          320    100     107   300       100.0     8.00",
    "              0.0155       ±2.0 %         ±2.0 %        (97.4–100)    4 ep.",
    "alexnet       58.4 M          160    200    53.3   300       100.0     8.00",
    "                2.28       ±2.0 %         ±2.0 %        (97.4–100)    4 ep.",
    "vgg16          140 M          107    300    35.6   300     skipped        –",
    "                58.0       ±2.0 %         ±2.0 %",
    "resnet50      25.9 M         10.0  3,200     oom     –           –        –",
    "                8.41  (9.70–10.3)",
    "· Infer, Train: pictures a second, median and its 95 % interval in one process.",
    "  p50: median time of inference on a batch of 32. Peak: memory of a training",
    "  step above the process's floor. GFLOP: forward pass of one picture, 1 MAC = 2",
    "  FLOP. Accuracy: on held-out pictures, Wilson 95 %. To 100%: seconds and epochs",
    "  of one fit until that accuracy, the highest of 100, 99 and 90 % that a row",
    "  reached.",
    "· vgg16: fit skipped: one epoch takes about 13 min here: `benchbox train vgg16`",
    "· resnet50: training oom: the process ended with SIGKILL",
    "· Too few samples for a 95 % interval: resnet50 inference (range of 3).",
    "· lenet, alexnet: accuracy from fit: 4 epochs in 8 s.",
]


def test_the_ladder_counts_gains_over_plain_and_over_the_rung_before() -> None:
    (grid,) = result_grids(Path(), *_ladder())
    assert markdown_table(grid).splitlines()[2:] == [
        "| lenet | plain | 80.0 ±0.0 % | 1.00 | – |",
        "| lenet | + channels_last | 160 ±0.0 % | 2.00 | 2.00 |",
        "| lenet | + autocast bf16 | **320** ±0.0 % | **4.00** | 2.00 |",
    ]


def test_a_broken_rung_is_stepped_over() -> None:
    plan, records = _ladder()
    records[1] = failed_record("lenet", "train_step", precision="bf16", reason="no kernel")
    (grid,) = result_grids(Path(), plan, records)
    assert [cell.text for cell in list(grid.lines)[2][3:]] == ["4.00", "4.00"]
    assert any("+ channels_last: training crashed: no kernel" in note for note in grid.notes)


def test_an_ablation_has_a_section_an_architecture_and_a_line_a_value() -> None:
    records = ablation_records()
    plan = sample_plan("ablate", records, factors=("model.activation",))
    (grid, *_) = result_grids(Path(), plan, records)
    assert [[line[1].text for line in section] for section in grid.sections] == [["sigmoid", "relu"]] * 2
    # Accuracies of the three seeds: 100, 99, 98 per cent of 144 pictures, in whole pictures.
    assert (next(grid.lines)[2].text, next(grid.lines)[2].detail) == ("99.1", "± 1.1")


def test_one_seed_has_no_spread() -> None:
    records = ablation_records(seeds=1)
    (grid, *_) = result_grids(Path(), sample_plan("ablate", records, factors=("model.activation",)), records)
    assert next(grid.lines)[2].detail == "± –"


def test_a_mean_over_the_seeds_that_got_there_says_so_and_is_not_ranked() -> None:
    records = ablation_records()
    (grid, *_) = result_grids(Path(), sample_plan("ablate", records, factors=("model.activation",)), records)
    cell = next(grid.lines)[4]
    assert (cell.detail, cell.value) == ("(2 of 3)", None)


def test_a_lost_seed_is_counted_and_its_reason_kept() -> None:
    records = ablation_records(models=("lenet",))
    records[0] = failed_record("lenet", activation="sigmoid", status="nan", reason="NaN in epoch 2")
    (grid, *_) = result_grids(Path(), sample_plan("ablate", records, factors=("model.activation",)), records)
    assert next(grid.lines)[-1].text == "2 of 3"
    assert any("fit nan: NaN in epoch 2" in note for note in grid.notes)


def test_two_factors_are_two_columns() -> None:
    records = [
        fit_record("lenet", activation=value, dropout=drop) for value in ("relu", "gelu") for drop in (0.0, 0.5)
    ]
    plan = sample_plan("ablate", records, factors=("model.activation", "model.dropout"))
    (grid, *_) = result_grids(Path(), plan, records)
    assert [(line[1].text, line[2].text) for line in grid.lines] == [
        ("relu", "0"),
        ("relu", "0.5"),
        ("gelu", "0"),
        ("gelu", "0.5"),
    ]


OWN_RATE, SUITED = (
    "the learning rate too, which is the architecture's own",
    "the initialisation suits the activation",
)


@pytest.mark.parametrize(
    ("factor", "own_rates", "init", "said"),
    [
        ("model.activation", True, "suited", {OWN_RATE, SUITED}),
        ("model.activation", False, "suited", {SUITED}),
        ("model.activation", True, "default", {OWN_RATE}),
        ("fit.lr", True, "suited", set()),
        ("model.dropout", True, "suited", {OWN_RATE}),
    ],
)
def test_the_caption_says_what_changes_and_what_does_not(
    factor: str, own_rates: bool, init: str, said: set[str]
) -> None:
    records = [
        replace(
            record,
            spec=replace(
                record.spec,
                model=replace(record.spec.model, init=init),
                fit=replace(record.spec.fit, lr=recipe_for(record.spec.model.name).lr if own_rates else 0.5),
            ),
        )
        for record in ablation_records()
    ]
    (grid, *_) = result_grids(Path(), sample_plan("ablate", records, factors=(factor,)), records)
    assert grid.notes[0].startswith(f"Only {factor.split('.')[1]} changes; all else stays")
    assert {sentence for sentence in (OWN_RATE, SUITED) if sentence in grid.notes[0]} == said


def test_training_tells_how_soon_each_fit_was_how_accurate() -> None:
    quick, slow = (0.5, 0.92, 0.992), (0.3, 0.91, 0.95, 1.0)
    records = [
        fit_record("lenet", accuracies=quick),
        fit_record("vgg16", accuracies=slow),
        failed_record("alexnet"),
    ]
    _, grid = result_grids(Path(), sample_plan("train", records), records)
    assert grid.title == "Time to accuracy"
    assert [column.title for column in grid.columns] == ["Architecture", "To 90%", "To 99%", "To 100%"]
    assert [[(cell.text, cell.detail) for cell in line[1:]] for line in grid.lines] == [
        [("4.00 s", "2 ep."), ("6.00 s", "3 ep."), ("–", "")],
        [("4.00 s", "2 ep."), ("8.00 s", "4 ep."), ("8.00 s", "4 ep.")],
        [("–", "")] * 3,
    ]


def test_training_tells_on_which_pictures_the_best_epochs_were_chosen() -> None:
    apart = with_measured(fit_record("vgg16"), val_accuracy=(0.9, 0.8, 0.7, 0.6), val_loss=(0.1, 0.2, 0.3, 0.4))
    themselves, aside = "chosen on the held-out pictures themselves", "chosen on the pictures set aside."
    assert f"{themselves}." in train_table(rows([fit_record()])).notes[0]
    assert aside in train_table(rows([apart])).notes[0]
    both = train_table(rows([fit_record(), apart]))
    assert f"{themselves} or the pictures set aside." in both.notes[0]
    assert [(line[4].text, line[4].detail) for line in both.lines] == [("100.0", "ep. 4"), ("25.0", "ep. 1")]


def test_where_no_fit_was_accurate_there_is_no_table_of_times() -> None:
    records = [fit_record(accuracies=(0.3, 0.89))]
    assert [grid.title for grid in result_grids(Path(), sample_plan("train", records), records)] == ["Training"]


def test_a_fit_that_broke_off_after_it_got_there_says_so_and_is_not_ranked() -> None:
    broken = replace(fit_record("vgg16", accuracies=(0.95,)), status="interrupted")
    records = [broken, fit_record("lenet", accuracies=(0.5, 0.6, 0.95))]
    _, grid = result_grids(Path(), sample_plan("train", records), records)
    first = next(grid.lines)[1]
    assert (first.text, first.detail, first.value) == ("2.00 s", "1 ep.", None)


def test_a_fit_that_was_cut_short_shows_its_word_not_a_number() -> None:
    records = [failed_record("lenet", status="interrupted", reason="Ctrl-C")]
    line = next(train_table(rows(records)).lines)
    assert line[2].text == "interrupted"


def test_seeds_of_one_architecture_are_told_apart() -> None:
    table = train_table(rows([fit_record(seed=0), fit_record(seed=1), fit_record("vgg16")]))
    assert [line[0].text for line in table.lines] == ["lenet seed 0", "lenet seed 1", "vgg16"]


def test_an_evaluation_shows_classes_and_confused_pairs(tmp_path: Path) -> None:
    right = list(CLASSES) * 2
    columns = {"picture": right, "label": right, "predicted": ["obj2", *right[1:]], "probability": 0.9}
    pd.DataFrame({**columns, "label_rank": 1}).to_csv(tmp_path / "lenet.csv", index=False)
    records = [eval_record(predictions="lenet.csv")]
    *_, classes, pairs = result_grids(tmp_path, sample_plan("eval", records), records)
    assert [cell.text for cell in next(classes.lines)] == ["obj1", "100.0", "50.0", "66.7", "2"]
    assert [cell.text for cell in next(pairs.lines)] == ["obj1", "obj2", "1", "50.0"]


def test_predictions_that_cannot_be_read_are_a_note_not_the_end(tmp_path: Path) -> None:
    records = [eval_record(predictions="gone.csv")]
    _, note = result_grids(tmp_path, sample_plan("eval", records), records)
    assert "gone.csv" in note.notes[0]
    assert "gone.csv" in re.sub(r"\s", "", _shown(sample_plan("eval", records), records, 80, tmp_path))


def test_of_many_classes_the_worst_are_shown() -> None:
    classes = [f"c{number}" for number in range(40)]
    table = class_table("lenet", confusion(range(40), [*range(39), 0], classes))
    shown = [line[0].text for line in table.lines]
    assert (len(shown), shown[:2]) == (25, ["c39", "c0"])
    assert table.notes == ("The 25 worst; 15 more in the predictions file.",)


def test_nothing_run_yet_is_an_empty_table() -> None:
    plan = sample_plan("bench", bench_records())
    assert [list(grid.lines) for grid in result_grids(Path(), plan, [])] == [[]]
    assert "0 of 9 runs; `benchbox bench --resume .` runs the rest" in _shown(plan, [], 80)


def test_top_five_is_left_out_where_there_are_no_more_than_five_classes() -> None:
    record = eval_record()
    kept = tuple(seen for seen in record.measurements if seen.metric != "top5")
    records = [msgspec.structs.replace(record, measurements=kept)]
    (grid,) = result_grids(Path(), sample_plan("eval", records), records)
    assert [column.title for column in grid.columns][2:4] == ["Right", "Macro F1"]
    assert {len(line) for line in grid.lines} == {len(grid.columns)}


@pytest.mark.parametrize("width", WIDTHS)
def test_a_long_foreign_name_is_folded_whole(width: int) -> None:
    name = "my_networks/experiments/wide_and_shallow.py:make_network"
    records = [timed_record(name), timed_record(name, "train_step"), fit_record(name)]
    table = _shown(sample_plan("bench", records), records, width).split("Infer, Train:")[0]
    lines = table.splitlines()[3:] if width == 80 else table.splitlines()[2:]
    assert name in "".join(line.split(" ")[0] for line in lines)
    assert "320" in table
    assert "…" not in table
