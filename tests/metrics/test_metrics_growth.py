"""Binomial subsamples, extrapolation and coverage against enumeration, SciPy and mpmath."""

import math
from collections import Counter
from itertools import combinations

import mpmath as mp
import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from collapse_stats import metrics
from collapse_stats.metrics.numeric.compressed_counts import MAX_EXACT_COUNTS
from collapse_stats.ngrams.spectrum import Spectrum

counts = st.lists(st.integers(1, 60), min_size=1, max_size=40)
few_tokens = st.lists(st.integers(0, 4), min_size=2, max_size=9)
TEXT = {1: 4 * 10**8, 2: 10**8, 3: 5 * 10**7, 5: 10**7, 10**9: 800, 10**11: 1}
# Spiders of Sackett et al. 2011: the "girdled" sample of Chao et al. 2014 and the iNEXT manual.
GIRDLED = [46, 22, 17, 15, 15, 9, 8, 6, 6, 4, 2, 2, 2, 2, *[1] * 12]


def spectrum_of(rows: dict[int, int]) -> Spectrum:
    return Spectrum.from_pairs(list(rows), list(rows.values()))


# Binomial subsamples -------------------------------------------------------------------------


@given(counts, st.data())
def test_binomial_subsample_agrees_with_scipy(values: list[int], data: st.DataObject) -> None:
    n = data.draw(st.integers(0, sum(values)))
    times = data.draw(st.integers(1, 8))
    spectrum = Spectrum.from_counts(values)
    keep = n / sum(values)
    distinct = sum(1 - scipy.stats.binom.pmf(0, m, keep) for m in values)
    seen = sum(scipy.stats.binom.pmf(times, m, keep) for m in values)
    got = metrics.binomial_distinct(spectrum, n)
    assert got == pytest.approx(distinct, rel=1e-11, abs=1e-11)
    assert got <= metrics.rarefied_distinct(spectrum, n) + 1e-12
    got = metrics.binomial_types_seen(spectrum, n, times)
    assert got == pytest.approx(seen, rel=1e-11, abs=1e-11)


@pytest.mark.parametrize("n", [1, 1000, 10**9, 10**11, spectrum_of(TEXT).occurrences])
@pytest.mark.parametrize("times", [1, 2, 40])
def test_binomial_subsample_of_a_large_corpus(n: int, times: int) -> None:
    spectrum = spectrum_of(TEXT)
    with mp.workdps(60):
        keep = mp.mpf(n) / spectrum.occurrences
        distinct = mp.fsum(f * (1 - (1 - keep) ** m) for m, f in TEXT.items())
        seen = mp.fsum(
            f * mp.binomial(m, times) * keep**times * (1 - keep) ** (m - times)
            for m, f in TEXT.items()
            if m >= times
        )
    assert metrics.binomial_distinct(spectrum, n) == pytest.approx(float(distinct), rel=1e-13)
    got = metrics.binomial_types_seen(spectrum, n, times)
    assert got == pytest.approx(float(seen), rel=1e-12)


def test_binomial_ends_and_refusals() -> None:
    spectrum = Spectrum.from_counts([3, 2, 1])
    assert metrics.binomial_distinct(spectrum, 0) == metrics.binomial_types_seen(spectrum, 0) == 0
    assert metrics.binomial_distinct(spectrum, 6) == 3
    assert metrics.binomial_types_seen(spectrum, 6, 2) == 1
    for n in (-1, 7):
        with pytest.raises(ValueError, match=f"between 0 and the 6 occurrences counted, got {n}"):
            metrics.binomial_distinct(spectrum, n)
    with pytest.raises(ValueError, match="times must be at least 1, got 0"):
        metrics.binomial_types_seen(spectrum, 3, 0)


# Size ----------------------------------------------------------------------------------------


def extrapolated(values: list[int], n: int) -> float:
    """Chao & Jost 2012 with the lower bound as iNEXT takes it."""
    total, seen = sum(values), Counter(values)
    f1, f2 = seen[1], seen[2]
    f0 = (total - 1) / total * (f1**2 / (2 * f2) if f2 else f1 * (f1 - 1) / 2)
    if not f0:
        return len(values)
    a = total * f0 / (total * f0 + f1)
    return len(values) + f0 * (1 - a ** (n - total))


