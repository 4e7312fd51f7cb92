"""Diversity and rarefaction against enumeration, scikit-bio, SciPy and mpmath."""

import math
from itertools import combinations, permutations

import mpmath as mp
import numpy as np
import pytest
import scipy.stats
import skbio.diversity.alpha
from hypothesis import given
from hypothesis import strategies as st

from collapse_stats import metrics
from collapse_stats.ngrams.spectrum import Spectrum

counts = st.lists(st.integers(1, 60), min_size=1, max_size=60)
few_tokens = st.lists(st.integers(0, 4), min_size=1, max_size=9)


def spectrum_of(tokens: list[int]) -> Spectrum:
    return Spectrum.from_counts(np.bincount(tokens))


@given(counts)
def test_counts_of_types(values: list[int]) -> None:
    spectrum = Spectrum.from_counts(values)
    assert metrics.distinct_ratio(spectrum) == len(values) / sum(values)
    assert metrics.hapax(spectrum) == values.count(1)
    assert metrics.dis(spectrum) == values.count(2)


# Hill numbers --------------------------------------------------------------------------------


@given(few_tokens, st.integers(2, 4))
def test_hill_is_the_chance_that_q_draws_agree(tokens: list[int], q: int) -> None:
    draws = list(permutations(tokens, q))
    agree = sum(len(set(draw)) == 1 for draw in draws)
    got = metrics.hill(spectrum_of(tokens), q)
    if not agree:
        assert got is None
    else:
        assert got == pytest.approx((agree / len(draws)) ** (1 / (1 - q)), rel=1e-13)


@given(counts)
def test_hill_2_agrees_with_scikit_bio(values: list[int]) -> None:
    got = metrics.hill(Spectrum.from_counts(values))
    if max(values) < 2:
        assert got is None
        return
    n = sum(values)
    simpson = skbio.diversity.alpha.simpson_d(values)  # sum p^2, biased
    assert got == pytest.approx(1 / ((n * simpson - 1) / (n - 1)), rel=1e-10)
    assert got >= 1 - 1e-13


@given(counts)
def test_collision_entropy_is_the_logarithm_of_hill_2(values: list[int]) -> None:
    spectrum = Spectrum.from_counts(values)
    bits, types = metrics.collision_entropy(spectrum), metrics.hill(spectrum, 2)
    assert (bits is None) == (types is None)
    if bits is not None:
        assert 2**bits == pytest.approx(types, rel=1e-13)


def test_hill_is_unbiased_where_the_plugin_is_not() -> None:
    rng = np.random.default_rng(7)
    samples = rng.multinomial(20, np.full(100, 0.01), size=4000)
    repeats = [1 / (metrics.hill(Spectrum.from_counts(s)) or math.inf) for s in samples]
    # 190 pairs, each equal with chance 1/100: the mean of 4000 samples has error below 2e-4.
    assert np.mean(repeats) == pytest.approx(0.01, abs=6e-4)


def test_hill_of_high_order_neither_overflows_nor_vanishes() -> None:
    spectrum = Spectrum.from_counts([10**6] * 1000)
    assert metrics.hill(spectrum, 200) == pytest.approx(1000, rel=0.001)
    with mp.workdps(60):
        exact = mp.binomial(10**12, 40) / (mp.binomial(10**11, 40) + mp.binomial(10**6, 40))
        expected = exact ** (mp.mpf(1) / 39)
    parts = [10**11, 10**6] + [1] * 10
    rest = 10**12 - sum(parts)
    spectrum = Spectrum.from_counts(parts) + Spectrum.from_pairs([1], [rest])
    assert metrics.hill(spectrum, 40) == pytest.approx(float(expected), rel=1e-13)


def test_hill_edges() -> None:
    assert metrics.hill(Spectrum.from_counts([9]), 5) == 1
    assert metrics.hill(Spectrum.from_counts([4]), 5) is None
    for none in ([], [1], [1, 1, 1]):
        assert metrics.hill(Spectrum.from_counts(none)) is None
        assert metrics.collision_entropy(Spectrum.from_counts(none)) is None
    for q in (1, 0, -2):
        with pytest.raises(ValueError, match=f"at least 2, got {q}"):
            metrics.hill(Spectrum.from_counts([2, 2]), q)


# Rarefaction ---------------------------------------------------------------------------------


@given(few_tokens, st.data())
def test_rarefaction_is_the_mean_over_all_subsets(tokens: list[int], data: st.DataObject) -> None:
    n = data.draw(st.integers(0, len(tokens)))
    subsets = list(combinations(range(len(tokens)), n))
    expected = sum(len({tokens[i] for i in subset}) for subset in subsets) / len(subsets)
    assert metrics.rarefied_distinct(spectrum_of(tokens), n) == pytest.approx(expected, rel=1e-13)


@given(st.lists(st.integers(1, 400), min_size=1, max_size=40), st.data())
def test_rarefaction_agrees_with_scipy(values: list[int], data: st.DataObject) -> None:
    total = sum(values)
    n = data.draw(st.integers(0, total))
    expected = sum(1 - scipy.stats.hypergeom.pmf(0, total, m, n) for m in values)
    got = metrics.rarefied_distinct(Spectrum.from_counts(values), n)
    assert got == pytest.approx(expected, rel=1e-9)  # SciPy's log-gammas lose digits
    assert 0 <= got <= min(n, len(values)) + 1e-9


