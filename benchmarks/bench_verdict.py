"""Speed of a verdict and of the whole `compare`: two samples of one text, without tables.

COLLAPSE_STATS_BENCH_TOKENS=20_000_000 pytest benchmarks/bench_verdict.py

A sample has at most 2 M tokens, so for profiles of more a verdict takes the same time.
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
    """Two profiles without tables, each of every other document of the text."""
    folder = tmp_path_factory.mktemp("profiles")
    tokens = workloads.text_tokens(2 * size())
    documents = tokens[: len(tokens) // DOCUMENT * DOCUMENT].reshape(-1, DOCUMENT)
    paths = [folder / "even", folder / "odd"]
    for number, path in enumerate(paths):
        vocab_size = workloads.text_vocab_size()
        cs.profile(list(documents[number::2]), vocab_size=vocab_size, table=False).save(path)
    return paths


def test_evidence(benchmark: BenchmarkFixture, saved: list[Path]) -> None:
    """Measure what a verdict needs; the speed counts tokens of both samples, 2 x 2 M at most."""
    baseline, candidate = (cs.load(path).sample for path in saved)
    tokens = len(baseline.tokens) + len(candidate.tokens)
    measured = timed(benchmark, lambda: evidence(baseline, candidate), tokens)
    assert judge(measured, Constants()).label == WITHIN_FLOOR


def test_command(benchmark: BenchmarkFixture, saved: list[Path]) -> None:
    """Run `collapse-stats compare`, from the start of Python; the speed counts both profiles."""
    command = [sys.executable, "-m", "collapse_stats", "compare", *map(str, saved), "--json"]

    def run() -> str:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    report = json.loads(timed(benchmark, run, 2 * size()))
    assert report["comparisons"][0]["verdict"] == WITHIN_FLOOR