@given(counts, st.integers(0, 300))
def test_extrapolation_by_size(values: list[int], more: int) -> None:
    spectrum, n = Spectrum.from_counts(values), sum(values)
    got = metrics.expected_distinct(spectrum, n + more)
    assert got == pytest.approx(extrapolated(values, n + more), rel=1e-12)
    limit = metrics.chao1(spectrum, "small-sample")
    assert len(values) <= got <= limit * (1 + 1e-12)
    assert metrics.expected_distinct(spectrum, 10**15) == pytest.approx(limit, rel=1e-9)


@given(counts, st.data())
def test_expected_distinct_rarefies_below(values: list[int], data: st.DataObject) -> None:
    n = data.draw(st.integers(0, sum(values)))
    spectrum = Spectrum.from_counts(values)
    assert metrics.expected_distinct(spectrum, n) == metrics.rarefied_distinct(spectrum, n)


def test_published_example() -> None:
    """The iNEXT manual has 168 individuals of 26 kinds, Chao1 43.893, coverage 0.929."""
    spectrum = Spectrum.from_counts(GIRDLED)
    assert (spectrum.occurrences, spectrum.distinct) == (168, 26)
    assert metrics.chao1(spectrum, "small-sample") == pytest.approx(43.893, abs=5e-4)
    assert metrics.coverage(spectrum) == pytest.approx(0.929, abs=5e-4)


# Coverage ------------------------------------------------------------------------------------


@given(few_tokens, st.data())
def test_expected_coverage_is_the_mean_over_subsets(tokens: list[int], data: st.DataObject) -> None:
    """The chance that a subset of the others contains a left-out token is an unbiased estimate."""
    n = data.draw(st.integers(0, len(tokens) - 1))
    hits = trials = 0
    for left_out in range(len(tokens)):
        others = tokens[:left_out] + tokens[left_out + 1 :]
        for subset in combinations(range(len(others)), n):
            hits += tokens[left_out] in {others[i] for i in subset}
            trials += 1
    got = metrics.expected_coverage(Spectrum.from_counts(np.bincount(tokens)), n)
    assert got == pytest.approx(hits / trials, abs=1e-13)


@given(counts, st.integers(1, 300))
def test_extrapolation_of_coverage(values: list[int], more: int) -> None:
    spectrum, n, seen = Spectrum.from_counts(values), sum(values), Counter(values)
    f1, f2 = seen[1], seen[2]
    if f2:
        a = (n - 1) * f1 / ((n - 1) * f1 + 2 * f2)
    else:  # undefined for a single hapax; iNEXT, too, leaves the coverage unchanged
        a = (n - 1) * (f1 - 1) / ((n - 1) * (f1 - 1) + 2) if f1 > 1 else 1
    expected = 1 - f1 / n * a ** (more + 1)
    assert metrics.expected_coverage(spectrum, n + more) == pytest.approx(expected, abs=1e-13)


@given(counts, st.floats(0, 1))
def test_size_at_coverage_is_the_first_that_reaches_it(values: list[int], target: float) -> None:
    spectrum = Spectrum.from_counts(values)
    n = metrics.size_at_coverage(spectrum, target)
    if n is None:
        best = metrics.expected_coverage(spectrum, 10**15)
        assert best < target or target == 1
        return
    slack = 1e-12
    assert metrics.expected_coverage(spectrum, n) >= target - slack
    assert n == 0 or metrics.expected_coverage(spectrum, n - 1) < target + slack
    assert metrics.distinct_at_coverage(spectrum, target) == metrics.expected_distinct(spectrum, n)


def test_coverage_at_large_sizes() -> None:
    spectrum = spectrum_of(TEXT)
    half = metrics.size_at_coverage(spectrum, 0.5)
    assert metrics.expected_coverage(spectrum, half) >= 0.5
    assert metrics.expected_coverage(spectrum, half - 1) < 0.5
    later = metrics.size_at_coverage(spectrum, 0.9999)
    assert later > spectrum.occurrences
    assert metrics.expected_coverage(spectrum, later) == pytest.approx(0.9999, abs=1e-12)


