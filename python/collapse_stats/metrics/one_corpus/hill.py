"""Hill numbers, Renyi entropies and Simpson's index: diversity by how often draws agree."""

import math

import numpy as np

from ...ngrams.spectrum import Spectrum
from ..numeric.special_functions import LN2
from .entropy import plugin_entropy

__all__ = ["collision_entropy", "hill", "renyi_entropy", "simpson"]


def hill(spectrum: Spectrum, q: float = 2, estimator: str = "unbiased") -> float | None:
    """Effective number of types of order q: that many equally likely types are as diverse.

    (sum p^q)^(1 / (1 - q)) (Hill 1973). Order 0 counts types, order 1 is the exponential of
    entropy, order 2 the inverse of Simpson's index, infinity the inverse of the largest share.

    Parameters
    ----------
    spectrum
        Counts of counts.
    q
        For ``"unbiased"`` an integer of at least 2, for ``"plugin"`` any number from 0 to infinity.
    estimator
        ``"unbiased"``: sum p^q is estimated without bias, however small the sample, by
        sum f_m m (m-1) .. (m-q+1) / (N (N-1) .. (N-q+1)). At least 1, above V where the sample is
        small; None when no type was seen q times.
        ``"plugin"``: p = m / N, in 1..V; None for an empty spectrum. Too low for small q.

    Raises
    ------
    ValueError
        For another estimator, or a q it does not have.

    >>> round(hill(Spectrum.from_counts([2, 2])), 12)
    3.0
    """
    log_hill = _log_hill(spectrum, q, estimator)
    return None if log_hill is None else math.exp(log_hill)


def renyi_entropy(spectrum: Spectrum, q: float = 2, estimator: str = "unbiased") -> float | None:
    """Renyi entropy of order q, in bits: log2 of `hill` with the same parameters (Renyi 1961).

    >>> renyi_entropy(Spectrum.from_counts([2, 1, 1]), math.inf, "plugin")
    1.0
    """
    log_hill = _log_hill(spectrum, q, estimator)
    return None if log_hill is None else log_hill / LN2


def collision_entropy(spectrum: Spectrum) -> float | None:
    """Renyi entropy of order 2, in bits: -log2 of the chance that two occurrences share their type.

    log2 of ``hill(spectrum, 2)``, so it is right even where Shannon entropies are undersampled, and
    it looks at the frequent types only. None when no type was seen twice.

    >>> collision_entropy(Spectrum.from_counts([7]))
    0.0
    """
    return renyi_entropy(spectrum, 2)


def simpson(spectrum: Spectrum) -> float | None:
    """Simpson's (1949) index, in 0..1: the chance that two occurrences share their type.

    sum f_m m (m-1) / (N (N-1)), unbiased at any sample size. 0 when no type was seen twice; None
    below two occurrences.

    >>> simpson(Spectrum.from_counts([2, 1, 1]))
    0.16666666666666666
    """
    n = spectrum.occurrences
    if n < 2:
        return None
    m = spectrum.count.astype(np.float64)
    return min(1.0, float(np.sum(spectrum.types * (m / n) * ((m - 1) / (n - 1)))))  # may round up


def _log_hill(spectrum: Spectrum, q: float, estimator: str) -> float | None:
    if estimator == "unbiased":
        if not q >= 2 or q % 1:
            raise ValueError(
                f"q must be an integer of at least 2, got {q}: other orders have no unbiased form, "
                "take estimator='plugin', or 2 ** entropy(spectrum) for order 1"
            )
        return _log_unbiased(spectrum, int(q))
    if estimator != "plugin":
        raise ValueError(f"estimator must be 'unbiased' or 'plugin', got {estimator!r}")
    if not q >= 0:
        raise ValueError(f"q must be at least 0, got {q}: it is the order of the Hill number")
    return _log_plugin(spectrum, q) if spectrum.distinct else None


def _log_unbiased(spectrum: Spectrum, q: int) -> float | None:
    n = spectrum.occurrences
    largest = int(spectrum.count[-1]) if len(spectrum.count) else 0
    if largest < q:
        return None
    m = spectrum.count.astype(np.float64)
    # Falling factorials relative to the largest count's, so that no order overflows or vanishes.
    repeats = spectrum.types.astype(np.float64)
    odds = 0.0
    for i in range(q):
        repeats *= np.maximum(m - i, 0) / (largest - i)
        odds += math.log((n - i) / (largest - i))
    return (odds - math.log(float(np.sum(repeats)))) / (q - 1)


def _log_plugin(spectrum: Spectrum, q: float) -> float:
    """The power sum relative to the largest share's, so that no order overflows or vanishes."""
    if q == 1:
        return plugin_entropy(spectrum)
    n, largest = spectrum.occurrences, int(spectrum.count[-1])
    top = math.log(n / largest)
    if math.isinf(q):
        return top
    relative = spectrum.count.astype(np.float64) / largest
    log_sum = math.log(float(np.sum(spectrum.types * relative**q)))
    # Near order 1 the log of the sum is nearly q top and the difference has few digits.
    near = abs(q - 1) < 1e-4
    return _near_one(spectrum, q) if near else max(0.0, (log_sum - q * top) / (1 - q))


def _near_one(spectrum: Spectrum, q: float) -> float:
    """log sum p exp((q - 1) log p) / (1 - q), by expm1 of the small exponents."""
    m = spectrum.count.astype(np.float64)
    log_p = -np.log1p((spectrum.occurrences - m) / m)
    share = m * spectrum.types / spectrum.occurrences
    excess = float(np.sum(share * np.expm1((q - 1) * log_p)))
    return max(0.0, math.log1p(excess) / (1 - q))
