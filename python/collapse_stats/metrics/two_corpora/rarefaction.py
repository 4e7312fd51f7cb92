"""Rarefaction: the expected number of types in a smaller sample of the same corpus."""

import numpy as np

from ...ngrams.spectrum import Spectrum
from ..numeric.compressed_counts import compress_counts
from ..numeric.special_functions import FloatArray, log1p_gap

__all__ = ["rarefied_distinct", "size_matched_distinct_ratio"]

_MAX_DIRECT_FACTORS = 64  # longer products are computed from factorials


def rarefied_distinct(spectrum: Spectrum, n: int) -> float:
    """Expected number of types among n of the N occurrences, drawn without replacement.

    The exact hypergeometric expectation sum f_m (1 - C(N-m, n) / C(N, n)), from 0 at n = 0 to V at
    n = N (Hurlbert 1971; Heck, van Belle & Simberloff 1975). The relative error is below 1e-12 for
    N up to 1e12. A contiguous piece of text has fewer types than n independent draws.

    Raises
    ------
    ValueError
        When n is negative or above N, where `expected_distinct` extrapolates.

    >>> round(rarefied_distinct(Spectrum.from_counts([2, 1]), 2), 12)
    1.666666666667
    """
    check_sample_size(
        n, spectrum.occurrences, "rarefy the larger corpus to the size of the smaller"
    )
    return Rarefied(spectrum).distinct(n)


class Rarefied:
    """Rarefaction of one spectrum to many sample sizes n."""

    def __init__(self, spectrum: Spectrum) -> None:
        self._spectrum = spectrum
        self._total = spectrum.occurrences
        self._m, self._types = compress_counts(spectrum)

    def distinct(self, n: int) -> float:
        """`rarefied_distinct` for n in 0..N."""
        if n in (0, self._total):
            return float(self._spectrum.distinct if n else 0)
        missed = _log_missed(self._m, float(n), float(self._total))
        return float(np.sum(self._types * -np.expm1(missed)))

    def coverage(self, n: int) -> float:
        """`expected_coverage` for n in 0..N - 1."""
        drawn = -np.expm1(_log_missed(self._m - 1, float(n), float(self._total - 1)))
        covered = float(np.sum(self._m * self._types / self._total * drawn))
        return min(1.0, covered)  # rounding may exceed 1


def size_matched_distinct_ratio(candidate: Spectrum, baseline: Spectrum) -> float | None:
    """Ratio of the candidate's to the baseline's number of types at equal size, at least 0.

    The larger corpus is rarefied to the number of occurrences of the smaller; 1 when both are
    equally varied. None when either is empty.

    >>> small, large = Spectrum.from_counts([1, 1]), Spectrum.from_counts([2, 2])
    >>> round(size_matched_distinct_ratio(small, large), 12)
    1.2
    """
    n = min(candidate.occurrences, baseline.occurrences)
    if not n:
        return None
    return rarefied_distinct(candidate, n) / rarefied_distinct(baseline, n)


def check_sample_size(n: int, total: int, remedy: str) -> None:
    """Raise ValueError when n is not in 0..total."""
    if not 0 <= n <= total:
        raise ValueError(
            f"n must be between 0 and the {total:,} occurrences counted, got {n:,}: {remedy}"
        )


def _log_missed(m: FloatArray, n: float, total: float) -> FloatArray:
    """log(C(N-m, n) / C(N, n)), ``(R,)``: n of N draws contain none of a type's m occurrences.

    The ratio is symmetric in m and n. With k the smaller and l the larger of them, it is the
    product over i < k of 1 - l / (N - i), which is computed directly for few factors.
    """
    few, many = np.minimum(m, n), np.maximum(m, n)
    log = np.full_like(m, -np.inf)  # where the probability is 0, or below 1e-20
    short = (few <= _MAX_DIRECT_FACTORS) & (few + many <= total)
    long = (few > _MAX_DIRECT_FACTORS) & (few + many + 16 <= total) & (few * many < 46 * total)
    log[short] = _log_product(few[short], many[short], total)
    log[long] = _log_factorials(few[long], many[long], total)
    return log


def _log_product(k: FloatArray, l: FloatArray, total: float) -> FloatArray:  # noqa: E741
    """log of the product over i < k of 1 - l / (N - i), ``(R,)``, factor by factor."""
    if len(l) and (l == l[0]).all():  # usual for many draws: all are partial products of one
        steps = np.log1p(-l[0] / (total - np.arange(k.max())))
        return np.concatenate([[0.0], np.cumsum(steps)])[k.astype(np.intp)]
    log = np.zeros_like(k)
    for i in range(int(k.max(initial=0))):
        log += np.where(i < k, np.log1p(-l / (total - np.minimum(i, k - 1))), 0.0)
    return log


def _log_factorials(k: FloatArray, l: FloatArray, total: float) -> FloatArray:  # noqa: E741
    """log of (w!/(w-k)!) / (N!/(N-k)!) with w = N - l, ``(R,)``, by Stirling's formula.

    The difference of log-gammas near 1e12 would have no correct digits. Here the large terms are
    cancelled analytically, and each remaining term is a correction to the one before.
    """
    w = total - l
    return k * np.log1p(-l / total) + (_falling(w, k) - _falling(np.full_like(k, total), k))


def _falling(x: FloatArray, k: FloatArray) -> FloatArray:
    """log(x! / (x-k)! / x^k)."""
    rest = x - k
    z = k / rest
    return 0.5 * np.log1p(z) - rest * log1p_gap(z) + (_stirling(x) - _stirling(rest))


def _stirling(x: FloatArray) -> FloatArray:
    """log x! - ((x + 1/2) log x - x + log(2 pi) / 2), accurate to 1e-9 at x = 16, 1e-13 at 100."""
    return (1 / 12 - 1 / (360 * x * x)) / x
