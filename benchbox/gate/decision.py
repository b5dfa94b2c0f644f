"""From the log-ratios of pairs to a state: an interval, a margin that it lies on one side of, when enough was seen.

One number a pair, since the samples within a process are not independent. Numbers only; the statistics are scipy's,
which is imported where it is called: the constants here are wanted by those who never decide.

Which interval: pairs have heavy tails, and a series ends when its interval is narrow, which some are by luck. At
least 97 % of all 98 % intervals shall hold the truth all the same. Of 20,000 simulated gates of 7 to 20 pairs for
each of seven kinds of noise and three margins (`make perf args=intervals`), at worst so many hold it; and where 5 %
of pairs are off by 8 to 13 %, so many find a slowdown of two margins, in so many pairs:

                               holds     margin 2.5 %           margin 5 %
    Student's t                96.9 %    87.5 %, 13.1 pairs     98.9 %, 8.8 pairs
    mean trimmed by 10 %       96.7 %    96.8 %, 11.4 pairs     99.8 %, 8.2 pairs
    mean trimmed by 20 %       95.4 %    97.3 %, 11.6 pairs     99.9 %, 7.5 pairs
    Hodges and Lehmann's       97.2 %    95.4 %, 12.6 pairs     95.7 %, 8.8 pairs

The last is the only one that keeps to it: an estimate with the interval of Wilcoxon's signed ranks.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations_with_replacement
from statistics import fmean, median, variance

from benchbox.gate.verdict import Bounds, State

# Of each bound by itself; both together are a 98 % interval.
CONFIDENCE = 0.99
# The chance with which `Bounds.detectable` would have failed.
POWER = 0.90
# The signed ranks of six have no 98 % interval: all of one sign come by chance in 2 of 64.
LEAST_PAIRS = 7
MOST_PAIRS = 20
# A series ends when its half-width is this share of the margin, whatever it says: then a program as fast as before
# passes, and one that is slower by two margins fails, nine times in ten. To stop at a verdict would err more often.
SHARE = 0.6
# A slowdown of so many margins must be excluded where nothing was decided.
LARGE = 3

RANKS = "Hodges–Lehmann"
FEW = "Student's t"
TWO_SAMPLES = "Welch's t"
# Two numbers far apart bound nothing. JSON knows no infinity, and e to the 700th is near the largest float.
MOST_LOG = 700.0
LEAST = 2


@dataclass(frozen=True, kw_only=True)
class _Interval:
    """A 98 % interval of a log-ratio; `freedom` are the degrees of freedom of the t that its width is like."""

    centre: float
    low: float
    high: float
    freedom: float
    method: str

    @property
    def half(self) -> float:
        """Half of its width."""
        return (self.high - self.low) / 2


def bounds(differences: Sequence[float], *, margin: float) -> Bounds | None:
    """New over base as a ratio with its one-sided 99 % bounds, from one log-ratio a pair; None for fewer than two.

    `margin` is a ratio less 1; it takes part in `detectable` alone. A series that had no time for LEAST_PAIRS has
    Student's t interval. Raises ValueError for a difference that is not finite.
    """
    seen = _interval(differences)
    return _as_ratios(seen, margin=margin, count=len(differences)) if seen else None


def bounds_apart(base: Sequence[float], new: Sequence[float], *, margin: float) -> Bounds | None:
    """New over base as in `bounds`, from two independent sets of logarithms, one number a process (Welch 1947).

    None for fewer than two of either. `count` is the smaller of the two. Raises ValueError as `bounds`.
    """
    count = min(len(base), len(new))
    if count < LEAST:
        return None
    seen = _welch(_checked(base), _checked(new))
    return _as_ratios(seen, margin=margin, count=count)


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


@cache
def outer_averages(count: int) -> int:
    """How many averages of two lie beyond each bound: those that the exact signed-rank test rejects at 1 %.

    Of `count` differences, each also averaged with itself (Hollander and Wolfe, Nonparametric Statistical Methods,
    section 3.3; the averages are Walsh's). 0 where there is no such bound: below seven.
    """
    from scipy.stats import wilcoxon

    def chance(total: int) -> float:
        return float(wilcoxon(_signed(count, total), alternative="less", method="exact").pvalue)

    return bisect_right(range(count * (count + 1) // 2), 1 - CONFIDENCE, key=chance)


def _signed(count: int, total: int) -> list[int]:
    """1 to `count` with signs, the positive ones adding up to `total`."""
    signed = []
    for rank in range(count, 0, -1):
        is_positive = rank <= total
        total -= rank if is_positive else 0
        signed.append(rank if is_positive else -rank)
    return signed


def _interval(differences: Sequence[float]) -> _Interval | None:
    values = _checked(differences)
    if len(values) < LEAST:
        return None
    return _signed_ranks(values) if len(values) >= LEAST_PAIRS else _student(values)


def _signed_ranks(values: Sequence[float]) -> _Interval:
    averages = sorted((one + other) / 2 for one, other in combinations_with_replacement(values, 2))
    outer = outer_averages(len(values))
    return _Interval(
        centre=median(averages),
        low=averages[outer - 1],
        high=averages[-outer],
        freedom=len(values) - 1,
        method=RANKS,
    )


def _student(values: Sequence[float]) -> _Interval:
    return _around(fmean(values), variance(values) / len(values), freedom=len(values) - 1, method=FEW)


def _welch(base: Sequence[float], new: Sequence[float]) -> _Interval:
    """Welch (1947), with degrees of freedom by Satterthwaite (1946)."""
    errors = [variance(side) / len(side) for side in (base, new)]
    total = math.fsum(errors)
    # Without any spread the interval is the point, whatever the degrees of freedom.
    shares = [error / total if total else 0.5 for error in errors]
    freedom = 1 / sum(share**2 / (len(side) - 1) for share, side in zip(shares, (base, new), strict=True))
    return _around(fmean(new) - fmean(base), total, freedom=freedom, method=TWO_SAMPLES)


def _around(centre: float, squared_error: float, *, freedom: float, method: str) -> _Interval:
    """The interval of t around an estimate with this squared standard error."""
    half = half_width(squared_error, freedom=freedom)
    return _Interval(centre=centre, low=centre - half, high=centre + half, freedom=freedom, method=method)


def half_width(squared_error: float, *, freedom: float) -> float:
    """Half of the width of a 98 % interval of t around an estimate with this squared standard error."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, CONFIDENCE)) * math.sqrt(squared_error)


def _as_ratios(seen: _Interval, *, margin: float, count: int) -> Bounds:
    """The smallest change that is seen is (t(confidence) + t(power)) standard errors beyond the margin.

    Zar, Biostatistical Analysis, chapter 7; the half-width is, or is like, t(confidence) standard errors.
    """
    from scipy.special import stdtrit

    more = float(stdtrit(seen.freedom, POWER) / stdtrit(seen.freedom, CONFIDENCE))
    return Bounds(
        value=_ratio(seen.centre),
        low=_ratio(seen.low),
        high=_ratio(seen.high),
        count=count,
        method=seen.method,
        detectable=_ratio(math.log1p(margin) + seen.half * (1 + more)),
    )


def _ratio(log: float) -> float:
    return math.exp(max(-MOST_LOG, min(MOST_LOG, log)))


def _checked(values: Sequence[float]) -> list[float]:
    if not all(map(math.isfinite, values)):
        raise ValueError(f"log-ratios that are not finite: {list(values)}")
    return [float(value) for value in values]
