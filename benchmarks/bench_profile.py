"""A headerless `.bin` of token ids, from the page cache, to its metrics and to a saved profile.

COLLAPSE_STATS_BENCH_TOKENS=100_000_000 pytest benchmarks/bench_profile.py
"""

import shutil
from pathlib import Path

import numpy as np
import pytest
import workloads
from measure import size, timed
from pytest_benchmark.fixture import BenchmarkFixture

import collapse_stats as cs


@pytest.fixture(scope="module")
def shard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shard") / "tokens.bin"
    workloads.text_tokens(size()).astype(np.uint16).tofile(path)
    return path


def profile(shard: Path, table: bool) -> cs.Profile:
    return cs.profile(shard, dtype="u16", vocab_size=workloads.text_vocab_size(), table=table)


def test_without_table(benchmark: BenchmarkFixture, shard: Path) -> None:
    """What `collapse-stats show` counts: all orders, halves kept."""
    found = timed(benchmark, lambda: profile(shard, table=False), size())
    assert found.tokens == size()
    assert found.windows(5) == size() - 4


def test_saved_with_table(benchmark: BenchmarkFixture, shard: Path, tmp_path: Path) -> None:
    """What `collapse-stats profile -o` does."""

    def save() -> cs.Profile:
        shutil.rmtree(tmp_path / "p", ignore_errors=True)
        found = profile(shard, table=True)
        found.save(tmp_path / "p")
        return found

    found = timed(benchmark, save, size())
    assert cs.load(tmp_path / "p").tables == found.tables


def test_loaded(benchmark: BenchmarkFixture, shard: Path, tmp_path: Path) -> None:
    """A saved table read back and checked."""
    saved = profile(shard, table=True)
    saved.save(tmp_path / "p")
    run = timed(benchmark, lambda: cs.load(tmp_path / "p").run, size())
    assert run == saved.run
