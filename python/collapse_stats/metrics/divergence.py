"""How far a candidate is from a baseline: figures of a joint spectrum, baseline first.

Every one of them is above zero for two samples of one source. Print each beside its floor: the same
figure between the baseline's own halves, at the same size.
"""

import math

import numpy as np

from ..spectrum import JointSpectrum, UInt64Array
from ._numeric import LN2, FloatArray, log1p_gap

SMOOTHINGS = ("absolute-discount", "additive", "jelinek-mercer")


def kl_divergence(
    joint: JointSpectrum,
    smoothing: str = "absolute-discount",
    *,
    alpha: float = 0.5,
    weight: float = 0.1,
) -> float | None:
    """Kullback-Leibler divergence KL(first || second), in bits; the other way by ``joint.swapped``.

    Both sides are smoothed alike over the U types that either has seen, so the figure is finite,
    at least 0, and 0 exactly when the smoothed distributions agree. The smoothing decides the
    figure: name it wherever the figure is shown. None when either side is empty.

    Parameters
    ----------
    joint
        p from the first corpus, q from the second.
    smoothing
        ``"absolute-discount"``: every count above zero gives up D = f1 / (f1 + 2 f2) of its own
        side (Ney, Essen & Kneser 1994; a zero f1 or f2 is counted as one, so 0 < D < 1), and what
        is collected is shared equally by the U types. Where the supports are equal nothing changes:
        equal relative frequencies give 0.
        ``"additive"``: (c + alpha) / (N + alpha U).
        ``"jelinek-mercer"``: (1 - weight) c / N + weight times the share in both corpora together.
    alpha
        Of additive smoothing, positive.
    weight
        Of the common distribution in Jelinek-Mercer smoothing, 0 < weight < 1.

    Raises
    ------
    ValueError
        For another smoothing, or a parameter out of range.

    >>> round(kl_divergence(JointSpectrum.from_counts([3, 1], [1, 3])), 12)
    0.792481250361
    """
    if smoothing not in SMOOTHINGS:
        raise ValueError(
            f"smoothing must be one of {', '.join(map(repr, SMOOTHINGS))}, got {smoothing!r}: "
            "there is no divergence of unequal supports without one"
        )
    if not 0 < alpha < math.inf:
        raise ValueError(f"alpha must be a positive number, got {alpha}")
    if not 0 < weight < 1:
        raise ValueError(f"weight must lie between 0 and 1, both excluded, got {weight}")
    if _is_one_sided(joint):
        return None
    if smoothing == "absolute-discount":
        p, q = _discounted(joint.a, joint.types), _discounted(joint.b, joint.types)
    elif smoothing == "additive":
        p, q = _added(joint.a, joint.types, alpha), _added(joint.b, joint.types, alpha)
    else:
        pooled = _shares(joint.a + joint.b, joint.types)
        p, q = (x + weight * (pooled - x) for x in _plugin(joint))
    return float(np.sum(joint.types * _divergence(p, q))) / LN2


def js_divergence(joint: JointSpectrum) -> float | None:
    """Jensen-Shannon divergence of the relative frequencies, in bits, 0..1 (Lin 1991).

    0 when they are equal, 1 when no type is shared. None when either side is empty.

    >>> js_divergence(JointSpectrum.from_counts([1, 0], [0, 2]))
    1.0
    """
    if _is_one_sided(joint):
        return None
    p, q = _plugin(joint)
    middle = (p + q) / 2
    nats = np.sum(joint.types * (_divergence(p, middle) + _divergence(q, middle))) / 2
    return min(1.0, float(nats) / LN2)  # may round above


def total_variation(joint: JointSpectrum) -> float | None:
    """Total variation distance, 0..1: the share of occurrences that would have to change type.

    Half the sum of |p - q|. None when either side is empty.

    >>> total_variation(JointSpectrum.from_counts([1, 1], [2, 0]))
    0.5
    """
    if _is_one_sided(joint):
        return None
    p, q = _plugin(joint)
    return min(1.0, float(np.sum(joint.types * np.abs(p - q))) / 2)  # may round above


def hellinger(joint: JointSpectrum) -> float | None:
    """Hellinger distance, 0..1: root of half the sum of (sqrt p - sqrt q)^2.

    None when either side is empty.

    >>> hellinger(JointSpectrum.from_counts([1, 0], [0, 1]))
    1.0
    """
    if _is_one_sided(joint):
        return None
    p, q = _plugin(joint)
    return min(1.0, math.sqrt(np.sum(joint.types * (np.sqrt(p) - np.sqrt(q)) ** 2) / 2))


def unseen_mass(joint: JointSpectrum) -> float | None:
    """Share of the baseline's occurrences whose n-gram the candidate lacks, 0..1.

    None when either side is empty.

    >>> unseen_mass(JointSpectrum.from_counts([3, 1], [1, 0]))
    0.25
    """
    if _is_one_sided(joint):
        return None
    lost = joint.b == 0
    return _occurrences(joint.a[lost], joint.types[lost]) / _occurrences(joint.a, joint.types)


def novelty(joint: JointSpectrum) -> float | None:
    """Share of the candidate's occurrences whose n-gram the baseline lacks, 0..1.

    None when either side is empty.

    >>> novelty(JointSpectrum.from_counts([1, 0], [3, 1]))
    0.25
    """
    return unseen_mass(joint.swapped)


def _divergence(p: FloatArray, q: FloatArray) -> FloatArray:
    """p log(p/q) - p + q of each type, in nats: never negative, 0 only where p = q.

    Over two distributions the additions cancel, so the sum is KL(p || q), free of the cancellation
    of its signed terms. q is positive wherever p is.
    """
    terms = q.copy()
    near = np.abs(q - p) < p / 4
    far = (p > 0) & ~near
    terms[near] = p[near] * log1p_gap((q[near] - p[near]) / p[near])
    terms[far] += p[far] * np.log(p[far] / q[far]) - p[far]
    return terms


def _plugin(joint: JointSpectrum) -> tuple[FloatArray, FloatArray]:
    return _shares(joint.a, joint.types), _shares(joint.b, joint.types)


def _shares(count: UInt64Array, types: UInt64Array) -> FloatArray:
    return count.astype(np.float64) / _occurrences(count, types)


def _added(count: UInt64Array, types: UInt64Array, alpha: float) -> FloatArray:
    return (count.astype(np.float64) + alpha) / (
        _occurrences(count, types) + alpha * int(types.sum())
    )


def _discounted(count: UInt64Array, types: UInt64Array) -> FloatArray:
    """Absolute discounting, what is collected shared equally by all types of the joint spectrum."""
    once = max(1, int(types[count == 1].sum()))
    twice = max(1, int(types[count == 2].sum()))
    discount = once / (once + 2 * twice)
    seen = count > 0
    refund = int(types[seen].sum()) / int(types.sum())  # exactly 1 on full support: plug-in shares
    return (count.astype(np.float64) + discount * (refund - seen)) / _occurrences(count, types)


def _occurrences(count: UInt64Array, types: UInt64Array) -> float:
    """Sum of count * types: exact below 2**53."""
    return float(np.sum(count.astype(np.float64) * types))


def _is_one_sided(joint: JointSpectrum) -> bool:
    return not (joint.a.any() and joint.b.any())
