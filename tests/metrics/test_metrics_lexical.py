"""Lexical richness and repetition against direct definitions and SciPy."""

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from collapse_stats import metrics
from collapse_stats.ngrams.spectrum import Spectrum

counts = st.lists(st.integers(1, 60), min_size=1, max_size=60)
tokens_lists = st.lists(st.integers(0, 9), max_size=120)
documents_lists = st.lists(tokens_lists, max_size=12)


def packed(documents: list[list[int]]) -> tuple[npt.NDArray[np.int64], list[int]]:
    return np.array([t for d in documents for t in d], dtype=np.int64), [len(d) for d in documents]


# Functions of N, V and the spectrum ----------------------------------------------------------


@given(counts)
def test_indices_by_definition(values: list[int]) -> None:
    s, n, v = Spectrum.from_counts(values), sum(values), len(values)
    assert metrics.root_ttr(s) == pytest.approx(v / n**0.5, rel=1e-15)
    assert metrics.corrected_ttr(s) == pytest.approx(v / (2 * n) ** 0.5, rel=1e-15)
    assert metrics.sichel_s(s) == values.count(2) / v
    k = 1e4 * (sum(c * c for c in values) - n) / n**2
    assert metrics.yule_k(s) == pytest.approx(k, rel=1e-13, abs=1e-13)
    if n > 1:
        a, b = math.log(n), math.log(v)
        assert metrics.herdan_c(s) == pytest.approx(b / a, rel=1e-14)
        assert metrics.maas_a(s) == pytest.approx((a - b) / a**2, rel=1e-13, abs=1e-14)
    if v < n and n > 1:
        assert metrics.dugast_u(s) == pytest.approx(a * a / (a - b), rel=1e-12)
    if v > 1 and n > 2:
        assert metrics.summer_s(s) == pytest.approx(math.log(b) / math.log(a), rel=1e-13)
    if values.count(1) < v:
        r = 100 * math.log(n) / (1 - values.count(1) / v)
        assert metrics.honore_r(s) == pytest.approx(r, rel=1e-12)


def test_indices_at_their_ends() -> None:
    repeated, singles, empty = ([7], [1] * 9, [])
    ends = {
        metrics.root_ttr: (1 / 7**0.5, 3, None),
        metrics.herdan_c: (0, 1, None),
        metrics.summer_s: (None, 1, None),
        metrics.maas_a: (1 / math.log(7), 0, None),
        metrics.dugast_u: (math.log(7), None, None),
        metrics.yule_k: (1e4 * 6 / 7, 0, None),
        metrics.honore_r: (100 * math.log(7), None, None),
        metrics.sichel_s: (0, 0, None),
    }
    for index, expected in ends.items():
        for values, value in zip((repeated, singles, empty), expected, strict=True):
            got = index(Spectrum.from_counts(values))
            assert got == (value if value is None else pytest.approx(value, rel=1e-14)), index


@given(counts, st.integers(1, 50))
def test_expectation_adjusted_distinct(values: list[int], spare: int) -> None:
    u, n = len(values) + spare, sum(values)
    expected = sum(1 - scipy.stats.binom.pmf(0, n, 1 / u) for _ in range(u))
    got = metrics.expectation_adjusted_distinct(Spectrum.from_counts(values), u)
    assert got == pytest.approx(len(values) / expected, rel=1e-11)


def test_expectation_adjusted_distinct_edges() -> None:
    ead = metrics.expectation_adjusted_distinct
    assert ead(Spectrum.from_counts([]), 5) is None
    assert ead(Spectrum.from_counts([4]), 1) == 1
    spectrum = Spectrum.from_counts([3, 1])
    assert ead(spectrum, 50257**5) == pytest.approx(0.5, rel=1e-12)
    with pytest.raises(ValueError, match="at least the 2 types seen, got 1"):
        ead(spectrum, 1)


# MATTR ---------------------------------------------------------------------------------------


def literal_mattr(documents: list[list[int]], window: int) -> float | None:
    ratios = [
        len(set(d[i : i + window])) / window for d in documents for i in range(len(d) - window + 1)
    ]
    return sum(ratios) / len(ratios) if ratios else None


@given(documents_lists, st.integers(1, 30))
def test_mattr_is_the_mean_over_windows(documents: list[list[int]], window: int) -> None:
    got = metrics.mattr(*packed(documents), window=window)
    expected = literal_mattr(documents, window)
    assert got == (expected if expected is None else pytest.approx(expected, rel=1e-13))


