"""The tables of runs that took turns: gains with intervals from shared blocks, voids, losses, and old reports."""

from collections.abc import Sequence
from io import StringIO
from pathlib import Path

import pytest
from factories import ablation_records, failed_record, fit_record, sample_plan, timed_record
from msgspec.structs import replace
from rich.console import Console

from benchbox.plan.facts import Ceiling
from benchbox.plan.spec import Plan
from benchbox.records.record import Record
from benchbox.report.ablation import ablation_table, ladder_table
from benchbox.report.grid import Grid, print_grid

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
    assert [column.title for column in grid.columns][3:6] == ["to 50%", "to 90%", "to 99%"]
    assert next(iter(grid.lines))[6].text == "648"
    assert "mean ± the same" in grid.notes[0]


def test_a_report_from_before_the_turns_is_shown_as_it_was() -> None:
    kept = Path(__file__).parents[2] / "reports" / "kept" / "ablate-speed"
    if not kept.is_dir():
        pytest.skip("the kept reports are not here")
    from benchbox.records.journal import read
    from benchbox.runner.folder import read_plan

    grid = ladder_table(read_plan(kept), read(kept))
    assert grid.notes[0].startswith("Each rung keeps what the ones above it added.")
    assert not any("turns" in note for note in grid.notes)
    assert all(not cell.detail for line in grid.lines for cell in line[3:5])
