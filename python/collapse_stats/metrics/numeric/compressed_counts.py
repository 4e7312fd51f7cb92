"""Compress a spectrum of very many distinct counts, for sums of sampling probabilities."""

import math

import numpy as np

from ...ngrams.spectrum import Spectrum
from .special_functions import FloatArray

MAX_EXACT_COUNTS = 4096
"""A spectrum with at most so many distinct counts is used unchanged."""
_FIRST_BIN = 128  # smaller counts are never compressed
_BIN_RATIO = 1.25  # between the ends of a bin
_NODES = 12  # of a bin


def compress_counts(spectrum: Spectrum) -> tuple[FloatArray, FloatArray]:
    """Return counts ``(K,)`` and weights ``(K,)`` that can replace the rows of a spectrum.

    More than 12 counts within a factor of 1.25 are replaced by 12 Chebyshev nodes, weighted so that
    sums of polynomials of degree below 12 are exact. For the probability that n of N draws miss a
    type that occurs m times, the error is at most 2 (0.25/4)^12 times the probability of drawing
    the type 12 times, which is m^12 / 12! times the 12th derivative. This is below 1e-15 of the
    probability of drawing the type, for all n and N.
    """
    m, types = spectrum.count.astype(np.float64), spectrum.types.astype(np.float64)
    if len(m) <= MAX_EXACT_COUNTS:
        return m, types
    bins = math.ceil(math.log(m[-1] / _FIRST_BIN, _BIN_RATIO)) + 1
    cuts = np.searchsorted(m, _FIRST_BIN * _BIN_RATIO ** np.arange(bins))
    compressed = map(_compress_bin, np.split(m, cuts), np.split(types, cuts))
    count, weight = (np.concatenate(column) for column in zip(*compressed, strict=True))
    return count, weight


def _compress_bin(m: FloatArray, types: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Chebyshev nodes of the counts in one bin with their weights; a small bin stays unchanged."""
    if len(m) <= _NODES or m[0] < _FIRST_BIN:
        return m, types
    middle, radius = (m[0] + m[-1]) / 2, (m[-1] - m[0]) / 2
    nodes = np.cos(np.pi * (np.arange(_NODES) + 0.5) / _NODES)
    at_nodes, at_counts = (
        np.polynomial.chebyshev.chebvander(x, _NODES - 1) for x in (nodes, (m - middle) / radius)
    )
    moments = types @ at_counts
    moments[1:] *= 2
    return middle + radius * nodes, at_nodes @ moments / _NODES
