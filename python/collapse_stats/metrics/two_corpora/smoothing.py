"""Distributions of two corpora over common types, smoothed so that divergences are finite."""

import numpy as np

from ...ngrams.spectrum import JointSpectrum, Spectrum, UInt64Array
from ..numeric.special_functions import FloatArray
from ..one_corpus.good_turing import simple_good_turing
from .overlap import occurrences

__all__ = ["SMOOTHINGS"]

SMOOTHINGS = ("absolute-discount", "additive", "jelinek-mercer", "good-turing")
"""Names `kl_divergence` takes, the default first."""


def smoothed(
    joint: JointSpectrum, smoothing: str, *, alpha: float, weight: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """p and q of each row, one type's probability, and the number of types of the row.

    Neither side may be empty. Good-Turing has a last row more, of the types neither has seen.
    """
    types = joint.types.astype(np.float64)
    if smoothing == "good-turing":
        p, q = _good_turing(joint.a, joint.types), _good_turing(joint.b, joint.types)
        return p, q, np.append(types, 1.0)
    if smoothing == "absolute-discount":
        return _discounted(joint.a, joint.types), _discounted(joint.b, joint.types), types
    if smoothing == "additive":
        return _added(joint.a, joint.types, alpha), _added(joint.b, joint.types, alpha), types
    pooled = _shares(joint.a + joint.b, joint.types)
    p, q = (x + weight * (pooled - x) for x in plain(joint))
    return p, q, types


def plain(joint: JointSpectrum) -> tuple[FloatArray, FloatArray]:
    """Relative frequencies of either side, one type's in each row, ``(R,)``."""
    return _shares(joint.a, joint.types), _shares(joint.b, joint.types)


def _shares(count: UInt64Array, types: UInt64Array) -> FloatArray:
    return count.astype(np.float64) / occurrences(count, types)


def _added(count: UInt64Array, types: UInt64Array, alpha: float) -> FloatArray:
    return (count.astype(np.float64) + alpha) / (
        occurrences(count, types) + alpha * int(types.sum())
    )


def _discounted(count: UInt64Array, types: UInt64Array) -> FloatArray:
    """Absolute discounting, what is collected shared equally by all types of the joint spectrum."""
    once = max(1, int(types[count == 1].sum()))
    twice = max(1, int(types[count == 2].sum()))
    discount = once / (once + 2 * twice)
    seen = count > 0
    refund = int(types[seen].sum()) / int(types.sum())  # exactly 1 on full support: plug-in shares
    return (count.astype(np.float64) + discount * (refund - seen)) / occurrences(count, types)


def _good_turing(count: UInt64Array, types: UInt64Array) -> FloatArray:
    """Simple Good-Turing over the rows and a last cell of what neither side has seen.

    f1 counts as at least 1, so that an unseen type is possible, and as at most N - 1 (1/2 when N is
    1), so that a seen one is. Without a line to fit, counts keep their proportions.
    """
    spectrum = Spectrum.from_pairs(count, types)
    n, once = spectrum.occurrences, spectrum.types_seen(1)
    unseen = min(max(once, 1), max(n - 1, 0.5)) / n
    fit = simple_good_turing(spectrum)
    adjusted = spectrum.count.astype(np.float64) if fit is None else fit.adjusted
    per_type = (1 - unseen) * adjusted / float(np.sum(spectrum.types * adjusted))
    lacking = count == 0
    cell = unseen / (int(types[lacking].sum()) + 1)
    p = np.full(len(count) + 1, cell)
    seen = np.flatnonzero(~lacking)
    p[seen] = per_type[np.searchsorted(spectrum.count, count[seen])]
    return p