def exact_rarefaction(rows: dict[int, int], n: int) -> mp.mpf:
    total = sum(m * f for m, f in rows.items())

    def missed(m: int) -> mp.mpf:
        if m + n > total:
            return mp.mpf(0)
        top = mp.loggamma(total - m + 1) + mp.loggamma(total - n + 1)
        return mp.exp(top - mp.loggamma(total - m - n + 1) - mp.loggamma(total + 1))

    return mp.fsum(f * (1 - missed(m)) for m, f in rows.items())


@pytest.mark.parametrize("total", [131, 200, 1000, 10**6, 10**12])
@pytest.mark.parametrize("n", [1, 2, 63, 64, 65, 80, 0.001, 0.1, 0.5, -65, -64, -16, -1])
def test_rarefaction_keeps_its_digits(total: int, n: float) -> None:
    n = int(n) if abs(n) >= 1 else int(n * total)
    n = n if n >= 0 else total + n
    special = {total // 1000, total // 2, total - n, total - n - 16, 22 * total // n if n else 0}
    for m in {1, 2, 63, 64, 65, 66, 67, 115} | special:
        if not (0 < m < total and n > 0):
            continue
        rows = {m: 1, total - m: 1} if 2 * m != total else {m: 2}
        with mp.workdps(60):
            expected = float(exact_rarefaction(rows, n))
        got = metrics.rarefied_distinct(Spectrum.from_pairs(list(rows), list(rows.values())), n)
        assert got == pytest.approx(expected, rel=1e-13), (total, n, m)


def test_rarefaction_of_a_large_spectrum() -> None:
    rows = {1: 10**10, 2: 3 * 10**9, 65: 10**7, 1000: 10**6, 10**5: 10**4, 10**9: 900}
    spectrum = Spectrum.from_pairs(list(rows), list(rows.values()))
    for n in (1, 100, 10**6, 10**9, 10**11, spectrum.occurrences - 1):
        with mp.workdps(60):
            expected = float(exact_rarefaction(rows, n))
        assert metrics.rarefied_distinct(spectrum, n) == pytest.approx(expected, rel=1e-13)


def test_rarefaction_ends_and_errors() -> None:
    spectrum = Spectrum.from_counts([3, 2, 1])
    assert metrics.rarefied_distinct(spectrum, 0) == 0
    assert metrics.rarefied_distinct(spectrum, 1) == pytest.approx(1, rel=1e-15)
    assert metrics.rarefied_distinct(spectrum, 6) == 3
    assert metrics.rarefied_distinct(Spectrum.from_counts([]), 0) == 0
    for n in (-1, 7):
        with pytest.raises(ValueError, match=f"6 occurrences counted, got {n}"):
            metrics.rarefied_distinct(spectrum, n)


@given(counts, counts)
def test_size_matching_works_both_ways(candidate: list[int], baseline: list[int]) -> None:
    a, b = Spectrum.from_counts(candidate), Spectrum.from_counts(baseline)
    n = min(sum(candidate), sum(baseline))

    def expected_types(values: list[int]) -> float:
        ways = math.comb(sum(values), n)
        return sum(1 - math.comb(sum(values) - m, n) / ways for m in values)

    ratio = metrics.size_matched_distinct_ratio(a, b)
    assert ratio == pytest.approx(expected_types(candidate) / expected_types(baseline), rel=1e-11)
    assert ratio * metrics.size_matched_distinct_ratio(b, a) == pytest.approx(1, rel=1e-14)


def test_size_matching_tells_change_from_growth() -> None:
    baseline = Spectrum.from_counts([100] * 50)
    assert metrics.distinct_ratio(Spectrum.from_counts([1] * 50)) == 1
    same_source = Spectrum.from_counts([10] * 50)
    assert metrics.size_matched_distinct_ratio(same_source, baseline) == pytest.approx(1, abs=1e-3)
    collapsed = Spectrum.from_counts([20] * 25)
    assert metrics.size_matched_distinct_ratio(collapsed, baseline) == pytest.approx(0.5, abs=1e-3)


def test_of_nothing() -> None:
    empty, single = Spectrum.from_counts([]), Spectrum.from_counts([1])
    assert metrics.distinct_ratio(empty) is None
    assert metrics.hapax(empty) == metrics.dis(empty) == 0
    assert metrics.size_matched_distinct_ratio(empty, single) is None
    assert metrics.size_matched_distinct_ratio(single, empty) is None
    assert metrics.size_matched_distinct_ratio(single, single) == 1


@pytest.mark.parametrize("seed", range(5))
def test_duplicate_documents_are_those_of_a_counter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    documents = [rng.integers(0, 2, size).tolist() for size in rng.integers(0, 5, 60)]
    filled = [tuple(document) for document in documents if document]
    tokens = np.array([token for document in documents for token in document], dtype=np.uint16)
    share = metrics.duplicate_documents(tokens, [len(document) for document in documents])
    assert share == pytest.approx(1 - len({*filled}) / len(filled), rel=1e-12)
    assert len(filled) < 60  # some are empty, and are no copies of each other


def test_duplicate_documents_at_their_ends() -> None:
    assert metrics.duplicate_documents([], []) is None
    assert metrics.duplicate_documents([], [0, 0, 0]) is None
    assert metrics.duplicate_documents([5], [0, 1, 0]) == 0
    assert metrics.duplicate_documents([1, 2, 3]) == 0
    assert metrics.duplicate_documents([[7, 7]] * 4) == 0.75
    assert metrics.duplicate_documents([1, 1, 1], [1, 2]) == 0
