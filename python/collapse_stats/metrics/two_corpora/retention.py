"""What a second sample still shows of the types of the first, by how often the first saw them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ...ngrams.spectrum import JointSpectrum, UInt64Array

__all__ = ["RetentionBand", "retention"]


@dataclass(frozen=True, slots=True)
class RetentionBand:
    """What the candidate keeps of the baseline's types of similar count.

    Attributes
    ----------
    band
        Baseline counts: ``"1"``, ``"3-4"``, and ``"9+"`` for the last band, which has no upper end.
    types
        Baseline types in the band.
    retained
        Share of them present in the candidate, 0..1; None if there are none or no candidate.
    mass_ratio
        Their share of the candidate's occurrences over their share of the baseline's: 1 when
        unchanged, 0 when all are lost; None as above.
    survival_ratio
        `retained` over what as many occurrences drawn from the baseline's own shares would retain:
        below 1 in any second sample where types are rare, for a type seen once is rarer than it
        seems; None as above.
    """

    band: str
    types: int
    retained: float | None
    mass_ratio: float | None
    survival_ratio: float | None


def retention(joint: JointSpectrum, bands: Sequence[int] | None = None) -> list[RetentionBand]:
    """What the second corpus keeps of the first, by how often the first saw it.

    A figure without its floor says nothing: halves of one corpus keep only a part of each other's
    rare types. Give the floor the same `bands`, and compare at equal sizes.

    Parameters
    ----------
    joint
        Baseline first, candidate second.
    bands
        Ascending lowest counts of the bands, the last open-ended; types below the first are left
        out. Default: 1, 2, 3, 5, 9, ... (bands 1, 2, 3-4, 5-8, ...) up to the largest baseline
        count, and at least 1, 2.

    Returns
    -------
    list of RetentionBand
        Rarest band first. Without `bands`, an empty baseline has none.

    Raises
    ------
    ValueError
        When `bands` does not ascend from a positive count.

    >>> [row.retained for row in retention(JointSpectrum.from_counts([1, 1, 2], [0, 3, 1]))]
    [0.5, 1.0]
    """
    kept = joint.a > 0
    a, b, types = (column[kept] for column in (joint.a, joint.b, joint.types))
    lows = _power_of_two_bands(int(a.max()) if len(a) else 0) if bands is None else tuple(bands)
    if lows and (lows[0] < 1 or any(x >= y for x, y in pairwise(lows))):
        raise ValueError(
            f"bands must be ascending positive counts, got {lows}: "
            "give the lowest count of each band, for example (1, 2, 3, 5, 9)"
        )
    first_mass = _mass(joint.a, joint.types)
    second_mass = _mass(joint.b, joint.types)
    starts = np.searchsorted(a, np.array(lows, dtype=np.uint64)).tolist()  # rows ascend by a
    rows = []
    for i, (begin, end) in enumerate(pairwise([*starts, len(a)])):
        here = slice(begin, end)
        number = int(types[here].sum())
        retained = ratio = survival = None
        if number and second_mass:
            retained = int(types[here][b[here] > 0].sum()) / number
            before = _mass(a[here], types[here]) / first_mass
            ratio = _mass(b[here], types[here]) / second_mass / before
            survival = retained * number / _survivors(a[here], types[here], first_mass, second_mass)
        rows.append(RetentionBand(_label(lows, i), number, retained, ratio, survival))
    return rows


def _power_of_two_bands(largest: int) -> tuple[int, ...]:
    """Lowest counts 1, 2, 3, 5, 9, ... up to `largest`, at least two; none when `largest` is 0."""
    if not largest:
        return ()
    return (1, 2, *(2**k + 1 for k in range(1, (largest - 1).bit_length())))


def _label(lows: Sequence[int], i: int) -> str:
    if i + 1 == len(lows):
        return f"{lows[i]}+"
    low, high = lows[i], lows[i + 1] - 1
    return str(low) if low == high else f"{low}-{high}"


def _survivors(count: UInt64Array, types: UInt64Array, first: float, second: float) -> float:
    """Types that `second` draws with the shares of the first corpus are expected to show."""
    with np.errstate(divide="ignore"):  # one type alone is certain to be drawn
        missed = second * np.log1p(-count.astype(np.float64) / first)
    return float(np.sum(types * -np.expm1(missed)))


def _mass(count: UInt64Array, types: UInt64Array) -> float:
    return float(np.sum(count.astype(np.float64) * types))
