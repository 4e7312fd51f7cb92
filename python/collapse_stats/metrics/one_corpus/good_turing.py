"""Good-Turing: what the counts of a sample are worth, and how much mass was never seen."""

from dataclasses import dataclass

import numpy as np

from ...ngrams.spectrum import Spectrum, UInt64Array
from ..numeric.special_functions import FloatArray

__all__ = ["GoodTuring", "good_turing", "simple_good_turing"]

CONFIDENCE = 1.65
"""Standard deviations by which a Turing estimate must differ from the line to be preferred."""


@dataclass(frozen=True, slots=True, eq=False)
class GoodTuring:
    """Good-Turing estimate of a source.

    Attributes
    ----------
    unseen_mass
        Probability of all types never seen together, f1 / N.
    count
        ``(R,)`` uint64: counts m, as in the spectrum.
    adjusted
        ``(R,)``: r* of a type seen m times, before it is normalised.
    probability
        ``(R,)``: probability of one type seen m times. Times ``spectrum.types`` they add up to
        1 - unseen_mass.
    slope
        Of log Z against log m, for a valid fit below -1; None without a fit.
    """

    unseen_mass: float
    count: UInt64Array
    adjusted: FloatArray
    probability: FloatArray
    slope: float | None


def good_turing(spectrum: Spectrum) -> GoodTuring | None:
    """Turing's estimate r* = (m + 1) f_{m+1} / f_m (Good 1953), where f_{m+1} = 0 m itself.

    Noisy above the first few counts, where `simple_good_turing` smooths. None for an empty
    spectrum and when every type was seen once, for then nothing is left to what was seen.

    >>> good_turing(Spectrum.from_counts([1, 1, 1, 2])).adjusted.round(3).tolist()
    [0.667, 2.0]
    """
    if spectrum.types_seen(1) == spectrum.occurrences:
        return None
    turing = _turing(spectrum)
    m = spectrum.count.astype(np.float64)
    return _estimate(spectrum, np.where(turing > 0, turing, m), None)


def simple_good_turing(spectrum: Spectrum) -> GoodTuring | None:
    """Simple Good-Turing of Gale & Sampson (1995).

    The number of types per unit of count, Z_m = f_m over half the gap between its neighbours, is
    fitted by a straight line in logarithms, which gives r* = m (1 + 1/m)^(slope + 1). Turing's
    estimate is preferred from m = 1 on as long as it differs by more than 1.65 standard deviations.

    None for fewer than two different counts: there is no line.

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
    first = int(np.argmax(prefers_line))  # the largest count has no successor
    return _estimate(spectrum, np.append(turing[:first], line[first:]), slope)


def _turing(spectrum: Spectrum) -> FloatArray:
    """(m + 1) f_{m+1} / f_m of each row, 0 where no type was seen m + 1 times."""
    m, f = spectrum.count.astype(np.float64), spectrum.types.astype(np.float64)
    follows = np.append(np.diff(spectrum.count) == 1, False)
    return np.where(follows, (m + 1) * np.append(f[1:], 0.0) / f, 0.0)


def _estimate(spectrum: Spectrum, adjusted: FloatArray, slope: float | None) -> GoodTuring:
    unseen = spectrum.types_seen(1) / spectrum.occurrences
    seen = float(np.sum(spectrum.types * adjusted))
    return GoodTuring(unseen, spectrum.count, adjusted, (1 - unseen) * adjusted / seen, slope)
