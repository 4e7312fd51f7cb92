"""The verdict of two profiles, and the whole command: two samples of one text, without tables.

COLLAPSE_STATS_BENCH_TOKENS=20_000_000 pytest benchmarks/bench_verdict.py

From 2 M tokens of a profile on, its sample has 2 M tokens and a verdict takes the same time.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import workloads
from measure import size, timed
from pytest_benchmark.fixture import BenchmarkFixture

import collapse_stats as cs
from collapse_stats.verdict.measure import evidence
from collapse_stats.verdict.rule import WITHIN_FLOOR, Constants, judge

DOCUMENT = 500  # tokens


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two profiles without tables, of every other document of the tokens each."""
    folder = tmp_path_factory.mktemp("profiles")
    tokens = workloads.text_tokens(2 * size())
    documents = tokens[: len(tokens) // DOCUMENT * DOCUMENT].reshape(-1, DOCUMENT)
    paths = [folder / "one", folder / "other"]
    for number, path in enumerate(paths):
        vocab_size = workloads.text_vocab_size()
        cs.profile(list(documents[number::2]), vocab_size=vocab_size, table=False).save(path)
    return paths


def test_evidence(benchmark: BenchmarkFixture, saved: list[Path]) -> None:
    """What is counted for a verdict, on at most 2 x 2 M tokens; tokens of both samples."""
    one, other = (cs.load(path).sample for path in saved)
    tokens = len(one.tokens) + len(other.tokens)
    found = timed(benchmark, lambda: evidence(one, other), tokens)
    assert judge(found, Constants()).label == WITHIN_FLOOR


def test_command(benchmark: BenchmarkFixture, saved: list[Path]) -> None:
    """`collapse-stats compare`, the start of Python included; tokens of both profiles."""
    command = [sys.executable, "-m", "collapse_stats", "compare", *map(str, saved), "--json"]

    def run() -> str:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    report = json.loads(timed(benchmark, run, 2 * size()))
    assert report["comparisons"][0]["verdict"] == WITHIN_FLOOR
