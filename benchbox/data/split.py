"""Which pictures are held out: a stratified random choice that depends on names and a seed alone.

Pictures are drawn by the hash of seed, class and file name, not by a random generator: the choice is the same
on every platform and in every release of numpy or torch, and does not depend on the order of a listing.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import torch
from torch import Tensor

from benchbox.data.checks import check_labels
from benchbox.data.pictures import Pictures


@dataclass(frozen=True, kw_only=True)
class Split:
    """Two disjoint parts of a data set as ascending int64 indices of its pictures."""

    train: Tensor
    test: Tensor


def split(pictures: Pictures, *, fraction: float, seed: int) -> Split:
    """Hold out round(fraction × pictures), shared among the classes by largest remainder.

    Every class keeps a picture or more on each side, which moves the total where the fraction is too small or
    too large for that. Raises DataError for a class with a single picture.
    """
    labels = [pictures.classes[label] for label in pictures.labels.tolist()]
    held = choose(pictures.names, labels, fraction=fraction, seed=seed)
    is_held = torch.zeros(len(labels), dtype=torch.bool)
    is_held[torch.tensor(held)] = True
    return Split(train=torch.nonzero(~is_held).flatten(), test=torch.nonzero(is_held).flatten())


def choose(names: Sequence[str], labels: Sequence[str], *, fraction: float, seed: int) -> list[int]:
    """The positions of the held-out pictures, ascending, by their names and labels.

    Raises DataError for a class with a single picture.
    """
    check_labels("the split", labels)
    by_class: dict[str, list[int]] = {}
    for position, label in enumerate(labels):
        by_class.setdefault(label, []).append(position)
    counts = {label: len(positions) for label, positions in by_class.items()}
    shares = apportion(counts, fraction=fraction, seed=seed)
    held: list[int] = []
    for label, positions in by_class.items():
        drawn = sorted(positions, key=lambda i, label=label: _draw(seed, label, names[i]))  # type: ignore[misc]
        held += drawn[: shares[label]]
    return sorted(held)


def apportion(counts: dict[str, int], *, fraction: float, seed: int) -> dict[str, int]:
    """How many pictures of each class are held out: largest remainder, ties drawn by the seed.

    Each share lies between 1 and the class's count − 1, and within one of fraction × count wherever those
    bounds allow it.
    """
    total = min(max(round(fraction * sum(counts.values())), len(counts)), sum(counts.values()) - len(counts))
    quotas = {label: fraction * count for label, count in counts.items()}
    shares = {label: min(max(int(quotas[label]), 1), count - 1) for label, count in counts.items()}
    ranked = sorted(counts, key=lambda label: _draw(seed, label, ""))
    while (missing := total - sum(shares.values())) != 0:
        step = 1 if missing > 0 else -1
        free = [label for label in ranked if 1 <= shares[label] + step <= counts[label] - 1]
        neediest = max(free, key=lambda label: step * (quotas[label] - shares[label]))
        shares[neediest] += step
    return shares


def count_twins(pictures: Pictures, split: Split) -> int:
    """How many held-out pictures have the same pixels as a training picture."""
    train, test = pictures.twins[split.train], pictures.twins[split.test]
    return int(torch.isin(test, train).sum())


def _draw(seed: int, label: str, name: str) -> tuple[bytes, str]:
    file = PurePosixPath(name).name  # a folder around the data set must not change the draw
    return hashlib.sha256(f"{seed}\0{label}\0{file}".encode()).digest(), name
