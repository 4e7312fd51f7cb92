"""Growth of the number of types with the size of the corpus."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...ngrams.spectrum import Spectrum
from ...system.arguments import whole_numbers
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
        Expected number of types in a sample of that size.
    """

    occurrences: int
    distinct: float


def growth_curve(spectrum: Spectrum, sizes: Sequence[int] | None = None) -> list[GrowthPoint]:
    """Expected number of types by sample size: `expected_distinct` at each of `sizes`.

    It is the curve for occurrences in random order. In text, occurrences of a type cluster, and the
    number of types grows more slowly at first.

    Parameters
    ----------
    spectrum
        Counts of counts.
    sizes
        Numbers of occurrences. Default: N and the powers of two below it; none for an empty
        spectrum.

    Raises
    ------
    TypeError
        When a size is no whole number.
    ValueError
        When a size is negative.

    >>> growth_curve(Spectrum.from_counts([2, 2]), [1, 4])[1]
    GrowthPoint(occurrences=4, distinct=2.0)
    """
    total = spectrum.occurrences
    if sizes is None:
        sizes = [*(2**k for k in range((total - 1).bit_length())), total] if total else []
    sizes = whole_numbers("sizes", sizes)
    within = [n for n in sizes if 0 <= n <= total]
    distinct = dict(zip(within, Rarefied(spectrum).curve(within), strict=True))
    return [
        GrowthPoint(n, distinct[n] if n in distinct else expected_distinct(spectrum, n))
        for n in sizes
    ]


def heaps_exponent(spectrum: Spectrum, n: int | None = None) -> float | None:
    """Local exponent of Heaps' law, the slope d log V / d log N of the growth curve, in 0..1.

    f1 / V at N, and E[f1] / E[V] of a binomial subsample at a smaller `n`, which is the exact slope
    of its expected number of types (Baayen 2001). Near 1 nearly every further occurrence is a new
    type; 0 when no further types are expected. None for an empty spectrum, and at n = 0.

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
