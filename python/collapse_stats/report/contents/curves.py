"""Curves of a corpus for its charts: how its n-grams become more, and how they are ranked."""

import numpy as np

from ... import metrics
from ...ngrams.spectrum import Spectrum
from ...profiles.profile import Profile
from ..json_object import Json

POINTS = 32  # of a curve at most
_SHORTEST = 1000  # curves of growth begin at this part of the corpus


def curves(profile: Profile) -> Json:
    """Return the curves of every order, as ``{"1": {"growth": ..., "ranks": ...}, ...}``.

    growth
        ``windows``: sizes up to that of the corpus, evenly spaced in their logarithm; ``distinct``:
        how many distinct n-grams as many drawn at random would have, by exact rarefaction.
    ranks
        ``count``: how often an n-gram was seen, falling; ``rank``: how many distinct n-grams were
        seen as often or more.

    Each has at most `POINTS` points, and none of an order without n-grams.
    """
    return {
        str(order): {"growth": _growth(spectrum), "ranks": _ranks(spectrum)}
        for order in range(1, profile.max_order + 1)
        for spectrum in [profile.spectrum(order)]
    }


def _growth(spectrum: Spectrum) -> Json:
    sizes = _spaced(max(1, spectrum.occurrences // _SHORTEST), spectrum.occurrences)
    points = metrics.growth_curve(spectrum, sizes)
    return {"windows": sizes, "distinct": [round(point.distinct, 1) for point in points]}


def _ranks(spectrum: Spectrum) -> Json:
    """Return the ends of the spectrum's rows, those that lie too close left out."""
    ranks = np.cumsum(spectrum.types[::-1])
    shown = np.unique(np.searchsorted(ranks, _spaced(1, spectrum.distinct)))
    return {"rank": ranks[shown].tolist(), "count": spectrum.count[::-1][shown].tolist()}


def _spaced(low: int, high: int) -> list[int]:
    """Return whole numbers from `low` to `high`, evenly spaced in their logarithm."""
    if high < 1:
        return []
    return sorted({*np.geomspace(low, high, POINTS).astype(np.int64).tolist()[:-1], high})
