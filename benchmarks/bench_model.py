"""Speed of language models of n-grams, and of the perplexity of rare tokens.

COLLAPSE_STATS_BENCH_TOKENS=2_000_000 pytest benchmarks/bench_model.py
"""

import numpy as np
import pytest
import workloads
from measure import size, timed
from pytest_benchmark.fixture import BenchmarkFixture

import collapse_stats as cs
from collapse_stats.ngram_model.rare_tokens.rare_perplexity import BaselineModels

DOCUMENT = 1000  # tokens


def profiled(tokens: workloads.Tokens, max_order: int) -> cs.Profile:
    """Profile documents of equal length, without a table: all of them are in the sample."""
    return cs.profile(
        np.array_split(tokens, max(len(tokens) // DOCUMENT, 1)),
        vocab_size=workloads.text_vocab_size(),
        max_order=max_order,
        table=False,
        sample_tokens=len(tokens),
    )


@pytest.fixture(scope="module")
def halves() -> list[workloads.Tokens]:
    """Return as much text for a model as for a test of it, dealt by documents."""
    tokens = workloads.text_tokens(2 * size())
    documents = np.array_split(tokens, max(2 * size() // DOCUMENT, 2))
    return [np.concatenate(documents[first::2]) for first in (0, 1)]


@pytest.mark.parametrize("order", [3, 5])
def test_estimate(benchmark: BenchmarkFixture, halves: list[workloads.Tokens], order: int) -> None:
    """A model of a sample, counted and estimated."""
    profile = profiled(halves[0], order)
    model = timed(benchmark, lambda: cs.NgramModel.from_profile(profile, order), len(halves[0]))
    assert model.tokens == len(halves[0])
    assert set(model.discounts) == set(range(1, order + 1))


@pytest.mark.parametrize("order", [3, 5])
def test_score(benchmark: BenchmarkFixture, halves: list[workloads.Tokens], order: int) -> None:
    """The probability of every token of other text."""
    model = cs.NgramModel.from_profile(profiled(halves[0], order), order)
    of_tokens, _ = timed(benchmark, lambda: model.log2_probabilities(halves[1]), len(halves[1]))
    assert of_tokens.max() < 0


def test_rare_perplexity(benchmark: BenchmarkFixture, halves: list[workloads.Tokens]) -> None:
    """All figures of two samples with their errors: six models, and 32 with a group left out."""
    baseline, candidate = (profiled(half, 3) for half in halves)
    result = timed(benchmark, lambda: cs.rare_perplexity(baseline, candidate), 2 * len(halves[0]))
    assert all(band.excess_bits is not None for band in result.bands if band.tokens)


def test_rare_perplexity_of_one_more(
    benchmark: BenchmarkFixture, halves: list[workloads.Tokens]
) -> None:
    """The same of a further candidate: the models of the baseline are there."""
    baseline, candidate = (profiled(half, 3) for half in halves)
    models = BaselineModels(baseline)
    expected = models.rare_perplexity(candidate)
    result = timed(benchmark, lambda: models.rare_perplexity(candidate), 2 * len(halves[0]))
    assert result == expected
