"""Samples of n-grams, and what is estimated from them, against dictionaries of all n-grams."""

import math
from collections import Counter

import ngram_sample_oracle as oracle
import numpy as np
import pytest

import collapse_stats as cs
from collapse_stats.counting.ngram_sample import GROUPS
from collapse_stats.metrics.figures import CORPUS_FIGURES
from collapse_stats.ngrams.ngram_hash import BUCKETS
from collapse_stats.ngrams.sampled_spectrum import SampledSpectrum

VOCAB = 3000
ONE_OF = 8


def texts(seed: int = 0, number: int = 160) -> list[list[int]]:
    rng = np.random.default_rng(seed)
    return [(rng.zipf(1.2, n) % VOCAB).tolist() for n in rng.integers(0, 600, number)]


@pytest.fixture(scope="module")
def corpus() -> list[list[int]]:
    return texts()


@pytest.fixture(scope="module", params=["native", "numpy"])
def sampled(request: pytest.FixtureRequest, corpus: list[list[int]]) -> cs.Profile:
    return profile(corpus, request.param)


def profile(corpus: list[list[int]], backend: str = "auto", one_of: int = ONE_OF) -> cs.Profile:
    arrays = [np.array(text, np.int32) for text in corpus]
    return cs.profile(arrays, vocab_size=VOCAB, max_order=3, sample_ngrams=one_of, backend=backend)


def table_of(sampled: cs.Profile, order: int) -> dict[tuple[int, ...], tuple[int, int]]:
    assert sampled.ngram_sample is not None
    source = sampled.ngram_sample.tables[order]
    table = source.read(0, source.layout.key_ranges)
    return dict(
        zip(map(tuple, table.tokens().T.tolist()), map(tuple, table.counts.T.tolist()), strict=True)
    )


def all_counts(corpus: list[list[int]], order: int) -> Counter[tuple[int, ...]]:
    followed, last = oracle.counts(corpus, order)
    return followed + last


@pytest.mark.parametrize("order", [2, 3])
def test_kept_ngrams_have_their_exact_counts(sampled, corpus, order):
    assert table_of(sampled, order) == oracle.kept(corpus, order, ONE_OF)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_totals(sampled, corpus, order):
    counts = all_counts(corpus, order)
    assert sampled.windows(order) == counts.total()
    if order == 1:
        assert sampled.distinct(order) == len(counts)
        assert sampled.sampling_error("distinct", 1) == 0.0
    else:
        kept = len(oracle.kept(corpus, order, ONE_OF))
        assert sampled.distinct(order) == ONE_OF * kept
        error = ONE_OF * math.sqrt(kept * (1 - 1 / ONE_OF))
        assert sampled.sampling_error("distinct", order) == pytest.approx(error)


def test_tokens_are_all_counted(sampled, corpus):
    exact = cs.Spectrum.from_counts([*all_counts(corpus, 1).values()])
    assert sampled.spectrum(1) == exact
    assert sampled.contexts(1) == cs.Spectrum.from_counts([exact.occurrences])
    followed = [count for count in oracle.counts(corpus, 1)[0].values() if count]
    assert sampled.contexts(2) == cs.Spectrum.from_counts(followed)


@pytest.mark.parametrize("order", [2, 3])
def test_spectra_are_those_of_the_kept_ngrams(sampled, corpus, order):
    seen = Counter(sum(pair) for pair in oracle.kept(corpus, order, ONE_OF).values())
    spectrum = sampled.spectrum(order)
    assert dict(zip(spectrum.count.tolist(), spectrum.types.tolist(), strict=True)) == {
        count: ONE_OF * types for count, types in seen.items()
    }
    assert spectrum.occurrences == all_counts(corpus, order).total()


