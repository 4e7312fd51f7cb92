"""All figures of two corpora as one vector, so that their errors are computed together."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ..metrics.figures import COMPARISON_FIGURES, RETAINED_BACKWARD
from ..metrics.two_corpora.joint_rows import JointRows
from ..ngrams.spectrum import JointSpectrum
from .halves import mean

Floats = npt.NDArray[np.float64]

# Vectors have one entry for each of these.
_FIGURES = (*COMPARISON_FIGURES.values(), RETAINED_BACKWARD)
SIZE = len(_FIGURES)
PLACE = {figure.name: place for place, figure in enumerate(_FIGURES)}
_MIRROR = [PLACE[figure.mirrored or figure.name] for figure in _FIGURES]
_RECIPROCAL = [place for place, figure in enumerate(_FIGURES) if figure.reciprocal]


def figures_of(spectra: Sequence[JointSpectrum]) -> Floats:
    """Return the figures ``(S, SIZE)`` in the order of `PLACE`, NaN where there is none."""
    if not spectra:
        return np.empty((0, SIZE))
    rows = JointRows.of(spectra)
    return np.stack([figure.formula(rows) for figure in _FIGURES], axis=1)


def mirrored(figures: Floats) -> Floats:
    """Return `figures_of` the same joint spectra with their sides exchanged."""
    exchanged: Floats = figures[:, _MIRROR]
    exchanged[:, _RECIPROCAL] **= -1
    return exchanged


def mean_of(figures: Floats, name: str) -> float | None:
    """Return the mean of a figure over S vectors; None if S is 0 or one of them lacks it."""
    values = figures[:, PLACE[name]].tolist()
    return mean(None if math.isnan(value) else value for value in values)
