"""The tables of ablations: arms over seeds and how they differ, chosen rates, runs that took turns, old reports."""

import json
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from factories import ablation_records, failed_record, fit_record, sample_plan, timed_record, with_measured
from msgspec.structs import replace
from rich.console import Console

from benchbox.plan.facts import Ceiling
from benchbox.plan.recipes import recipe_for
from benchbox.plan.spec import Plan
from benchbox.records.record import Record
from benchbox.report.ablation import ablation_grids, ladder_table
from benchbox.report.document import json_document
from benchbox.report.grid import Grid, best_cells, print_grid
from benchbox.report.write import write_report

PLACEMENTS = (("fp32", "contiguous"), ("fp32", "channels_last"), ("bf16", "channels_last"))
RUNGS = ("plain", "+ channels_last", "+ autocast bf16")
# The machine is slower by a third in every second block: alike for all, so that the ratios do not move.
DRIFT = (1.0, 1.01, 1.33, 1.34)


def rung(model: str, place: int, seconds: float, *, blocks: int = 8, flops: float = 4e12) -> Record:
    """A rung on a machine of so many FLOP/s."""
    precision, memory_format = PLACEMENTS[place]
    samples = [seconds * DRIFT[number % 4] for number in range(2 * blocks)]
    record = timed_record(model, "train_step", samples=samples, precision=precision, memory_format=memory_format)
    ceiling = Ceiling(
        device="cpu", precision=precision, threads=2, flops_per_second=flops, copy_bytes_per_second=1e10
    )
    assert record.environment is not None
    return replace(in_turns(record), environment=replace(record.environment, ceiling=ceiling))


def in_turns(record: Record) -> Record:
    return replace(record, actual=replace(record.actual, stop_reason="after 12.3 s", in_turns=True))


def ladder(*models: str, blocks: int = 8) -> tuple[Plan, list[Record]]:
    records = [
        rung(model, place, seconds, blocks=blocks)
        for model in models
        for place, seconds in enumerate((0.4, 0.2, 0.1))
    ]
    labels = tuple(f"{model} {name}" for model in models for name in RUNGS)
    turns = tuple(tuple(range(3 * number, 3 * number + 3)) for number in range(len(models)))
    return sample_plan("ablate speed", records, labels=labels, turns=turns), records


def shown(grid: Grid) -> list[str]:
    out = StringIO()
    print_grid(Console(file=out, width=80), grid)
    return [line.rstrip() for line in out.getvalue().splitlines()]


def ablation_table(plan: Plan, records: Sequence[Record]) -> Grid:
    return ablation_grids(plan, records)[0]


def gains(grid: Grid) -> list[list[tuple[str, str]]]:
    return [[(cell.text, cell.detail) for cell in line[3:5]] for line in grid.lines]


def test_the_ladder_of_rungs_that_took_turns() -> None:
    said = shown(ladder_table(*ladder("lenet", "googlenet")))
    assert said[: len(LADDER)] == LADDER


LADDER = [
    "The ladder of speed",
    "Network    Rung                 Train /s      × plain   × previous  Ceiling",
    "───────────────────────────────────────────────────────────────────────────",
    "lenet      plain            68.4 ±17.0 %         1.00            –    0.1 %",
    "lenet      + channels_last   137 ±17.0 %  2.00 ±0.0 %  2.00 ±0.0 %    0.2 %",
    "lenet      + autocast bf16   274 ±17.0 %  4.00 ±0.0 %  2.00 ±0.0 %    0.3 %",
    "",
    "googlenet  plain            68.4 ±17.0 %         1.00            –   17.4 %",
    "googlenet  + channels_last   137 ±17.0 %  2.00 ±0.0 %  2.00 ±0.0 %   34.8 %",
    "googlenet  + autocast bf16   274 ±17.0 %  4.00 ±0.0 %  2.00 ±0.0 %   69.6 %",
]


