"""Good-Turing estimates of the probabilities of seen types and of the mass of unseen types."""

from dataclasses import dataclass

import numpy as np

from ...ngrams.spectrum import Spectrum, UInt64Array
from ..numeric.special_functions import FloatArray

__all__ = ["GoodTuring", "good_turing", "simple_good_turing"]

CONFIDENCE = 1.65
"""Turing's estimate is used where it differs from the line by more standard deviations."""


@dataclass(frozen=True, slots=True, eq=False)
class GoodTuring:
    """Good-Turing estimate of the probabilities of a source.

    Attributes
    ----------
    unseen_mass
        Total probability of all types that are not in the sample, f1 / N.
    count
        ``(R,)`` uint64: the counts m of the spectrum.
    adjusted
        ``(R,)`` float64: adjusted count r* of a type that occurs m times, before normalization.
    probability
        ``(R,)`` float64: probability of one type that occurs m times. Weighted by
        ``spectrum.types``, the probabilities add up to 1 - unseen_mass.
    slope
        Slope of log Z against log m, below -1 for a valid fit; None without a fit.
    """

    unseen_mass: float
    count: UInt64Array
    adjusted: FloatArray
    probability: FloatArray
    slope: float | None


def good_turing(spectrum: Spectrum) -> GoodTuring | None:
    """Turing's estimate of the source, r* = (m + 1) f_{m+1} / f_m (Good 1953).

    Where f_{m+1} is 0, r* is m. It is noisy above the first few counts, which `simple_good_turing`
    smooths. None for an empty spectrum, and when all types occur once, because then no probability
    would be left for the types in the sample.

    >>> good_turing(Spectrum.from_counts([1, 1, 1, 2])).adjusted.round(3).tolist()
    [0.667, 2.0]
    """
    if spectrum.types_seen(1) == spectrum.occurrences:
        return None
    turing = _turing(spectrum)
    m = spectrum.count.astype(np.float64)
    return _estimate(spectrum, np.where(turing > 0, turing, m), None)


def simple_good_turing(spectrum: Spectrum) -> GoodTuring | None:
    """Simple Good-Turing estimate of the source (Gale & Sampson 1995).

    Z_m, f_m divided by half the distance between the neighbouring counts, is fitted by a straight
    line in logarithms, which gives r* = m (1 + 1/m)^(slope + 1). From m = 1 on, Turing's estimate
    is used instead as long as it differs by more than 1.65 standard deviations.

    None for fewer than two distinct counts, which define no line.

    >>> source = simple_good_turing(Spectrum.from_pairs([1, 2, 3, 7, 12], [60, 20, 9, 1, 1]))
    >>> source.adjusted.round(3).tolist()
    [0.667, 1.064, 1.917, 5.686, 10.594]
    """
    if len(spectrum.count) < 2:
        return None
    m, f = spectrum.count.astype(np.float64), spectrum.types.astype(np.float64)
    before, after = np.append(0.0, m[:-1]), np.append(m[1:], 2 * m[-1] - m[-2])
    x, y = np.log(m), np.log(2 * f / (after - before))
    x_off = x - x.mean()
    slope = float(np.sum(x_off * (y - y.mean())) / np.sum(x_off * x_off))
    line = m * np.exp((slope + 1) * np.log1p(1 / m))
    turing = _turing(spectrum)
    ratio = turing / (m + 1)
    deviation = (m + 1) * np.sqrt(ratio / f * (1 + ratio))
    prefers_line = (turing == 0) | (np.abs(line - turing) <= CONFIDENCE * deviation)
    first = int(np.argmax(prefers_line))  # it is true at the largest count, which has no successor
    return _estimate(spectrum, np.append(turing[:first], line[first:]), slope)


def _turing(spectrum: Spectrum) -> FloatArray:
    """(m + 1) f_{m+1} / f_m of each row, ``(R,)``, 0 where f_{m+1} is 0."""
    m, f = spectrum.count.astype(np.float64), spectrum.types.astype(np.float64)
    follows = np.append(np.diff(spectrum.count) == 1, False)
    return np.where(follows, (m + 1) * np.append(f[1:], 0.0) / f, 0.0)


def _estimate(spectrum: Spectrum, adjusted: FloatArray, slope: float | None) -> GoodTuring:
    """Normalize adjusted counts to probabilities."""
    unseen = spectrum.types_seen(1) / spectrum.occurrences
    seen = float(np.sum(spectrum.types * adjusted))
    return GoodTuring(unseen, spectrum.count, adjusted, (1 - unseen) * adjusted / seen, slope)
