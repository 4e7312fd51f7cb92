"""What a sample has not seen, and what of the rare a second sample still shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..spectrum import JointSpectrum, Spectrum, UInt64Array


def missing_mass(spectrum: Spectrum) -> float | None:
    """Good-Turing share of the source's probability that lies on types never seen, in 0..1.

    f1 / N (Good 1953). None for an empty spectrum.

    >>> missing_mass(Spectrum.from_counts([5, 3, 1, 1]))
    0.2
    """
    n = spectrum.occurrences
    return spectrum.types_seen(1) / n if n else None


def coverage(spectrum: Spectrum) -> float | None:
    """Share of the source's probability that lies on types seen, in 0..1.

    1 - (f1 / N) (1 - A) with A of `deficit_odds` (Chao & Jost 2012). Where the only rare type is
    one hapax A is undefined and Turing's 1 - f1 / N is given. None for an empty spectrum.

    >>> coverage(Spectrum.from_counts([2, 2, 2]))
    1.0
    """
    missing = missing_mass(spectrum)
    if missing is None:
        return None
    odds = deficit_odds(spectrum)
    return 1 - (missing if odds is None else missing / (1 + odds))


def chao1(spectrum: Spectrum, variant: str = "bias-corrected") -> float | None:
    """Lower bound of the source's number of types, seen or not.

    ``bias-corrected`` is V + f1 (f1 - 1) / (2 (f2 + 1)), ``classic`` V + f1^2 / (2 f2)
    (Chao 1984, 1987). None for an empty spectrum, and for the classic form when types were seen
    once but none twice.

    Raises
    ------
    ValueError
        For another variant.

    >>> chao1(Spectrum.from_counts([5, 3, 2, 1, 1, 1, 1]))
    10.0
    """
    if variant not in ("bias-corrected", "classic"):
        raise ValueError(
            f"variant must be 'bias-corrected' or 'classic', got {variant!r}: "
            "published Chao1 figures differ by variant, so name the one you compare with"
        )
    if not spectrum.distinct:
        return None
    f1, f2 = spectrum.types_seen(1), spectrum.types_seen(2)
    if variant == "bias-corrected":
        return spectrum.distinct + f1 * (f1 - 1) / (2 * (f2 + 1))
    if f1 and not f2:
        return None
    return spectrum.distinct + (f1 * f1 / (2 * f2) if f1 else 0.0)


def deficit_odds(spectrum: Spectrum) -> float | None:
    """A / (1 - A), where A is the mean probability of the types seen once (Chao & Jost 2012).

    2 f2 / ((N - 1) f1), or 2 / ((N - 1) (f1 - 1)) when no type was seen twice. None when that
    divides by zero: nothing was seen once, or a single type was and none twice.
    """
    once, twice = spectrum.types_seen(1), spectrum.types_seen(2)
    if not twice:
        once, twice = once - 1, 1
    if once <= 0:
        return None
    return 2 * twice / ((spectrum.occurrences - 1) * once)


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
    """

    band: str
    types: int
    retained: float | None
    mass_ratio: float | None


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
        retained = ratio = None
        if number and second_mass:
            retained = int(types[here][b[here] > 0].sum()) / number
            before = _mass(a[here], types[here]) / first_mass
            ratio = _mass(b[here], types[here]) / second_mass / before
        rows.append(RetentionBand(_label(lows, i), number, retained, ratio))
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


def _mass(count: UInt64Array, types: UInt64Array) -> float:
    return float(np.sum(count.astype(np.float64) * types))
