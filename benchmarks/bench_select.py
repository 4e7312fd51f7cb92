"""Speed of choosing documents: looking n-grams up, one pass, and the greedy choice.

COLLAPSE_STATS_BENCH_TOKENS=10_000_000 pytest benchmarks/bench_select.py
"""

import os

import numpy as np
import pytest
import workloads
from measure import size, timed
from pytest_benchmark.fixture import BenchmarkFixture

from collapse_stats.backends.ngram_set import NgramSet, ngram_set
from collapse_stats.corpus.bounds import Bounds
from collapse_stats.selection.choice import Choice
from collapse_stats.selection.copies import Copies
from collapse_stats.selection.greedy import greedy
from collapse_stats.selection.judged import Judged
from collapse_stats.selection.one_pass import one_pass
from collapse_stats.selection.pool import Pool
from collapse_stats.selection.weights import UNIT
from collapse_stats.system.memory import budget

DOCUMENT = 150  # tokens
SHARE = 20  # the budget is this part of the tokens
BITS = 15


@pytest.fixture(scope="module")
def pool() -> Pool:
    """Return real text in short documents."""
    tokens = workloads.text_tokens(size()).astype(np.uint16)
    start = np.arange(0, len(tokens), DOCUMENT, dtype=np.int64)
    stop = np.minimum(start + DOCUMENT, len(tokens))
    return Pool([tokens], [Bounds.of(start, stop)])


def nothing_known(pool: Pool) -> Choice:
    """Return a choice among documents, with a tenth of the text as the reference."""
    threads = os.cpu_count() or 1
    ngrams = ngram_set(3, BITS, UNIT, pool.tokens, threads)
    some = pool.packed(np.arange(0, len(pool), 10))
    ngrams.cover(*some.all)
    ngrams.settle()
    return Choice(Judged.of(pool, 20), ngrams, Copies((), BITS, budget(None), threads))


def test_look_up(benchmark: BenchmarkFixture, pool: Pool) -> None:
    """What every document of the pool would add: what a pass does of most documents."""
    ngrams: NgramSet = nothing_known(pool).ngrams

    def look() -> int:
        return sum(int(ngrams.sums(*packed.all)[1].sum()) for _, packed in pool.batches())

    assert timed(benchmark, look, pool.tokens) > 0


@pytest.mark.parametrize("method", ["greedy", "one-pass"])
def test_choose(benchmark: BenchmarkFixture, pool: Pool, method: str) -> None:
    """Choose a twentieth of the pool, without a gate."""

    def choose() -> Choice:
        choice = nothing_known(pool)
        if method == "greedy":
            greedy(choice, pool.tokens // SHARE)
        else:
            one_pass(choice, pool.tokens // SHARE, 0)
        return choice

    assert timed(benchmark, choose, pool.tokens).number > 0