def test_drift_moves_the_throughput_and_not_the_gains() -> None:
    grid = ladder_table(*ladder("lenet"))
    assert gains(grid) == [
        [("1.00", ""), ("–", "")],
        [("2.00", "±0.0 %"), ("2.00", "±0.0 %")],
        [("4.00", "±0.0 %"), ("2.00", "±0.0 %")],
    ]
    assert all(float(line[2].detail.strip("± %")) > 10 for line in grid.lines)


def test_a_note_tells_what_all_rungs_gained_over_all_architectures() -> None:
    plan, records = ladder("lenet", "googlenet")
    records[5] = rung("googlenet", 2, 0.2, blocks=8)
    said = "Geometric mean of the last rungs' × plain over 2 architectures: 2.83."
    assert said in ladder_table(plan, records).notes
    assert "Geometric" not in " ".join(ladder_table(*ladder("lenet")).notes)


def test_the_notes_say_that_the_rungs_took_turns_and_in_how_many_blocks() -> None:
    notes = " ".join(ladder_table(*ladder("lenet")).notes)
    assert "took turns" in notes
    assert "median of 8 blocks" in notes
    assert "fastest matrix product" in notes
    assert ".item()" not in notes


def test_a_note_says_what_the_rung_of_gathered_batches_leaves_out_as_well() -> None:
    plan, records = ladder("lenet")
    named = replace(plan, labels=(*plan.labels[:2], "lenet + gathered batches"))
    assert "without .item() at every step" in " ".join(ladder_table(named, records).notes)


def test_of_few_blocks_the_range_is_shown() -> None:
    plan, records = ladder("lenet", blocks=3)
    samples = tuple(value * 1.1 for value in records[1].values("sample_seconds")[:2])
    kept = records[1].values("sample_seconds")[2:]
    records[1] = in_turns(
        timed_record(
            "lenet",
            "train_step",
            samples=(*samples, *kept),
            precision="fp32",
            memory_format="channels_last",
        )
    )
    assert gains(ladder_table(plan, records))[1][0] == ("2.00", "(1.82–2.00)")


def test_a_lost_rung_is_stepped_over_and_keeps_its_reason() -> None:
    plan, records = ladder("lenet")
    records[1] = failed_record(
        "lenet", "train_step", status="oom", reason="no room", precision="fp32", memory_format="channels_last"
    )
    grid = ladder_table(plan, records)
    assert [line[2].text for line in grid.lines][1] == "oom"
    assert gains(grid)[1:] == [[("–", ""), ("–", "")], [("4.00", "±0.0 %"), ("4.00", "±0.0 %")]]
    assert any("no room" in note for note in grid.notes)


def test_a_rung_that_was_lost_on_the_way_is_compared_in_the_blocks_that_it_saw() -> None:
    plan, records = ladder("lenet")
    short = rung("lenet", 1, 0.2, blocks=6)
    records[1] = replace(short, status="crashed", reason="lost")
    assert gains(ladder_table(plan, records))[1][0] == ("2.00", "±0.0 %")


def test_a_void_rung_is_marked_and_never_the_best() -> None:
    plan, records = ladder("lenet")
    records[2] = replace(records[2], actual=replace(records[2].actual, void="its answers are others"))
    grid = ladder_table(plan, records)
    void = list(grid.lines)[2]
    assert (void[0].is_bad, void[2].is_bad, void[2].value) == (True, True, None)
    assert any("its answers are others" in note for note in grid.notes)


def test_rungs_that_took_no_turns_are_shown_without_intervals_as_before() -> None:
    plan, records = ladder("lenet")
    grid = ladder_table(replace(plan, turns=()), records)
    assert [column.title for column in grid.columns][:2] == ["Architecture", "Rung"]
    assert gains(grid)[2] == [("4.00", ""), ("2.00", "")]
    assert not any("turns" in note for note in grid.notes)


def test_runs_that_were_made_by_themselves_in_spite_of_the_plan_share_no_blocks() -> None:
    plan, records = ladder("lenet")
    alone = [replace(record, actual=replace(record.actual, in_turns=False)) for record in records]
    grid = ladder_table(plan, alone)
    assert gains(grid)[2] == [("4.00", ""), ("2.00", "")]
    assert not any("turns" in note for note in grid.notes)


