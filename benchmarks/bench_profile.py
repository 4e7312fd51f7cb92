"""Speed from a headerless `.bin` of token ids, in the page cache, to figures and saved profiles.

COLLAPSE_STATS_BENCH_TOKENS=100_000_000 pytest benchmarks/bench_profile.py
"""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from statistics import median
from time import process_time

import numpy as np
import pytest
import workloads
from measure import rounds, size, timed
from pytest_benchmark.fixture import BenchmarkFixture

import collapse_stats as cs
from collapse_stats.backends.options import CountOptions
from collapse_stats.backends.selection import select
from collapse_stats.corpus.load import read_corpus
from collapse_stats.profiles.build import profile_corpus
from collapse_stats.profiles.merge import merge
from collapse_stats.readers.options import ReadOptions
from collapse_stats.system.memory import budget

FIRST_CALL = str(Path(__file__).parent / "first_call.py")


@pytest.fixture(scope="module")
def shard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shard") / "tokens.bin"
    workloads.text_tokens(size()).astype(np.uint16).tofile(path)
    return path


def profile(shard: Path, table: bool) -> cs.Profile:
    return cs.profile(shard, dtype="u16", vocab_size=workloads.text_vocab_size(), table=table)


def test_without_table(benchmark: BenchmarkFixture, shard: Path) -> None:
    """Count what `collapse-stats show` counts: all orders, with halves."""
    counted = timed(benchmark, lambda: profile(shard, table=False), size())
    assert counted.tokens == size()
    assert counted.windows(5) == size() - 4


def test_first_call(benchmark: BenchmarkFixture, shard: Path) -> None:
    """The first call of a process, as a share of the speed of its later calls: as a command counts.

    `extra_info` has the median share of ten processes.
    """
    expected = profile(shard, table=False).distinct(5)
    shares: list[float] = []

    def count() -> None:
        vocab_size = str(workloads.text_vocab_size())
        command = [sys.executable, FIRST_CALL, str(shard), vocab_size, "4"]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        answer = json.loads(done.stdout)
        first, *later = answer["seconds"]
        shares.append(median(later) / first)
        assert answer["distinct"] == expected

    processes = 10 if rounds() > 1 else 1
    benchmark.pedantic(count, rounds=processes, warmup_rounds=0)  # type: ignore[no-untyped-call]
    benchmark.extra_info["first_call_share"] = round(median(shares), 2)
    benchmark.extra_info["tokens"] = size()


def test_saved_with_table(benchmark: BenchmarkFixture, shard: Path, tmp_path: Path) -> None:
    """Do what `collapse-stats profile -o` does: write the n-gram table while counting."""
    reading = ReadOptions(dtype="u16", vocab_size=workloads.text_vocab_size())

    def save() -> cs.Profile:
        shutil.rmtree(tmp_path / "p", ignore_errors=True)
        counting = CountOptions()
        corpus = read_corpus(shard, reading=reading, counting=counting, share=2)
        return profile_corpus(corpus, counting=counting, save_to=tmp_path / "p")

    saved = timed(benchmark, save, size())
    assert saved.joint_spectra == profile(shard, table=False).joint_spectra


def test_counted_then_saved(benchmark: BenchmarkFixture, shard: Path, tmp_path: Path) -> None:
    """Count a profile in memory, then save it."""

    def save() -> cs.Profile:
        shutil.rmtree(tmp_path / "p", ignore_errors=True)
        counted = profile(shard, table=True)
        counted.save(tmp_path / "p")
        return counted

    saved = timed(benchmark, save, size())
    assert cs.load(tmp_path / "p").joint_spectra == saved.joint_spectra


def test_loaded(benchmark: BenchmarkFixture, shard: Path, tmp_path: Path) -> None:
    """Read a saved n-gram table back and check it; also the share of digests in the CPU time."""
    saved = profile(shard, table=True)
    saved.save(tmp_path / "p")
    table = timed(benchmark, lambda: cs.load(tmp_path / "p").run, size())
    assert table == saved.run
    shares = []
    for _ in range(5 if rounds() > 1 else 1):
        begin = process_time()
        assert cs.load(tmp_path / "p").run == table
        whole = process_time() - begin
        contents = [path.read_bytes() for path in (tmp_path / "p").iterdir()]
        begin = process_time()
        for content in contents:
            hashlib.sha256(content)
        shares.append((process_time() - begin) / whole)
    benchmark.extra_info["digests_share_of_cpu"] = round(median(shares), 3)


def test_saved_profiles_compared(benchmark: BenchmarkFixture, shard: Path, tmp_path: Path) -> None:
    """Compare two saved profiles, key range by key range; the speed counts tokens of both."""
    profile(shard, table=True).save(tmp_path / "p")
    ids = np.fromfile(shard, dtype=np.uint16)
    mixed = np.concatenate([ids[size() // 2 :], ids[::-1][: size() // 2]])
    cs.profile(mixed, vocab_size=workloads.text_vocab_size()).save(tmp_path / "q")
    comparison = timed(benchmark, lambda: cs.compare(tmp_path / "p", tmp_path / "q"), 2 * size())
    joint = comparison.joint_spectrum(1)
    assert joint.first.occurrences == joint.second.occurrences == size()


def test_saved_profiles_merged(benchmark: BenchmarkFixture, shard: Path, tmp_path: Path) -> None:
    """Merge a saved profile with itself and save the sum; the speed counts tokens of both."""
    saved = profile(shard, table=True)
    saved.save(tmp_path / "p")

    def add() -> cs.Profile:
        shutil.rmtree(tmp_path / "sum", ignore_errors=True)
        twice = [cs.load(tmp_path / "p")] * 2
        return merge(twice, select(), budget(None), save_to=tmp_path / "sum")

    merged = timed(benchmark, add, 2 * size())
    assert merged.known_table.rows == saved.known_table.rows
    assert merged.tokens == 2 * size()
