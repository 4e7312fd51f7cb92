"""Retention of the baseline's types in a candidate, by how often the baseline has them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ...ngrams.spectrum import JointSpectrum, UInt64Array
from ...system.arguments import whole_numbers
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
    lows = checked_bands(joint, bands)
    baseline_size = occurrences(joint.a, joint.types)
    candidate_size = occurrences(joint.b, joint.types)
    rows = []
    for i, ((begin, end), (number, retained)) in enumerate(
        zip(pairwise(band_edges(joint, lows)), retained_types(joint, lows), strict=True)
    ):
        a, b, types = (column[begin:end] for column in (joint.a, joint.b, joint.types))
        mass_ratio = survival_ratio = None
        if retained is not None:
            baseline_share = occurrences(a, types) / baseline_size
            mass_ratio = occurrences(b, types) / candidate_size / baseline_share
            expected = _expected_survivors(a, types, baseline_size, candidate_size)
            survival_ratio = retained * number / expected
        label = band_label(lows, i)
        rows.append(RetentionBand(label, number, retained, mass_ratio, survival_ratio))
    return rows


def retained_types(joint: JointSpectrum, lows: Sequence[int]) -> list[tuple[int, float | None]]:
    """Return by band the number of the baseline's types, and the share of them that is retained."""
    edges = band_edges(joint, lows)
    every, kept = (
        np.diff(np.append(np.uint64(0), np.cumsum(types))[edges]).tolist()
        for types in (joint.types, joint.types * (joint.b > 0))
    )
    candidate_is_empty = not joint.b.any()
    return [
        (number, None if candidate_is_empty or not number else retained / number)
        for number, retained in zip(every, kept, strict=True)
    ]


def checked_bands(joint: JointSpectrum, bands: Sequence[int] | None) -> tuple[int, ...]:
    """Return the lowest count of each band; of None, the powers of two that the baseline has.

    Raises
    ------
    ValueError
        When they are not ascending positive counts.
    """
    if bands is None:
        return _power_of_two_bands(int(joint.a.max(initial=0)))
    lows = tuple(whole_numbers("bands", bands))
    if lows and (lows[0] < 1 or any(x >= y for x, y in pairwise(lows))):
        raise ValueError(
            f"bands must be ascending positive counts, got {lows}: "
            "give the lowest count of each band, for example (1, 2, 3, 5, 9)"
        )
    return lows


def band_edges(joint: JointSpectrum, lows: Sequence[int]) -> list[int]:
    """Return where the rows of each band begin, and where the last ends; rows ascend by a."""
    starts: list[int] = np.searchsorted(joint.a, np.array(lows, dtype=np.uint64)).tolist()
    return [*starts, len(joint.a)]


def _power_of_two_bands(largest: int) -> tuple[int, ...]:
    """Lowest counts 1, 2, 3, 5, 9, ... up to `largest`, at least 1, 2; none if `largest` is 0."""
    if not largest:
        return ()
    return (1, 2, *(2**k + 1 for k in range(1, (largest - 1).bit_length())))


def band_label(lows: Sequence[int], i: int) -> str:
    """Return the name of a band: ``"3-4"``."""
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
