"""How varied the n-grams are: types per occurrence, and effective numbers of types."""

import math

import numpy as np

from ..spectrum import Spectrum
from ._numeric import LN2


def distinct_ratio(spectrum: Spectrum) -> float | None:
    """Distinct-n, pooled: types over occurrences, V / N, in 0..1. None for an empty spectrum.

    It falls as a corpus grows: compare corpora with `size_matched_distinct_ratio`.

    >>> distinct_ratio(Spectrum.from_counts([3, 1]))
    0.5
    """
    n = spectrum.occurrences
    return spectrum.distinct / n if n else None


def hapax(spectrum: Spectrum) -> int:
    """Types seen exactly once, f1. Zero for an empty spectrum."""
    return spectrum.types_seen(1)


def dis(spectrum: Spectrum) -> int:
    """Types seen exactly twice, f2. Zero for an empty spectrum."""
    return spectrum.types_seen(2)


def hill(spectrum: Spectrum, q: int = 2) -> float | None:
    """Effective number of types of order q >= 2: that many equally likely types repeat as often.

    (sum p^q)^(1 / (1 - q)) with sum p^q estimated without bias, however small the sample, by
    sum f_m m (m-1) .. (m-q+1) / (N (N-1) .. (N-q+1)); q = 2 is the inverse of Simpson's (1949)
    index. At least 1, and above V where the sample is small. None when no type was seen q times.

    Raises
    ------
    ValueError
        For q below 2: order 0 is the number of types, order 1 is 2 to the power `entropy`.

    >>> round(hill(Spectrum.from_counts([2, 2])), 12)
    3.0
    """
    log_hill = _log_hill(spectrum, q)
    return None if log_hill is None else math.exp(log_hill)


def collision_entropy(spectrum: Spectrum) -> float | None:
    """Renyi entropy of order 2, in bits: -log2 of the chance that two occurrences share their type.

    log2 of ``hill(spectrum, 2)``, so it is right even where Shannon entropies are undersampled, and
    it looks at the frequent types only. None when no type was seen twice.

    >>> collision_entropy(Spectrum.from_counts([7]))
    0.0
    """
    log_hill = _log_hill(spectrum, 2)
    return None if log_hill is None else log_hill / LN2


def _log_hill(spectrum: Spectrum, q: int) -> float | None:
    if q < 2:
        raise ValueError(
            f"q must be an integer of at least 2, got {q}: order 0 is spectrum.distinct, "
            "order 1 is 2 ** entropy(spectrum)"
        )
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
