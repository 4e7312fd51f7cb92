"""Divergences and distances between two corpora, from their joint spectrum, baseline first.

All of them are above zero between two samples of one source. Report each with its floor: the same
figure between the baseline's own halves at the same size.
"""

import math

import numpy as np

from ...ngrams.spectrum import JointSpectrum
from ..numeric.special_functions import LN2, FloatArray, log1p_gap
from .joint_rows import JointRows, only_value
from .overlap import is_one_sided
from .smoothing import SMOOTHINGS, smoothed

__all__ = ["hellinger", "js_divergence", "kl_divergence", "total_variation"]


def kl_divergence(
    joint: JointSpectrum,
    smoothing: str = "absolute-discount",
    *,
    reverse: bool = False,
    alpha: float = 0.5,
    weight: float = 0.1,
) -> float | None:
    """Kullback-Leibler divergence KL(first || second) = sum p log2(p / q), in bits, at least 0.

    Both distributions are smoothed in the same way over the U types of either corpus, so the figure
    is finite, and 0 exactly when the smoothed distributions agree. It depends strongly on the
    smoothing, so state the smoothing with it. None when either side is empty.

    Parameters
    ----------
    joint
        p from the first corpus, q from the second.
    smoothing
        How a type with count c gets its probability.
        ``"absolute-discount"`` subtracts D = f1 / (f1 + 2 f2), of the same corpus, from every
        positive count and distributes the sum equally over the U types (Ney, Essen & Kneser 1994;
        a zero f1 or f2 is replaced by 1, so that 0 < D < 1). When both corpora have all U types,
        their relative frequencies do not change.
        ``"additive"`` is (c + alpha) / (N + alpha U).
        ``"jelinek-mercer"`` is (1 - weight) c / N + weight times the share in both corpora pooled.
        ``"good-turing"`` adjusts counts by `simple_good_turing` and distributes the unseen mass
        equally over the types that only the other corpus has and one cell for all further types.
    reverse
        Return KL(second || first), from the same two smoothed distributions.
    alpha
        Pseudocount of additive smoothing, above 0.
    weight
        Weight of the pooled distribution in Jelinek-Mercer smoothing, 0 < weight < 1.

    Raises
    ------
    ValueError
        When `smoothing` is none of these, or a parameter is out of range.

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
            "without smoothing the divergence of different vocabularies is infinite"
        )
    if smoothing == SMOOTHINGS[0]:
        return only_value(kl_divergences(JointRows.of([joint]), reverse=reverse))
    if is_one_sided(joint):
        return None
    p, q, types = smoothed(joint, smoothing, alpha=alpha, weight=weight)
    if reverse:
        p, q = q, p
    return float(np.sum(types * _divergence(p, q))) / LN2


def kl_divergences(rows: JointRows, *, reverse: bool = False) -> FloatArray:
    """Return `kl_divergence` ``(S,)`` with the default smoothing."""
    p, q = rows.discounted[::-1] if reverse else rows.discounted
    with np.errstate(divide="ignore", invalid="ignore"):  # where a corpus is empty: no figure
        nats: FloatArray = rows.types * _divergence(p, q)
    return rows.given(rows.sums(nats) / LN2)


def js_divergence(joint: JointSpectrum) -> float | None:
    """Jensen-Shannon divergence of the relative frequencies, in bits, in 0..1 (Lin 1991).

    (KL(p || (p + q) / 2) + KL(q || (p + q) / 2)) / 2: 0 when they are equal, 1 when no type is
    shared. None when either side is empty.

    >>> js_divergence(JointSpectrum.from_counts([1, 0], [0, 2]))
    1.0
    """
    return only_value(js_divergences(JointRows.of([joint])))


def js_divergences(rows: JointRows) -> FloatArray:
    """Return `js_divergence` ``(S,)``."""
    p, q = rows.shares
    middle = (p + q) / 2
    nats = rows.sums(rows.types * (_divergence(p, middle) + _divergence(q, middle))) / 2
    return rows.given(np.minimum(1.0, nats / LN2))  # rounding may exceed 1


def total_variation(joint: JointSpectrum) -> float | None:
    """Total variation distance of the relative frequencies, in 0..1.

    Half the sum of abs(p - q): the share of occurrences that would have to change their type to
    make the corpora equal. None when either side is empty.

    >>> total_variation(JointSpectrum.from_counts([1, 1], [2, 0]))
    0.5
    """
    return only_value(total_variations(JointRows.of([joint])))


def total_variations(rows: JointRows) -> FloatArray:
    """Return `total_variation` ``(S,)``."""
    p, q = rows.shares
    figures = rows.sums(np.abs(p - q) * rows.types) / 2
    return rows.given(np.minimum(1.0, figures))  # rounding may exceed 1


def hellinger(joint: JointSpectrum) -> float | None:
    """Hellinger distance of the relative frequencies, in 0..1.

    The square root of half the sum of (sqrt p - sqrt q)^2. None when either side is empty.

    >>> hellinger(JointSpectrum.from_counts([1, 0], [0, 1]))
    1.0
    """
    return only_value(hellingers(JointRows.of([joint])))


def hellingers(rows: JointRows) -> FloatArray:
    """Return `hellinger` ``(S,)``."""
    p, q = rows.shares
    squares = rows.sums(rows.types * (np.sqrt(p) - np.sqrt(q)) ** 2)
    return rows.given(np.minimum(1.0, np.sqrt(squares / 2)))


def _divergence(p: FloatArray, q: FloatArray) -> FloatArray:
    """p log(p/q) - p + q of each type, in nats: never negative, and 0 only where p = q.

    Summed over two distributions, p and q cancel and KL(p || q) remains, without the cancellation
    of its signed terms. q must be positive wherever p is.
    """
    terms = q.copy()
    near = np.abs(q - p) < p / 4
    far = (p > 0) & ~near
    terms[near] = p[near] * log1p_gap((q[near] - p[near]) / p[near])
    terms[far] += p[far] * np.log(p[far] / q[far]) - p[far]
    return terms
