"""How far a candidate is from a baseline: figures of a joint spectrum, baseline first.

Every one of them is above zero for two samples of one source. Print each beside its floor: the same
figure between the baseline's own halves, at the same size.
"""

import math

import numpy as np

from ...ngrams.spectrum import JointSpectrum
from ..numeric.special_functions import LN2, FloatArray, log1p_gap
from .overlap import is_one_sided
from .smoothing import SMOOTHINGS, plain, smoothed

__all__ = ["hellinger", "js_divergence", "kl_divergence", "total_variation"]


def kl_divergence(
    joint: JointSpectrum,
    smoothing: str = "absolute-discount",
    *,
    reverse: bool = False,
    alpha: float = 0.5,
    weight: float = 0.1,
) -> float | None:
    """Kullback-Leibler divergence KL(first || second), in bits; with `reverse`, the other way.

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
        ``"good-turing"``: counts adjusted by `simple_good_turing`; its unseen mass is shared
        equally by the types only the other side has seen and one cell for all that neither has.
    reverse
        KL(second || first), from the same two smoothed distributions.
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
    if not 0 < alpha < math.inf:
        raise ValueError(f"alpha must be a positive number, got {alpha}")
    if not 0 < weight < 1:
        raise ValueError(f"weight must lie between 0 and 1, both excluded, got {weight}")
    if smoothing not in SMOOTHINGS:
        raise ValueError(
            f"smoothing must be one of {', '.join(map(repr, SMOOTHINGS))}, got {smoothing!r}: "
            "there is no divergence of unequal supports without one"
        )
    if is_one_sided(joint):
        return None
    p, q, types = smoothed(joint, smoothing, alpha=alpha, weight=weight)
    if reverse:
        p, q = q, p
    return float(np.sum(types * _divergence(p, q))) / LN2


def js_divergence(joint: JointSpectrum) -> float | None:
    """Jensen-Shannon divergence of the relative frequencies, in bits, 0..1 (Lin 1991).

    0 when they are equal, 1 when no type is shared. None when either side is empty.

    >>> js_divergence(JointSpectrum.from_counts([1, 0], [0, 2]))
    1.0
    """
    if is_one_sided(joint):
        return None
    p, q = plain(joint)
    middle = (p + q) / 2
    nats = np.sum(joint.types * (_divergence(p, middle) + _divergence(q, middle))) / 2
    return min(1.0, float(nats) / LN2)  # may round above


def total_variation(joint: JointSpectrum) -> float | None:
    """Total variation distance, 0..1: the share of occurrences that would have to change type.

    Half the sum of |p - q|. None when either side is empty.

    >>> total_variation(JointSpectrum.from_counts([1, 1], [2, 0]))
    0.5
    """
    if is_one_sided(joint):
        return None
    p, q = plain(joint)
    return min(1.0, float(np.sum(joint.types * np.abs(p - q))) / 2)  # may round above


def hellinger(joint: JointSpectrum) -> float | None:
    """Hellinger distance, 0..1: root of half the sum of (sqrt p - sqrt q)^2.

    None when either side is empty.

    >>> hellinger(JointSpectrum.from_counts([1, 0], [0, 1]))
    1.0
    """
    if is_one_sided(joint):
        return None
    p, q = plain(joint)
    return min(1.0, math.sqrt(np.sum(joint.types * (np.sqrt(p) - np.sqrt(q)) ** 2) / 2))


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
