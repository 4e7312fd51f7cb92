"""Expected types in a subsample that keeps each occurrence independently (binomial sampling)."""

import math

import numpy as np

from ...ngrams.spectrum import Spectrum
from ..numeric.special_functions import FloatArray
from ..two_corpora.rarefaction import check_sample_size

__all__ = ["binomial_distinct", "binomial_types_seen"]


def binomial_distinct(spectrum: Spectrum, n: int) -> float:
    """Expected number of types when each occurrence is kept with probability n / N.

    sum f_m (1 - (1 - n/N)^m), from 0 at n = 0 to V at n = N (binomial interpolation, Baayen 2001).
    It is close to `rarefied_distinct`, which draws exactly n occurrences, and never above it.

    Raises
    ------
    ValueError
        When n is negative or above N.

    >>> binomial_distinct(Spectrum.from_counts([2, 1, 1]), 2)
    1.75
    """
    log_drop, _ = _probabilities(spectrum, n)
    return float(np.sum(spectrum.types * -np.expm1(spectrum.count.astype(np.float64) * log_drop)))


def binomial_types_seen(spectrum: Spectrum, n: int, times: int = 1) -> float:
    """Expected number of types with `times` occurrences left of those kept with probability n / N.

    sum f_m C(m, times) (n/N)^times (1 - n/N)^(m - times), in 0..V (Baayen 2001).

    Raises
    ------
    ValueError
        When n is negative or above N, or `times` is below 1.

    >>> binomial_types_seen(Spectrum.from_counts([2, 1, 1]), 2)
    1.5
    """
    if times < 1:
        raise ValueError(
            f"times must be at least 1, got {times}: the number of types that are not kept is "
            "V - binomial_distinct"
        )
    log_drop, keep = _probabilities(spectrum, n)
    enough = spectrum.count >= times
    m, types = spectrum.count[enough].astype(np.float64), spectrum.types[enough]
    if not keep:
        return 0.0
    if math.isinf(log_drop):
        return float(spectrum.types_seen(times))
    return float(np.sum(types * np.exp(_log_ways(m, times, keep) + (m - times) * log_drop)))


def _log_ways(m: FloatArray, times: int, keep: float) -> FloatArray:
    """log(C(m, times) keep^times), ``(R,)``; factors are paired so that none is extreme."""
    log = np.zeros_like(m)
    for i in range(times):
        log += np.log((m - i) * (keep / (times - i)))
    return log


def _probabilities(spectrum: Spectrum, n: int) -> tuple[float, float]:
    """log of the probability to drop an occurrence, and the probability to keep it."""
    total = spectrum.occurrences
    check_sample_size(n, total, "use expected_distinct to extrapolate")
    if n == total:
        return -math.inf, 1.0 if total else 0.0
    return math.log1p(-n / total), n / total
