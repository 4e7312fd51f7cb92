"""Shannon entropy of the source of a sample, from the sample's spectrum."""

import math
from collections.abc import Callable

import numpy as np

from ...ngrams.spectrum import Spectrum
from ..numeric.special_functions import (
    LN2,
    FloatArray,
    geometric_harmonic_sum,
    log1p_gap,
    log_minus_digamma,
)
from .coverage import deficit_odds

__all__ = ["ESTIMATORS", "entropy"]


def entropy(spectrum: Spectrum, estimator: str = "chao-wang-jost") -> float | None:
    """Entropy of the source of the n-grams, in bits. None for an empty spectrum.

    Parameters
    ----------
    spectrum
        Counts of counts.
    estimator
        ``"chao-wang-jost"`` (Chao, Wang & Jost 2013), the least biased on text.
        ``"plugin"``, the entropy of the sample itself, in 0..log2 V.
        ``"miller-madow"`` (Miller 1955), plug-in plus (V - 1) / (2 N) nats.
        ``"grassberger"`` (Grassberger 2003), log N less the mean of G(m) = digamma(floor(m / 2) +
        1 / 2) + log 2 nats; 0 where that falls below.
        ``"chao-shen"`` (Chao & Shen 2003), shares shrunk to the coverage 1 - f1 / N, each divided
        by its chance of being seen; where every type was seen once, f1 is counted as N - 1.
        ``"jackknife"`` (Zahl 1977), N H less N - 1 times the mean of H with one occurrence left
        out; never below plug-in.

    Raises
    ------
    ValueError
        For another estimator.

    >>> entropy(Spectrum.from_counts([4, 2, 1, 1]), "plugin")
    1.75
    """
    if estimator not in _ESTIMATORS:
        raise ValueError(
            f"estimator must be one of {', '.join(map(repr, _ESTIMATORS))}, got {estimator!r}"
        )
    return _ESTIMATORS[estimator](spectrum) / LN2 if spectrum.distinct else None


def plugin_entropy(spectrum: Spectrum) -> float:
    """Entropy of the sample, in nats; 0 for an empty spectrum."""
    return float(np.sum(_share(spectrum) * _log_ratio(spectrum)))


def _miller_madow(spectrum: Spectrum) -> float:
    return plugin_entropy(spectrum) + (spectrum.distinct - 1) / (2 * spectrum.occurrences)


def _chao_wang_jost(spectrum: Spectrum) -> float:
    """Chao-Wang-Jost entropy, in nats; relative error below 1e-13 from N = 1 to 1e12.

    The digammas enter as log N - log m and two small remainders, so that text of one dominant
    type loses no digits. The unseen part is ``(1-A)^(1-N) (-log A - sum of (1-A)^r / r, r < N)`` in
    the paper, which overflows; it equals ``sum of (1-A)^(j+1) / (N+j), j >= 0``.
    """
    n = spectrum.occurrences
    m = spectrum.count.astype(np.float64)
    digammas = log_minus_digamma(np.append(m, float(n)))  # small next to the logarithms
    seen = _share(spectrum) * (_log_ratio(spectrum) + (digammas[:-1] - digammas[-1]))
    odds = deficit_odds(spectrum)
    if odds is None:  # A is 1 or there is no hapax: nothing to add
        return float(np.sum(seen))
    unseen = geometric_harmonic_sum(math.log1p(odds), n)  # 1 - A = 1 / (1 + odds)
    return float(np.sum(seen)) + spectrum.types_seen(1) / n * unseen


def _grassberger(spectrum: Spectrum) -> float:
    """Grassberger's entropy with G(m), in nats.

    The paper's G(1) = -gamma - log 2, G(2) = 2 - gamma - log 2, G(2k+1) = G(2k), G(2k+2) = G(2k) +
    2 / (2k+1) is digamma(x) + log 2 at x = floor(m/2) + 1/2. It enters as log m and what is left.
    """
    m = spectrum.count.astype(np.float64)
    half = np.floor(m / 2) + 0.5  # 2x is m + 1 for even m, m for odd
    rest = log_minus_digamma(half) - np.where(m == 2 * half, 0.0, np.log1p(1 / m))
    return max(0.0, float(np.sum(_share(spectrum) * (_log_ratio(spectrum) + rest))))


def _chao_shen(spectrum: Spectrum) -> float:
    n = spectrum.occurrences
    once = spectrum.types_seen(1)
    covered = (n - once + (once == n)) / n
    q = covered * spectrum.count.astype(np.float64) / n
    information = _log_ratio(spectrum) - math.log(covered)
    with np.errstate(divide="ignore"):  # q = 1: one type, certain to be seen
        seen = -np.expm1(n * np.log1p(-q))
    return float(np.sum(spectrum.types * q * information / seen))


def _jackknife(spectrum: Spectrum) -> float:
    """Jackknifed plug-in entropy, in nats.

    Multiplied out it is the mean over occurrences of D(N) - D(m) with D(x) = x log x - (x-1)
    log(x-1): nothing large cancels, and D rises, so no term is negative. D(x) = log x + 1 - g(x).
    """
    x = np.append(spectrum.count.astype(np.float64), float(spectrum.occurrences))
    above = np.maximum(x - 1, 1.0)
    g = np.where(x > 1, above * log1p_gap(1 / above), 1.0)
    return float(np.sum(_share(spectrum) * (_log_ratio(spectrum) + (g[:-1] - g[-1]))))


def _share(spectrum: Spectrum) -> FloatArray:
    """Share of the occurrences in each row, ``(R,)``."""
    return spectrum.count.astype(np.float64) * spectrum.types / max(spectrum.occurrences, 1)


def _log_ratio(spectrum: Spectrum) -> FloatArray:
    """log(N / m) of each row, ``(R,)``, accurate also where m is nearly N."""
    m = spectrum.count.astype(np.float64)
    return np.log1p((spectrum.occurrences - m) / m)


_ESTIMATORS: dict[str, Callable[[Spectrum], float]] = {
    "chao-wang-jost": _chao_wang_jost,
    "plugin": plugin_entropy,
    "miller-madow": _miller_madow,
    "grassberger": _grassberger,
    "chao-shen": _chao_shen,
    "jackknife": _jackknife,
}

ESTIMATORS = tuple(_ESTIMATORS)
"""Names `entropy` takes, the default first."""
