"""Whether samples of one call tell of one thing: how widely they spread, and whether they drift."""

from collections.abc import Sequence

from benchbox.records.estimate import LEAST_FOR_INTERVAL, median

# Half an interval that is wider than this share of the median decides little.
NOISY = 0.05
# The first and the last third of the samples may differ by so much, and each needs an interval.
DRIFTING = 0.05
LEAST_FOR_DRIFT = 3 * LEAST_FOR_INTERVAL


def unsteady(seconds: Sequence[float]) -> tuple[str, ...]:
    """What is doubtful about samples, in the order taken; empty where nothing is."""
    return (*_noise(seconds), *_drift(seconds))


def _noise(seconds: Sequence[float]) -> list[str]:
    seen = median(seconds)
    if seen.half_width <= NOISY:
        return []
    return [
        f"noisy: the {seen.basis} reaches ±{seen.half_width:.0%}: a larger --budget or more --processes narrow it"
    ]


def _drift(seconds: Sequence[float]) -> list[str]:
    """Later samples slower or quicker than the first ones, by more than their intervals explain."""
    if len(seconds) < LEAST_FOR_DRIFT:
        return []
    third = len(seconds) // 3
    first, last = median(seconds[:third]), median(seconds[-third:])
    change = last.value / first.value - 1
    if abs(change) <= DRIFTING or (last.low <= first.high and first.low <= last.high):
        return []
    word = "slower" if change > 0 else "quicker"
    return [
        f"drifting: the last third of the samples is {abs(change):.0%} {word} than the first: let the machine "
        "settle or cool, then measure again with a larger --budget"
    ]
