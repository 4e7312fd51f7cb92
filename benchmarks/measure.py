"""The size of every benchmark, and how its speed is measured and recorded."""

import os
from collections.abc import Callable
from typing import TypeVar

from pytest_benchmark.fixture import BenchmarkFixture

Result = TypeVar("Result")


def size() -> int:
    """Number of tokens to count: ``$COLLAPSE_STATS_BENCH_TOKENS``, or few enough for CI."""
    return int(os.environ.get("COLLAPSE_STATS_BENCH_TOKENS", "300_000"))


def rounds() -> int:
    """Number of timed calls: ``$COLLAPSE_STATS_BENCH_ROUNDS``, or three. Use 1 for slow peers."""
    return int(os.environ.get("COLLAPSE_STATS_BENCH_ROUNDS", "3"))


def timed(benchmark: BenchmarkFixture, call: Callable[[], Result], tokens: int) -> Result:
    """Time the call after a warm-up, record its median speed, and return its result.

    With ``--benchmark-disable`` the call is made once and no speed is recorded.
    """
    result: Result = benchmark.pedantic(call, rounds=rounds(), warmup_rounds=int(rounds() > 1))  # type: ignore[no-untyped-call]
    benchmark.extra_info["tokens"] = tokens
    if benchmark.stats is not None:
        speed = tokens / benchmark.stats.stats.median
        benchmark.extra_info["million_tokens_per_second"] = round(speed / 1e6, 2)
    return result