def test_without_a_measured_ceiling_there_is_no_such_column() -> None:
    plan, records = ladder("lenet")
    bare = [
        replace(record, environment=replace(record.environment, ceiling=None))
        for record in records
        if record.environment is not None
    ]
    assert [column.title for column in ladder_table(plan, bare).columns][-1] == "× previous"


def test_the_ceiling_counts_three_forward_passes_of_the_whole_batch() -> None:
    grid = ladder_table(*ladder("lenet"))
    # 15.53 MFLOP × 3 × 32 pictures in 0.1 s × the drift's middle, 1.17, of 4 TFLOP/s.
    share = 3 * 15_530_000 * 32 / 0.117 / 4e12
    assert list(grid.lines)[2][5].value == pytest.approx(share, rel=0.01)


def test_shares_of_several_ceilings_have_no_best() -> None:
    (ceiling,) = [column for column in ladder_table(*ladder("lenet")).columns if column.title == "Ceiling"]
    assert ceiling.better == "neither"


def test_more_than_the_ceiling_is_explained() -> None:
    plan, records = ladder("googlenet")
    assert not any("more than the ceiling" in note for note in ladder_table(plan, records).notes)
    records[2] = rung("googlenet", 2, 0.1, flops=1e12)
    (said,) = [note for note in ladder_table(plan, records).notes if "more than the ceiling" in note]
    assert said.startswith("googlenet + autocast bf16: ")


def placed(steps: Sequence[float] = (0.2, 0.1)) -> tuple[Plan, list[Record]]:
    """An ablation of the precision: two training steps that took turns, and a fit of two seeds each."""
    arms = ("fp32", "bf16")
    timed = [
        in_turns(timed_record("lenet", "train_step", samples=[seconds] * 16, precision=arm))
        for arm, seconds in zip(arms, steps, strict=True)
    ]
    fits = [fit_record("lenet", precision=arm, seed=seed) for arm in arms for seed in (0, 1)]
    records = [*timed, *fits]
    return sample_plan("ablate", records, factors=("placement.precision",), turns=((0, 1),)), records


def test_an_ablation_of_the_placement_shows_how_many_times_as_fast_an_arm_is() -> None:
    grid = ablation_table(*placed())
    assert [column.title for column in grid.columns] == [
        "Network",
        "Precision",
        "Accuracy",
        "× first",
        "Train",
        "Seeds",
    ]
    assert [(line[1].text, line[3].text, line[3].detail, line[5].text) for line in grid.lines] == [
        ("fp32", "1.00", "", "2"),
        ("bf16", "2.00", "±0.0 %", "2"),
    ]
    # 32 pictures in 0.2 s and in 0.1 s: of the steps that took turns, and not of the fits, which do 648.
    assert [line[4].text for line in grid.lines] == ["160", "320"]
    assert "of the timed steps, median and its 95 % interval" in grid.notes[0]
    assert any("median of 8 blocks" in note for note in grid.notes)
    assert max(map(len, shown(grid))) <= 80


def test_what_is_placed_otherwise_is_also_compared_in_accuracy() -> None:
    conclusion = ablation_grids(*placed())[-1]
    assert conclusion.title == "Conclusion on accuracy"
    assert conclusion.notes[0].startswith(
        "lenet after 4 epochs: both reach 100 % in every seed; the epochs to 100 %"
    )


def test_a_lost_training_step_takes_nothing_from_the_accuracy() -> None:
    plan, records = placed()
    records[1] = failed_record("lenet", "train_step", status="oom", reason="no room", precision="bf16")
    line = list(ablation_table(plan, records).lines)[1]
    assert (line[2].text, line[3].text, line[4].text, line[5].text) == ("100.0", "oom", "oom", "2")


def test_a_void_training_step_is_marked_in_the_ablation() -> None:
    plan, records = placed()
    records[1] = replace(records[1], actual=replace(records[1].actual, void="its answers are others"))
    gain, speed = list(ablation_table(plan, records).lines)[1][3:5]
    assert (gain.text, gain.is_bad, gain.value) == ("2.00", True, None)
    assert (speed.text, speed.is_bad, speed.value) == ("320", True, None)


