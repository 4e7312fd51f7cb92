"""Trends of a series that ask for neither its units nor a straight line, and are deaf to outliers.

Both formulas assume that the steps are independent of each other. Windows that overlap are not.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np

from ..numeric.special_functions import FloatArray
from .checked_series import numbers, places

__all__ = ["FEWEST_STEPS", "MannKendall", "TheilSen", "mann_kendall", "theil_sen"]

FEWEST_STEPS = 4
"""Steps from which on there is a trend: of three, all that rise have p = 1/3."""
_FEWEST_FOR_INTERVAL = 5  # steps; even if all four rise, p is 1/12
_MOST_EXACT = 500  # steps; beyond, the normal distribution is as good, and the exact one slow


@dataclass(frozen=True, slots=True)
class MannKendall:
    """Whether a series has a trend.

    Attributes
    ----------
    s
        How many pairs of steps rise, less how many fall.
    p
        Chance of so large an abs(s) in a series without a trend, 0..1.
    """

    s: int
    p: float


@dataclass(frozen=True, slots=True)
class TheilSen:
    """How steep a series is.

    Attributes
    ----------
    slope
        In units of the figure for one unit of the steps.
    low, high
        Its 95 % interval; None with four steps, of which no interval has 95 %.
    """

    slope: float
    low: float | None
    high: float | None


def mann_kendall(values: object) -> MannKendall | None:
    """Mann-Kendall test of a trend: S is the sum of sign(y_j - y_i) over i < j (Mann 1945).

    p is two-sided. Without ties it is exact up to 500 steps, from the number of orders of G steps
    that have so many inversions. With ties, or more steps, it is that of the normal distribution
    with the variance of Kendall (1975) for ties, and abs(S) less 1 for continuity. None below
    `FEWEST_STEPS`.

    Parameters
    ----------
    values
        ``(G,)``: a figure at each step, in order.

    >>> mann_kendall([1, 3, 2, 4, 5]).s
    8
    """
    y = numbers("values", values)
    n = len(y)
    if n < FEWEST_STEPS:
        return None
    s = sum(int(np.sign(y[i + 1 :] - y[i]).sum()) for i in range(n - 1))
    ties = _ties(y)
    if not len(ties) and n <= _MOST_EXACT:
        inversions = (n * (n - 1) // 2 - abs(s)) // 2
        return MannKendall(s, min(1.0, 2 * float(_at_most(n)[inversions])))
    error = math.sqrt(_variance(n, ties))
    z = max(abs(s) - 1, 0) / error if error else 0.0
    return MannKendall(s, math.erfc(z / math.sqrt(2)))


def theil_sen(values: object, steps: object = None) -> TheilSen | None:
    """Theil-Sen slope: the median of the slopes between all pairs of steps (Theil 1950, Sen 1968).

    The interval is that of Sen (1968, eq. 2.6), with the variance of S for ties. None below
    `FEWEST_STEPS`.

    Parameters
    ----------
    values
        ``(G,)``: a figure at each step, in order.
    steps
        ``(G,)``: the number of each step, ascending; 0, 1, 2 ... by default.

    Raises
    ------
    ValueError
        When the steps do not ascend.

    >>> theil_sen([0, 2, 4, 6, 80], [0, 1, 2, 3, 4]).slope
    2.0
    """
    y = numbers("values", values)
    x = places(steps, len(y))
    n = len(y)
    if n < FEWEST_STEPS:
        return None
    i, j = np.triu_indices(n, 1)
    with np.errstate(over="ignore"):  # steps that are hardly apart
        slopes = np.sort((y[j] - y[i]) / (x[j] - x[i]))
    slope = float(np.median(slopes))
    if n < _FEWEST_FOR_INTERVAL or not np.all(np.isfinite(slopes)):
        return TheilSen(slope, None, None)
    half_width = NormalDist().inv_cdf(0.975) * math.sqrt(_variance(n, _ties(y)))
    low = max(round((len(slopes) - half_width) / 2) - 1, 0)
    high = min(round((len(slopes) + half_width) / 2), len(slopes) - 1)
    return TheilSen(slope, float(slopes[low]), float(slopes[high]))


def _ties(y: FloatArray) -> FloatArray:
    """Return how many steps have each value that several have."""
    times = np.unique(y, return_counts=True)[1].astype(np.float64)
    return times[times > 1]


def _variance(n: int, ties: FloatArray) -> float:
    """Return the variance of S over all orders of the values."""
    of_ties = float(np.sum(ties * (ties - 1) * (2 * ties + 5)))
    return (n * (n - 1) * (2 * n + 5) - of_ties) / 18


@lru_cache(maxsize=8)
def _at_most(n: int) -> FloatArray:
    """Share of the orders of n things that have at most k inversions, for k up to the middle."""
    share = np.zeros(n * (n - 1) // 4 + 1)
    share[0] = 1
    at_most: FloatArray = np.cumsum(share)
    for k in range(2, n + 1):  # the k-th thing stands before 0 to k - 1 of the others
        share = at_most / k
        share[k:] -= at_most[:-k] / k
        at_most = np.cumsum(share)
    return at_most
