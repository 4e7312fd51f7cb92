"""How many types a smaller sample of the same corpus would show."""

import numpy as np

from ...ngrams.spectrum import Spectrum
from ..numeric.compressed_counts import condensed
from ..numeric.special_functions import FloatArray, log1p_gap

__all__ = ["rarefied_distinct", "size_matched_distinct_ratio"]

_DIRECT = 64


def rarefied_distinct(spectrum: Spectrum, n: int) -> float:
    """Expected types among n of the N occurrences, drawn at random without replacement.

    Exact hypergeometric expectation, sum f_m (1 - C(N-m, n) / C(N, n)) (Hurlbert 1971; Heck, van
    Belle & Simberloff 1975); relative error below 1e-12 up to N = 1e12. 0 at n = 0, V at n = N.

    Occurrences are drawn one by one: a contiguous piece of the corpus shows fewer types.

    Raises
    ------
    ValueError
        When n is negative or above N: `expected_distinct` extrapolates.

    >>> round(rarefied_distinct(Spectrum.from_counts([2, 1]), 2), 12)
    1.666666666667
    """
    total = spectrum.occurrences
    if not 0 <= n <= total:
        raise ValueError(
            f"n must be between 0 and the {total:,} occurrences counted, got {n:,}: "
            "rarefy the larger corpus to the size of the smaller"
        )
    return Rarefied(spectrum).distinct(n)


class Rarefied:
    """Samples of n of the N occurrences of a spectrum, for many n."""

    def __init__(self, spectrum: Spectrum) -> None:
        self._spectrum = spectrum
        self._total = spectrum.occurrences
        self._m, self._types = condensed(spectrum)

    def distinct(self, n: int) -> float:
        """`rarefied_distinct`, n in 0..N."""
        if n in (0, self._total):
            return float(self._spectrum.distinct if n else 0)
        missed = _log_missed(self._m, float(n), float(self._total))
        return float(np.sum(self._types * -np.expm1(missed)))

    def coverage(self, n: int) -> float:
        """`expected_coverage`, n in 0..N - 1."""
        found = -np.expm1(_log_missed(self._m - 1, float(n), float(self._total - 1)))
        return min(1.0, float(np.sum(self._m * self._types / self._total * found)))  # may round up


def size_matched_distinct_ratio(candidate: Spectrum, baseline: Spectrum) -> float | None:
    """Types of the candidate over types of the baseline at equal size: 1 when as varied.

    Whichever is larger is rarefied to the other's number of occurrences. None when either is empty.

    >>> small, large = Spectrum.from_counts([1, 1]), Spectrum.from_counts([2, 2])
    >>> round(size_matched_distinct_ratio(small, large), 12)
    1.2
    """
    n = min(candidate.occurrences, baseline.occurrences)
    if not n:
        return None
    return rarefied_distinct(candidate, n) / rarefied_distinct(baseline, n)


def _log_missed(m: FloatArray, n: float, total: float) -> FloatArray:
    """log of C(N-m, n) / C(N, n), ``(R,)``: the chance that n draws of N miss all m of a type.

    The ratio is symmetric in m and n: with k the smaller and l the larger it is the product over
    i < k of 1 - l / (N - i), multiplied out for few factors.
    """
    few, many = np.minimum(m, n), np.maximum(m, n)
    log = np.full_like(m, -np.inf)  # stays so where a draw cannot miss, or misses below 1e-20
    short = (few <= _DIRECT) & (few + many <= total)
    long = (few > _DIRECT) & (few + many + 16 <= total) & (few * many < 46 * total)
    log[short] = _log_product(few[short], many[short], total)
    log[long] = _log_factorials(few[long], many[long], total)
    return log


def _log_product(k: FloatArray, l: FloatArray, total: float) -> FloatArray:  # noqa: E741
    if len(l) and (l == l[0]).all():  # the usual case, of many draws: one product, cut at each k
        steps = np.log1p(-l[0] / (total - np.arange(k.max())))
        return np.concatenate([[0.0], np.cumsum(steps)])[k.astype(np.intp)]
    log = np.zeros_like(k)
    for i in range(int(k.max(initial=0))):
        log += np.where(i < k, np.log1p(-l / (total - np.minimum(i, k - 1))), 0.0)
    return log


def _log_factorials(k: FloatArray, l: FloatArray, total: float) -> FloatArray:  # noqa: E741
    """log of (w!/(w-k)!) / (N!/(N-k)!) with w = N - l, by Stirling's formula.

    Log-gammas of 1e12 have no digits left for their difference. Here the large terms are cancelled
    on paper, and each part that remains is a correction to the one before.
    """
    w = total - l
    return k * np.log1p(-l / total) + (_falling(w, k) - _falling(np.full_like(k, total), k))


def _falling(x: FloatArray, k: FloatArray) -> FloatArray:
    """log of x! / (x-k)! / x^k."""
    rest = x - k
    z = k / rest
    return 0.5 * np.log1p(z) - rest * log1p_gap(z) + (_stirling(x) - _stirling(rest))


def _stirling(x: FloatArray) -> FloatArray:
    """log x! - ((x + 1/2) log x - x + log(2 pi) / 2), to 1e-9 at x = 16 and 1e-13 at 100."""
    return (1 / 12 - 1 / (360 * x * x)) / x
