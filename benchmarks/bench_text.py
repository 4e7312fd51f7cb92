"""Text end to end: files to every spectrum, against tokenizing alone with as many threads.

COLLAPSE_STATS_BENCH_TOKENS=20_000_000 pytest benchmarks/bench_text.py

Each call takes turns with the tokenizer alone, on the same texts. `extra_info` has what share of
the tokenizer's speed is left (``share``, and ``cpu_share`` of CPU seconds, which other processes
disturb less) and how busy the threads were (``busy``, of as many CPUs).
"""

import gzip
import json
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import workloads
from measure import rounds, size
from pytest_benchmark.fixture import BenchmarkFixture

import collapse_stats as cs
from collapse_stats import tokenizers
from collapse_stats.backends.options import CountOptions
from collapse_stats.corpus.load import read_corpus

BUILTIN = tokenizers.load("builtin")
ALL = os.cpu_count() or 1
THREADS = sorted({1, ALL})
SMALL = 400  # characters of a small file, of which there are 100,000 for 20 M tokens
PAGE = 4000  # characters of a page of the web; the texts of the workload are mostly books

Clock = tuple[float, float]
"""Seconds on the wall and of the CPUs."""


@dataclass(frozen=True)
class Corpus:
    """Texts, books or pages, the folder for files of them, and how many tokens they are."""

    texts: list[str]
    folder: Path
    tokens: int

    def write(self, form: str) -> Path:
        """The texts in a file or folder, written when it is first asked for."""
        path = self.folder / form
        if not path.exists():
            _WRITERS[form](self.texts, path)
        return path


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Corpus]:
    """The same characters as documents of two lengths."""
    books, characters = [], 0
    for text in workloads.texts():
        books.append(text)
        characters += len(text)
        if characters >= 4 * size():
            break
    whole = "".join(books)
    pages = [whole[at : at + PAGE] for at in range(0, len(whole), PAGE)]
    return {
        name: Corpus(texts, tmp_path_factory.mktemp(name), sum(map(len, encoded(texts, ALL))))
        for name, texts in (("books", books), ("pages", pages))
    }


def lines(texts: list[str]) -> bytes:
    return "".join(json.dumps({"text": text}) + "\n" for text in texts).encode()


def write_many(texts: list[str], path: Path) -> None:
    path.mkdir()
    for i in range(0, len(texts), 4):
        (path / f"{i:06}.jsonl.gz").write_bytes(gzip.compress(lines(texts[i : i + 4])))


def write_texts(texts: list[str], path: Path) -> None:
    path.mkdir()
    for i, text in enumerate(texts):
        (path / f"{i:06}.txt").write_text(text, encoding="utf-8")


_WRITERS: dict[str, Callable[[list[str], Path], Any]] = {
    "a.jsonl": lambda texts, path: path.write_bytes(lines(texts)),
    "a.jsonl.gz": lambda texts, path: path.write_bytes(gzip.compress(lines(texts))),
    "a.jsonl.zst": lambda texts, path: path.write_bytes(
        pa.Codec("zstd").compress(lines(texts), asbytes=True)
    ),
    "many.jsonl.gz": write_many,
    "a.parquet": lambda texts, path: pq.write_table(pa.table({"text": texts}), path),
    "texts": write_texts,
}


def encoded(texts: list[str], threads: int) -> list[tokenizers.TokenArray]:
    """The tokens of every text as an array, and nothing else: texts at hand, no file."""
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(BUILTIN.encode, texts))


def clocked(call: Callable[[], Any], clocks: list[Clock]) -> Any:
    wall, cpu = time.perf_counter(), time.process_time()
    result = call()
    clocks.append((time.perf_counter() - wall, time.process_time() - cpu))
    return result