def test_an_ablation_that_took_no_turns_keeps_its_epochs() -> None:
    records = ablation_records()
    grid = ablation_table(sample_plan("ablate", records, factors=("model.activation",)), records)
    assert [column.title for column in grid.columns][3:6] == ["to 90%", "to 99%", "to 100%"]
    assert next(iter(grid.lines))[6].text == "648"
    assert "mean ± the same" in grid.notes[0]


ACTIVATION = ("model.activation",)


def compared(sigmoid: Sequence[float], relu: Sequence[float], *, model: str = "lenet") -> list[Record]:
    """Fits of two epochs with these accuracies at their ends, in pictures right of 144, a seed each."""
    return [
        fit_record(model, activation=name, seed=seed, accuracies=(0.5, correct / 144))
        for name, rights in (("sigmoid", sigmoid), ("relu", relu))
        for seed, correct in enumerate(rights)
    ]


def two_networks() -> list[Record]:
    """LeNet's arms are all at 100 %, AlexNet's are far from one another."""
    lenet, alexnet = ((144, 144, 144), (144, 144, 144)), ((9, 7, 10), (144, 143, 144))
    return [*compared(*lenet), *compared(*alexnet, model="alexnet")]


def grids(records: Sequence[Record], **fields: object) -> dict[str, Grid]:
    plan = sample_plan("ablate", records, factors=ACTIVATION, **fields)
    return {grid.title: grid for grid in ablation_grids(plan, records)}


def test_the_differences_of_an_ablation() -> None:
    assert shown(grids(two_networks())["Differences in accuracy"]) == DIFFERENCES


DIFFERENCES = [
    "Differences in accuracy",
    "Network  Arm − the first     Difference points  Could show points  p Holm  Seeds",
    "────────────────────────────────────────────────────────────────────────────────",
    "lenet    relu − sigmoid     0.00 in every seed                  –       –      3",
    "",
    "alexnet  relu − sigmoid   +93.8 (92.0 to 95.5)                2.3  <0.001      3",
    "· Difference: held-out accuracy of the arm minus that of the first, paired over",
    "  equal seeds: mean and 95 % interval (paired t). Could show: the smallest true",
    "  difference that so many seeds would have shown at 80 % power (two-sided 5 %",
    "  without a correction, noncentral t at the spread of the paired differences;",
    "  Cohen 1988, chapter 2).",
    "· p: paired t-test, Holm-corrected over the 1 pair of arms that were tested.",
    "· in every seed: the difference is the same in each, which leaves no interval",
    "  and no test.",
    "· Near 0 and 100 % an interval by t reaches beyond what an accuracy can be; it",
    "  is shown as it is.",
    "· lenet: every seed of every arm is at 100 %, so that accuracy cannot tell the",
    "  arms apart.",
]


def test_a_conclusion_stands_below_for_each_network() -> None:
    lenet, alexnet = grids(two_networks())["Conclusion"].notes
    assert lenet.startswith("lenet after 2 epochs: both reach 100 % in every seed; ")
    assert alexnet.startswith(
        "alexnet after 2 epochs: relu 99.8 ± 0.4 %, sigmoid 6.0 ± 1.1 %: relu is higher by 93.8 "
    )


def test_one_seed_has_no_table_of_differences_and_concludes_nothing() -> None:
    found = grids(compared((9,), (144,)))
    assert list(found) == ["Ablation of activation", "Conclusion"]
    assert found["Conclusion"].notes[0].endswith("nothing can be concluded from one seed.")


def test_a_single_arm_is_compared_with_nothing() -> None:
    assert list(grids(compared((9, 10), ()))) == ["Ablation of activation"]


def test_seeds_missing_on_one_side_are_said() -> None:
    records = compared((9, 7, 10), (144, 143, 144))
    records[1] = failed_record("lenet", activation="sigmoid", seed=1, status="nan", reason="NaN in epoch 2")
    found = grids(records)
    (line,) = found["Differences in accuracy"].lines
    assert (line[5].text, line[5].detail) == ("2", "of 3")
    assert "sigmoid 2 of 3" in found["Conclusion"].notes[0]


