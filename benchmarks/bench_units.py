"""What units cost: counted and finished against one process, and two workers against one.

COLLAPSE_STATS_BENCH_TOKENS=100_000_000 pytest benchmarks/bench_units.py
"""

import shutil
import subprocess
import sys
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import pytest
import workloads
from measure import size, timed
from pytest_benchmark.fixture import BenchmarkFixture

FILES = 8
COMMAND = [sys.executable, "-m", "collapse_stats", "profile"]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight files of token ids."""
    folder = tmp_path_factory.mktemp("units") / "corpus"
    folder.mkdir()
    for number, ids in enumerate(np.array_split(workloads.text_tokens(size()), FILES)):
        ids.astype(np.uint16).tofile(folder / f"{number}.bin")
    return folder


def command(corpus: Path, *options: str) -> list[str]:
    vocab_size = str(workloads.text_vocab_size())
    counted = ["--dtype", "u16", "--vocab-size", vocab_size, "--threads", "1"]
    return [*COMMAND, str(corpus), "-o", str(corpus.parent / "out"), *counted, *options]


def in_units(corpus: Path, *options: str) -> list[str]:
    tokens = str(size() // FILES)
    work = str(corpus.parent / "work")
    return command(corpus, "--work-dir", work, "--unit-tokens", tokens, *options)


def seconds(*commands: list[str]) -> float:
    """Seconds that commands take at the same time."""
    begin = perf_counter()
    running = [subprocess.Popen(each, stderr=subprocess.DEVNULL) for each in commands]
    codes = [process.wait() for process in running]
    assert not any(codes)
    return perf_counter() - begin


def afresh(corpus: Path) -> None:
    for name in ("out", "work"):
        shutil.rmtree(corpus.parent / name, ignore_errors=True)


def test_units(benchmark: BenchmarkFixture, corpus: Path) -> None:
    """Units counted and finished; `extra_info` has each step as a multiple of one process."""
    maps: list[float] = []
    finished: list[float] = []

    def count() -> None:
        afresh(corpus)
        whole = seconds(command(corpus))
        shutil.rmtree(corpus.parent / "out")
        maps.append(seconds(in_units(corpus, "--task", "0/1")) / whole)
        finished.append(seconds(in_units(corpus, "--finish")) / whole)

    timed(benchmark, count, size())
    benchmark.extra_info |= {"maps": median(maps), "finish": median(finished)}


def test_two_workers(benchmark: BenchmarkFixture, corpus: Path) -> None:
    """Two workers of one thread; `extra_info` has how many times as fast as one they are."""
    ratios: list[float] = []

    def count() -> None:
        afresh(corpus)
        alone = seconds(in_units(corpus, "--task", "0/1"))
        afresh(corpus)
        both = seconds(in_units(corpus, "--task", "0/2"), in_units(corpus, "--task", "1/2"))
        ratios.append(alone / both)

    timed(benchmark, count, size())
    benchmark.extra_info["times as fast"] = median(ratios)
