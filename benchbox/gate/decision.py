"""From the log-ratios of pairs to a state: an interval, a margin that it lies on one side of, and when enough was seen.

One number a pair, since the samples within a process are not independent. Numbers only; the statistics are scipy's,
which is imported where it is called: the constants here are wanted by those who never decide.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, stdev

from benchbox.gate.verdict import Bounds, State

# Of each bound by itself; both together are a 98 % interval.
CONFIDENCE = 0.99
# The chance with which `Bounds.detectable` would have failed.
POWER = 0.90
LEAST_PAIRS = 6
MOST_PAIRS = 20
# A series ends when its half-width is this share of the margin, whatever it says: then a program as fast as before
# passes, and one that is slower by two margins fails, nine times in ten. To stop at a verdict would err more often.
SHARE = 0.6
# A slowdown of so many margins must be excluded where nothing was decided.
LARGE = 3

ONE_SAMPLE = "Student's t"
TWO_SAMPLES = "Welch's t"
# Two numbers far apart bound nothing. JSON knows no infinity, and e to the 700th is near the largest float.
MOST_LOG = 700.0
LEAST = 2


@dataclass(frozen=True, kw_only=True)
class _Interval:
    """A 98 % interval of a mean log-ratio, with the degrees of freedom of the t that it rests on."""

    centre: float
    half: float
    freedom: float


def bounds(differences: Sequence[float], *, margin: float) -> Bounds | None:
    """New over base as a ratio with its one-sided 99 % bounds, from one log-ratio a pair; None for fewer than two.

    `margin` is a ratio less 1; it takes part in `detectable` alone. Equal differences have no spread: scipy would
    give NaN for their t, here the interval is the point. Raises ValueError for a difference that is not finite.
    """
    seen = _interval(differences)
    return _as_ratios(seen, margin=margin, count=len(differences), method=ONE_SAMPLE) if seen else None


def bounds_apart(base: Sequence[float], new: Sequence[float], *, margin: float) -> Bounds | None:
    """New over base as in `bounds`, from two independent sets of logarithms, one number a process (Welch 1947).

    None for fewer than two of either. `count` is the smaller of the two. Raises ValueError as `bounds`.
    """
    count = min(len(base), len(new))
    if count < LEAST:
        return None
    seen = _difference(_checked(base), _checked(new))
    return _as_ratios(seen, margin=margin, count=count, method=TWO_SAMPLES)


def decide(seen: Bounds | None, *, margin: float) -> State:
    """What bounds of a ratio say of a margin, a ratio less 1; INCONCLUSIVE where there are none.

    FAIL where the slowdown is more than the margin, PASS where it is less, IMPROVED where new is faster by more
    than the margin; each with 99 % confidence.
    """
    if seen is None:
        return "INCONCLUSIVE"
    if seen.low > 1 + margin:
        return "FAIL"
    if seen.high < 1 / (1 + margin):
        return "IMPROVED"
    return "PASS" if seen.high < 1 + margin else "INCONCLUSIVE"


def is_known(differences: Sequence[float], *, margin: float) -> bool:
    """Whether a series may end: pairs enough, and an interval that is narrow against the margin.

    It looks at the width alone. Raises ValueError as `bounds`.
    """
    seen = _interval(differences) if len(differences) >= LEAST_PAIRS else None
    return seen is not None and seen.half <= SHARE * math.log1p(margin)


def excludes_large(seen: Bounds | None, *, margin: float) -> bool:
    """Whether a slowdown of LARGE margins is excluded: what is inconclusive is then no reason to stop a change."""
    return seen is not None and seen.high < 1 + LARGE * margin


def noise_floor(differences: Sequence[float]) -> float:
    """How far off one pair alone may be: the 98 % half-width of a single one, as a ratio less 1.

    Raises ValueError for fewer than two, and as `bounds`.
    """
    from scipy.special import stdtrit

    if len(differences) < LEAST:
        raise ValueError(f"the noise of {len(differences)} differences")
    spread = stdev(_checked(differences))
    return _ratio(float(stdtrit(len(differences) - 1, CONFIDENCE)) * spread) - 1


def _interval(differences: Sequence[float]) -> _Interval | None:
    from scipy.stats import ttest_1samp

    if len(differences) < LEAST:
        return None
    middle, shifted = _centred(_checked(differences))
    if not any(shifted):
        return _Interval(centre=middle, half=0.0, freedom=len(differences) - 1)
    result = ttest_1samp(shifted, 0.0)
    return _of(result.confidence_interval(2 * CONFIDENCE - 1), around=middle, freedom=float(result.df))


def _difference(base: Sequence[float], new: Sequence[float]) -> _Interval:
    from scipy.stats import ttest_ind

    (base_middle, base_shifted), (middle, shifted) = _centred(base), _centred(new)
    if not any(base_shifted) and not any(shifted):
        return _Interval(centre=middle - base_middle, half=0.0, freedom=len(base) + len(new) - 2)
    result = ttest_ind(shifted, base_shifted, equal_var=False)
    interval = result.confidence_interval(2 * CONFIDENCE - 1)
    return _of(interval, around=middle - base_middle, freedom=float(result.df))


def _centred(values: Sequence[float]) -> tuple[float, list[float]]:
    """The median and what is left: scipy would warn of nearly equal numbers that are far from 0."""
    middle = median(values)
    return middle, [value - middle for value in values]


def _of(interval: tuple[float, float], *, around: float, freedom: float) -> _Interval:
    low, high = (float(end) for end in interval)
    return _Interval(centre=around + (low + high) / 2, half=(high - low) / 2, freedom=freedom)


def _as_ratios(seen: _Interval, *, margin: float, count: int, method: str) -> Bounds:
    """The smallest change that is seen is (t(confidence) + t(power)) standard errors beyond the margin.

    Zar, Biostatistical Analysis, chapter 7; the half-width is t(confidence) standard errors.
    """
    from scipy.special import stdtrit

    more = float(stdtrit(seen.freedom, POWER) / stdtrit(seen.freedom, CONFIDENCE))
    return Bounds(
        value=_ratio(seen.centre),
        low=_ratio(seen.centre - seen.half),
        high=_ratio(seen.centre + seen.half),
        count=count,
        method=method,
        detectable=_ratio(math.log1p(margin) + seen.half * (1 + more)),
    )


def _ratio(log: float) -> float:
    return math.exp(max(-MOST_LOG, min(MOST_LOG, log)))


def _checked(values: Sequence[float]) -> list[float]:
    if not all(map(math.isfinite, values)):
        raise ValueError(f"log-ratios that are not finite: {list(values)}")
    return [float(value) for value in values]
