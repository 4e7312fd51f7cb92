"""Expected types and coverage at any sample size: rarefaction below N, extrapolation above."""

import math

from ...ngrams.spectrum import Spectrum
from ..two_corpora.rarefaction import Rarefied, rarefied_distinct
from .coverage import coverage, deficit_odds
from .richness import unseen_types

__all__ = ["distinct_at_coverage", "expected_coverage", "expected_distinct", "size_at_coverage"]


def expected_distinct(spectrum: Spectrum, n: int) -> float:
    """Expected number of types among n occurrences of the source. 0 for an empty spectrum.

    Up to N it is `rarefied_distinct`, above N V + f0 (1 - (1 - f1 / (N f0 + f1))^(n - N)), where f0
    is the number of unseen types that `chao1` estimates in its small-sample variant (Chao & Jost
    2012; Colwell et al. 2012). It converges to V + f0, a lower bound, so it is reliable only up to
    about n = 2 N.

    Raises
    ------
    ValueError
        When n is negative.

    >>> round(expected_distinct(Spectrum.from_counts([2, 2, 1, 1]), 12), 6)
    4.722658
    """
    _check_size(n)
    total, f0 = spectrum.occurrences, unseen_types(spectrum)
    if n <= total:
        return rarefied_distinct(spectrum, n)
    if not f0:
        return float(spectrum.distinct)
    f1 = spectrum.types_seen(1)
    return spectrum.distinct - f0 * math.expm1((n - total) * math.log1p(-f1 / (total * f0 + f1)))


def expected_coverage(spectrum: Spectrum, n: int) -> float | None:
    """Expected coverage of n occurrences of the source, in 0..1. None for an empty spectrum.

    1 - sum f_m (m/N) C(N-m, n) / C(N-1, n) below N, `coverage` at N, and above N
    1 - (f1/N) (1 - A)^(n - N + 1), with A as in `coverage` (Chao & Jost 2012).

    Raises
    ------
    ValueError
        When n is negative.

    >>> round(expected_coverage(Spectrum.from_counts([2, 2]), 1), 12)
    0.333333333333
    """
    _check_size(n)
    total = spectrum.occurrences
    if not total or n == total:
        return coverage(spectrum)
    if n < total:
        return Rarefied(spectrum).coverage(n)
    odds = deficit_odds(spectrum)
    missing = spectrum.types_seen(1) / total
    if odds is not None:
        missing *= math.exp(-(n - total + 1) * math.log1p(odds))
    return 1 - missing


def size_at_coverage(spectrum: Spectrum, target: float) -> int | None:
    """Smallest number of occurrences whose `expected_coverage` is at least `target`.

    Comparing corpora at equal coverage, unlike comparing them at equal size, does not underestimate
    the richer one. None when the target is never reached, and for an empty spectrum.

    Raises
    ------
    ValueError
        When `target` is not in 0..1.

    >>> size_at_coverage(Spectrum.from_counts([2, 2]), 0.3)
    1
    """
    if not 0 <= target <= 1:
        raise ValueError(f"target must be a coverage between 0 and 1, got {target}")
    total, covered = spectrum.occurrences, coverage(spectrum)
    if covered is None:
        return None
    if target > covered:
        return _size_above(spectrum, target)
    rarefied = Rarefied(spectrum)
    low, high = -1, total  # low has a coverage below the target, high has not
    while high - low > 1:
        middle = (low + high) // 2
        if rarefied.coverage(middle) >= target:
            high = middle
        else:
            low = middle
    return high


def distinct_at_coverage(spectrum: Spectrum, target: float) -> float | None:
    """Expected number of types at a coverage of `target` (Chao & Jost 2012).

    `expected_distinct` at `size_at_coverage`; None where the latter is None.

    >>> round(distinct_at_coverage(Spectrum.from_counts([2, 2]), 0.9), 12)
    2.0
    """
    n = size_at_coverage(spectrum, target)
    return None if n is None else expected_distinct(spectrum, n)


def _size_above(spectrum: Spectrum, target: float) -> int | None:
    """`size_at_coverage` for a target above the coverage of the sample."""
    odds = deficit_odds(spectrum)
    if odds is None or target == 1:
        return None
    decay = math.log(spectrum.types_seen(1) / (spectrum.occurrences * (1 - target)))
    return spectrum.occurrences - 1 + math.ceil(decay / math.log1p(odds))


def _check_size(n: int) -> None:
    if n < 0:
        raise ValueError(f"n must be a number of occurrences of at least 0, got {n:,}")
