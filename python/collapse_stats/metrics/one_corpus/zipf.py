"""Zipf's law as a power law of the counts: how many types were seen how often."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...ngrams.spectrum import Spectrum
from ..numeric.special_functions import FloatArray, scaled_zeta

__all__ = ["ZipfFit", "zipf_fit"]

STEEPEST = 30.0
"""A power law steeper than this is none: nearly every count is the smallest."""
LEAST_TYPES = 50
"""Tails of fewer types are not tried when c_min is chosen (Clauset, Shalizi & Newman 2009)."""
_CANDIDATES = 40
_BLOCK = 256
_STEP = 1e-30  # an imaginary part this small carries the derivative, and costs no digit


@dataclass(frozen=True, slots=True)
class ZipfFit:
    """Power law of the counts from `c_min` up.

    Attributes
    ----------
    alpha
        Exponent: a type is seen c times with probability c^-alpha / zeta(alpha, c_min), above 1.
    exponent
        Zipf's exponent of frequency by rank, s = 1 / (alpha - 1).
    c_min
        Smallest count that is fitted.
    types
        Types seen at least that often.
    distance
        Kolmogorov-Smirnov distance between the counts and the fit, 0..1: small when it is good.
    """

    alpha: float
    exponent: float
    c_min: int
    types: int
    distance: float


def zipf_fit(spectrum: Spectrum, c_min: int | None = None) -> ZipfFit | None:
    """Maximum likelihood fit of a discrete power law to the counts (Clauset et al. 2009).

    Without `c_min`, the one of least Kolmogorov-Smirnov distance is taken, among up to 40 of the
    counts seen, spread evenly in logarithms, that have 50 types above them. A small distance is no
    proof of a power law. Types are not independent draws, so no error bar is given.

    None when fewer than two different counts are left, for then there is nothing to fit, when the
    fit is steeper than alpha = 30, or when no c_min has 50 types.

    Raises
    ------
    ValueError
        When `c_min` is below 1.

    >>> fit = zipf_fit(Spectrum.from_pairs([1, 2, 4, 8], [640, 160, 40, 10]), c_min=1)
    >>> round(fit.alpha, 3), fit.types
    (2.732, 850)
    """
    if c_min is None:
        lows = _candidates(spectrum)
    elif c_min < 1:
        raise ValueError(f"c_min must be a count of at least 1, got {c_min}")
    else:
        lows = np.array([c_min], dtype=np.int64)
    return _best_fit(spectrum, lows)


def _candidates(spectrum: Spectrum) -> npt.NDArray[np.int64]:
    """Counts to begin a tail with: all of them when few, else spread over their logarithms."""
    above = np.cumsum(spectrum.types[::-1])[::-1]
    counts = spectrum.count[above >= np.uint64(LEAST_TYPES)].astype(np.int64)
    if len(counts) <= _CANDIDATES:
        return counts
    wanted = np.geomspace(counts[0], counts[-1], _CANDIDATES)
    chosen: npt.NDArray[np.int64] = np.unique(counts[np.searchsorted(counts, wanted, "right") - 1])
    return chosen


def _best_fit(spectrum: Spectrum, lows: npt.NDArray[np.int64]) -> ZipfFit | None:
    """The fit of least distance among those of the tails that have one."""
    starts = np.searchsorted(spectrum.count, lows.astype(np.uint64))
    lows, starts = lows[starts < len(spectrum.count) - 1], starts[starts < len(spectrum.count) - 1]
    if not len(lows):
        return None
    c, f = spectrum.count.astype(np.float64), spectrum.types.astype(np.float64)
    types = np.cumsum(f[::-1])[::-1]
    logs = np.cumsum((f * np.log(c))[::-1])[::-1]
    means = logs[starts] / types[starts] - np.log(lows)
    alphas = _maximum_likelihood(means, lows.astype(np.float64))
    best: ZipfFit | None = None
    for alpha, low, start in zip(alphas.tolist(), lows.tolist(), starts.tolist(), strict=True):
        if math.isnan(alpha):
            continue
        limit = best.distance if best else math.inf
        distance = _distance(alpha, low, c[start:], types[start:], limit)
        if distance < limit:
            best = ZipfFit(alpha, 1 / (alpha - 1), low, int(types[start]), distance)
    return best


def _maximum_likelihood(mean_log: FloatArray, low: FloatArray) -> FloatArray:
    """alpha whose expected log(c / low) is `mean_log`, by bisection: the expectation falls.

    NaN where that is steeper than `STEEPEST`.
    """

    def expected(alpha: FloatArray) -> FloatArray:
        zeta = scaled_zeta(alpha.astype(np.complex128) + _STEP * 1j, low)
        return -zeta.imag / zeta.real / _STEP

    small, large = np.full_like(low, 1.0), np.full_like(low, STEEPEST)
    too_steep = expected(large) > mean_log
    for _ in range(60):  # 29 / 2^60 is below a double's last digit
        middle = (small + large) / 2
        steeper = expected(np.maximum(middle, 1 + 1e-15)) > mean_log
        small, large = np.where(steeper, middle, small), np.where(steeper, large, middle)
    return np.where(too_steep, np.nan, np.maximum(large, 1 + 1e-9))


def _distance(alpha: float, low: int, c: FloatArray, types: FloatArray, limit: float) -> float:
    """Kolmogorov-Smirnov distance; of one that is not below `limit` some lower bound that is not.

    Both curves fall: what they are at the ends of a block limits the gap inside, and most blocks
    need not be looked into.
    """
    seen = np.append(types / types[0], 0.0)  # share of types at or above each count
    ends = np.append(np.arange(0, len(c) - 1, _BLOCK), len(c) - 1)
    reach, gap = _gaps(alpha, low, c, seen, ends)
    widest = float(gap.max())
    if widest >= limit:
        return widest
    most = np.maximum(seen[ends[:-1]] - reach[1:], reach[:-1] - seen[ends[1:]])
    inside = np.flatnonzero(np.repeat(most > widest, np.diff(ends)))
    return max(widest, float(_gaps(alpha, low, c, seen, inside)[1].max(initial=0)))


def _gaps(
    alpha: float, low: int, c: FloatArray, seen: FloatArray, at: npt.NDArray[np.intp]
) -> tuple[FloatArray, FloatArray]:
    """Chance of each of some counts or more, and the gap to what was seen, ``(R,)`` both."""
    s = np.array([alpha])
    once = (c[at] / low) ** -alpha / scaled_zeta(s, np.array([float(low)]))
    zeta = scaled_zeta(s, c[at])
    reach, beyond = zeta * once, (zeta - 1) * once
    # Between two counts only the fit falls: its gap is widest at either end.
    return reach, np.maximum(np.abs(seen[at] - reach), np.abs(seen[at + 1] - beyond))