# MTLD ----------------------------------------------------------------------------------------


def literal_factors(document: list[int], threshold: float) -> float:
    factors, length, seen, ratio = 0.0, 0, set(), 1.0
    for token in document:
        length += 1
        seen.add(token)
        ratio = len(seen) / length
        if ratio <= threshold:
            factors, length, seen, ratio = factors + 1, 0, set(), 1.0
    return factors + (1 - ratio) / (1 - threshold)


def literal_mtld(documents: list[list[int]], threshold: float) -> float | None:
    size = sum(map(len, documents))
    sides = [
        sum(literal_factors(d[::way], threshold) for d in documents) for way in (1, -1)
    ]  # forward, backward
    return sum(size / side for side in sides) / 2 if all(sides) else None


@given(documents_lists, st.sampled_from([0.5, 0.66, 0.72, 0.9]))
def test_mtld_counts_factors(documents: list[list[int]], threshold: float) -> None:
    got = metrics.mtld(*packed(documents), threshold=threshold)
    expected = literal_mtld(documents, threshold)
    assert got == (expected if expected is None else pytest.approx(expected, rel=1e-12))


@pytest.mark.parametrize("kinds", [5, 60, 400, 5000])
def test_mtld_of_factors_longer_than_a_step(kinds: int) -> None:
    rng = np.random.default_rng(kinds)
    documents = [rng.integers(0, kinds, n).tolist() for n in (3000, 0, 1, 63, 64, 65, 5000) * 4]
    got = metrics.mtld(*packed(documents))
    assert got == pytest.approx(literal_mtld(documents, 0.72), rel=1e-12)


def test_mtld_of_many_documents() -> None:
    rng = np.random.default_rng(2)
    documents = [rng.integers(0, 40, n).tolist() for n in rng.integers(0, 60, 10_000)]
    got = metrics.mtld(*packed(documents))
    assert got == pytest.approx(literal_mtld(documents, 0.72), rel=1e-10)


# HD-D ----------------------------------------------------------------------------------------


@given(documents_lists, st.integers(1, 30))
def test_hdd_agrees_with_scipy(documents: list[list[int]], draws: int) -> None:
    figures = []
    for document in documents:
        values = list(np.bincount(document)[np.unique(document)]) if document else []
        long_enough = len(document) >= draws
        if long_enough:
            chances = [1 - scipy.stats.hypergeom.pmf(0, sum(values), m, draws) for m in values]
            figures.append(sum(chances) / draws)
        got = metrics.hdd(Spectrum.from_counts(values), draws)
        assert got == (pytest.approx(figures[-1], rel=1e-9) if long_enough else None)
    got = metrics.document_hdd(*packed(documents), draws=draws)
    assert got == (pytest.approx(np.mean(figures), rel=1e-9) if figures else None)


# Repetition ----------------------------------------------------------------------------------


def ngrams(document: list[int], n: int) -> list[tuple[int, ...]]:
    return [tuple(document[i : i + n]) for i in range(len(document) - n + 1)]


@given(documents_lists, st.integers(1, 6))
def test_document_distinct_ratio(documents: list[list[int]], n: int) -> None:
    ratios = [len({*grams}) / len(grams) for d in documents if (grams := ngrams(d, n))]
    got = metrics.document_distinct_ratio(*reversed_arguments(documents, n))
    assert got == (pytest.approx(np.mean(ratios), rel=1e-13) if ratios else None)
    rep = metrics.repetition(*reversed_arguments(documents, n))
    assert rep == (pytest.approx(1 - np.mean(ratios), abs=1e-14) if ratios else None)


def reversed_arguments(documents: list[list[int]], n: int) -> tuple[object, int, list[int]]:
    tokens, lengths = packed(documents)
    return tokens, n, lengths


@given(documents_lists)
def test_repetition_diversity(documents: list[list[int]]) -> None:
    products = [
        math.prod(len({*ngrams(d, n)}) / len(ngrams(d, n)) for n in (2, 3, 4))
        for d in documents
        if len(d) >= 4
    ]
    got = metrics.repetition_diversity(*packed(documents))
    assert got == (pytest.approx(np.mean(products), rel=1e-13) if products else None)


def test_pooled_and_per_document_figures_differ() -> None:
    documents = np.tile(np.arange(20), (50, 1))  # one text, fifty times
    assert metrics.document_distinct_ratio(documents, 2) == 1
    pooled = Spectrum.from_counts([50] * 19)
    assert metrics.distinct_ratio(pooled) == 1 / 50


