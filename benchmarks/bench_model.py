"""Speed of language models of n-grams, and of the perplexity of rare tokens.

COLLAPSE_STATS_BENCH_TOKENS=2_000_000 pytest benchmarks/bench_model.py
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import workloads
from measure import size, timed
from pytest_benchmark.fixture import BenchmarkFixture

import collapse_stats as cs
from collapse_stats.backends.selection import select
from collapse_stats.ngram_model.rare_tokens.rare_perplexity import BaselineModels

DOCUMENT = 1000  # tokens


def profiled(tokens: workloads.Tokens, max_order: int, *, table: bool = False) -> cs.Profile:
    """Profile documents of equal length, with a table or with all of them in the sample."""
    return cs.profile(
        np.array_split(tokens, max(len(tokens) // DOCUMENT, 1)),
        vocab_size=workloads.text_vocab_size(),
        max_order=max_order,
        table=table,
        sample_tokens=0 if table else len(tokens),
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
@pytest.mark.parametrize("backend", ["native", "numpy"])
def test_estimate_from_table(
    benchmark: BenchmarkFixture, halves: list[workloads.Tokens], order: int, backend: str
) -> None:
    """A model of a whole table in memory."""
    profile = replace(profiled(halves[0], order, table=True), backend=select(backend))
    model = timed(benchmark, lambda: cs.NgramModel.from_profile(profile, order), len(halves[0]))
    assert model.tokens == len(halves[0])
    assert set(model.discounts) == set(range(1, order + 1))


@pytest.mark.parametrize("order", [3, 5])
def test_memory(benchmark: BenchmarkFixture, halves: list[workloads.Tokens], order: int) -> None:
    """The most bytes for each n-gram beside the table, while a model of it is estimated."""
    profile = profiled(halves[0], order, table=True)
    cs.NgramModel.from_profile(profile, order)  # what else a first call needs
    forget = Path("/proc/self/clear_refs")
    forget.write_text("5")  # the peak is from now on
    before = resident("VmRSS")
    model = benchmark.pedantic(  # type: ignore[no-untyped-call]
        lambda: cs.NgramModel.from_profile(profile, order), rounds=1
    )
    ngrams = model._index.first[-1]
    benchmark.extra_info["ngrams"] = ngrams
    for name in ("VmRSS", "VmHWM"):
        benchmark.extra_info[name] = round((resident(name) - before) / ngrams, 1)
    print(f"order {order}:", benchmark.extra_info)


def resident(name: str) -> int:
    """Return the bytes of memory that the system reports of this process under a name."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(name))


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