@pytest.mark.parametrize("order", [2, 3])
def test_sums_over_ngrams_follow_the_formula(sampled, corpus, order):
    """Sum over buckets as if each were an n-gram, less K times what is wrong in the kept ones."""
    sums = [sum(pair) for pair in zip(*map(_dense, oracle.sums(corpus, order)), strict=True)]
    kept = [sum(pair) for pair in oracle.kept(corpus, order, ONE_OF).values()]
    f = math.sqrt
    wrong = sum(f(each) for each in sums[::ONE_OF]) - sum(map(f, kept))
    expected = sum(map(f, sums)) - ONE_OF * wrong
    spectrum = sampled.spectrum(order)
    assert isinstance(spectrum, SampledSpectrum)
    rows = spectrum.with_buckets
    assert np.sum(np.sqrt(rows.count.astype(float)) * rows.types) == pytest.approx(expected)


def _dense(counter: Counter[int]) -> list[int]:
    return [counter[bucket] for bucket in range(BUCKETS)]


@pytest.mark.parametrize("order", [2, 3])
def test_pairs_follow_the_formula(sampled, corpus, order):
    sums = [sum(pair) for pair in zip(*map(_dense, oracle.sums(corpus, order)), strict=True)]
    n, squares = sum(sums), sum(each * each for each in sums)
    pairs = (BUCKETS * squares - n * n) / (BUCKETS - 1) - n
    value = CORPUS_FIGURES["hill_2"].value(sampled.spectrum(order), sampled.contexts(order))
    assert value == pytest.approx(n * (n - 1) / pairs)


def test_sums_of_several_samples_are_the_sample_of_all(corpus):
    a, b = profile(corpus[:80]), profile(corpus[80:])
    whole = profile(corpus)
    for both in (a + b, b + a):
        for order in (2, 3):
            assert table_of(both, order) == table_of(whole, order)
        for order in (1, 2, 3):
            assert np.array_equal(both.ngram_sample.sums[order], whole.ngram_sample.sums[order])
            assert both.entropy(order) == whole.entropy(order)


def test_estimates_are_near_what_all_ngrams_give(corpus):
    """Of 20 ways to name the tokens, two standard errors cover the exact figure of most."""
    rng = np.random.default_rng(0)
    counts = {
        order: cs.Spectrum.from_counts([*all_counts(corpus, order).values()]) for order in (2, 3)
    }
    covered: Counter[str] = Counter()
    figures = {"distinct": None, "entropy": "plugin", "collision_entropy": None, "coverage": None}
    for _ in range(20):
        names = rng.permutation(VOCAB)
        sampled = profile([names[text].tolist() for text in corpus])
        for order, exact in counts.items():
            for name, estimator in figures.items():
                figure = CORPUS_FIGURES[name]
                value = figure.value(*sampled.spectra[order], estimator)
                error = sampled.sampling_error(name, order, estimator)
                is_inside = abs(value - figure.value(exact, exact, estimator)) <= 2 * error
                covered[name] += is_inside
                assert error > 0
    assert all(covered[name] >= 33 for name in figures), covered  # of 40


def test_every_figure_is_within_its_range(corpus):
    for size in (1, 3, 10, 160):
        some = corpus[:size]
        sampled = profile(some, one_of=64)
        for order in (1, 2, 3):
            for figure in CORPUS_FIGURES.values():
                for estimator in figure.estimators or (None,):
                    value = figure.value(*sampled.spectra[order], estimator)
                    error = sampled.sampling_error(figure.name, order, estimator)
                    assert value is None or 0 <= value < math.inf
                    assert error is None or 0 <= error < math.inf
                    assert value is None or figure.unit != "share" or value <= 1


def test_figures_of_too_few_kept_ngrams_are_none(corpus):
    sampled = profile(corpus[2:4], one_of=1024)
    assert sampled.spectrum(3).kept < 64
    assert sampled.entropy(3) is None
    assert sampled.interval("entropy", 3) is None
    assert sampled.distinct(3) % 1024 == 0


def test_documents_shorter_than_an_order():
    sampled = profile([[5], [5], [7]])
    assert (sampled.tokens, sampled.windows(2), sampled.distinct(3)) == (3, 0, 0)
    assert sampled.entropy(2) is None
    assert sampled.entropy(1) is not None


def test_groups_are_enough_for_the_largest_share():
    assert BUCKETS // 4096 >= GROUPS
