"""Bands of tokens, by how often a text has them."""

import numpy as np

from ...metrics.two_corpora.retention import band_label
from ...ngrams.chunk import Int64Array
from ..symbols import END
from ..weights import Floats

_LOWS = (1, 2, 3, 5, 9, 65)  # the lowest count of each band but the first
_TOKEN_BANDS = len(_LOWS) + 1
BANDS = ("never", *(band_label(_LOWS, i) for i in range(len(_LOWS))), "all", "end")
"""Bands of tokens from rare to frequent, all tokens, and the ends of documents."""

HEADLINES = ("5-8", "9-64")
"""The bands whose figure still tells something when text is far gone."""


def bands_of(counts: Int64Array) -> Int64Array:
    """Return the band, as a place in `BANDS`, of each symbol ``(K,)``, given its counts."""
    band: Int64Array = np.searchsorted(_LOWS, counts, side="right")
    band[END] = BANDS.index("end")
    return band


def membership(band: Int64Array) -> Floats:
    """Return which symbols are in which band, ``(K, B)`` of 0 and 1, to sum values by band with."""
    member: Floats = (band[:, np.newaxis] == np.arange(len(BANDS))).astype(np.float64)
    member[:, BANDS.index("all")] = band < _TOKEN_BANDS
    return member
