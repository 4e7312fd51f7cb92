"""Speed of counting the spectra of all orders: backends, layouts, documents, degenerate streams.

COLLAPSE_STATS_BENCH_TOKENS=100_000_000 pytest benchmarks/bench_count.py
"""

import os
from collections.abc import Callable
from dataclasses import dataclass

import pytest
import workloads
from measure import size, timed
from peers import Tokens, numpy_sort
from pytest_benchmark.fixture import BenchmarkFixture

from collapse_stats.backends.selection import backends, select
from collapse_stats.ngrams.layout import Layout


@dataclass(frozen=True)
class Case:
    """A token stream and how to count it. `length`: tokens a document, None for a single one."""

    name: str
    tokens: Callable[[int], Tokens]
    vocab_size: int | None = None  # None: the vocabulary of the text
    max_order: int = 5
    labels: int = 1
    length: int | None = None


CASES = (
    Case("text", workloads.text_tokens),
    Case("text_order_1", workloads.text_tokens, max_order=1),
    Case("text_order_3", workloads.text_tokens, max_order=3),
    Case("text_documents_of_10", workloads.text_tokens, length=10),
    Case("text_documents", workloads.text_tokens, length=1000),
    Case("text_halves", workloads.text_tokens, length=1000, labels=2),
    Case("text_200k_vocabulary", lambda n: workloads.spread_ids(workloads.text_tokens(n)), 200_000),
    Case("zipf", workloads.zipf_tokens, 50_257),
    Case("one_token", workloads.one_token, 50_257),
    Case("two_alternating", workloads.two_alternating, 50_257),
    Case("repeated_text", workloads.repeated_text),
    Case("repeated_documents", lambda n: workloads.repeated_text(n, 10_000), length=100),
)
WITH_TABLE = ("text", "text_halves", "text_200k_vocabulary")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("backend", ["native", "numpy"])
def test_spectra(benchmark: BenchmarkFixture, backend: str, case: Case) -> None:
    info = next(info for info in backends() if info.name == backend)
    if not info.usable:
        pytest.skip(f"{backend}: {info.detail}")
    tokens = case.tokens(size())
    vocab_size = case.vocab_size or workloads.text_vocab_size()
    layout = Layout(vocab_size, case.max_order, case.labels)
    chunks = [workloads.chunk(tokens, case.length, case.labels)]
    masks = (0b01, 0b10) if case.labels == 2 else (0b1, 0)
    counter = select(backend, threads=os.cpu_count())
    joint_spectra = timed(benchmark, lambda: counter.spectra(chunks, layout, [masks]), len(tokens))
    for order in range(1, case.max_order + 1):
        spectrum = joint_spectra.ngrams[order][masks].total
        rows = dict(zip(spectrum.count.tolist(), spectrum.types.tolist(), strict=True))
        assert rows == numpy_sort(tokens, order, layout.code_bits, case.length)


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.name in WITH_TABLE], ids=lambda case: case.name
)
def test_table(benchmark: BenchmarkFixture, case: Case) -> None:
    """Count an n-gram table; beside `test_spectra`, this shows what its rows cost."""
    tokens = case.tokens(size())
    layout = Layout(case.vocab_size or workloads.text_vocab_size(), case.max_order, case.labels)
    chunks = [workloads.chunk(tokens, case.length, case.labels)]
    counter = select("auto", threads=os.cpu_count())
    table = timed(benchmark, lambda: counter.count(chunks, layout), len(tokens))
    assert table.counts.sum() == len(tokens)
