"""What a monitor costs a training loop: 16,384 tokens a step, orders 1 to 4, on the CPU.

COLLAPSE_STATS_BENCH_TOKENS=20_000_000 pytest benchmarks/bench_monitor.py --benchmark-columns=median

A step is a NumPy matrix product, on as many threads as NumPy uses, that takes
``$COLLAPSE_STATS_BENCH_STEP_MS`` milliseconds (default 2, for CI; a small model takes 250). Steps
with and without the monitor alternate. The figures are in the record's `extra_info`. Without a
window, n-grams are counted each time 2**24 tokens have come: give more tokens than that, or the
steps are timed before anything is counted.
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
    """Yield batches ``(32, 512)`` of text, as a data loader does."""
    tokens = workloads.text_tokens(max(size(), STEP_TOKENS))
    for at in range(0, len(tokens) - STEP_TOKENS + 1, STEP_TOKENS):
        yield tokens[at : at + STEP_TOKENS].astype(np.int64).reshape(-1, ROW)


@pytest.mark.parametrize("mask", [False, True])
@pytest.mark.parametrize("window", WINDOWS)
def test_update(benchmark: BenchmarkFixture, window: int | None, mask: bool) -> None:
    """Time until `update` returns, and all CPU time that it causes, its thread included."""
    monitor = cs.CollapseMonitor(workloads.text_vocab_size(), window=window)
    all_tokens = np.ones((STEP_TOKENS // ROW, ROW), dtype=np.int64)
    steps = list(batches())

    def call() -> list[float]:
        monitor.reset()
        began, waited = time.process_time(), []
        for batch in steps:
            start = time.perf_counter()
            monitor.update(batch, all_tokens if mask else None)
            waited.append(time.perf_counter() - start)
        monitor.settle()
        benchmark.extra_info["cpu_us_per_step"] = (time.process_time() - began) / len(steps) * 1e6
        return waited

    waited = sorted(timed(benchmark, call, len(steps) * STEP_TOKENS))
    benchmark.extra_info["update_us_median"] = median(waited) * 1e6
    benchmark.extra_info["update_us_99"] = waited[int(0.99 * len(waited))] * 1e6


@pytest.mark.parametrize("window", WINDOWS)
def test_step(benchmark: BenchmarkFixture, window: int | None) -> None:
    """Wall and CPU time of a step with the monitor over one without, alternating; medians.

    Also how long `update` takes to return between steps, where its thread has time to keep up.
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
        without, with_monitor = (median(row[column] for row in rows) for rows in (plain, watched))
        benchmark.extra_info[f"{name}_ratio"] = with_monitor / without
        sums = [sum(row[column] for row in rows) for rows in (watched, plain)]
        benchmark.extra_info[f"{name}_ratio_of_sums"] = sums[0] / sums[1]  # includes counting
        benchmark.extra_info[f"{name}_step_ms"] = without * 1e3
    waited = sorted(row[2] for row in watched)
    benchmark.extra_info["update_us_median"] = median(waited) * 1e6
    benchmark.extra_info["update_us_99"] = waited[int(0.99 * len(waited))] * 1e6
    assert monitor.compute()["tokens"] == sum(batch.size for batch in batches()) * (
        1 if benchmark.disabled else rounds() + (rounds() > 1)
    )


@pytest.mark.parametrize("answers", [8, 32])
def test_groups(benchmark: BenchmarkFixture, answers: int) -> None:
    """CPU time for each token that groups of so many answers to a prompt add to counting."""
    monitor = cs.CollapseMonitor(workloads.text_vocab_size())
    steps = list(batches())
    groups = np.arange(STEP_TOKENS // ROW) // answers

    def seconds(ids: np.typing.NDArray[np.int64] | None) -> float:
        monitor.reset()
        began = time.process_time()
        for batch in steps:
            monitor.update(batch, groups=ids)
        monitor.settle()
        return time.process_time() - began

    def call() -> float:
        return seconds(groups) - seconds(None)

    added = timed(benchmark, call, len(steps) * STEP_TOKENS)
    benchmark.extra_info["cpu_ns_per_token"] = added / (len(steps) * STEP_TOKENS) * 1e9


@pytest.mark.parametrize("compared", [False, True])
def test_compute(benchmark: BenchmarkFixture, compared: bool) -> None:
    """Compute every figure of a full window, with and without a baseline."""
    steps = list(batches())
    vocab_size = workloads.text_vocab_size()
    rows = np.concatenate(steps)
    baseline = cs.profile(rows, vocab_size=vocab_size, max_order=4) if compared else None
    monitor = cs.CollapseMonitor(vocab_size, baseline=baseline)
    for batch in steps:
        monitor.update(batch)
    monitor.compute()

    def call() -> dict[str, float]:
        monitor.update(steps[0][:0])  # without an update, `compute` repeats its last answer
        return monitor.compute()

    assert timed(benchmark, call, rows.size)["tokens"] == rows.size
