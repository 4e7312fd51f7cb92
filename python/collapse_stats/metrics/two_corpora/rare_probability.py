"""How probable the baseline's rare types are in a candidate, by how often the baseline has them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ...ngrams.spectrum import JointSpectrum, Spectrum
from ..numeric.special_functions import FloatArray
from .overlap import occurrences
from .retention import band_edges, band_label, checked_bands

__all__ = ["RareProbabilities", "RareProbability", "rare_probabilities"]

_FIXED_DISCOUNT = 0.5  # where the formula has none


@dataclass(frozen=True, slots=True)
class RareProbability:
    """How probable the types of one band of baseline counts are in the candidate.

    Attributes
    ----------
    band
        Range of baseline counts: ``"1"``, ``"3-4"``, or ``"9+"`` for the open-ended last band.
    types
        Number of baseline types in the band.
    log2_probability
        Mean over these types of log2 q, below 0; None without a type, or an empty candidate.
    """

    band: str
    types: int
    log2_probability: float | None


@dataclass(frozen=True, slots=True)
class RareProbabilities:
    """Probabilities by band, and the discount that they were taken with.

    Attributes
    ----------
    discount
        D, in counts.
    is_fallback
        Whether D is 0.5, because the candidate has no type that is seen once, or none seen twice.
    bands
        From rare to frequent.
    """

    discount: float
    is_fallback: bool
    bands: tuple[RareProbability, ...]


def rare_probabilities(
    joint: JointSpectrum, kinds: int, bands: Sequence[int] | None = None
) -> RareProbabilities:
    """Mean log2 probability, in a candidate, of the baseline's types in each band.

    A type that the candidate has c times of N has q = max(c - D, 0) / N + D V / (N kinds), with V
    its number of types: absolute discounting (Ney, Essen & Kneser 1994), of which what is collected
    goes to all `kinds` alike, so that log2 q is finite. D = f1 / (f1 + 2 f2). It saturates once the
    candidate lacks most types of a band: what is left is the smoothing's.

    Parameters
    ----------
    joint
        Joint spectrum of the baseline (first) and the candidate (second).
    kinds
        How many types there could be: the size of the vocabulary, to the power of the order.
    bands
        As those of `retention`.

    Raises
    ------
    ValueError
        When there are fewer kinds than types, or `bands` are not ascending positive counts.

    >>> joint = JointSpectrum.from_counts([1, 1, 1, 1], [0, 1, 1, 2])
    >>> rare_probabilities(joint, 4).discount
    0.5
    """
    types = float(joint.types.sum())
    if kinds < types:
        raise ValueError(f"kinds must be at least the number of types, {types:.0f}, got {kinds}")
    lows = checked_bands(joint, bands)
    spectrum = Spectrum.from_pairs(joint.b, joint.types)
    once, twice = spectrum.types_seen(1), spectrum.types_seen(2)
    is_fallback = not (once and twice)
    discount = _FIXED_DISCOUNT if is_fallback else once / (once + 2 * twice)
    size = occurrences(joint.b, joint.types)
    log2 = None
    if size:
        shared = math.log2(discount * spectrum.distinct) - math.log2(kinds)
        kept = np.maximum(joint.b.astype(np.float64) - discount, 0)
        log2 = np.logaddexp2(_log2(kept), shared) - math.log2(size)
    rows = []
    for i, (begin, end) in enumerate(pairwise(band_edges(joint, lows))):
        number = joint.types[begin:end].astype(np.float64)
        total = float(number.sum())
        mean = None
        if log2 is not None and total:
            mean = float(np.sum(number * log2[begin:end]) / total)
        rows.append(RareProbability(band_label(lows, i), int(total), mean))
    return RareProbabilities(discount, is_fallback, tuple(rows))


def _log2(values: FloatArray) -> FloatArray:
    """Return the logarithm, -inf of 0."""
    return np.log2(values, out=np.full(len(values), -np.inf), where=values > 0)
