"""The arms of an ablation in words: their names, what is the same in all of them, and the choices that each had."""

from collections.abc import Sequence

import numpy as np

from benchbox.plan.axes import fields, value_of
from benchbox.plan.recipes import recipe_for
from benchbox.plan.spec import Plan
from benchbox.records.arms import Arm, Trial, arms
from benchbox.records.contest import Contest, Side, contests
from benchbox.records.learning import MILESTONES
from benchbox.records.rows import Row
from benchbox.report import text
from benchbox.report.cells import name_cell
from benchbox.report.grid import Cell, Column, Grid, Line

RATE = "Rate"
TRIALS_NOTE = (
    "Set aside: accuracy after the last epoch on pictures of the training side that no arm was trained on, mean ± "
    "standard deviation over seeds; loss: their cross-entropy. Kept: the rate with the highest accuracy, of equals "
    "that with the lower loss. The held-out pictures had no say."
)
UNTRIED = (
    "An arm of which not all rates were tried keeps none, since the best may be missing: nothing is said of it "
    "beside its trials."
)


def leaf(field: str) -> str:
    """A dotted field's own name in words: `memory format`."""
    return field.rsplit(".", maxsplit=1)[-1].replace("_", " ")


def arm_name(arm: Arm, factors: Sequence[str]) -> str:
    """The values of the factors: `relu`; a number or a truth with its field's name before it: `dropout 0.5`."""
    return " ".join(_value_name(field, value) for field, value in zip(factors, arm.values, strict=True))


def _value_name(field: str, value: object) -> str:
    return value if isinstance(value, str) else f"{leaf(field)} {text.setting(value)}"


def arms_of(plan: Plan, seen: Sequence[Row]) -> list[Arm]:
    """The arms of a plan, those among them that never began."""
    return arms(seen, plan.factors, plan.chosen, plan.specs)


def contests_of(plan: Plan, found: Sequence[Arm]) -> list[Contest]:
    """The arms of each network that has several, held against one another."""
    networks: dict[str, list[Side]] = {}
    for arm in found:
        networks.setdefault(arm.model, []).append(side_of(plan, arm))
    return contests(networks)


def side_of(plan: Plan, arm: Arm) -> Side:
    """An arm as numbers by seed; before all of its rates were tried it has none."""
    rate = arm.kept.values[0] if arm.kept else None
    return Side(
        name=arm_name(arm, plan.factors),
        accuracy={row.spec.seed: row.accuracy.top1.value for row in arm.good if row.accuracy is not None},
        epochs={share: _epochs_to(arm.good, share) for share in MILESTONES},
        planned=len(arm.seeds),
        trained=tuple(sorted({row.learning.epochs for row in arm.good if row.learning is not None})),
        rate=rate,
        rates=tuple(trial.values[0] for trial in arm.trials),
        is_tried=arm.is_tried,
    )


def _epochs_to(good: Sequence[Row], share: float) -> dict[int, float]:
    reached = {row.spec.seed: row.learning.milestone(share) for row in good if row.learning is not None}
    return {seed: float(milestone.epoch) for seed, milestone in reached.items() if milestone is not None}


def curves_of(plan: Plan, found: Sequence[Arm]) -> dict[str, dict[str, tuple[Row, ...]]]:
    """By network and arm the fits whose curves are drawn: those that ended well, else those that began to learn."""
    curves: dict[str, dict[str, tuple[Row, ...]]] = {}
    for arm in found:
        learned = tuple(row for row in arm.good or arm.fits if row.learning is not None)
        if learned:
            curves.setdefault(arm.model, {})[arm_name(arm, plan.factors)] = learned
    return curves


def what_comes_along(plan: Plan) -> str:
    """What a recipe changes beside its name, told from the specs: `, and with it init and lr`; else nothing."""
    if "fit.recipe" not in plan.factors:
        return ""
    aside = {*plan.factors, *plan.chosen}
    moved = [leaf(field) for field in fields() if field not in aside and _is_moved(plan, field)]
    return f", and with it {text.joined(moved)}" if moved else ""


def _is_moved(plan: Plan, field: str) -> bool:
    """Whether a field has several values among the fits of one network."""
    values: dict[str, set[object]] = {}
    for spec in plan.specs:
        if spec.task == "fit":
            values.setdefault(spec.model.name, set()).add(value_of(spec, field))
    return any(len(seen) > 1 for seen in values.values())


def what_stays(plan: Plan) -> str:
    """What is the same in all arms of a network, told from the specs and not from what is usual."""
    rates_are_own = not {"fit.lr", "fit.recipe"} & {*plan.factors, *plan.chosen} and all(
        spec.fit.lr == recipe_for(spec.model.name).lr for spec in plan.specs
    )
    is_suited = "model.activation" in plan.factors and all(spec.model.init == "suited" for spec in plan.specs)
    stays = "all else stays"
    if plan.chosen:
        stays += ", but for the learning rate, of which each arm has its own best"
    if rates_are_own:
        stays += ", the learning rate too, which is the architecture's own"
    return stays + ("; the initialisation suits the activation" if is_suited else "")


def trials_grid(plan: Plan, found: Sequence[Arm]) -> Grid | None:
    """All values that each arm could choose, and how they did on the pictures set aside; None without a choice."""
    if not plan.chosen:
        return None
    columns = (
        Column(title="Network", is_text=True),
        *(Column(title=leaf(field).capitalize(), is_text=True) for field in plan.factors),
        Column(title=RATE),
        Column(title="Set aside", detail="%"),
        Column(title="Loss"),
        Column(title="Kept", is_text=True),
        Column(title="Seeds"),
    )
    by_model: dict[str, list[Line]] = {}
    for arm in found:
        by_model.setdefault(arm.model, []).extend(_trial_line(arm, trial) for trial in arm.trials)
    sections = tuple(map(tuple, by_model.values()))
    notes = (TRIALS_NOTE, *((UNTRIED,) if not all(arm.is_tried for arm in found) else ()))
    return Grid(title="Learning rates", columns=columns, sections=sections, notes=notes)


def _trial_line(arm: Arm, trial: Trial) -> Line:
    done, planned = len(trial.accuracies), len(trial.seeds)
    spread = f"± {100 * np.std(trial.accuracies, ddof=1):.1f}" if done > 1 else ""
    return (
        name_cell(arm.model),
        *(Cell(text=text.setting(value)) for value in (*arm.values, *trial.values)),
        Cell() if trial.accuracy is None else Cell(text=text.percent(trial.accuracy), detail=spread),
        Cell() if trial.loss is None else Cell(text=f"{trial.loss:.3f}"),
        Cell(text="yes" if trial is arm.kept else text.ABSENT),
        Cell(text=str(done) if done == planned else f"{done} of {planned}"),
    )