def test_an_arm_that_failed_throughout_has_blanks() -> None:
    records = compared((9, 7), (144, 143))
    records += [failed_record("lenet", activation="tanh", seed=seed, status="nan") for seed in (0, 1)]
    lines = list(grids(records)["Differences in accuracy"].lines)
    assert [cell.text for cell in lines[1][2:]] == ["–"] * 4


def test_where_the_first_arm_failed_the_others_are_compared_with_the_next() -> None:
    records = [failed_record("lenet", activation="elu", seed=seed, status="nan") for seed in range(3)]
    records += compared((9, 7, 10), (144, 143, 144))
    records += [
        fit_record("lenet", activation="tanh", seed=seed, accuracies=(0.9 + seed / 144,)) for seed in range(3)
    ]
    grid = grids(records)["Differences in accuracy"]
    assert [(line[1].text, line[1].detail, line[2].text) for line in grid.lines] == [
        ("elu", "− sigmoid", "–"),
        ("relu", "− sigmoid", "+93.8"),
        ("tanh", "− sigmoid", "+85.0"),
    ]
    assert "lenet: elu has no result to compare with; sigmoid is the first that has." in grid.notes
    assert any("beyond what an accuracy can be" in note for note in grid.notes)


def test_an_interval_beyond_what_an_accuracy_can_be_is_shown_and_explained() -> None:
    beyond = grids(compared((144, 140, 142), (143, 144, 142)))["Differences in accuracy"]
    assert any("beyond what an accuracy can be" in note for note in beyond.notes)
    within = grids(compared((70, 72, 74), (90, 93, 94)))["Differences in accuracy"]
    assert not any("beyond what an accuracy can be" in note for note in within.notes)


def test_several_arms_are_compared_with_the_first_and_tested_in_all_pairs() -> None:
    records = compared((9, 7, 10), (144, 143, 144))
    records += [
        fit_record("lenet", activation="tanh", seed=seed, accuracies=(0.9 + seed / 144,)) for seed in range(3)
    ]
    grid = grids(records)["Differences in accuracy"]
    assert [(line[1].text, line[1].detail) for line in grid.lines] == [("relu", "− sigmoid"), ("tanh", "− sigmoid")]
    assert any("over the 3 pairs of arms" in note for note in grid.notes)


def test_a_number_in_the_name_of_an_arm_has_its_word_before_it() -> None:
    records = [fit_record("lenet", dropout=dropout, seed=seed) for dropout in (0.0, 0.5) for seed in (0, 1)]
    plan = sample_plan("ablate", records, factors=("model.dropout",))
    (line,) = ablation_grids(plan, records)[1].lines
    assert (line[1].text, line[1].detail) == ("dropout 0.5", "− dropout 0")


def chosen_rates() -> list[Record]:
    """Two arms at three rates: sigmoid is best at the highest, relu at the middle one."""
    aside = {("sigmoid", 1e-4): 0.2, ("sigmoid", 1e-3): 0.5, ("sigmoid", 1e-2): 0.9}
    aside |= {("relu", 1e-4): 0.8, ("relu", 1e-3): 0.95, ("relu", 1e-2): 0.1}
    return [
        with_measured(
            fit_record("lenet", activation=name, lr=lr, seed=seed, accuracies=(0.1, accuracy - 0.05 * seed)),
            val_accuracy=(0.1, accuracy + 0.01 * seed),
            val_loss=(2.0, 1 - accuracy),
        )
        for (name, lr), accuracy in aside.items()
        for seed in (0, 1)
    ]


def test_arms_are_compared_at_the_rates_that_they_chose() -> None:
    found = grids(chosen_rates(), chosen=("fit.lr",))
    assert list(found) == ["Ablation of activation", "Learning rates", "Differences in accuracy", "Conclusion"]
    table = found["Ablation of activation"]
    assert [column.title for column in table.columns][:4] == ["Network", "Activation", "Rate", "Accuracy"]
    assert [(line[1].text, line[2].text, line[3].text) for line in table.lines] == [
        ("sigmoid", "0.01", "87.5"),
        ("relu", "0.001", "92.7"),
    ]
    assert "but for the learning rate, of which each arm has its own best" in table.notes[0]
    (said,) = found["Conclusion"].notes
    assert "chosen on pictures set aside: sigmoid 0.01, relu 0.001." in said
    assert said.endswith("At the edge of these rates, beyond which a better one may lie: sigmoid.")
    assert all(max(map(len, shown(grid))) <= 80 for grid in found.values())


