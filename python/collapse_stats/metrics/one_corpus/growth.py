"""How the vocabulary grows with the corpus."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...ngrams.spectrum import Spectrum
from ..two_corpora.rarefaction import Rarefied
from .binomial import binomial_distinct, binomial_types_seen
from .extrapolation import expected_distinct

__all__ = ["GrowthPoint", "growth_curve", "heaps_exponent"]


@dataclass(frozen=True, slots=True)
class GrowthPoint:
    """One point of a vocabulary growth curve.

    Attributes
    ----------
    occurrences
        Size of the sample.
    distinct
        Expected types in it, `expected_distinct`.
    """

    occurrences: int
    distinct: float


def growth_curve(spectrum: Spectrum, sizes: Sequence[int] | None = None) -> list[GrowthPoint]:
    """Expected types at growing sample sizes: rarefied up to N, extrapolated above.

    Without `sizes`, at N and at the powers of two below it; none for an empty spectrum. It is the
    curve of occurrences in random order: in text they cluster, and it grows more slowly at first.

    Raises
    ------
    ValueError
        When a size is negative.

    >>> growth_curve(Spectrum.from_counts([2, 2]), [1, 4])[1]
    GrowthPoint(occurrences=4, distinct=2.0)
    """
    total = spectrum.occurrences
    if sizes is None:
        sizes = [*(2**k for k in range((total - 1).bit_length())), total] if total else []
    smaller = Rarefied(spectrum)

    def distinct(n: int) -> float:
        return smaller.distinct(n) if 0 <= n <= total else expected_distinct(spectrum, n)

    return [GrowthPoint(int(n), distinct(int(n))) for n in sizes]


def heaps_exponent(spectrum: Spectrum, n: int | None = None) -> float | None:
    """Local exponent of Heaps' law, d log V / d log N, in 0..1: no fit.

    f1 / V at N itself, and of binomial subsamples at a smaller `n` E[f1] / E[V], of which it is
    exactly the slope (Baayen 2001). Near 1 nearly all that is read is new; 0 when the vocabulary
    is exhausted. None for an empty spectrum, and at n = 0.

    Raises
    ------
    ValueError
        When n is negative or above N.

    >>> heaps_exponent(Spectrum.from_counts([4, 1, 1, 2]))
    0.5
    """
    if n is None:
        n = spectrum.occurrences
    types = binomial_distinct(spectrum, n)
    if not types:
        return None
    return float(np.clip(binomial_types_seen(spectrum, n) / types, 0, 1))
