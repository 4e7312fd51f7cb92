"""What a sample of n-grams costs, against spectra without a table, and in units.

COLLAPSE_STATS_BENCH_TOKENS=30_000_000 pytest benchmarks/bench_ngram_sample.py
"""

import resource
import shutil
import subprocess
import sys
from pathlib import Path
from statistics import median

import numpy as np
import pytest
import workloads
from measure import size, timed
from pytest_benchmark.fixture import BenchmarkFixture

FILES = 5
COMMAND = [sys.executable, "-m", "collapse_stats", "profile"]
SAMPLE = ("--sample-ngrams", "1/64")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of token ids."""
    folder = tmp_path_factory.mktemp("sample") / "corpus"
    folder.mkdir()
    for number, ids in enumerate(np.array_split(workloads.text_tokens(size()), FILES)):
        ids.astype(np.uint16).tofile(folder / f"{number}.bin")
    return folder


def cpu_seconds(corpus: Path, *options: str) -> float:
    """CPU seconds of a command with one thread, which writes a profile that is removed."""
    vocab_size = str(workloads.text_vocab_size())
    counted = ["--dtype", "u16", "--vocab-size", vocab_size, "--threads", "1"]
    output = corpus.parent / "out"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [*COMMAND, str(corpus), "-o", str(output), *counted, *options],
        check=True,
        stderr=subprocess.DEVNULL,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    shutil.rmtree(output, ignore_errors=True)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_sample(benchmark: BenchmarkFixture, corpus: Path) -> None:
    """One process; `extra_info` has the sample as a multiple of spectra without a table."""
    ratios: list[float] = []

    def count() -> None:
        exact = cpu_seconds(corpus, "--no-table")
        ratios.append(cpu_seconds(corpus, *SAMPLE) / exact)

    timed(benchmark, count, size())
    benchmark.extra_info["of spectra"] = median(ratios)


def test_sample_in_units(benchmark: BenchmarkFixture, corpus: Path) -> None:
    """Units with a sample; `extra_info` has their steps as multiples of one process with it."""
    maps: list[float] = []
    finished: list[float] = []
    work = corpus.parent / "work"
    units = ("--work-dir", str(work), "--unit-tokens", str(size() // FILES), *SAMPLE)

    def count() -> None:
        shutil.rmtree(work, ignore_errors=True)
        whole = cpu_seconds(corpus, *SAMPLE)
        maps.append(cpu_seconds(corpus, *units, "--task", "0/1") / whole)
        finished.append(cpu_seconds(corpus, *units, "--finish") / whole)

    timed(benchmark, count, size())
    benchmark.extra_info |= {"maps": median(maps), "finish": median(finished)}