def test_all_rates_are_shown_with_what_they_did_on_the_pictures_set_aside() -> None:
    grid = grids(chosen_rates(), chosen=("fit.lr",))["Learning rates"]
    assert [[cell.text for cell in line[1:]] for line in grid.lines] == [
        ["sigmoid", "0.0001", "20.5", "0.800", "–", "2"],
        ["sigmoid", "0.001", "50.5", "0.500", "–", "2"],
        ["sigmoid", "0.01", "90.5", "0.100", "yes", "2"],
        ["relu", "0.0001", "80.5", "0.200", "–", "2"],
        ["relu", "0.001", "95.5", "0.050", "yes", "2"],
        ["relu", "0.01", "10.5", "0.900", "–", "2"],
    ]


def test_a_recipe_says_what_it_brings_along() -> None:
    plain: dict[str, Any] = {"recipe": "plain", "init": "default", "lr": 1e-4, "schedule": "constant"}
    own: dict[str, Any] = {"recipe": "own", "init": "suited", "lr": recipe_for("lenet").lr, "schedule": "one_cycle"}
    records = [fit_record("lenet", **fields) for fields in (plain, own)]
    grid = ablation_table(sample_plan("ablate", records, factors=("fit.recipe",)), records)
    assert [line[1].text for line in grid.lines] == ["plain", "own"]
    assert grid.notes[0].startswith(
        "Only recipe changes, and with it init, lr and schedule; all else stays. Accuracy: held-out"
    )


def interrupted(count: int) -> dict[str, Grid]:
    """The tables of the arms that choose their rates, of whose runs only so many ended."""
    records = chosen_rates()
    plan = sample_plan("ablate", records, factors=ACTIVATION, chosen=("fit.lr",))
    return {grid.title: grid for grid in ablation_grids(plan, records[:count])}


def test_nothing_is_concluded_of_an_arm_before_all_of_its_rates_were_tried() -> None:
    # relu has its lowest rate with both seeds, and the next with one.
    found = interrupted(9)
    lines = [[cell.text for cell in line] for line in found["Ablation of activation"].lines]
    assert lines == [
        ["lenet", "sigmoid", "0.01", "87.5", "2.0", "–", "–", "648", "2"],
        ["lenet", "relu", "–", "–", "–", "–", "–", "–", "0 of 2"],
    ]
    trials = found["Learning rates"]
    assert [[cell.text for cell in line[1:]] for line in trials.lines][3:] == [
        ["relu", "0.0001", "80.5", "0.200", "–", "2"],
        ["relu", "0.001", "95.0", "0.050", "–", "1 of 2"],
        ["relu", "0.01", "–", "–", "–", "0 of 2"],
    ]
    assert any("not all rates were tried" in note for note in trials.notes)
    assert "Differences in accuracy" not in found
    (said,) = found["Conclusion"].notes
    assert "since only sigmoid has a result; not all rates were tried: relu." in said
    assert "set aside: sigmoid 0.01." in said


def test_the_document_and_the_curves_say_nothing_of_such_an_arm_either(tmp_path: Path) -> None:
    records = chosen_rates()
    plan = sample_plan("ablate", records, factors=ACTIVATION, chosen=("fit.lr",))
    (found,) = json.loads(json_document(tmp_path, plan, records[:9]))["comparisons"]
    assert "not all rates were tried: relu." in found["conclusion"]
    assert (found["rates"], found["differences"]) == ({"sigmoid": 0.01}, [])
    write_report(tmp_path, plan, records[:9])
    drawn = {path.name for path in (tmp_path / "plots").iterdir()}
    assert any("sigmoid" in name for name in drawn)
    assert not any("relu" in name for name in drawn)