def test_wrong_arguments_are_rejected() -> None:
    spectrum = Spectrum.from_counts([2, 1])
    for figure in (metrics.expected_distinct, metrics.expected_coverage):
        with pytest.raises(ValueError, match="at least 0, got -1"):
            figure(spectrum, -1)
    for target in (-0.1, 1.1, math.nan):
        with pytest.raises(ValueError, match="between 0 and 1, got"):
            metrics.size_at_coverage(spectrum, target)


# Very many distinct counts -------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 5, 13, 64, 1000, 10**6, 10**8])
def test_many_different_counts(n: int) -> None:
    """Dense counts, which are replaced by a few nodes, and sparse ones."""
    count = np.unique((1e8 / np.arange(1, 30_000) ** 1.2).astype(np.int64))
    types = np.maximum(1, 10**9 // count**2)
    spectrum = Spectrum.from_pairs(count, types)
    assert len(count) > MAX_EXACT_COUNTS
    rows, total = list(zip(count.tolist(), types.tolist(), strict=True)), spectrum.occurrences

    def missed(sizes: list[int], among: int) -> list[mp.mpf]:
        """C(N - m, n) / C(N, n) for each m."""
        whole = mp.loggamma(among + 1) - mp.loggamma(among - n + 1)
        left = [among - m for m in sizes]
        return [
            mp.exp(mp.loggamma(x + 1) - mp.loggamma(x - n + 1) - whole) if x >= n else mp.mpf(0)
            for x in left
        ]

    with mp.workdps(40):
        chances = missed([m for m, _ in rows], total)
        distinct = mp.fsum(f * (1 - q) for (_, f), q in zip(rows, chances, strict=True))
        chances = missed([m - 1 for m, _ in rows], total - 1)
        coverage = mp.fsum(m * f * (1 - q) for (m, f), q in zip(rows, chances, strict=True)) / total
    assert metrics.rarefied_distinct(spectrum, n) == pytest.approx(float(distinct), rel=1e-12)
    assert metrics.growth_curve(spectrum, [n])[0].distinct == metrics.rarefied_distinct(spectrum, n)
    assert metrics.expected_coverage(spectrum, n) == pytest.approx(float(coverage), rel=1e-12)


def test_size_at_coverage_of_many_different_counts() -> None:
    count = np.arange(1, 2 * MAX_EXACT_COUNTS)
    spectrum = Spectrum.from_pairs(count, np.maximum(1, 10**9 // count**2))
    n = metrics.size_at_coverage(spectrum, 0.5)
    assert (
        metrics.expected_coverage(spectrum, n - 1) < 0.5 <= metrics.expected_coverage(spectrum, n)
    )


# Growth --------------------------------------------------------------------------------------


def test_growth_curve_sizes() -> None:
    spectrum = Spectrum.from_counts([5, 3, 1, 1])
    curve = metrics.growth_curve(spectrum)
    assert [point.occurrences for point in curve] == [1, 2, 4, 8, 10]
    assert curve[0].distinct == pytest.approx(1, rel=1e-15)
    assert metrics.growth_curve(spectrum, [20])[0].distinct > 4
    assert metrics.growth_curve(Spectrum.from_counts([])) == []


@given(counts)
def test_heaps_exponent_is_the_slope_of_the_binomial_curve(values: list[int]) -> None:
    spectrum, total = Spectrum.from_counts(values), sum(values)
    assert metrics.heaps_exponent(spectrum) == values.count(1) / len(values)
    n = total // 2
    if not n:
        return

    def log_distinct(x: mp.mpf) -> mp.mpf:
        return mp.log(mp.fsum(1 - (1 - mp.exp(x) / total) ** m for m in values))

    with mp.workdps(40):
        slope = mp.diff(log_distinct, mp.log(n))
    assert metrics.heaps_exponent(spectrum, n) == pytest.approx(float(slope), rel=1e-11)


def test_heaps_exponent_edges() -> None:
    assert metrics.heaps_exponent(Spectrum.from_counts([])) is None
    assert metrics.heaps_exponent(Spectrum.from_counts([1, 2]), 0) is None
    assert metrics.heaps_exponent(Spectrum.from_counts([9])) == 0
    assert metrics.heaps_exponent(Spectrum.from_counts([1] * 9)) == 1
    assert metrics.heaps_exponent(Spectrum.from_counts([1] * 9), 4) == pytest.approx(1, rel=1e-15)