# Input ---------------------------------------------------------------------------------------

SEQUENCE: list[Callable[..., float | None]] = [
    metrics.mattr,
    metrics.mtld,
    metrics.document_hdd,
    metrics.repetition_diversity,
    lambda tokens, lengths=None: metrics.document_distinct_ratio(tokens, 2, lengths),
]


@pytest.mark.parametrize("figure", SEQUENCE)
def test_tokens_come_packed_or_as_rows(figure: Callable[..., float | None]) -> None:
    rows = np.random.default_rng(0).integers(0, 50, (7, 150))
    flat = rows.reshape(-1)
    expected = figure(rows)
    assert expected is not None
    assert figure(flat, [150] * 7) == figure(flat.astype(np.uint16), np.full(7, 150)) == expected
    assert figure(flat.astype(np.uint64) + np.uint64(2**63), [150] * 7) == expected
    assert figure(flat) == figure(flat, [7 * 150])


@pytest.mark.parametrize("figure", SEQUENCE)
def test_no_tokens_no_figure(figure: Callable[..., float | None]) -> None:
    for nothing in (([],), ([], []), ([], [0, 0]), (np.empty((0, 5), np.uint32),), ([3],)):
        assert figure(*nothing) is None


@pytest.mark.parametrize("figure", SEQUENCE)
def test_wrong_tokens_are_refused(figure: Callable[..., float | None]) -> None:
    with pytest.raises(TypeError, match="tokens must be integers, got float64"):
        figure([0.5, 1.0])
    with pytest.raises(TypeError, match="lengths must be integers, got float64"):
        figure([1, 2], [2.0])
    with pytest.raises(ValueError, match="shape"):
        figure(np.zeros((2, 2, 2), np.int64))
    with pytest.raises(ValueError, match="add up to 2, got 3"):
        figure([1, 2], [3])
    with pytest.raises(ValueError, match="must be non-negative"):
        figure([1, 2], [-1, 3])


def test_parameters_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="window must be at least 1 token, got 0"):
        metrics.mattr([1], window=0)
    for threshold in (0, 1, math.nan):
        with pytest.raises(ValueError, match="threshold must lie between 0 and 1"):
            metrics.mtld([1], threshold=threshold)
    with pytest.raises(ValueError, match="draws must be at least 1, got 0"):
        metrics.hdd(Spectrum.from_counts([1]), 0)
    with pytest.raises(ValueError, match="between 1 and 128, got 0"):
        metrics.repetition([1], 0)


# In batches ----------------------------------------------------------------------------------


@given(st.lists(documents_lists, max_size=4), st.booleans())
def test_totals_of_batches_are_the_figures_of_all(
    batches: list[list[list[int]]], merged: bool
) -> None:
    def empty() -> metrics.SequenceTotals:
        return metrics.SequenceTotals(window=7, threshold=0.8, draws=5)

    totals = empty()
    for batch in batches:
        if merged:
            part = empty()
            part.update(*packed(batch))
            totals.merge(part)
        else:
            totals.update(*packed(batch))
    tokens, lengths = packed([document for batch in batches for document in batch])
    pairs = [
        (totals.mattr, metrics.mattr(tokens, lengths, window=7)),
        (totals.mtld, metrics.mtld(tokens, lengths, threshold=0.8)),
        (totals.hdd, metrics.document_hdd(tokens, lengths, draws=5)),
        (totals.repetition_diversity, metrics.repetition_diversity(tokens, lengths)),
        (totals.repetition(3), metrics.repetition(tokens, 3, lengths)),
        (totals.document_distinct_ratio(1), metrics.document_distinct_ratio(tokens, 1, lengths)),
    ]
    for got, expected in pairs:
        assert got == (expected if expected is None else pytest.approx(expected, abs=1e-9))


def test_totals_reject_wrong_arguments() -> None:
    with pytest.raises(ValueError, match="window must be at least 1 token, got 0"):
        metrics.SequenceTotals(window=0)
    with pytest.raises(ValueError, match="between 1 and 128, got 0"):
        metrics.SequenceTotals(max_order=0)
    totals = metrics.SequenceTotals(max_order=2)
    with pytest.raises(ValueError, match="max_order must be at least 4 for this, got 2"):
        _ = totals.repetition_diversity
    with pytest.raises(ValueError, match="between 1 and max_order, 2, got 3"):
        totals.repetition(3)
    with pytest.raises(ValueError, match="to be added, got"):
        totals.merge(metrics.SequenceTotals(window=50, max_order=2))
