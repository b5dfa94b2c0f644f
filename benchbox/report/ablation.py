"""The tables of ablations: a factor's values side by side over seeds, and the ladder of speed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchbox.plan.axes import value_of
from benchbox.plan.recipes import recipe_for
from benchbox.plan.spec import Plan
from benchbox.records.estimate import Estimate
from benchbox.records.record import Record
from benchbox.records.rows import Row, rows
from benchbox.report import text
from benchbox.report.cells import NAME, name_cell, ranges, reasons, status_cell, timing_cell
from benchbox.report.grid import Cell, Column, Grid, Line
from benchbox.report.naming import labeller, row_names

LADDER = "ablate speed"
SHARES = (0.5, 0.9, 0.99)


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One architecture with one value of each factor, over its seeds."""

    model: str
    values: tuple[object, ...]
    rows: tuple[Row, ...]

    @property
    def name(self) -> str:
        """The architecture and the factors' values."""
        return " ".join([self.model, *(text.setting(value) for value in self.values)])


def arms(seen: Sequence[Row], factors: Sequence[str]) -> list[Arm]:
    """Rows grouped by architecture and factors' values; architectures and values in order of appearance."""
    groups: dict[str, dict[tuple[object, ...], list[Row]]] = {}
    for row in seen:
        values = tuple(value_of(row.spec, factor) for factor in factors)
        groups.setdefault(row.model, {}).setdefault(values, []).append(row)
    return [
        Arm(model=model, values=values, rows=tuple(found))
        for model, by_values in groups.items()
        for values, found in by_values.items()
    ]


def ablation_table(plan: Plan, records: Sequence[Record]) -> Grid:
    """One line an arm, a section an architecture: accuracy over seeds, epochs to shares, throughput."""
    seen = rows(records)
    found = arms(seen, plan.factors)
    words = [factor.rsplit(".", maxsplit=1)[-1] for factor in plan.factors]
    columns = (
        NAME,
        *(Column(title=word.replace("_", " ").capitalize(), is_text=True) for word in words),
        Column(title="Accuracy", detail="%", better="higher"),
        *(Column(title=f"to {share:.0%}", detail="epochs", better="lower") for share in SHARES),
        Column(title="Train", detail="/s", better="higher"),
        Column(title="Seeds"),
    )
    sections = tuple(
        tuple(_arm_line(arm) for arm in found if arm.model == model)
        for model in dict.fromkeys(arm.model for arm in found)
    )
    notes = (*_ablation_notes(plan, words, found), *reasons(seen, row_names(seen)))
    title = f"Ablation of {' × '.join(word.replace('_', ' ') for word in words)}"
    return Grid(title=title, columns=columns, sections=sections, notes=notes)


def _arm_line(arm: Arm) -> Line:
    good = [row for row in arm.rows if row.status == "ok" and row.accuracy is not None]
    done = len(good) if len(good) == len(arm.rows) else f"{len(good)} of {len(arm.rows)}"
    return (
        name_cell(arm.model),
        *(Cell(text=text.setting(value)) for value in arm.values),
        _accuracy_cell(arm, good),
        *(_epochs_cell(good, share) for share in SHARES),
        _speed_cell(good),
        Cell(text=str(done)),
    )


def _accuracy_cell(arm: Arm, good: Sequence[Row]) -> Cell:
    values = [row.accuracy.top1.value for row in good if row.accuracy is not None]
    if not values:
        return next((cell for row in arm.rows if (cell := status_cell(row, "accuracy"))), Cell())
    mean = float(np.mean(values))
    spread = f"± {100 * np.std(values, ddof=1):.1f}" if len(values) > 1 else f"± {text.ABSENT}"
    return Cell(text=text.percent(mean), detail=spread, value=mean)


