"""How many seeds it takes to see an effect of a given size, and how likely this many seeds see it."""

from functools import cache

import numpy as np
from scipy.special import chdtri, ndtr, ndtri, stdtrit

TARGET = 0.8
"""Power that a study is planned for (Cohen 1988)."""
_MOST = 10_000
_QUANTILES = 4096


def seeds_for_correlation(r: float, *, confidence: float, power: float = TARGET) -> int:
    """Return the number of independent networks whose Pearson correlation r is seen.

    Fisher's z is normal with variance 1/(n − 3), so that n = ((z_{1−α/2} + z_{power})/artanh r)² + 3 (Cohen 1988,
    ch. 3). The points must be independent, which only networks of different seeds are.

    Args:
        r: Size of the correlation, not 0 and within (−1, 1).
        confidence: 1 − α of the two-sided test.
        power: Probability to see it.
    """
    wanted = ndtri(0.5 + confidence / 2) + ndtri(power)
    return int(np.ceil((wanted / np.arctanh(abs(r))) ** 2 + 3))


def power_of(size: float, deviation: float, seeds: int, *, confidence: float) -> float:
    """Return the power of the two-sided one-sample t-test of `seeds` values: a non-central t distribution.

    The statistic is (Z + δ)/s with δ = √n·size/deviation and (n − 1)s² χ²-distributed. Given s its power is a normal
    probability, which is averaged over quantiles of s. (Library routines of the distribution give NaN in its tails.)

    Args:
        size: Mean of the values, in their unit.
        deviation: Standard deviation of a value, positive.
        seeds: Number of values, at least 2.
        confidence: 1 − α.
    """
    shift = abs(size) / deviation * np.sqrt(seeds)
    critical = stdtrit(seeds - 1, 0.5 + confidence / 2) * _spreads(seeds - 1)
    return float((ndtr(shift - critical) + ndtr(-shift - critical)).mean())


def seeds_needed(size: float, deviation: float, *, confidence: float, power: float = TARGET) -> int:
    """Return the smallest number of seeds at which `power_of` reaches `power`; 10,000 stands for that many or more.

    Args:
        size: Mean of the values, in their unit.
        deviation: Standard deviation of a value, positive.
        confidence: 1 − α.
        power: Probability to see it.
    """
    low, high = 2, _MOST
    while low < high:
        middle = (low + high) // 2
        reached = power_of(size, deviation, middle, confidence=confidence) >= power
        low, high = (low, middle) if reached else (middle + 1, high)
    return low


@cache
def _spreads(freedom: int) -> np.ndarray:
    """Return quantiles of the standard deviation that n - 1 degrees of freedom show, in units of the true one."""
    return np.sqrt(chdtri(freedom, (np.arange(_QUANTILES) + 0.5) / _QUANTILES) / freedom)
