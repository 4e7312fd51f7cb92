"""Spectra of orders 1 to 5 of text: collapse-stats and other tools on the same tokens.

COLLAPSE_STATS_BENCH_TOKENS=100_000_000 pytest benchmarks/bench_peers.py
"""

from collections.abc import Callable

import pytest
import workloads
from measure import size, timed
from peers import (
    Rows,
    Tokens,
    duckdb,
    numpy_hash,
    numpy_one_sort,
    numpy_sort,
    numpy_unique,
    polars,
    polars_group_by,
)
from pytest_benchmark.fixture import BenchmarkFixture

from collapse_stats.backends.selection import backends, select
from collapse_stats.ngrams.layout import Layout

ORDERS = range(1, 6)
Peer = Callable[[Tokens, int, int], Rows]


@pytest.fixture(scope="module")
def tokens() -> Tokens:
    return workloads.text_tokens(size())


@pytest.fixture(scope="module")
def bits() -> int:
    return Layout(workloads.text_vocab_size(), 1).code_bits


@pytest.fixture(scope="module")
def expected(tokens: Tokens, bits: int) -> dict[int, Rows]:
    return {order: numpy_sort(tokens, order, bits) for order in ORDERS}


@pytest.mark.parametrize(
    "peer", [numpy_hash, numpy_sort, numpy_unique, polars, polars_group_by, duckdb]
)
def test_peer(
    benchmark: BenchmarkFixture,
    tokens: Tokens,
    bits: int,
    expected: dict[int, Rows],
    peer: Peer,
) -> None:
    tool = peer.__name__.split("_")[0]
    pytest.importorskip(tool, reason=f"{tool} is in the 'bench' extra")
    rows = timed(
        benchmark, lambda: {order: peer(tokens, order, bits) for order in ORDERS}, len(tokens)
    )
    assert rows == expected


def test_one_sort(
    benchmark: BenchmarkFixture, tokens: Tokens, bits: int, expected: dict[int, Rows]
) -> None:
    rows = timed(benchmark, lambda: numpy_one_sort(tokens, ORDERS, bits), len(tokens))
    assert rows == expected


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("backend", ["native", "numpy"])
def test_collapse_stats(
    benchmark: BenchmarkFixture,
    tokens: Tokens,
    expected: dict[int, Rows],
    backend: str,
    threads: int,
) -> None:
    info = next(info for info in backends() if info.name == backend)
    if not info.usable:
        pytest.skip(f"{backend}: {info.detail}")
    if backend == "numpy" and threads > 1:
        pytest.skip("the numpy backend has one thread")
    counter = select(backend, threads=threads)
    layout = Layout(workloads.text_vocab_size(), max(ORDERS))
    chunks = [workloads.chunk(tokens)]
    joint_spectra = timed(benchmark, lambda: counter.spectra(chunks, layout, [(1, 0)]), len(tokens))
    for order in ORDERS:
        spectrum = joint_spectra.ngrams[order][1, 0].first
        rows = dict(zip(spectrum.count.tolist(), spectrum.types.tolist(), strict=True))
        assert rows == expected[order]
