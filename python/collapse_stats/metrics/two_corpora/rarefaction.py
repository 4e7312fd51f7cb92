"""Rarefaction: the expected number of types in a smaller sample of the same corpus."""

from collections.abc import Sequence

import numpy as np

from ...ngrams.spectrum import Spectrum
from ..numeric.compressed_counts import compress_counts
from ..numeric.special_functions import FloatArray, log1p_gap
from .joint_rows import JointRows

__all__ = ["rarefied_distinct", "size_matched_distinct_ratio"]

Sizes = float | FloatArray
_AT_ONCE = 32  # sizes of a curve
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
        return float(np.sum(_drawn(self._m, self._types, float(n), float(self._total))))

    def curve(self, sizes: Sequence[int]) -> list[float]:
        """`distinct` at many sizes; of 24 it takes a fifth of the time."""
        values: list[float] = []
        for first in range(0, len(sizes), _AT_ONCE):
            n = np.array(sizes[first : first + _AT_ONCE], dtype=np.float64)[:, np.newaxis]
            shape = len(n), len(self._m)
            m, types, sizes_of = (
                np.broadcast_to(x, shape).ravel() for x in (self._m, self._types, n)
            )
            drawn = _drawn(m, types, sizes_of, float(self._total)).reshape(shape)
            values += np.sum(drawn, axis=1).tolist()
        return values

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


def size_matched_distinct_ratios(rows: JointRows) -> FloatArray:
    """Return `size_matched_distinct_ratio` ``(S,)`` of the second corpora to the first."""
    first, second = rows.occurrences
    first_is_larger = first > second
    larger = rows.spectra(np.where(rows.spread(first_is_larger), rows.a, rows.b))
    rarefied = _rarefied(larger, np.minimum(first, second), np.maximum(first, second))
    smaller = rows.types_in(np.where(rows.spread(first_is_larger), rows.b, rows.a) > 0)
    with np.errstate(divide="ignore", invalid="ignore"):  # where a corpus is empty
        ratio = np.where(first_is_larger, smaller / rarefied, rarefied / smaller)
    return rows.given(ratio)


def _rarefied(spectra: Sequence[Spectrum], n: FloatArray, total: FloatArray) -> FloatArray:
    """`rarefied_distinct` ``(S,)`` of spectra, each to a size n of its own ``(S,)``."""
    m, types = zip(*map(compress_counts, spectra), strict=True)
    sizes = [len(rows) for rows in m]
    of_row = (np.repeat(values, sizes) for values in (n, total))
    drawn = _drawn(np.concatenate(m), np.concatenate(types), *of_row)
    return np.array([np.sum(part) for part in np.split(drawn, np.cumsum(sizes[:-1]))])


def check_sample_size(n: int, total: int, remedy: str) -> None:
    """Raise ValueError when n is not in 0..total."""
    if not 0 <= n <= total:
        raise ValueError(
            f"n must be between 0 and the {total:,} occurrences counted, got {n:,}: {remedy}"
        )


def _drawn(m: FloatArray, types: FloatArray, n: Sizes, total: Sizes) -> FloatArray:
    """Expected number ``(R,)`` of each row's types among n of N draws."""
    drawn: FloatArray = types * -np.expm1(_log_missed(m, n, total))
    return drawn


def _log_missed(m: FloatArray, n: Sizes, total: Sizes) -> FloatArray:
    """log(C(N-m, n) / C(N, n)), ``(R,)``: n of N draws contain none of a type's m occurrences.

    The ratio is symmetric in m and n. With k the smaller and l the larger of them, it is the
    product over i < k of 1 - l / (N - i), which is computed directly for few factors.
    """
    few, many, total = np.minimum(m, n), np.maximum(m, n), np.broadcast_to(total, m.shape)
    log = np.full_like(m, -np.inf)  # where the probability is 0, or below 1e-20
    short = (few <= _MAX_DIRECT_FACTORS) & (few + many <= total)
    long = (few > _MAX_DIRECT_FACTORS) & (few + many + 16 <= total) & (few * many < 46 * total)
    log[short] = _log_product(few[short], many[short], total[short])
    log[long] = _log_factorials(few[long], many[long], total[long])
    return log


def _log_product(k: FloatArray, l: FloatArray, total: FloatArray) -> FloatArray:  # noqa: E741
    """log of the product over i < k of 1 - l / (N - i), ``(R,)``, factor by factor.

    Rows with the same l and N are partial products of one; usually all rows of a spectrum are.
    """
    pairs, pair = np.unique(l + 1j * total, return_inverse=True)
    i = np.arange(int(k.max(initial=0)))
    with np.errstate(divide="ignore", invalid="ignore"):  # in factors that no row has
        logs = np.log1p(-pairs.real[:, np.newaxis] / (pairs.imag[:, np.newaxis] - i))
    partial = np.cumsum(np.insert(logs, 0, 0.0, axis=1), axis=1)
    return partial[pair, k.astype(np.intp)]


def _log_factorials(k: FloatArray, l: FloatArray, total: FloatArray) -> FloatArray:  # noqa: E741
    """log of (w!/(w-k)!) / (N!/(N-k)!) with w = N - l, ``(R,)``, by Stirling's formula.

    The difference of log-gammas near 1e12 would have no correct digits. Here the large terms are
    cancelled analytically, and each remaining term is a correction to the one before.
    """
    w = total - l
    return k * np.log1p(-l / total) + (_falling(w, k) - _falling(total, k))


def _falling(x: FloatArray, k: FloatArray) -> FloatArray:
    """log(x! / (x-k)! / x^k)."""
    rest = x - k
    z = k / rest
    return 0.5 * np.log1p(z) - rest * log1p_gap(z) + (_stirling(x) - _stirling(rest))


def _stirling(x: FloatArray) -> FloatArray:
    """log x! - ((x + 1/2) log x - x + log(2 pi) / 2), accurate to 1e-9 at x = 16, 1e-13 at 100."""
    return (1 / 12 - 1 / (360 * x * x)) / x
