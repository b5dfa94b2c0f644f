"""The tables of ablations: a factor's values side by side over seeds, and the ladder of speed.

Where runs took turns, ratios of speed come from the blocks that they share; else from two processes that know
nothing of one another, and then without an interval.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import geometric_mean

import numpy as np

from benchbox.plan.spec import Plan
from benchbox.records.arms import Arm
from benchbox.records.contest import Contest, Standing
from benchbox.records.metrics import Better
from benchbox.records.record import Record
from benchbox.records.rows import Row, rows
from benchbox.report import text
from benchbox.report.arms import (
    RATE,
    arms_of,
    contests_of,
    leaf,
    trials_grid,
    what_comes_along,
    what_stays,
)
from benchbox.report.cells import (
    NAME,
    above_ceiling,
    name_cell,
    ranges,
    reasons,
    row_line,
    status_cell,
    timing_cell,
)
from benchbox.report.conclusion import conclusion
from benchbox.report.differences import differences_grid
from benchbox.report.gains import Gain, gains, turns_note
from benchbox.report.grid import Cell, Column, Grid, Line
from benchbox.report.naming import labeller, row_names

LADDER = "ablate speed"
# The end of a rung's label that says less than the rung does.
GATHERED = "gathered batches"
# How many times as fast an arm is as the first of its architecture.
FIRST = "× first"
# Where a table is wider by its intervals, a shorter head keeps it in eighty columns.
NETWORK = Column(title="Network", is_text=True)
SHARES = (0.9, 0.99, 1.0)
# Columns that are ranked by places in the comparison, of which 1 is the first.
PLACED: Better = "lower"


def ablation_grids(plan: Plan, records: Sequence[Record]) -> list[Grid]:
    """The arms side by side, the rates that they chose from, how they differ over seeds, and what that shows."""
    seen = rows(records, plan.specs)
    found = arms_of(plan, seen)
    told = contests_of(plan, found)
    table, trials = ablation_table(plan, seen, found=found, told=told), trials_grid(plan, found)
    grids = (table, trials, differences_grid(told), _conclusions(plan, told))
    return [grid for grid in grids if grid is not None]


def _conclusions(plan: Plan, found: Sequence[Contest]) -> Grid | None:
    title = "Conclusion on accuracy" if plan.turns else "Conclusion"
    return Grid(title=title, columns=(), sections=(), notes=tuple(map(conclusion, found))) if found else None


def ablation_table(plan: Plan, seen: Sequence[Row], *, found: Sequence[Arm], told: Sequence[Contest]) -> Grid:
    """One line an arm, a section an architecture: accuracy over seeds, epochs to shares, throughput.

    In accuracy and epochs those arms are marked as the best that the comparison tells apart from others. Where
    training steps of the arms took turns, speed is the question: then how many times as fast as the first each is,
    in place of the epochs. Where an arm chose its learning rate, that is a column.
    """
    words = [*(leaf(field).capitalize() for field in plan.factors), *((RATE,) if plan.chosen else ())]
    middle = (
        [Column(title=FIRST, better="higher")]
        if plan.turns
        else [Column(title=f"to {share:.0%}", detail="epochs", better=PLACED) for share in SHARES]
    )
    columns = (
        NETWORK if plan.turns or plan.chosen else NAME,
        *(Column(title=word, is_text=True) for word in words),
        Column(title="Accuracy", detail="%", better=PLACED),
        *middle,
        Column(title="Train", detail="/s", better="higher"),
        Column(title="Seeds"),
    )
    contests = {contest.network: contest for contest in told if contest.common > 1}
    sections = tuple(
        _arm_lines(plan, [arm for arm in found if arm.model == model], contests.get(model))
        for model in dict.fromkeys(arm.model for arm in found)
    )
    names = row_names(seen)
    notes = (*_ablation_notes(plan, seen, found), *ranges(seen, names), *reasons(seen, names))
    title = f"Ablation of {' × '.join(map(leaf, plan.factors))}"
    return Grid(title=title, columns=columns, sections=sections, notes=notes)


def _arm_lines(plan: Plan, found: Sequence[Arm], contest: Contest | None) -> tuple[Line, ...]:
    """`contest` is that of these arms, in their order; None where no two of them can be compared."""
    gain = gains(plan)
    lines = []
    for place, arm in enumerate(found):
        accuracy = _placed(_accuracy_cell(arm), place, contest.by_accuracy if contest else None)
        if plan.turns:
            rest = _step_cells(arm.step, found[0].step, gain)
        else:
            rest = [*_epochs_cells(arm.good, place, contest), _speed_cell(arm.good)]
        lines.append(_arm_line(plan, arm, [accuracy, *rest]))
    return tuple(lines)


def _step_cells(step: Row | None, first: Row | None, gain: Gain) -> list[Cell]:
    """How many times as fast as the first, and pictures a second: both of the steps that took turns."""
    if step is None:
        return [Cell(), Cell()]
    cells = [status_cell(step, "train_step") or gain(first, step), timing_cell(step, "train_step")]
    return [replace(cell, value=None, is_bad=True) for cell in cells] if step.void else cells


def _arm_line(plan: Plan, arm: Arm, cells: Sequence[Cell]) -> Line:
    """`cells` stand between the values of an arm and its seeds."""
    done, planned = len(arm.good), len(arm.seeds)
    kept = [text.setting(value) for value in arm.kept.values] if arm.kept else [text.ABSENT] * len(plan.chosen)
    return (
        name_cell(arm.model),
        *(Cell(text=text.setting(value)) for value in arm.values),
        *(Cell(text=value) for value in kept),
        *cells,
        Cell(text=str(done) if done == planned else f"{done} of {planned}"),
    )


def _placed(cell: Cell, place: int, standing: Standing | None) -> Cell:
    """The cell with its arm's place as its value where the comparison tells some arms from others.

    The leaders are at 1, those surely behind at 2, the rest at none: a mean alone is no reason to mark an arm.
    """
    if standing is None or not standing.behind:
        return cell
    if place in standing.behind:
        return replace(cell, value=2.0)
    return replace(cell, value=1.0) if place in standing.leaders else cell


def _accuracy_cell(arm: Arm) -> Cell:
    values = [row.accuracy.top1.value for row in arm.good if row.accuracy is not None]
    if not values:
        return next((cell for row in arm.rows if (cell := status_cell(row, "accuracy"))), Cell())
    mean = float(np.mean(values))
    spread = f"± {100 * np.std(values, ddof=1):.1f}" if len(values) > 1 else f"± {text.ABSENT}"
    return Cell(text=text.percent(mean), detail=spread)


def _epochs_cells(good: Sequence[Row], place: int, contest: Contest | None) -> list[Cell]:
    """The epochs to each share; only at one of them, and between the leaders in accuracy, are they compared."""
    compared = contest.share if contest else None
    return [
        _placed(_epochs_cell(good, share), place, contest.by_epochs if contest and share == compared else None)
        for share in SHARES
    ]


def _epochs_cell(good: Sequence[Row], share: float) -> Cell:
    reached = [row.learning.milestone(share) for row in good if row.learning is not None]
    epochs = [milestone.epoch for milestone in reached if milestone is not None]
    if not epochs:
        return Cell()
    shown = f"{float(np.mean(epochs)):.1f}" if len(good) > 1 else str(epochs[0])
    return Cell(text=shown, detail=f"({len(epochs)} of {len(good)})" if len(epochs) < len(good) else "")


def _speed_cell(good: Sequence[Row]) -> Cell:
    """The speed of fits, which is not ranked: they ran one after another, on a machine that may have drifted."""
    speeds = [row.learning.pictures_per_second for row in good if row.learning is not None]
    values = [speed.value for speed in speeds if speed is not None]
    if not values:
        return Cell()
    mean = float(np.mean(values))
    spread = f"± {text.number(float(np.std(values, ddof=1)))}" if len(values) > 1 else ""
    return Cell(text=text.number(mean), detail=spread)


def _ablation_notes(plan: Plan, seen: Sequence[Row], found: Sequence[Arm]) -> tuple[str, ...]:
    learned = (row.learning for arm in found for row in arm.rows)
    within = text.several((learning.epochs for learning in learned if learning is not None), "epoch")
    factors = " and ".join(map(leaf, plan.factors))
    changes = "changes" if len(plan.factors) == 1 else "change"
    speed = "of the timed steps, median and its 95 % interval" if plan.turns else "mean ± the same"
    notes = [
        f"Only {factors} {changes}{what_comes_along(plan)}; {what_stays(plan)}. Accuracy: held-out pictures after "
        f"the last epoch, mean ± standard deviation over seeds. Train: pictures a second, {speed}.",
    ]
    if plan.turns:
        notes += turns_note(plan, seen, what="training steps", gained=FIRST)
    elif within:
        notes.append(f"to N %: epochs until that accuracy; {text.ABSENT}: not within {within}.")
    return tuple(notes)


def ladder_table(plan: Plan, records: Sequence[Record]) -> Grid:
    """One line a rung, a section an architecture: speed, gain over other rungs, share of the ceiling."""
    seen, label = rows(records, plan.specs), labeller(plan)
    models = dict.fromkeys(row.model for row in seen)
    has_ceiling = any(row.training and row.training.share_of_ceiling for row in seen)
    columns = (
        NETWORK if plan.turns else NAME,
        Column(title="Rung", is_text=True),
        Column(title="Train", detail="/s", better="higher"),
        Column(title="× plain", better="higher"),
        Column(title="× previous"),
        *((Column(title="Ceiling"),) * has_ceiling),
    )
    rungs = {id(row): label(row.spec).removeprefix(f"{row.model} ") for row in seen}
    ladders = [[row for row in seen if row.model == model] for model in models]
    sections = tuple(_ladder_lines(plan, ladder, rungs, has_ceiling=has_ceiling) for ladder in ladders)
    names = [f"{row.model} {rungs[id(row)]}" for row in seen]
    notes = (
        *_ladder_notes(plan, seen, names, has_ceiling=has_ceiling),
        *_overall(plan, ladders),
        *above_ceiling(seen, names),
        *ranges(seen, names),
        *reasons(seen, names),
    )
    return Grid(title="The ladder of speed", columns=columns, sections=sections, notes=notes)


def _ladder_lines(
    plan: Plan, seen: Sequence[Row], rungs: Mapping[int, str], *, has_ceiling: bool
) -> tuple[Line, ...]:
    lines: list[Line] = []
    gain = gains(plan)
    plain = seen[0] if seen[0].training else None
    previous = plain
    for row in seen:
        cells = [
            name_cell(rungs[id(row)]),
            timing_cell(row, "train_step"),
            gain(plain, row),
            gain(previous, row) if lines else Cell(),
        ]
        if has_ceiling:
            cells.append(_ceiling_cell(row))
        lines.append(row_line(row.model, row, cells))
        previous = row if row.training else previous
    return tuple(lines)


def _overall(plan: Plan, ladders: Sequence[Sequence[Row]]) -> tuple[str, ...]:
    """What the last rungs gained over the plain ones, over all architectures of which both were seen."""
    gain = gains(plan)
    gained = [value for ladder in ladders if (value := gain(ladder[0], ladder[-1]).value) is not None]
    if len(gained) < 2:
        return ()
    mean = geometric_mean(gained)
    return (f"Geometric mean of the last rungs' × plain over {len(gained)} architectures: {mean:.2f}.",)


def _ceiling_cell(row: Row) -> Cell:
    share = row.training.share_of_ceiling if row.training else None
    return Cell() if share is None else Cell(text=text.share(share), value=share)


def _ladder_notes(plan: Plan, seen: Sequence[Row], names: Sequence[str], *, has_ceiling: bool) -> tuple[str, ...]:
    explained = (
        "Each rung keeps what the ones above it added. Train: pictures a second, median and its 95 % interval."
    )
    turns = turns_note(plan, seen, what="rungs", gained="× plain and × previous")
    # Old reports, whose rungs were processes one after another, are shown as they were.
    is_gathered = bool(turns) and any(name.endswith(GATHERED) for name in names)
    gathered = (f"{GATHERED}: indexed on the device, and without .item() at every step.",) * is_gathered
    ceiling = (
        "Ceiling: FLOP/s of a step, counted as three forward passes, by those of the fastest matrix product seen "
        "here at the rung's precision.",
    )
    return (explained, *turns, *gathered, *(ceiling if has_ceiling else ()))