def _epochs_cell(good: Sequence[Row], share: float) -> Cell:
    reached = [row.learning.milestone(share) for row in good if row.learning is not None]
    epochs = [milestone.epoch for milestone in reached if milestone is not None]
    if not epochs:
        return Cell()
    mean = float(np.mean(epochs))
    shown = f"{mean:.1f}" if len(good) > 1 else str(epochs[0])
    # A mean over the seeds that got there would flatter: it is not ranked against full ones.
    if len(epochs) < len(good):
        return Cell(text=shown, detail=f"({len(epochs)} of {len(good)})")
    return Cell(text=shown, value=mean)


def _speed_cell(good: Sequence[Row]) -> Cell:
    speeds = [row.learning.pictures_per_second for row in good if row.learning is not None]
    values = [speed.value for speed in speeds if speed is not None]
    if not values:
        return Cell()
    mean = float(np.mean(values))
    spread = f"± {text.number(float(np.std(values, ddof=1)))}" if len(values) > 1 else ""
    return Cell(text=text.number(mean), detail=spread, value=mean)


def _ablation_notes(plan: Plan, words: Sequence[str], found: Sequence[Arm]) -> tuple[str, ...]:
    epochs = sorted({row.learning.epochs for arm in found for row in arm.rows if row.learning is not None})
    within = " or ".join(str(number) for number in epochs)
    factors = " and ".join(word.replace("_", " ") for word in words)
    changes = "changes" if len(words) == 1 else "change"
    notes = [
        f"Only {factors} {changes}; {_what_stays(plan)}. Accuracy: held-out pictures after the last epoch, "
        "mean ± standard deviation over seeds. Train: pictures a second, mean ± the same.",
    ]
    if within:
        notes.append(f"to N %: epochs until that accuracy; {text.ABSENT}: not within {within} epochs.")
    return tuple(notes)


def _what_stays(plan: Plan) -> str:
    """What is the same in all arms of a network, told from the specs and not from what is usual."""
    rates_are_own = "fit.lr" not in plan.factors and all(
        spec.fit.lr == recipe_for(spec.model.name).lr for spec in plan.specs
    )
    is_suited = "model.activation" in plan.factors and all(spec.model.init == "suited" for spec in plan.specs)
    stays = "all else stays"
    if rates_are_own:
        stays += ", the learning rate too, which is the architecture's own"
    return stays + ("; the initialisation suits the activation" if is_suited else "")


def ladder_table(plan: Plan, records: Sequence[Record]) -> Grid:
    """One line a rung, a section an architecture: pictures a second, and the gain over other rungs."""
    seen, label = rows(records), labeller(plan)
    models = dict.fromkeys(row.model for row in seen)
    columns = (
        NAME,
        Column(title="Rung", is_text=True),
        Column(title="Train", detail="/s", better="higher"),
        Column(title="× plain", better="higher"),
        Column(title="× previous"),
    )
    rungs = {id(row): label(row.spec).removeprefix(f"{row.model} ") for row in seen}
    sections = tuple(_ladder_lines([row for row in seen if row.model == model], rungs) for model in models)
    names = [f"{row.model} {rungs[id(row)]}" for row in seen]
    explained = (
        "Each rung keeps what the ones above it added. Train: pictures a second, median and its 95 % interval."
    )
    notes = (explained, *ranges(seen, names), *reasons(seen, names))
    return Grid(title="The ladder of speed", columns=columns, sections=sections, notes=notes)


def _ladder_lines(seen: Sequence[Row], rungs: Mapping[int, str]) -> tuple[Line, ...]:
    lines: list[Line] = []
    plain: Estimate | None = seen[0].training.pictures_per_second if seen[0].training else None
    previous = plain
    for row in seen:
        speed = row.training.pictures_per_second if row.training else None
        gains = (_gain_cell(speed, plain), _gain_cell(speed, previous) if lines else Cell())
        lines.append((name_cell(row.model), name_cell(rungs[id(row)]), timing_cell(row, "train_step"), *gains))
        previous = speed or previous
    return tuple(lines)


def _gain_cell(speed: Estimate | None, base: Estimate | None) -> Cell:
    if speed is None or base is None:
        return Cell()
    gain = speed.value / base.value
    return Cell(text=f"{gain:.2f}", value=gain)
