"""Arms: the rows of an ablation by architecture and factors' values, and what each kept of what it could choose.

An arm may run every value of a field that is not compared, such as the learning rate, and keep the one that did
best on pictures set aside from training. The held-out pictures have no say in it. Numbers only: no text, no tables.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np

from benchbox.plan.axes import value_of
from benchbox.records.rows import Row


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One of the values that an arm could choose: `accuracies` and `losses` on the pictures set aside, by seed.

    They are those of the last epoch, of the `rows` that ended well.
    """

    values: tuple[Any, ...]
    rows: tuple[Row, ...]
    accuracies: tuple[float, ...]
    losses: tuple[float, ...]

    @property
    def accuracy(self) -> float | None:
        """The mean over seeds, None where no seed has one."""
        return float(np.mean(self.accuracies)) if self.accuracies else None

    @property
    def loss(self) -> float | None:
        """The mean over seeds, None where no seed has one."""
        return float(np.mean(self.losses)) if self.losses else None


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One architecture with one value of each factor, over its seeds.

    `rows` are its fits, with the kept values alone where it could choose. `step` is the row of the training step
    that took turns, if one did. `trials` are all values that it could choose, in ascending order, and `kept` that
    of `rows`; without a choice they are empty and None.
    """

    model: str
    values: tuple[object, ...]
    rows: tuple[Row, ...]
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
    def is_at_edge(self) -> bool:
        """Whether the kept values are the lowest or the highest that could be chosen."""
        return self.kept is not None and self.kept.values in (self.trials[0].values, self.trials[-1].values)


def arms(seen: Sequence[Row], factors: Sequence[str], chosen: Sequence[str] = ()) -> list[Arm]:
    """Rows grouped by architecture and factors' values; architectures and values in order of appearance.

    `chosen` are the fields of which each arm keeps the values that did best: see `best_trial`.
    """
    groups: dict[str, dict[tuple[object, ...], list[Row]]] = {}
    for row in seen:
        groups.setdefault(row.model, {}).setdefault(_values(row, factors), []).append(row)
    return [
        _arm(model, values, found, chosen)
        for model, by_values in groups.items()
        for values, found in by_values.items()
    ]


def _arm(model: str, values: tuple[object, ...], found: Sequence[Row], chosen: Sequence[str]) -> Arm:
    step = next((row for row in found if "train_step" in row.parts), None)
    trials = _trials(found, chosen) if chosen else ()
    kept = best_trial(trials) if trials else None
    return Arm(
        model=model,
        values=values,
        rows=kept.rows if kept else tuple(found),
        step=step,
        trials=trials,
        kept=kept,
    )


def _trials(found: Sequence[Row], chosen: Sequence[str]) -> tuple[Trial, ...]:
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in found:
        if "accuracy" in row.parts:
            groups.setdefault(_values(row, chosen), []).append(row)
    return tuple(
        Trial(
            values=values,
            rows=tuple(rows),
            accuracies=_lasts(rows, "val_accuracy"),
            losses=_lasts(rows, "val_loss"),
        )
        for values, rows in sorted(groups.items(), key=lambda group: group[0])
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


def _values(row: Row, fields: Sequence[str]) -> tuple[Any, ...]:
    return tuple(value_of(row.spec, field) for field in fields)
