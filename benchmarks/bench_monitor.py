"""What a monitor costs a loop: 16,384 tokens a step, orders 1 to 4, on the CPU.

COLLAPSE_STATS_BENCH_TOKENS=20_000_000 pytest benchmarks/bench_monitor.py --benchmark-columns=median

The step is NumPy's matrix product, of ``$COLLAPSE_STATS_BENCH_STEP_MS`` (default 2 for CI; 250 is
what a small model takes), on as many threads as NumPy uses. Steps with and without the monitor take
turns. The record's `extra_info` has the figures. Without a window, n-grams are counted when 2**24
tokens have come: give more than that, or steps are timed before anything is counted.
"""

import os
import time
from collections.abc import Iterator
from statistics import median

import numpy as np
import pytest
import workloads
from measure import rounds, size, timed
from pytest_benchmark.fixture import BenchmarkFixture

import collapse_stats as cs

STEP_TOKENS, ROW = 16_384, 512
WINDOWS = [50_000_000, None]


def batches() -> Iterator[np.typing.NDArray[np.int64]]:
    """Batches ``(32, 512)`` of text, as a loader gives them."""
    tokens = workloads.text_tokens(max(size(), STEP_TOKENS))
    for at in range(0, len(tokens) - STEP_TOKENS + 1, STEP_TOKENS):
        yield tokens[at : at + STEP_TOKENS].astype(np.int64).reshape(-1, ROW)


@pytest.mark.parametrize("mask", [False, True])
@pytest.mark.parametrize("window", WINDOWS)
def test_update(benchmark: BenchmarkFixture, window: int | None, mask: bool) -> None:
    """Until `update` returns, and all CPU time it leads to, on the thread as well."""
    monitor = cs.CollapseMonitor(workloads.text_vocab_size(), window=window)
    all_tokens = np.ones((STEP_TOKENS // ROW, ROW), dtype=np.int64)
    given = list(batches())

    def call() -> list[float]:
        monitor.reset()
        began, waited = time.process_time(), []
        for batch in given:
            start = time.perf_counter()
            monitor.update(batch, all_tokens if mask else None)
            waited.append(time.perf_counter() - start)
        monitor.settle()
        benchmark.extra_info["cpu_us_per_step"] = (time.process_time() - began) / len(given) * 1e6
        return waited

    waited = sorted(timed(benchmark, call, len(given) * STEP_TOKENS))
    benchmark.extra_info["update_us_median"] = median(waited) * 1e6
    benchmark.extra_info["update_us_99"] = waited[int(0.99 * len(waited))] * 1e6


@pytest.mark.parametrize("window", WINDOWS)
def test_step(benchmark: BenchmarkFixture, window: int | None) -> None:
    """A step with the monitor over one without: wall and CPU time, medians of turns.

    And how long `update` takes to return in such a loop: there, the thread has time to keep up.
    """
    monitor = cs.CollapseMonitor(workloads.text_vocab_size(), window=window)
    target = float(os.environ.get("COLLAPSE_STATS_BENCH_STEP_MS", "2")) / 1e3
    matrix = np.random.default_rng(0).random((1024, 1024), dtype=np.float32)
    start = time.perf_counter()
    matrix @ matrix
    products = max(1, round(target / (time.perf_counter() - start)))

    def step(batch: np.typing.NDArray[np.int64] | None) -> tuple[float, float, float]:
        wall, cpu = time.perf_counter(), time.process_time()
        if batch is not None:
            monitor.update(batch)
        updated = time.perf_counter() - wall
        for _ in range(products):
            matrix @ matrix
        return time.perf_counter() - wall, time.process_time() - cpu, updated

    def call() -> tuple[list[tuple[float, float, float]], list[tuple[float, float, float]]]:
        plain, watched = [], []
        for batch in batches():
            plain.append(step(None))
            watched.append(step(batch))
        return plain, watched

    plain, watched = timed(benchmark, call, size())
    for name, column in (("wall", 0), ("cpu", 1)):
        one, other = (median(row[column] for row in rows) for rows in (plain, watched))
        benchmark.extra_info[f"{name}_ratio"] = other / one
        both = [sum(row[column] for row in rows) for rows in (watched, plain)]
        benchmark.extra_info[f"{name}_ratio_of_sums"] = both[0] / both[1]  # counting among it
        benchmark.extra_info[f"{name}_step_ms"] = one * 1e3
    waited = sorted(row[2] for row in watched)
    benchmark.extra_info["update_us_median"] = median(waited) * 1e6
    benchmark.extra_info["update_us_99"] = waited[int(0.99 * len(waited))] * 1e6
    assert monitor.compute()["tokens"] == sum(b.size for b in batches()) * (
        1 if benchmark.disabled else rounds() + (rounds() > 1)
    )


@pytest.mark.parametrize("compared", [False, True])
def test_compute(benchmark: BenchmarkFixture, compared: bool) -> None:
    """Every figure of a full window, with and without a baseline."""
    given = list(batches())
    vocab_size = workloads.text_vocab_size()
    rows = np.concatenate(given)
    baseline = cs.profile(rows, vocab_size=vocab_size, max_order=4) if compared else None
    monitor = cs.CollapseMonitor(vocab_size, baseline=baseline)
    for batch in given:
        monitor.update(batch)
    monitor.compute()

    def call() -> dict[str, float]:
        monitor.update(given[0][:0])  # or it gives what it knows already
        return monitor.compute()

    assert timed(benchmark, call, rows.size)["tokens"] == rows.size
