"""Hill numbers, Renyi entropies and Simpson's index."""

import math

import numpy as np

from ...ngrams.spectrum import Spectrum
from ..numeric.special_functions import LN2
from .entropy import log_inverse_share, plugin_entropy, row_shares

__all__ = ["collision_entropy", "hill", "renyi_entropy", "simpson"]


def hill(spectrum: Spectrum, q: float = 2, estimator: str = "unbiased") -> float | None:
    """Hill number of order q: the number of equally likely types with the same diversity.

    (sum p^q)^(1 / (1 - q)) over the probabilities p of the types (Hill 1973). Order 0 is the number
    of types, order 1 the exponential of Shannon entropy, order 2 the inverse of Simpson's index,
    and order infinity the inverse of the largest probability.

    Parameters
    ----------
    spectrum
        Counts of counts.
    q
        Order: an integer of at least 2 for ``"unbiased"``, any number from 0 to infinity for
        ``"plugin"``.
    estimator
        ``"unbiased"`` estimates sum p^q without bias at any sample size, by
        sum f_m m (m-1) .. (m-q+1) / (N (N-1) .. (N-q+1)). The Hill number is at least 1, and may
        exceed V in small samples; None when no type occurs q times.
        ``"plugin"`` takes p = m / N, in 1..V, and underestimates diversity at small q; None for an
        empty spectrum.

    Raises
    ------
    ValueError
        When `estimator` is neither, or does not support `q`.

    >>> round(hill(Spectrum.from_counts([2, 2])), 12)
    3.0
    """
    log_hill = _log_hill(spectrum, q, estimator)
    return None if log_hill is None else math.exp(log_hill)


def renyi_entropy(spectrum: Spectrum, q: float = 2, estimator: str = "unbiased") -> float | None:
    """Renyi entropy of order q in bits, log2 of `hill` with the same arguments (Renyi 1961).

    At least 0; None and errors as in `hill`.

    >>> renyi_entropy(Spectrum.from_counts([2, 1, 1]), math.inf, "plugin")
    1.0
    """
    log_hill = _log_hill(spectrum, q, estimator)
    return None if log_hill is None else log_hill / LN2


def collision_entropy(spectrum: Spectrum) -> float | None:
    """Renyi entropy of order 2 in bits, -log2 of the probability that two draws have one type.

    It is log2 of ``hill(spectrum, 2)``, so its estimate is reliable even where the sample is too
    small for Shannon entropy; it is determined by the frequent types. At least 0; None when no type
    occurs twice.

    >>> collision_entropy(Spectrum.from_counts([7]))
    0.0
    """
    return renyi_entropy(spectrum, 2)


def simpson(spectrum: Spectrum) -> float | None:
    """Simpson's index, the probability that two draws have the same type, in 0..1 (Simpson 1949).

    sum f_m m (m-1) / (N (N-1)), unbiased at any sample size. 0 when no type occurs twice; None
    below two occurrences.

    >>> simpson(Spectrum.from_counts([2, 1, 1]))
    0.16666666666666666
    """
    n = spectrum.occurrences
    if n < 2:
        return None
    m = spectrum.count.astype(np.float64)
    index = float(np.sum(spectrum.types * (m / n) * ((m - 1) / (n - 1))))
    return min(1.0, index)  # rounding may exceed 1


def _log_hill(spectrum: Spectrum, q: float, estimator: str) -> float | None:
    """Natural logarithm of `hill`."""
    if estimator == "unbiased":
        if not q >= 2 or q % 1:
            raise ValueError(
                f"q must be an integer of at least 2, got {q}: other orders have no unbiased "
                "estimator, use estimator='plugin', or 2 ** entropy(spectrum) for order 1"
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
    # Falling factorials are divided by that of the largest count to avoid over- and underflow.
    repeats = spectrum.types.astype(np.float64)
    odds = 0.0
    for i in range(q):
        repeats *= np.maximum(m - i, 0) / (largest - i)
        odds += math.log((n - i) / (largest - i))
    total = float(np.sum(repeats))
    if total <= 0:  # only an estimate of it, from a sample of n-grams, may be
        return None
    return (odds - math.log(total)) / (q - 1)


def _log_plugin(spectrum: Spectrum, q: float) -> float:
    """The power sum is divided by its largest term to avoid over- and underflow."""
    if q == 1:
        return plugin_entropy(spectrum)
    n, largest = spectrum.occurrences, int(spectrum.count[-1])
    top = math.log(n / largest)
    if math.isinf(q):
        return top
    relative = spectrum.count.astype(np.float64) / largest
    log_sum = math.log(float(np.sum(spectrum.types * relative**q)))
    if abs(q - 1) < 1e-4:  # log_sum and q * top agree in most digits
        return _log_plugin_near_one(spectrum, q)
    return max(0.0, (log_sum - q * top) / (1 - q))


def _log_plugin_near_one(spectrum: Spectrum, q: float) -> float:
    """log(sum p exp((q - 1) log p)) / (1 - q), by expm1 of the small exponents."""
    exponents = (q - 1) * -log_inverse_share(spectrum)
    excess = float(np.sum(row_shares(spectrum) * np.expm1(exponents)))
    return max(0.0, math.log1p(excess) / (1 - q))
