import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchbox.data.drawing import apportion, choose
from benchbox.errors import DataError

COUNTS = st.dictionaries(st.text("abc", min_size=1, max_size=3), st.integers(2, 40), min_size=2, max_size=8)
FRACTIONS = st.floats(0.01, 0.99)
SEEDS = st.integers(0, 2**32)


def _names(counts: dict[str, int]) -> list[tuple[str, str]]:
    return [(f"{label}__{view}.png", label) for label, count in counts.items() for view in range(count)]


@given(COUNTS, FRACTIONS, SEEDS)
def test_every_class_keeps_a_picture_on_each_side_and_its_share(
    counts: dict[str, int], fraction: float, seed: int
) -> None:
    shares = apportion(counts, fraction=fraction, seed=seed)
    assert all(1 <= shares[label] <= count - 1 for label, count in counts.items())
    total = sum(counts.values())
    assert sum(shares.values()) == min(max(round(fraction * total), len(counts)), total - len(counts))


@given(COUNTS, SEEDS, st.floats(0.25, 0.75))
def test_shares_are_within_one_of_the_exact_fraction(counts: dict[str, int], seed: int, fraction: float) -> None:
    counts = {label: count + 4 for label, count in counts.items()}  # so that no class is at its bounds
    shares = apportion(counts, fraction=fraction, seed=seed)
    assert all(abs(shares[label] - fraction * count) < 1 + 1e-9 for label, count in counts.items())


@given(COUNTS, FRACTIONS, SEEDS, st.randoms(use_true_random=False))
def test_the_choice_does_not_depend_on_the_order_of_the_listing(
    counts: dict[str, int], fraction: float, seed: int, dice: random.Random
) -> None:
    listing = _names(counts)
    shuffled = dice.sample(listing, len(listing))
    chosen = [
        {some[i] for i in choose([n for n, _ in some], [c for _, c in some], fraction=fraction, seed=seed)}
        for some in (listing, shuffled)
    ]
    assert chosen[0] == chosen[1]


def test_coil20_holds_out_exactly_144() -> None:
    shares = apportion({f"obj{i}": 72 for i in range(20)}, fraction=0.1, seed=0)
    assert sorted(shares.values()) == [7] * 16 + [8] * 4


def test_the_seed_changes_the_choice() -> None:
    names, labels = zip(*_names({"a": 20, "b": 20}), strict=True)
    first, second = (choose(names, labels, fraction=0.5, seed=seed) for seed in (0, 1))
    assert first != second


def test_the_choice_is_the_same_on_every_platform() -> None:
    names, labels = zip(*_names({"a": 10, "b": 10}), strict=True)
    assert choose(names, labels, fraction=0.2, seed=0) == [7, 8, 17, 19]


def test_a_class_with_one_picture_cannot_be_split() -> None:
    with pytest.raises(DataError, match="class 'b' has a single picture"):
        choose(["a__1", "a__2", "b__1"], ["a", "a", "b"], fraction=0.5, seed=0)


def test_another_purpose_is_another_draw() -> None:
    names, labels = zip(*_names({"a": 20, "b": 20}), strict=True)
    first, second = (choose(names, labels, fraction=0.5, seed=0, purpose=purpose) for purpose in ("", "other "))
    assert first != second
