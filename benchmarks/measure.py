"""How much is counted and how a speed is written down, the same in every benchmark."""

import os
from collections.abc import Callable
from typing import TypeVar

from pytest_benchmark.fixture import BenchmarkFixture

Result = TypeVar("Result")


def size() -> int:
    """Tokens a benchmark counts: ``$COLLAPSE_STATS_BENCH_TOKENS``, else few enough for CI."""
    return int(os.environ.get("COLLAPSE_STATS_BENCH_TOKENS", "300_000"))


def rounds() -> int:
    """Timed calls: ``$COLLAPSE_STATS_BENCH_ROUNDS``, else three; one will do for slow peers."""
    return int(os.environ.get("COLLAPSE_STATS_BENCH_ROUNDS", "3"))


def timed(benchmark: BenchmarkFixture, call: Callable[[], Result], tokens: int) -> Result:
    """Result of the call; its median speed, after a warm-up, goes into the record.

    With ``--benchmark-disable`` the call is made once and no speed is noted.
    """
    result: Result = benchmark.pedantic(call, rounds=rounds(), warmup_rounds=int(rounds() > 1))  # type: ignore[no-untyped-call]
    benchmark.extra_info["tokens"] = tokens
    if benchmark.stats is not None:
        speed = tokens / benchmark.stats.stats.median
        benchmark.extra_info["million_tokens_per_second"] = round(speed / 1e6, 2)
    return result
