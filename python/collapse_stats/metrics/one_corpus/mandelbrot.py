"""Zipf-Mandelbrot model of a source, fitted to N, V and f1."""

import math
from dataclasses import dataclass

import numpy as np

from ...ngrams.spectrum import Spectrum
from ..numeric.special_functions import FloatArray, log_gamma_ratio

__all__ = ["ZipfMandelbrotFit", "zipf_mandelbrot_fit"]

_MAX_ITERATIONS = 1000
_MIN_LARGEST_COUNT = 10.0  # smallest N B; the formulas neglect terms of exp(-N B)


@dataclass(frozen=True, slots=True)
class ZipfMandelbrotFit:
    """Model in which the r-th most probable type has probability ~ (r + shift)^-exponent.

    Attributes
    ----------
    alpha
        Shape parameter, in 0..1: V grows as N^alpha.
    exponent
        Exponent of probability by rank, 1 / alpha.
    shift
        Mandelbrot's b, at least 0.
    largest
        Upper limit B of the probabilities in the model's type density, above 0.
    distance
        Kolmogorov-Smirnov distance between observed and expected counts of types, in 0..1.
    """

    alpha: float
    exponent: float
    shift: float
    largest: float
    distance: float


def zipf_mandelbrot_fit(spectrum: Spectrum) -> ZipfMandelbrotFit | None:
    """Fit the Zipf-Mandelbrot model to N, V and f1, which it reproduces exactly (Evert 2004).

    The model has infinitely many types, with type density C p^(-alpha-1) for p below B and
    C = (1 - alpha) B^(alpha-1). Up to terms of exp(-N B), E[f1] = C N^alpha Gamma(1 - alpha) and
    E[V] = E[f1] / alpha - b with b = (1 - alpha) / (alpha B). Check `distance` before using the
    fit: it has only two parameters, and text often has fewer types that occur twice than it
    implies.

    None when no type or every type occurs once (alpha would be 0 or 1), and when the largest
    expected count N B is below 10, for then no model fits or the sample is too small.

    >>> fit = zipf_mandelbrot_fit(Spectrum.from_pairs([1, 2, 4, 900], [50, 20, 26, 4]))
    >>> round(fit.alpha, 4), round(fit.exponent, 4), round(fit.shift, 3)
    (0.4954, 2.0184, 0.922)
    """
    n, v, once = spectrum.occurrences, spectrum.distinct, spectrum.types_seen(1)
    if not 0 < once < v:
        return None
    alpha, shift, largest = once / v, 0.0, 0.0
    for _ in range(_MAX_ITERATIONS):  # alpha decreases to the largest solution
        log_c = math.log(once) - alpha * math.log(n) - math.lgamma(1 - alpha)
        largest = math.exp((math.log(1 - alpha) - log_c) / (1 - alpha))
        shift = (1 - alpha) / (alpha * largest)
        before, alpha = alpha, once / (v + shift)
        if before - alpha < 1e-15 * before or n * largest < _MIN_LARGEST_COUNT:
            break
    else:
        return None
    if n * largest < _MIN_LARGEST_COUNT:
        return None
    return ZipfMandelbrotFit(alpha, 1 / alpha, shift, largest, _distance(spectrum, alpha, shift))


def _distance(spectrum: Spectrum, alpha: float, shift: float) -> float:
    """Kolmogorov-Smirnov distance between the observed and the expected counts of types."""
    v = spectrum.distinct
    seen = np.cumsum(spectrum.types.astype(np.float64)) / v  # share of types up to each count
    m = spectrum.count.astype(np.float64)
    before, at = (_share_up_to(x, alpha, 1 + shift / v) for x in (m - 1, m))
    # Between two counts only the model's curve changes, so the largest gap is at an end.
    return float(max(np.max(np.abs(seen - at)), np.max(np.abs(np.append(0, seen[:-1]) - before))))


def _share_up_to(m: FloatArray, alpha: float, scale: float) -> FloatArray:
    """Expected share of the types that occur at most m times, ``(R,)``.

    E[f_m] / E[f1] = Gamma(m - alpha) / (m! Gamma(1 - alpha)); its sum over all larger m is
    Gamma(m + 1 - alpha) / (alpha m! Gamma(1 - alpha)) (Rouault 1978).
    """
    above = np.exp(log_gamma_ratio(m + 1, -alpha) - math.lgamma(1 - alpha))
    return np.minimum(1.0, scale * (1 - above))
