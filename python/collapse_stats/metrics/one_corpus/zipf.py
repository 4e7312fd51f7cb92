"""Zipf's law, fitted as a power law of the counts of the types."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...ngrams.spectrum import Spectrum
from ..numeric.special_functions import FloatArray, scaled_zeta

__all__ = ["ZipfFit", "zipf_fit"]

STEEPEST = 30.0
"""Steeper fits are rejected, because nearly all their counts are the smallest."""
LEAST_TYPES = 50
"""Minimum number of types in a tail when c_min is chosen (Clauset, Shalizi & Newman 2009)."""
_CANDIDATES = 40
_LARGEST = 2**63 - 1  # count that the fit works with
_BLOCK = 256
_STEP = 1e-30  # of complex-step differentiation, which loses no digits however small it is


@dataclass(frozen=True, slots=True)
class ZipfFit:
    """Power law fitted to the counts of at least `c_min`.

    Attributes
    ----------
    alpha
        Exponent, above 1: a type occurs c times with probability c^-alpha / zeta(alpha, c_min).
    exponent
        Zipf's exponent of frequency by rank, s = 1 / (alpha - 1).
    c_min
        Smallest count that is fitted.
    types
        Number of types with at least that count.
    distance
        Kolmogorov-Smirnov distance between the counts and the fit, in 0..1; small for a good fit.
    """

    alpha: float
    exponent: float
    c_min: int
    types: int
    distance: float


def zipf_fit(spectrum: Spectrum, c_min: int | None = None) -> ZipfFit | None:
    """Fit a discrete power law to the counts by maximum likelihood (Clauset et al. 2009).

    A small distance does not prove a power law. No standard error is given, because types are not
    independent draws. None when fewer than two distinct counts are left to fit, when the fit is
    steeper than alpha = 30, and when no `c_min` leaves 50 types.

    Parameters
    ----------
    spectrum
        Counts of counts.
    c_min
        Smallest count to fit. By default the one with the smallest Kolmogorov-Smirnov distance,
        out of up to 40 observed counts, evenly spaced in logarithms, with at least 50 types each.

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
        lows = np.array([min(c_min, _LARGEST)], dtype=np.int64)
    return _best_fit(spectrum, lows)


def _candidates(spectrum: Spectrum) -> npt.NDArray[np.int64]:
    """Candidates for c_min: all counts if they are few, else counts evenly spaced in logarithms."""
    above = np.cumsum(spectrum.types[::-1])[::-1]
    usable = (above >= np.uint64(LEAST_TYPES)) & (spectrum.count <= np.uint64(_LARGEST))
    counts = spectrum.count[usable].astype(np.int64)
    if len(counts) <= _CANDIDATES:
        return counts
    targets = np.geomspace(counts[0], counts[-1], _CANDIDATES)
    chosen: npt.NDArray[np.int64] = np.unique(counts[np.searchsorted(counts, targets, "right") - 1])
    return chosen


def _best_fit(spectrum: Spectrum, lows: npt.NDArray[np.int64]) -> ZipfFit | None:
    """The fit with the smallest distance over all tails; None when no tail has a fit."""
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
    """The alpha for which the expectation of log(c / low) is `mean_log`, by bisection.

    The expectation decreases with alpha. NaN where alpha would exceed `STEEPEST`.
    """

    def expected(alpha: FloatArray) -> FloatArray:
        zeta = scaled_zeta(alpha.astype(np.complex128) + _STEP * 1j, low)
        return -zeta.imag / zeta.real / _STEP

    small, large = np.full_like(low, 1.0), np.full_like(low, STEEPEST)
    too_steep = expected(large) > mean_log
    for _ in range(60):  # 29 / 2^60 is below the precision of a double
        middle = (small + large) / 2
        steeper = expected(np.maximum(middle, 1 + 1e-15)) > mean_log
        small, large = np.where(steeper, middle, small), np.where(steeper, large, middle)
    return np.where(too_steep, np.nan, np.maximum(large, 1 + 1e-9))


def _distance(alpha: float, low: int, c: FloatArray, types: FloatArray, limit: float) -> float:
    """Kolmogorov-Smirnov distance if it is below `limit`, else a lower bound of at least `limit`.

    Both curves decrease, so their values at the ends of a block bound the gap inside it, and most
    blocks need not be searched.
    """
    seen = np.append(types / types[0], 0.0)  # share of types with at least each count
    ends = np.append(np.arange(0, len(c) - 1, _BLOCK), len(c) - 1)
    model, gap = _gaps(alpha, low, c, seen, ends)
    widest = float(gap.max())
    if widest >= limit:
        return widest
    bound = np.maximum(seen[ends[:-1]] - model[1:], model[:-1] - seen[ends[1:]])
    inside = np.flatnonzero(np.repeat(bound > widest, np.diff(ends)))
    return max(widest, float(_gaps(alpha, low, c, seen, inside)[1].max(initial=0)))


def _gaps(
    alpha: float, low: int, c: FloatArray, seen: FloatArray, at: npt.NDArray[np.intp]
) -> tuple[FloatArray, FloatArray]:
    """Model probability of at least each count ``c[at]``, and the gap to the observed share."""
    s = np.array([alpha])
    once = (c[at] / low) ** -alpha / scaled_zeta(s, np.array([float(low)]))
    zeta = scaled_zeta(s, c[at])
    model, beyond = zeta * once, (zeta - 1) * once
    # Between two counts only the model's curve changes, so the largest gap is at an end.
    return model, np.maximum(np.abs(seen[at] - model), np.abs(seen[at + 1] - beyond))
