"""All figures of two corpora as one vector, so that their errors are computed together."""

import numpy as np
import numpy.typing as npt

from ..metrics.figures import COMPARISON_FIGURES, RETAINED_BACKWARD
from ..ngrams.spectrum import JointSpectrum

Floats = npt.NDArray[np.float64]

# Vectors have one entry for each of these.
_FIGURES = (*COMPARISON_FIGURES.values(), RETAINED_BACKWARD)
SIZE = len(_FIGURES)
PLACE = {figure.name: place for place, figure in enumerate(_FIGURES)}
_MIRROR = [PLACE[figure.mirrored or figure.name] for figure in _FIGURES]
_RECIPROCAL = [place for place, figure in enumerate(_FIGURES) if figure.reciprocal]


def figures_of(joint: JointSpectrum) -> Floats:
    """Return the figures ``(SIZE,)`` in the order of `PLACE`, NaN where there is none."""
    values = [figure.value(joint) for figure in _FIGURES]
    return np.array([np.nan if value is None else value for value in values])


def mirrored(figures: Floats) -> Floats:
    """Return `figures_of` the same joint spectrum with its sides exchanged."""
    vector = figures[_MIRROR]
    for place in _RECIPROCAL:
        vector[place] **= -1
    return vector
