"""Very many different counts made few, for sums over types of a chance to be drawn."""

import math

import numpy as np

from ...ngrams.spectrum import Spectrum
from .special_functions import FloatArray

FEW = 4096
"""Different counts up to which all are kept."""
_FROM = 128
_FACTOR = 1.25
_NODES = 12


def condensed(spectrum: Spectrum) -> tuple[FloatArray, FloatArray]:
    """Counts ``(R,)`` and weights ``(R,)`` that do for the types seen that often.

    More than 12 counts within a factor of 1.25 give way to 12 Chebyshev nodes, so weighted that
    sums of polynomials below degree 12 stay as they are. Of the chance that n draws of N miss a
    type seen m times the error is at most 2 (0.25/4)^12 times the chance to draw it 12 times, for
    that is m^12 / 12! times the 12th derivative: below 1e-15 of the chance to draw it, whatever
    n and N are.
    """
    m, types = spectrum.count.astype(np.float64), spectrum.types.astype(np.float64)
    if len(m) <= FEW:
        return m, types
    bins = math.ceil(math.log(m[-1] / _FROM, _FACTOR)) + 1
    cuts = np.searchsorted(m, _FROM * _FACTOR ** np.arange(bins))
    found = map(_few, np.split(m, cuts), np.split(types, cuts))
    count, weight = (np.concatenate(part) for part in zip(*found, strict=True))
    return count, weight


def _few(m: FloatArray, types: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Chebyshev nodes between the first and the last count, and their weights; or the counts."""
    if len(m) <= _NODES or m[0] < _FROM:
        return m, types
    middle, reach = (m[0] + m[-1]) / 2, (m[-1] - m[0]) / 2
    nodes = np.cos(np.pi * (np.arange(_NODES) + 0.5) / _NODES)
    at_nodes, at_counts = (
        np.polynomial.chebyshev.chebvander(x, _NODES - 1) for x in (nodes, (m - middle) / reach)
    )
    moments = types @ at_counts
    moments[1:] *= 2
    return middle + reach * nodes, at_nodes @ moments / _NODES
