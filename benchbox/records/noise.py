"""How small a change can be seen through noise. Pure: it is given log-ratios, and tells ratios.

The distributions are scipy's.
"""

import math
from collections.abc import Sequence

import numpy as np
from scipy.stats import t

CONFIDENCE = 0.99
POWER = 0.90
LEAST = 2


def smallest_change(differences: Sequence[float], *, confidence: float = CONFIDENCE, power: float = POWER) -> float:
    """The smallest slowdown, as a ratio above 1, that a one-sided test of these log-ratios would see.

    It is seen in a share `power` of all repetitions by Student's t test at `confidence`:
    (t(confidence, n−1) + t(power, n−1)) · s / √n, the minimum detectable difference of Zar, Biostatistical
    Analysis, chapter 7 (one-sample t test). It takes the log-ratios as independent. Raises ValueError for fewer
    than two.
    """
    count = len(differences)
    if count < LEAST:
        raise ValueError(f"the noise of {count} differences")
    quantiles = float(t.ppf(confidence, count - 1)) + float(t.ppf(power, count - 1))
    return math.expm1(quantiles * float(np.std(differences, ddof=1)) / math.sqrt(count))


def centre(differences: Sequence[float]) -> float:
    """The mean of log-ratios as a ratio: 0.01 where the second is 1 % slower."""
    return math.expm1(float(np.mean(differences)))


def spread(seconds: Sequence[float]) -> float:
    """The standard deviation of the logarithm of times: 0.02 where they differ by about 2 %.

    Raises ValueError for fewer than two.
    """
    if len(seconds) < LEAST:
        raise ValueError(f"the spread of {len(seconds)} times")
    return float(np.std(np.log(seconds), ddof=1))
