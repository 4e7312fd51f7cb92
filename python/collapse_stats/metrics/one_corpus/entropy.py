"""Estimators of the Shannon entropy of a source from the spectrum of a sample."""

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
    """Estimated Shannon entropy of the source, in bits per n-gram, at least 0.

    None for an empty spectrum.

    Parameters
    ----------
    spectrum
        Counts of counts.
    estimator
        ``"chao-wang-jost"`` (Chao, Wang & Jost 2013) has the least bias on text.
        ``"plugin"`` is the entropy of the sample, - sum f_m (m/N) log2(m/N), in 0..log2 V.
        ``"miller-madow"`` (Miller 1955) adds (V - 1) / (2 N) nats to it.
        ``"grassberger"`` (Grassberger 2003) is log N minus the mean over occurrences of
        G(m) = digamma(floor(m / 2) + 1 / 2) + log 2, in nats; negative values become 0.
        ``"chao-shen"`` (Chao & Shen 2003) multiplies the shares m / N by the coverage 1 - f1 / N
        and divides each term by the probability that its type is sampled; where all types occur
        once, f1 is replaced by N - 1.
        ``"jackknife"`` (Zahl 1977) is N H minus N - 1 times the mean of H without one occurrence,
        H being the plug-in entropy; it is never below H.

    Raises
    ------
    ValueError
        When `estimator` is none of these.

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
    return float(np.sum(row_shares(spectrum) * log_inverse_share(spectrum)))


def _miller_madow(spectrum: Spectrum) -> float:
    return plugin_entropy(spectrum) + (spectrum.distinct - 1) / (2 * spectrum.occurrences)


def _chao_wang_jost(spectrum: Spectrum) -> float:
    """Chao-Wang-Jost entropy, in nats; relative error below 1e-13 from N = 1 to 1e12.

    The digammas are computed as log N - log m and two small remainders, so that no digits are lost
    in text with one dominant type. The paper's term for unseen types,
    ``(1-A)^(1-N) (-log A - sum of (1-A)^r / r for r < N)``, overflows; it equals
    ``sum of (1-A)^(j+1) / (N+j) for j >= 0``.
    """
    n = spectrum.occurrences
    m = spectrum.count.astype(np.float64)
    digammas = log_minus_digamma(np.append(m, float(n)))  # small compared with the logarithms
    seen = row_shares(spectrum) * (log_inverse_share(spectrum) + (digammas[:-1] - digammas[-1]))
    odds = deficit_odds(spectrum)
    if odds is None:  # no unseen types are estimated
        return float(np.sum(seen))
    unseen = geometric_harmonic_sum(math.log1p(odds), n)  # 1 - A = 1 / (1 + odds)
    return float(np.sum(seen)) + spectrum.types_seen(1) / n * unseen


def _grassberger(spectrum: Spectrum) -> float:
    """Grassberger's entropy with G(m), in nats.

    The paper's G(1) = -gamma - log 2, G(2) = 2 - gamma - log 2, G(2k+1) = G(2k) and
    G(2k+2) = G(2k) + 2 / (2k+1) equal digamma(x) + log 2 at x = floor(m/2) + 1/2. G is computed as
    log m minus a remainder.
    """
    m = spectrum.count.astype(np.float64)
    half = np.floor(m / 2) + 0.5  # 2 half is m + 1 for even m, m for odd m
    remainder = log_minus_digamma(half) - np.where(m == 2 * half, 0.0, np.log1p(1 / m))
    return max(0.0, float(np.sum(row_shares(spectrum) * (log_inverse_share(spectrum) + remainder))))


def _chao_shen(spectrum: Spectrum) -> float:
    n = spectrum.occurrences
    once = spectrum.types_seen(1)
    covered = (n - once + (once == n)) / n
    q = covered * spectrum.count.astype(np.float64) / n
    information = log_inverse_share(spectrum) - math.log(covered)
    with np.errstate(divide="ignore"):  # log 0 where the only type is certain to be sampled
        seen = -np.expm1(n * np.log1p(-q))
    return float(np.sum(spectrum.types * q * information / seen))


def _jackknife(spectrum: Spectrum) -> float:
    """Jackknifed plug-in entropy, in nats.

    This is the mean over occurrences of D(N) - D(m), where D(x) = x log x - (x-1) log(x-1). No
    large terms cancel, and no term is negative, because D increases. D(x) = log x + 1 - g(x).
    """
    x = np.append(spectrum.count.astype(np.float64), float(spectrum.occurrences))
    above = np.maximum(x - 1, 1.0)
    g = np.where(x > 1, above * log1p_gap(1 / above), 1.0)
    return float(np.sum(row_shares(spectrum) * (log_inverse_share(spectrum) + (g[:-1] - g[-1]))))


def row_shares(spectrum: Spectrum) -> FloatArray:
    """Share m f_m / N of the occurrences that each row holds, ``(R,)``."""
    return spectrum.count.astype(np.float64) * spectrum.types / max(spectrum.occurrences, 1)


def log_inverse_share(spectrum: Spectrum) -> FloatArray:
    """log(N / m) of each row, ``(R,)``, accurate also where m is close to N."""
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
"""Estimators that `entropy` accepts, the default first."""
