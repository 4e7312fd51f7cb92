"""Zipf's law as a power law of the counts: how many types were seen how often."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..spectrum import Spectrum
from ._numeric import ComplexArray, FloatArray, scaled_zeta

STEEPEST = 30.0
"""A power law steeper than this is none: nearly every count is the smallest."""
LEAST_TYPES = 50
"""Tails of fewer types are not tried when c_min is chosen (Clauset, Shalizi & Newman 2009)."""
_CANDIDATES = 40
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
    fits = [fit for low in lows.tolist() if (fit := _fit(spectrum, low)) is not None]
    return min(fits, key=lambda fit: fit.distance, default=None)


def _candidates(spectrum: Spectrum) -> npt.NDArray[np.int64]:
    """Counts to begin a tail with: all of them when few, else spread over their logarithms."""
    above = np.cumsum(spectrum.types[::-1])[::-1]
    counts = spectrum.count[above >= np.uint64(LEAST_TYPES)].astype(np.int64)
    if len(counts) <= _CANDIDATES:
        return counts
    wanted = np.geomspace(counts[0], counts[-1], _CANDIDATES)
    chosen: npt.NDArray[np.int64] = np.unique(counts[np.searchsorted(counts, wanted, "right") - 1])
    return chosen


def _fit(spectrum: Spectrum, low: int) -> ZipfFit | None:
    tail = spectrum.count >= np.uint64(low)
    c, f = spectrum.count[tail].astype(np.float64), spectrum.types[tail].astype(np.float64)
    if len(c) < 2:
        return None
    types = float(np.sum(f))
    alpha = _maximum_likelihood(float(np.sum(f * np.log(c / low))) / types, low)
    if alpha is None:
        return None
    seen = np.cumsum(f[::-1])[::-1] / types  # share of types at or above each count
    reach, beyond = _survival(alpha, c, low), _survival(alpha, c + 1, low)
    # Between two counts only the fit falls: its gap is widest at either end.
    gaps = np.abs(np.append(seen, 0.0)[1:] - beyond), np.abs(seen - reach)
    distance = float(max(np.max(gap) for gap in gaps))
    return ZipfFit(alpha, 1 / (alpha - 1), low, int(types), distance)


def _maximum_likelihood(mean_log: float, low: int) -> float | None:
    """alpha whose expected log(c / low) is `mean_log`, by bisection: the expectation falls."""
    a = np.array([float(low)])

    def expected(alpha: float) -> float:
        zeta: ComplexArray = scaled_zeta(complex(alpha, _STEP), a)
        return -float(zeta[0].imag / zeta[0].real) / _STEP

    small, large = 1.0, STEEPEST
    if expected(large) > mean_log:
        return None
    while (middle := (small + large) / 2) not in (small, large):
        if expected(middle) > mean_log:
            small = middle
        else:
            large = middle
    return large if large - 1 > 1e-9 and math.isfinite(large) else None


def _survival(alpha: float, c: FloatArray, low: int) -> FloatArray:
    """zeta(alpha, c) / zeta(alpha, low), ``(R,)``: the chance of a count of at least c."""
    log_ratio = np.log(scaled_zeta(alpha, c).real / scaled_zeta(alpha, np.array([low + 0.0])).real)
    survival: FloatArray = np.exp(log_ratio - alpha * np.log(c / low))
    return survival
