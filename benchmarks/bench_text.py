"""Speed from files of text to all spectra, against tiktoken alone with as many threads.

COLLAPSE_STATS_BENCH_TOKENS=20_000_000 pytest benchmarks/bench_text.py

Each call alternates with tiktoken's `encode_ordinary_batch` of the same texts in memory, with the
same vocabulary and splitting pattern. `extra_info` has the speed as a multiple of tiktoken's
(``times``; ``cpu_times`` from CPU seconds, which other processes disturb less), and how busy the
threads were (``busy``, a share of as many CPUs).
"""

import gzip
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tiktoken
import workloads
from measure import rounds, size
from pytest_benchmark.fixture import BenchmarkFixture

import collapse_stats as cs
from collapse_stats.backends.options import CountOptions
from collapse_stats.corpus.load import read_corpus
from collapse_stats.tokenizers.splitting import CL100K
from collapse_stats.tokenizers.tiktoken_file import ranks_in

TIKTOKEN = tiktoken.Encoding(
    "builtin",
    pat_str=CL100K,
    mergeable_ranks=ranks_in(
        gzip.decompress(files("collapse_stats").joinpath("data/builtin.tiktoken.gz").read_bytes()),
        "builtin",
    ),
    special_tokens={},
)
ALL = os.cpu_count() or 1
THREADS = sorted({1, ALL})
SMALL = 400  # characters of a small file; 20 M tokens make 100,000 of them
PAGE = 4000  # characters of a web page; the texts of the workload are mostly books

Clock = tuple[float, float]
"""Wall-clock seconds and CPU seconds."""


@dataclass(frozen=True)
class Corpus:
    """Texts (books or pages), the folder for their files, and the number of their tokens."""

    texts: list[str]
    folder: Path
    tokens: int

    def write(self, form: str) -> Path:
        """Write the texts to a file or folder, unless that is done, and return its path."""
        path = self.folder / form
        if not path.exists():
            _WRITERS[form](self.texts, path)
        return path


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Corpus]:
    """Cut the same characters into documents of two lengths."""
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


def encoded(texts: list[str], threads: int) -> list[list[int]]:
    """Tokenize every text, in memory, and do nothing else."""
    return TIKTOKEN.encode_ordinary_batch(texts, num_threads=threads)


def clocked(call: Callable[[], Any], clocks: list[Clock]) -> Any:
    """Result of the call, whose times are appended to `clocks`."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = call()
    clocks.append((time.perf_counter() - wall, time.process_time() - cpu))
    return result


def alternating(
    benchmark: BenchmarkFixture, call: Callable[[], Any], reference: Callable[[], Any], threads: int
) -> tuple[Any, Clock, Clock]:
    """Result of the call, and the median times of it and of the reference, called in turns."""
    own: list[Clock] = []
    others: list[Clock] = []
    reference()
    result = benchmark.pedantic(  # type: ignore[no-untyped-call]
        lambda: clocked(call, own),
        setup=lambda: clocked(reference, others) and None,
        rounds=rounds(),
        warmup_rounds=0,
    )
    own_median, reference_median = (
        tuple(map(median, zip(*clocks, strict=True))) for clocks in (own, others)
    )
    benchmark.extra_info["busy"] = round(own_median[1] / (own_median[0] * threads), 2)
    return result, own_median, reference_median


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
    """Read, tokenize and count, as `collapse-stats show` does."""
    corpus = corpora[documents]
    path = corpus.write(form)
    profile, own, alone = alternating(
        benchmark,
        lambda: cs.profile(path, table=False, threads=threads),
        lambda: encoded(corpus.texts, threads),
        threads,
    )
    benchmark.extra_info["tokens"] = corpus.tokens
    benchmark.extra_info["times"] = round(alone[0] / own[0], 2)
    benchmark.extra_info["cpu_times"] = round(alone[1] / own[1], 2)
    assert profile.documents == len(corpus.texts)
    assert profile.tokens == corpus.tokens
    assert profile.distinct(1) == len(set().union(*encoded(corpus.texts, ALL)))


@pytest.mark.parametrize("ending", [".txt", ".jsonl"])
def test_small_files(benchmark: BenchmarkFixture, corpora: dict[str, Corpus], ending: str) -> None:
    """What each file costs on top of its text, against the same texts in one JSON-lines file."""
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
    corpus_read, own, alone = alternating(
        benchmark, lambda: read(folder), lambda: read(together), ALL
    )
    benchmark.extra_info["files"] = len(texts)
    for name, in_files, in_one_file in zip(("wall", "cpu"), own, alone, strict=True):
        benchmark.extra_info[f"{name}_microseconds_a_file"] = round(
            1e6 * (in_files - in_one_file) / len(texts), 1
        )
    assert corpus_read.documents == len(texts)
    assert corpus_read.tokens == sum(map(len, encoded(texts, ALL)))


@pytest.mark.parametrize("threads", THREADS)
def test_ids_of_parquet(benchmark: BenchmarkFixture, tmp_path: Path, threads: int) -> None:
    """Count token ids of Parquet row groups, against the same ids in a mapped file."""
    tokens = workloads.text_tokens(size())
    flat, path = tmp_path / "ids.bin", tmp_path / "ids.parquet"
    tokens.tofile(flat)
    edges = pa.array(np.arange(0, len(tokens) + 1, 1000, dtype=np.int32))
    ids = pa.ListArray.from_arrays(edges, pa.array(tokens.astype(np.int32)))
    pq.write_table(pa.table({"input_ids": ids}), path, row_group_size=1000)
    count = partial(cs.profile, table=False, threads=threads, vocab_size=1 << 16)
    profile, own, alone = alternating(
        benchmark, lambda: count(path), lambda: count(flat, dtype="u16"), threads
    )
    benchmark.extra_info["tokens"] = len(tokens)
    benchmark.extra_info["share"] = round(alone[0] / own[0], 3)
    assert profile.tokens == len(tokens) // 1000 * 1000
    assert profile.documents == len(tokens) // 1000
