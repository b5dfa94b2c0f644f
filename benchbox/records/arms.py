"""Arms: the rows of an ablation by architecture and factors' values, and what each kept of what it could choose.

An arm may run every value of a field that is not compared, such as the learning rate, and keep the one that did
best on pictures set aside from training. The held-out pictures have no say in it. Numbers only: no text, no tables.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Any

import numpy as np

from benchbox.plan.axes import value_of
from benchbox.plan.spec import RunSpec
from benchbox.records.rows import Row

# The specs and the rows of some values.
_Group = tuple[list[RunSpec], list[Row]]


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One of the values that an arm could choose: `accuracies` and `losses` on the pictures set aside, by seed.

    They are those of the last epoch, of the `rows` that ended well. `seeds` are those that were planned.
    """

    values: tuple[Any, ...]
    rows: tuple[Row, ...]
    accuracies: tuple[float, ...]
    losses: tuple[float, ...]
    seeds: tuple[int, ...]

    @property
    def accuracy(self) -> float | None:
        """The mean over seeds, None where no seed has one."""
        return float(np.mean(self.accuracies)) if self.accuracies else None

    @property
    def loss(self) -> float | None:
        """The mean over seeds, None where no seed has one."""
        return float(np.mean(self.losses)) if self.losses else None

    @property
    def is_over(self) -> bool:
        """Whether every planned seed ended, well or not: none is missing, and none was interrupted."""
        ended = {row.spec.seed for row in self.rows if row.parts["accuracy"].status != "interrupted"}
        return ended >= set(self.seeds)


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One architecture with one value of each factor, over its `seeds`, which are those that were planned.

    `rows` are its fits, with the kept values alone where it could choose, and none before it could. `step` is the
    row of the training step that took turns, if one did. `trials` are all values that it could choose, in ascending
    order, and `kept` that of `rows`. Without a choice they are empty and None; `kept` is None as well where not all
    values were tried, or none did well.
    """

    model: str
    values: tuple[object, ...]
    rows: tuple[Row, ...]
    seeds: tuple[int, ...]
    step: Row | None = None
    trials: tuple[Trial, ...] = ()
    kept: Trial | None = None

    @property
    def fits(self) -> tuple[Row, ...]:
        """The rows in which the arm was trained, or should have been."""
        return tuple(row for row in self.rows if "accuracy" in row.parts)

    @property
    def good(self) -> tuple[Row, ...]:
        """The fits that ended well."""
        return tuple(row for row in self.fits if _is_good(row))

    @property
    def is_tried(self) -> bool:
        """Whether every value that it could choose was tried: one that was not may be the best."""
        return all(trial.is_over for trial in self.trials)


def arms(
    seen: Sequence[Row], factors: Sequence[str], chosen: Sequence[str] = (), specs: Sequence[RunSpec] = ()
) -> list[Arm]:
    """Rows grouped by architecture and factors' values; architectures and values in order of appearance.

    `chosen` are the fields of which each arm keeps the values that did best: see `best_trial`. `specs` are all that
    was planned, so that what never began is missed; without them it is taken for what was seen.
    """
    planned = specs or [record.spec for row in seen for record in row.records]
    groups = _grouped(planned, seen, ("model.name", *factors))
    return [_arm(model, tuple(values), group, chosen) for (model, *values), group in groups.items()]


def _grouped(specs: Iterable[RunSpec], seen: Iterable[Row], fields: Sequence[str]) -> dict[tuple[Any, ...], _Group]:
    """Specs and rows by their values of some fields, in the order of the specs."""
    groups: dict[tuple[Any, ...], _Group] = {}
    for spec in specs:
        groups.setdefault(_values(spec, fields), ([], []))[0].append(spec)
    for row in seen:
        groups.setdefault(_values(row.spec, fields), ([], []))[1].append(row)
    return groups


def _arm(model: str, values: tuple[object, ...], group: _Group, chosen: Sequence[str]) -> Arm:
    specs, found = group
    fits = [spec for spec in specs if spec.task == "fit"]
    arm = Arm(
        model=model,
        values=values,
        rows=tuple(found),
        seeds=_seeds(fits),
        step=next((row for row in found if "train_step" in row.parts), None),
        trials=_trials(fits, found, chosen) if chosen else (),
    )
    if not arm.trials:
        return arm
    if not arm.is_tried:
        return replace(arm, rows=())
    best = best_trial(arm.trials)
    return replace(arm, rows=best.rows, kept=best if best.accuracies else None)


def _trials(fits: Sequence[RunSpec], found: Sequence[Row], chosen: Sequence[str]) -> tuple[Trial, ...]:
    groups = _grouped(fits, [row for row in found if "accuracy" in row.parts], chosen)
    return tuple(
        Trial(
            values=values,
            rows=tuple(rows),
            accuracies=_lasts(rows, "val_accuracy"),
            losses=_lasts(rows, "val_loss"),
            seeds=_seeds(specs),
        )
        for values, (specs, rows) in sorted(groups.items(), key=lambda group: group[0])
    )


def best_trial(trials: Sequence[Trial]) -> Trial:
    """The trial with the highest mean accuracy on the pictures set aside, of equals that with the lower loss.

    Of equals in both the one with the lower values. One that lost a seed comes after all that lost fewer: a mean
    over the seeds that survived would flatter.
    """
    return min(trials, key=_preference)


def _preference(trial: Trial) -> tuple[int, float, float, tuple[Any, ...]]:
    accuracy = -inf if trial.accuracy is None else trial.accuracy
    loss = inf if trial.loss is None else trial.loss
    return -len(trial.accuracies), -accuracy, loss, trial.values


def _is_good(row: Row) -> bool:
    return row.accuracy is not None and row.parts["accuracy"].status == "ok"


def _lasts(rows: Sequence[Row], metric: str) -> tuple[float, ...]:
    seen = (record.last(metric) for row in rows if _is_good(row) for record in row.records)
    return tuple(value for value in seen if value is not None)


def _seeds(fits: Iterable[RunSpec]) -> tuple[int, ...]:
    return tuple(sorted({spec.seed for spec in fits}))


def _values(spec: RunSpec, fields: Sequence[str]) -> tuple[Any, ...]:
    return tuple(value_of(spec, field) for field in fields)
