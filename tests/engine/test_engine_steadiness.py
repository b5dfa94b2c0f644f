"""Samples that spread or drift are said to, and no others."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchbox.engine.steadiness import unsteady


def samples(count: int, *, spread: float, seed: int = 0) -> list[float]:
    noise = random.Random(seed)
    return [noise.gauss(1.0, spread) for _ in range(count)]


def test_steady_samples_raise_no_doubt() -> None:
    assert unsteady(samples(60, spread=0.02)) == ()


def test_noise_is_told_with_its_number_and_what_to_do() -> None:
    (said,) = unsteady(samples(12, spread=0.3))
    assert said.startswith("noisy: the 95 % interval reaches ±")
    assert "--budget" in said
    assert "--processes" in said


def test_a_wide_range_of_three_is_noise_too() -> None:
    (said,) = unsteady([3.0, 3.1, 4.0])
    assert said.startswith("noisy: the range of 3 reaches ±29%")


@pytest.mark.parametrize(("ratio", "word"), [(1.12, "12% slower"), (0.9, "10% quicker")])
def test_drift_is_told_with_its_direction(ratio: float, word: str) -> None:
    drifting = [1 + (ratio - 1) * min(1, max(0, (at - 20) / 20)) for at in range(60)]
    said = unsteady(drifting)
    assert any(text.startswith("drifting:") and word in text for text in said)


def test_a_certain_but_small_drift_is_none() -> None:
    assert unsteady([1 + 0.03 * at / 60 for at in range(60)]) == ()


def test_a_drift_within_the_noise_is_none() -> None:
    assert not any("drifting" in text for text in unsteady(samples(30, spread=0.2)))


@given(st.integers(0, 10_000))
def test_plain_noise_hardly_ever_drifts(seed: int) -> None:
    """2 % of noise moves a third's median by far less than 5 %."""
    assert unsteady(samples(60, spread=0.02, seed=seed)) == ()


@given(st.lists(st.floats(0.9, 1.1), min_size=1, max_size=17))
def test_a_few_samples_cannot_drift(seconds: list[float]) -> None:
    assert not any("drifting" in text for text in unsteady(seconds))
