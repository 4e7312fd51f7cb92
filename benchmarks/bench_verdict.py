"""Speed of a verdict and of the whole `compare`: two samples of one text, and sixteen generations.

COLLAPSE_STATS_BENCH_TOKENS=20_000_000 pytest benchmarks/bench_verdict.py

A sample has at most 2 M tokens, so for profiles of more a verdict takes the same time. The sixteen
generations are parts of one text.
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
from collapse_stats import tokenizers
from collapse_stats.verdict.constants import Constants
from collapse_stats.verdict.measure import evidence
from collapse_stats.verdict.rule import CANNOT_TELL, WITHIN_FLOOR, judge

DOCUMENT = 500  # tokens
GENERATIONS = 16
GENERATION_DOCUMENT = 100  # tokens, so that few tokens are enough documents


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


@pytest.fixture(scope="module")
def generations(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Files of one text, cut into sixteen parts: the same source, so that nothing has drifted."""
    folder = tmp_path_factory.mktemp("generations")
    tokenizer = tokenizers.load("builtin")
    tokens = workloads.text_tokens(size())
    documents = tokens[: len(tokens) // GENERATION_DOCUMENT * GENERATION_DOCUMENT]
    texts = [
        tokenizer.decode(document)
        for document in documents.reshape(-1, GENERATION_DOCUMENT).tolist()
    ]
    paths = [folder / f"gen{number:02d}.jsonl" for number in range(GENERATIONS)]
    for number, path in enumerate(paths):
        lines = (json.dumps({"text": text}) + "\n" for text in texts[number::GENERATIONS])
        path.write_text("".join(lines), "utf-8")
    return paths


def test_generations(benchmark: BenchmarkFixture, generations: list[Path]) -> None:
    """Run `collapse-stats compare` of sixteen generations; the speed counts all their tokens."""
    command = [sys.executable, "-m", "collapse_stats", "compare", *map(str, generations), "--json"]

    def run() -> str:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    report = json.loads(timed(benchmark, run, size()))
    pairs = [(each["baseline"], each["candidate"]) for each in report["comparisons"]]
    names = [path.stem for path in generations]
    assert pairs == [(names[0], name) for name in names[1:]] + [
        (names[1], name) for name in names[2:]
    ]
    # Few documents cannot show that nothing has changed, but there is no loss to be found.
    assert {each["verdict"] for each in report["comparisons"]} <= {WITHIN_FLOOR, CANNOT_TELL}
    for corpus, path in zip(report["corpora"], generations, strict=True):
        assert corpus["documents"] == path.read_bytes().count(b"\n")
