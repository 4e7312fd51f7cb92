"""Overlap of two corpora, by types and by occurrences."""

import numpy as np

from ...ngrams.spectrum import JointSpectrum, UInt64Array
from ..numeric.special_functions import FloatArray
from .joint_rows import JointRows, only_value

__all__ = ["jaccard", "novelty", "overlap_coefficient", "unseen_mass"]


def unseen_mass(joint: JointSpectrum) -> float | None:
    """Share of the baseline's occurrences whose type the candidate lacks, in 0..1.

    None when either side is empty.

    >>> unseen_mass(JointSpectrum.from_counts([3, 1], [1, 0]))
    0.25
    """
    return only_value(unseen_masses(JointRows.of([joint])))


def unseen_masses(rows: JointRows) -> FloatArray:
    """Return `unseen_mass` ``(S,)``."""
    return _shares_of_absent(rows, rows.a, rows.b)


def novelty(joint: JointSpectrum) -> float | None:
    """Share of the candidate's occurrences whose type the baseline lacks, in 0..1.

    None when either side is empty.

    >>> novelty(JointSpectrum.from_counts([1, 0], [3, 1]))
    0.25
    """
    return only_value(novelties(JointRows.of([joint])))


def novelties(rows: JointRows) -> FloatArray:
    """Return `novelty` ``(S,)``."""
    return _shares_of_absent(rows, rows.b, rows.a)


def jaccard(joint: JointSpectrum) -> float | None:
    """Jaccard index: number of types in both corpora over types in either, in 0..1 (Jaccard 1912).

    It is dominated by rare types, so two samples of one source are far from 1. None when either
    side is empty.

    >>> jaccard(JointSpectrum.from_counts([3, 1], [1, 0]))
    0.5
    """
    if is_one_sided(joint):
        return None
    return _shared(joint) / int(joint.types.sum())


def overlap_coefficient(joint: JointSpectrum) -> float | None:
    """Number of types in both corpora over that of the corpus with fewer types, in 0..1.

    1 when one vocabulary contains the other (Szymkiewicz 1934). None when either side is empty.

    >>> overlap_coefficient(JointSpectrum.from_counts([3, 1], [1, 0]))
    1.0
    """
    if is_one_sided(joint):
        return None
    types = (int(joint.types[side > 0].sum()) for side in (joint.a, joint.b))
    return _shared(joint) / min(types)


def occurrences(count: UInt64Array, types: UInt64Array) -> float:
    """Number of occurrences, the sum of count * types; exact below 2**53."""
    return float(np.sum(count.astype(np.float64) * types))


def is_one_sided(joint: JointSpectrum) -> bool:
    """Whether either corpus is empty, so that there is nothing to compare."""
    return not (joint.a.any() and joint.b.any())


def _shares_of_absent(rows: JointRows, own: UInt64Array, other: UInt64Array) -> FloatArray:
    """Share ``(S,)`` of one side's occurrences whose type the other side lacks."""
    occurrences_by_row = own.astype(np.float64) * rows.types
    absent, every = (rows.sums(occurrences_by_row * chosen) for chosen in (other == 0, 1))
    return rows.given(absent / np.maximum(every, 1))


def _shared(joint: JointSpectrum) -> int:
    """Number of types in both corpora."""
    return int(joint.types[(joint.a > 0) & (joint.b > 0)].sum())
