"""What a sample would show if each of its occurrences were kept by a coin of its own."""

import math

import numpy as np

from ...ngrams.spectrum import Spectrum
from ..numeric.special_functions import FloatArray

__all__ = ["binomial_distinct", "binomial_types_seen"]


def binomial_distinct(spectrum: Spectrum, n: int) -> float:
    """Expected types when each occurrence is kept with chance n / N: binomial interpolation.

    sum f_m (1 - (1 - n/N)^m) (Baayen 2001); close to `rarefied_distinct`, which draws
    exactly n, and never above it. 0 at n = 0, V at n = N.

    Raises
    ------
    ValueError
        When n is negative or above N.

    >>> binomial_distinct(Spectrum.from_counts([2, 1, 1]), 2)
    1.75
    """
    log_miss, _ = _chances(spectrum, n)
    return float(np.sum(spectrum.types * -np.expm1(spectrum.count.astype(np.float64) * log_miss)))


def binomial_types_seen(spectrum: Spectrum, n: int, times: int = 1) -> float:
    """Expected types left with `times` occurrences when each is kept with chance n / N.

    sum f_m C(m, times) (n/N)^times (1 - n/N)^(m - times) (Baayen 2001).

    Raises
    ------
    ValueError
        When n is negative or above N, or `times` is below 1.

    >>> binomial_types_seen(Spectrum.from_counts([2, 1, 1]), 2)
    1.5
    """
    if times < 1:
        raise ValueError(f"times must be at least 1, got {times}: use V less binomial_distinct")
    log_miss, keep = _chances(spectrum, n)
    enough = spectrum.count >= np.uint64(times)
    m, types = spectrum.count[enough].astype(np.float64), spectrum.types[enough]
    if not keep:
        return 0.0
    if math.isinf(log_miss):
        return float(spectrum.types_seen(times))
    return float(np.sum(types * np.exp(_log_choices(m, times, keep) + (m - times) * log_miss)))


def _log_choices(m: FloatArray, times: int, keep: float) -> FloatArray:
    """log of C(m, times) keep^times, ``(R,)``, the factors paired so that none is extreme."""
    log = np.zeros_like(m)
    for i in range(times):
        log += np.log((m - i) * (keep / (times - i)))
    return log


def _chances(spectrum: Spectrum, n: int) -> tuple[float, float]:
    """log of the chance to drop an occurrence, and the chance to keep it."""
    total = spectrum.occurrences
    if not 0 <= n <= total:
        raise ValueError(
            f"n must be between 0 and the {total:,} occurrences counted, got {n:,}: "
            "expected_distinct extrapolates"
        )
    if n == total:
        return -math.inf, 1.0 if total else 0.0
    return math.log1p(-n / total), n / total
