"""Text end to end: JSON lines to every spectrum, against tiktoken alone with as many threads.

COLLAPSE_STATS_BENCH_TOKENS=20_000_000 pytest benchmarks/bench_text.py
"""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import workloads
from measure import size, timed
from pytest_benchmark.fixture import BenchmarkFixture

import collapse_stats as cs
from collapse_stats import tokenizers

BUILTIN = tokenizers.load("builtin")


@dataclass(frozen=True)
class Corpus:
    """Texts, the file they are in, and how many tokens they are."""

    texts: list[str]
    path: Path
    tokens: int


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    texts, tokens = [], 0
    for text in workloads.texts():
        texts.append(text)
        tokens += len(BUILTIN.encode(text))
        if tokens >= size():
            break
    path = tmp_path_factory.mktemp("text") / "corpus.jsonl"
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps({"text": text}) + "\n" for text in texts)
    return Corpus(texts, path, tokens)


@pytest.mark.parametrize("threads", [1, os.cpu_count() or 1])
def test_tiktoken_alone(benchmark: BenchmarkFixture, corpus: Corpus, threads: int) -> None:
    """The tokens of every text as an array, and nothing else: texts at hand, no file."""

    def call() -> int:
        with ThreadPoolExecutor(threads) as pool:
            return sum(map(len, pool.map(BUILTIN.encode, corpus.texts)))

    assert timed(benchmark, call, corpus.tokens) == corpus.tokens


@pytest.mark.parametrize("threads", [1, os.cpu_count() or 1])
def test_profile(benchmark: BenchmarkFixture, corpus: Corpus, threads: int) -> None:
    """Read, tokenized and counted: what `collapse-stats show` does."""
    found = timed(
        benchmark, lambda: cs.profile(corpus.path, table=False, threads=threads), corpus.tokens
    )
    assert found.documents == len(corpus.texts)
    assert found.tokens == corpus.tokens
    first = np.unique(np.concatenate([BUILTIN.encode(text) for text in corpus.texts]))
    assert found.distinct(1) == len(first)
