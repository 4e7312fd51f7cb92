"""The Zipf-Mandelbrot law as a model of the source, fitted to N, V and f1."""

import math
from dataclasses import dataclass

import numpy as np

from ...ngrams.spectrum import Spectrum
from ..numeric.special_functions import FloatArray, log_gamma_ratio

__all__ = ["ZipfMandelbrotFit", "zipf_mandelbrot_fit"]

_ROUNDS = 1000
_LEAST = 10.0  # of N B: exp(-10) is what the formulas leave out


@dataclass(frozen=True, slots=True)
class ZipfMandelbrotFit:
    """Probability of the r-th most frequent type in proportion to (r + shift)^-exponent.

    Attributes
    ----------
    alpha
        Shape, 0..1: V grows as N^alpha.
    exponent
        Of probability by rank, 1 / alpha.
    shift
        Mandelbrot's b, at least 0.
    largest
        Upper end B of the probabilities in the model's type density, above 0.
    distance
        Kolmogorov-Smirnov distance between the counts of the types and those expected, 0..1.
    """

    alpha: float
    exponent: float
    shift: float
    largest: float
    distance: float


def zipf_mandelbrot_fit(spectrum: Spectrum) -> ZipfMandelbrotFit | None:
    """Zipf-Mandelbrot model of Evert (2004), with N, V and f1 met exactly.

    The source has infinitely many types, of density C p^(-alpha-1) for p below B, C = (1 - alpha)
    B^(alpha-1). Of N occurrences E[f1] = C N^alpha Gamma(1 - alpha) and E[V] = E[f1] / alpha - b,
    b = (1 - alpha) / (alpha B), up to exp(-N B). Look at `distance` before using it: two numbers
    are fitted, and text often has fewer types seen twice than they imply.

    None when no type or every type was seen once (alpha is 0 or 1), and when the largest count
    expected, N B, is below 10: there is no such model, or the sample is too small for it.

    >>> fit = zipf_mandelbrot_fit(Spectrum.from_pairs([1, 2, 4, 900], [50, 20, 26, 4]))
    >>> round(fit.alpha, 4), round(fit.exponent, 4), round(fit.shift, 3)
    (0.4954, 2.0184, 0.922)
    """
    n, v, once = spectrum.occurrences, spectrum.distinct, spectrum.types_seen(1)
    if not 0 < once < v:
        return None
    alpha, shift, largest = once / v, 0.0, 0.0
    for _ in range(_ROUNDS):  # alpha falls to the largest solution
        log_c = math.log(once) - alpha * math.log(n) - math.lgamma(1 - alpha)
        largest = math.exp((math.log(1 - alpha) - log_c) / (1 - alpha))
        shift = (1 - alpha) / (alpha * largest)
        before, alpha = alpha, once / (v + shift)
        if before - alpha < 1e-15 * before or n * largest < _LEAST:
            break
    else:
        return None
    if n * largest < _LEAST:
        return None
    return ZipfMandelbrotFit(alpha, 1 / alpha, shift, largest, _distance(spectrum, alpha, shift))


def _distance(spectrum: Spectrum, alpha: float, shift: float) -> float:
    v = spectrum.distinct
    seen = np.cumsum(spectrum.types.astype(np.float64)) / v  # share of types up to each count
    m = spectrum.count.astype(np.float64)
    before, at = (_share_up_to(x, alpha, 1 + shift / v) for x in (m - 1, m))
    # Between two counts only the model rises: its gap is widest at either end.
    return float(max(np.max(np.abs(seen - at)), np.max(np.abs(np.append(0, seen[:-1]) - before))))


def _share_up_to(m: FloatArray, alpha: float, scale: float) -> FloatArray:
    """Expected share of the types seen at most m times, ``(R,)``.

    E[f_m] / E[f1] = Gamma(m - alpha) / (m! Gamma(1 - alpha)), whose sum over all larger m is
    Gamma(m + 1 - alpha) / (alpha m! Gamma(1 - alpha)) (Rouault 1978).
    """
    above = np.exp(log_gamma_ratio(m + 1, -alpha) - math.lgamma(1 - alpha))
    return np.minimum(1.0, scale * (1 - above))
