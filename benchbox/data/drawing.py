"""A stratified random choice of pictures that depends on names and a seed alone. No torch.

Pictures are drawn by the hash of seed, class and file name, not by a random generator: the choice is the same
on every platform and in every release of numpy or torch, and does not depend on the order of a listing.
"""

import hashlib
from collections.abc import Sequence
from pathlib import PurePosixPath

from benchbox.data.checks import check_labels


def choose(
    names: Sequence[str], labels: Sequence[str], *, fraction: float, seed: int, purpose: str = ""
) -> list[int]:
    """The positions of round(fraction × pictures) drawn pictures, ascending, shared by largest remainder.

    Every class has a picture or more that is drawn and one or more that is not, which moves the total where the
    fraction is too small or too large for that. Draws of another `purpose` are independent of each other.
    Raises DataError for a class with a single picture.
    """
    check_labels("the split", labels)
    by_class: dict[str, list[int]] = {}
    for position, label in enumerate(labels):
        by_class.setdefault(label, []).append(position)
    counts = {label: len(positions) for label, positions in by_class.items()}
    shares = apportion(counts, fraction=fraction, seed=seed, purpose=purpose)
    salt = f"{purpose}{seed}"
    drawn: list[int] = []
    for label, positions in by_class.items():
        order = sorted(positions, key=lambda i, label=label: _draw(salt, label, names[i]))  # type: ignore[misc]
        drawn += order[: shares[label]]
    return sorted(drawn)


def apportion(counts: dict[str, int], *, fraction: float, seed: int, purpose: str = "") -> dict[str, int]:
    """How many pictures of each class are drawn: largest remainder, ties drawn by purpose and seed.

    Each share lies between 1 and the class's count − 1, and within one of fraction × count wherever those
    bounds allow it.
    """
    total = min(max(round(fraction * sum(counts.values())), len(counts)), sum(counts.values()) - len(counts))
    quotas = {label: fraction * count for label, count in counts.items()}
    shares = {label: min(max(int(quotas[label]), 1), count - 1) for label, count in counts.items()}
    ranked = sorted(counts, key=lambda label: _draw(f"{purpose}{seed}", label, ""))
    while (missing := total - sum(shares.values())) != 0:
        step = 1 if missing > 0 else -1
        free = [label for label in ranked if 1 <= shares[label] + step <= counts[label] - 1]
        neediest = max(free, key=lambda label: step * (quotas[label] - shares[label]))
        shares[neediest] += step
    return shares


def _draw(salt: str, label: str, name: str) -> tuple[bytes, str]:
    file = PurePosixPath(name).name  # a folder around the data set must not change the draw
    return hashlib.sha256(f"{salt}\0{label}\0{file}".encode()).digest(), name
