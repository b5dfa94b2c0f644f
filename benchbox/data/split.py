"""The sides of a data set as indices of its pictures, and what the sides have in common."""

from dataclasses import dataclass

import torch
from torch import Tensor

from benchbox.data.division import Member, divide
from benchbox.data.pictures import Pictures
from benchbox.data.sides import Side
from benchbox.plan.spec import DataSpec


@dataclass(frozen=True, kw_only=True)
class Split:
    """Disjoint parts of a data set as ascending int64 indices of its pictures; together they are all of it.

    `validation` is set aside from training for choosing an epoch or a setting, and is often empty.
    """

    train: Tensor
    test: Tensor
    validation: Tensor


def split(pictures: Pictures, spec: DataSpec) -> Split:
    """The sides by the spec's rule, fraction and seeds (`data.division`).

    Which side a picture is on depends on its name, its class and those of the others, never on the order of a
    listing. With `part` "all" nothing is held out: every picture is on the training side. Raises DataError
    where the rule does not fit these pictures.
    """
    sides = divide(_members(pictures), spec)
    return Split(train=_where(sides, "train"), test=_where(sides, "test"), validation=_where(sides, "validation"))


def count_twins(pictures: Pictures, split: Split) -> int:
    """How many held-out pictures have the same pixels as a picture of the training or the validation side.

    Both count: weights are learned from the one, and an epoch or a setting is chosen on the other.
    """
    seen, test = pictures.twins[torch.cat([split.train, split.validation])], pictures.twins[split.test]
    return int(torch.isin(test, seen).sum())


def _members(pictures: Pictures) -> list[Member]:
    return [
        Member(name=name, label=pictures.classes[label], view=view, side=side)
        for name, label, view, side in zip(
            pictures.names, pictures.labels.tolist(), pictures.views, pictures.sides, strict=True
        )
    ]


def _where(sides: list[Side], side: Side) -> Tensor:
    return torch.tensor([place for place, its in enumerate(sides) if its == side], dtype=torch.int64)