def in_turns(
    benchmark: BenchmarkFixture, call: Callable[[], Any], other: Callable[[], Any], threads: int
) -> tuple[Any, Clock, Clock]:
    """Result of the call, and the median clocks of it and of the other, each timed in its turn."""
    own: list[Clock] = []
    others: list[Clock] = []
    other()
    result = benchmark.pedantic(  # type: ignore[no-untyped-call]
        lambda: clocked(call, own),
        setup=lambda: clocked(other, others) and None,
        rounds=rounds(),
        warmup_rounds=0,
    )
    mine, alone = (tuple(map(median, zip(*clocks, strict=True))) for clocks in (own, others))
    benchmark.extra_info["busy"] = round(mine[1] / (mine[0] * threads), 2)
    return result, mine, alone


@pytest.mark.parametrize("threads", THREADS)
@pytest.mark.parametrize("form", _WRITERS)
@pytest.mark.parametrize("documents", ["books", "pages"])
def test_profile(
    benchmark: BenchmarkFixture,
    corpora: dict[str, Corpus],
    documents: str,
    form: str,
    threads: int,
) -> None:
    """Read, tokenized and counted: what `collapse-stats show` does."""
    corpus = corpora[documents]
    path = corpus.write(form)
    found, own, alone = in_turns(
        benchmark,
        lambda: cs.profile(path, table=False, threads=threads),
        lambda: encoded(corpus.texts, threads),
        threads,
    )
    benchmark.extra_info["tokens"] = corpus.tokens
    benchmark.extra_info["share"] = round(alone[0] / own[0], 3)
    benchmark.extra_info["cpu_share"] = round(alone[1] / own[1], 3)
    assert found.documents == len(corpus.texts)
    assert found.tokens == corpus.tokens
    first = np.unique(np.concatenate([BUILTIN.encode(text) for text in corpus.texts]))
    assert found.distinct(1) == len(first)


@pytest.mark.parametrize("ending", [".txt", ".jsonl"])
def test_small_files(benchmark: BenchmarkFixture, corpora: dict[str, Corpus], ending: str) -> None:
    """What a file costs beside its text: against the same texts in one file of JSON lines."""
    corpus = corpora["books"]
    whole = "".join(corpus.texts)
    texts = [whole[at : at + SMALL] for at in range(0, len(whole), SMALL)][: size() // 200]
    folder = corpus.folder / f"small{ending}"
    folder.mkdir()
    for i, text in enumerate(texts):
        data = text.encode() if ending == ".txt" else lines([text])
        (folder / f"{i:06}{ending}").write_bytes(data)
    together = corpus.folder / f"together{ending}.jsonl"
    together.write_bytes(lines(texts))
    read = partial(read_corpus, counting=CountOptions(memory=1 << 30))
    found, own, alone = in_turns(benchmark, lambda: read(folder), lambda: read(together), ALL)
    benchmark.extra_info["files"] = len(texts)
    for name, mine, one in zip(("wall", "cpu"), own, alone, strict=True):
        benchmark.extra_info[f"{name}_microseconds_a_file"] = round(
            1e6 * (mine - one) / len(texts), 1
        )
    assert found.documents == len(texts)
    assert found.tokens == sum(len(BUILTIN.encode(text)) for text in texts)


@pytest.mark.parametrize("threads", THREADS)
def test_ids_of_parquet(benchmark: BenchmarkFixture, tmp_path: Path, threads: int) -> None:
    """Row groups of ids to every spectrum, against the same ids in a file that is mapped."""
    tokens = workloads.text_tokens(size())
    flat, path = tmp_path / "ids.bin", tmp_path / "ids.parquet"
    tokens.tofile(flat)
    edges = pa.array(np.arange(0, len(tokens) + 1, 1000, dtype=np.int32))
    ids = pa.ListArray.from_arrays(edges, pa.array(tokens.astype(np.int32)))
    pq.write_table(pa.table({"input_ids": ids}), path, row_group_size=1000)
    count = partial(cs.profile, table=False, threads=threads, vocab_size=1 << 16)
    found, own, alone = in_turns(
        benchmark, lambda: count(path), lambda: count(flat, dtype="u16"), threads
    )
    benchmark.extra_info["tokens"] = len(tokens)
    benchmark.extra_info["share"] = round(alone[0] / own[0], 3)
    assert found.tokens == len(tokens) // 1000 * 1000
    assert found.documents == len(tokens) // 1000