def test_an_arm_that_never_began_is_named() -> None:
    found = interrupted(6)
    assert [line[1].text for line in found["Ablation of activation"].lines] == ["sigmoid", "relu"]
    assert "; not all rates were tried: relu." in found["Conclusion"].notes[0]
    whole = interrupted(12)
    assert "not all" not in whole["Conclusion"].notes[0]
    assert not any("not all" in note for note in whole["Learning rates"].notes)


def test_an_arm_that_never_began_is_named_where_nothing_is_chosen_too() -> None:
    records = compared((9, 7, 10), (144, 143, 144))
    plan = sample_plan("ablate", records, factors=ACTIVATION)
    table, *_, conclusion = ablation_grids(plan, records[:3])
    assert [(line[1].text, line[-1].text) for line in table.lines] == [("sigmoid", "3"), ("relu", "0 of 3")]
    assert conclusion.notes[0].endswith("since only sigmoid has a result; seeds that ended well: relu 0 of 3.")


def test_an_arm_that_failed_at_every_rate_has_none_of_its_own() -> None:
    records = [record for record in chosen_rates() if record.spec.model.activation == "relu"]
    records += [
        failed_record("lenet", activation="elu", lr=lr, seed=seed, status="nan", reason="NaN in epoch 1")
        for lr in (1e-4, 1e-3, 1e-2)
        for seed in (0, 1)
    ]
    found = grids(records, chosen=("fit.lr",))
    _, line = found["Ablation of activation"].lines
    assert [cell.text for cell in line[1:4]] == ["elu", "–", "nan"]
    assert [line[5].text for line in found["Learning rates"].lines] == ["–", "yes", "–", "–", "–", "–"]
    (said,) = found["Conclusion"].notes
    assert "chosen on pictures set aside: relu 0.001." in said
    assert "seeds that ended well: elu 0 of 2" in said


def marks(records: Sequence[Record], column: int) -> list[bool]:
    """Which arms are marked as the best in a column of the table."""
    table = grids(records)["Ablation of activation"]
    return [line[column] for section in table.sections for line in best_cells(table.columns, section)]


ACCURACY, TO_90, TO_100, TRAIN = 2, 3, 5, 6


def test_only_arms_that_are_told_apart_from_others_are_marked_as_the_best() -> None:
    apart = compared((9, 7, 10), (144, 143, 144))
    assert marks(apart, ACCURACY) == [False, True]
    near = [fit_record("lenet", activation="tanh", seed=seed, accuracies=(0.5, 1.0)) for seed in range(3)]
    assert marks([*apart, *near], ACCURACY) == [False, True, True]


def test_a_higher_mean_alone_is_not_marked() -> None:
    assert marks(compared((9,), (144,)), ACCURACY) == [False, False]
    assert marks(compared((100, 120, 110), (121, 109, 112)), ACCURACY) == [False, False]
    assert marks(compared((9, 10), (143, 144)), ACCURACY) == [False, False]


def paced(sigmoid: Sequence[int], relu: Sequence[int]) -> list[Record]:
    """Fits of sixteen epochs that jump to 100 % in these, a seed each."""
    return [
        fit_record("lenet", activation=name, seed=seed, accuracies=[0.5] * (jump - 1) + [1.0] * (17 - jump))
        for name, jumps in (("sigmoid", sigmoid), ("relu", relu))
        for seed, jump in enumerate(jumps)
    ]


def test_epochs_are_marked_only_where_they_were_compared_and_told_apart() -> None:
    apart = paced((12, 13, 12), (6, 6, 5))
    assert marks(apart, TO_100) == [False, True]
    assert marks(apart, TO_90) == [False, False]
    assert marks(paced((6, 9, 7), (7, 6, 8)), TO_100) == [False, False]
    assert marks(paced((12,), (6,)), TO_100) == [False, False]


def test_the_speed_of_fits_that_took_no_turns_is_not_ranked() -> None:
    records = compared((9, 7, 10), (144, 143, 144))
    assert marks(records, TRAIN) == [False, False]
    assert [line[TRAIN].value for line in grids(records)["Ablation of activation"].lines] == [None, None]
