"""Retention of the baseline's types in a candidate, by how often the baseline has them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ...ngrams.spectrum import JointSpectrum, UInt64Array
from .overlap import occurrences

__all__ = ["RetentionBand", "retention"]


@dataclass(frozen=True, slots=True)
class RetentionBand:
    """Retention of the baseline's types within a range of baseline counts.

    Attributes
    ----------
    band
        Range of baseline counts: ``"1"``, ``"3-4"``, or ``"9+"`` for the open-ended last band.
    types
        Number of baseline types in the band.
    retained
        Share of these types that the candidate has, in 0..1; None when the band has no types or the
        candidate is empty.
    mass_ratio
        Their share of the candidate's occurrences over their share of the baseline's, at least 0:
        1 when unchanged, 0 when all are lost; None as for `retained`.
    survival_ratio
        `retained` over its expectation for as many draws with the baseline's relative frequencies,
        at least 0. For rare types it is below 1 even in a second sample of one source, because a
        type that occurs once is on average less probable than 1 / N; None as for `retained`.
    """

    band: str
    types: int
    retained: float | None
    mass_ratio: float | None
    survival_ratio: float | None


def retention(joint: JointSpectrum, bands: Sequence[int] | None = None) -> list[RetentionBand]:
    """Share of the baseline's types that the candidate has, by their count in the baseline.

    Interpret it only next to its floor, because halves of one corpus, too, have only part of each
    other's rare types. Use the same `bands` for the floor, and compare at equal sizes.

    Parameters
    ----------
    joint
        Joint spectrum of the baseline (first) and the candidate (second).
    bands
        Lowest count of each band in ascending order; the last band is open-ended, and types below
        the first are left out. Default: 1, 2, 3, 5, 9, ... (bands 1, 2, 3-4, 5-8, ...) up to the
        largest baseline count, and at least 1, 2.

    Returns
    -------
    list of RetentionBand
        Bands from rare to frequent. Without `bands`, the list is empty for an empty baseline.

    Raises
    ------
    ValueError
        When `bands` are not ascending positive counts.

    >>> [row.retained for row in retention(JointSpectrum.from_counts([1, 1, 2], [0, 3, 1]))]
    [0.5, 1.0]
    """
    in_baseline = joint.a > 0
    a, b, types = (column[in_baseline] for column in (joint.a, joint.b, joint.types))
    lows = _power_of_two_bands(int(a.max()) if len(a) else 0) if bands is None else tuple(bands)
    if lows and (lows[0] < 1 or any(x >= y for x, y in pairwise(lows))):
        raise ValueError(
            f"bands must be ascending positive counts, got {lows}: "
            "give the lowest count of each band, for example (1, 2, 3, 5, 9)"
        )
    baseline_size = occurrences(joint.a, joint.types)
    candidate_size = occurrences(joint.b, joint.types)
    starts = np.searchsorted(a, np.array(lows, dtype=np.uint64)).tolist()  # rows ascend by a
    rows = []
    for i, (begin, end) in enumerate(pairwise([*starts, len(a)])):
        band = slice(begin, end)
        number = int(types[band].sum())
        retained = mass_ratio = survival_ratio = None
        if number and candidate_size:
            retained = int(types[band][b[band] > 0].sum()) / number
            baseline_share = occurrences(a[band], types[band]) / baseline_size
            mass_ratio = occurrences(b[band], types[band]) / candidate_size / baseline_share
            expected = _expected_survivors(a[band], types[band], baseline_size, candidate_size)
            survival_ratio = retained * number / expected
        rows.append(RetentionBand(_label(lows, i), number, retained, mass_ratio, survival_ratio))
    return rows


def _power_of_two_bands(largest: int) -> tuple[int, ...]:
    """Lowest counts 1, 2, 3, 5, 9, ... up to `largest`, at least 1, 2; none if `largest` is 0."""
    if not largest:
        return ()
    return (1, 2, *(2**k + 1 for k in range(1, (largest - 1).bit_length())))


def _label(lows: Sequence[int], i: int) -> str:
    if i + 1 == len(lows):
        return f"{lows[i]}+"
    low, high = lows[i], lows[i + 1] - 1
    return str(low) if low == high else f"{low}-{high}"


def _expected_survivors(
    count: UInt64Array, types: UInt64Array, total: float, draws: float
) -> float:
    """Expected number of types among `draws` with probabilities count / total."""
    with np.errstate(divide="ignore"):  # log 0 where the only type is certain to be drawn
        log_missed = draws * np.log1p(-count.astype(np.float64) / total)
    return float(np.sum(types * -np.expm1(log_missed)))
