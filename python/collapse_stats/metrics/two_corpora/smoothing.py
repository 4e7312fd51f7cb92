"""Smoothed distributions of two corpora over the types of either, for finite divergences."""

import numpy as np

from ...ngrams.spectrum import JointSpectrum, Spectrum, UInt64Array
from ..numeric.special_functions import FloatArray
from ..one_corpus.good_turing import simple_good_turing
from .overlap import occurrences

__all__ = ["SMOOTHINGS"]

SMOOTHINGS = ("absolute-discount", "additive", "jelinek-mercer", "good-turing")
"""Smoothings that `kl_divergence` accepts, the default first."""


def smoothed(
    joint: JointSpectrum, smoothing: str, *, alpha: float, weight: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Smoothed probabilities p and q of one type in each row, and the row's number of types.

    All three have shape ``(R,)``, and ``(R + 1,)`` for Good-Turing, whose last row is for all types
    that neither corpus has. Neither side may be empty. Absolute discounting, the default, is not
    done here but in `JointRows.discounted`.
    """
    types = joint.types.astype(np.float64)
    if smoothing == "good-turing":
        p, q = _good_turing(joint.a, joint.types), _good_turing(joint.b, joint.types)
        return p, q, np.append(types, 1.0)
    if smoothing == "additive":
        return _added(joint.a, joint.types, alpha), _added(joint.b, joint.types, alpha), types
    p, q, pooled = (_shares(seen, joint.types) for seen in (joint.a, joint.b, joint.a + joint.b))
    return p + weight * (pooled - p), q + weight * (pooled - q), types


def _shares(count: UInt64Array, types: UInt64Array) -> FloatArray:
    """Relative frequency of one type in each row, ``(R,)``."""
    return count.astype(np.float64) / occurrences(count, types)


def _added(count: UInt64Array, types: UInt64Array, alpha: float) -> FloatArray:
    """Additive smoothing."""
    return (count.astype(np.float64) + alpha) / (
        occurrences(count, types) + alpha * int(types.sum())
    )


def _good_turing(count: UInt64Array, types: UInt64Array) -> FloatArray:
    """Simple Good-Turing over the rows and a last cell for the types that neither side has.

    f1 is taken as at least 1, so that unseen types have some probability, and at most N - 1 (1/2
    when N is 1), so that seen types have some. Without a fit, counts keep their proportions.
    """
    spectrum = Spectrum.from_pairs(count, types)
    n, once = spectrum.occurrences, spectrum.types_seen(1)
    unseen = min(max(once, 1), max(n - 1, 0.5)) / n
    fit = simple_good_turing(spectrum)
    adjusted = spectrum.count.astype(np.float64) if fit is None else fit.adjusted
    per_type = (1 - unseen) * adjusted / float(np.sum(spectrum.types * adjusted))
    absent = count == 0
    cell = unseen / (int(types[absent].sum()) + 1)
    p = np.full(len(count) + 1, cell)
    seen = np.flatnonzero(~absent)
    p[seen] = per_type[np.searchsorted(spectrum.count, count[seen])]
    return p
