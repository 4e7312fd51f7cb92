"""What units cost: counted, reduced and finished against one process, and two workers against one.

COLLAPSE_STATS_BENCH_TOKENS=100_000_000 pytest benchmarks/bench_units.py
"""

import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import pytest
import workloads
from measure import size, timed
from pytest_benchmark.fixture import BenchmarkFixture

FILES = 8
DOCUMENT = 500  # tokens
COMMAND = [sys.executable, "-m", "collapse_stats", "profile"]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight files of token ids, whose documents end in an id of their own."""
    folder = tmp_path_factory.mktemp("units") / "corpus"
    folder.mkdir()
    tokens = workloads.text_tokens(size())
    tokens[DOCUMENT - 1 :: DOCUMENT] = workloads.text_vocab_size()
    for number, ids in enumerate(np.array_split(tokens, FILES)):
        ids.astype(np.uint16).tofile(folder / f"{number}.bin")
    return folder


def command(source: Path, corpus: Path, *options: str) -> list[str]:
    eot = workloads.text_vocab_size()
    ids = ["--dtype", "u16", "--vocab-size", str(eot + 1), "--eot", str(eot)]
    counted = ["--threads", "1", "--memory", "4GB", "--root", str(corpus)]
    return [*COMMAND, str(source), "-o", str(corpus.parent / "out"), *ids, *counted, *options]


def in_units(corpus: Path, *options: str) -> list[str]:
    tokens = str(size() // FILES)
    work = str(corpus.parent / "work")
    return command(corpus, corpus, "--work-dir", work, "--unit-tokens", tokens, *options)


def spectra_of_each(corpus: Path, *sources: Path) -> list[str]:
    """A process that profiles one source after the other, without tables."""
    eot = workloads.text_vocab_size()
    script = (
        "import sys, collapse_stats as cs\n"
        "root, eot, *sources = sys.argv[1:]\n"
        "ids = {'dtype': 'u16', 'eot': int(eot), 'vocab_size': int(eot) + 1, 'root': root}\n"
        "for source in sources:\n"
        "    cs.profile(source, table=False, threads=1, memory='4GB', digest='full', **ids)\n"
    )
    return [sys.executable, "-c", script, str(corpus), str(eot), *map(str, sources)]


def at_the_same_time(*commands: list[str]) -> tuple[float, float]:
    """Seconds that commands take at the same time, and the CPU seconds of the one with the most.

    Each has a core of its own and no other: with one thread it still writes while it counts.
    """
    begin = perf_counter()
    cores = sorted(os.sched_getaffinity(0))
    running = [
        subprocess.Popen(
            each,
            stderr=subprocess.DEVNULL,
            preexec_fn=partial(os.sched_setaffinity, 0, {core}),
        )
        for each, core in zip(commands, cores, strict=False)
    ]
    most = 0.0
    for process in running:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        most = max(most, used.ru_utime + used.ru_stime)
    return perf_counter() - begin, most


def cpu_seconds(*commands: list[str]) -> float:
    """CPU seconds of commands, one after the other: what else the machine does counts less."""
    before = os.times()
    for each in commands:
        subprocess.run(each, stderr=subprocess.DEVNULL, check=True)
    after = os.times()
    return (
        after.children_user + after.children_system - before.children_user - before.children_system
    )


def remove(corpus: Path, *names: str) -> None:
    for name in names:
        shutil.rmtree(corpus.parent / name, ignore_errors=True)


def test_units(benchmark: BenchmarkFixture, corpus: Path) -> None:
    """Units with tables; `extra_info` has the CPU seconds of each step as multiples of one process.

    ``finish`` merges by itself, ``reduce`` and ``add`` are the same in two steps.
    """
    steps: dict[str, list[float]] = {name: [] for name in ("maps", "finish", "reduce", "add")}

    def count() -> None:
        remove(corpus, "out", "work")
        whole = cpu_seconds(command(corpus, corpus))
        remove(corpus, "out")
        steps["maps"].append(cpu_seconds(in_units(corpus, "--task", "0/1")) / whole)
        steps["finish"].append(cpu_seconds(in_units(corpus, "--finish")) / whole)
        remove(corpus, "out", "work/reduce")
        parts = [in_units(corpus, "--reduce", f"{number}/2") for number in range(2)]
        steps["reduce"].append(cpu_seconds(*parts) / whole)
        steps["add"].append(cpu_seconds(in_units(corpus, "--finish")) / whole)
        benchmark.extra_info["cpu_seconds_of_one_process"] = whole

    timed(benchmark, count, size())
    benchmark.extra_info |= {name: median(values) for name, values in steps.items()}


def test_units_without_tables(benchmark: BenchmarkFixture, corpus: Path) -> None:
    """Spectra and samples of one file after the other, against those of all files at once."""
    ratios: list[float] = []

    def count() -> None:
        whole = cpu_seconds(spectra_of_each(corpus, corpus))
        ratios.append(cpu_seconds(spectra_of_each(corpus, *sorted(corpus.iterdir()))) / whole)

    timed(benchmark, count, size())
    benchmark.extra_info["maps"] = median(ratios)


def test_two_workers(benchmark: BenchmarkFixture, corpus: Path) -> None:
    """Two workers of one thread; `extra_info` has how many times as fast as one they are.

    ``if_cores_are_free`` is by the CPU seconds of the one that takes more, for a busy machine.
    """
    ratios: dict[str, list[float]] = {"times_as_fast": [], "if_cores_are_free": []}

    def count() -> None:
        remove(corpus, "out", "work")
        alone = at_the_same_time(in_units(corpus, "--task", "0/1"))
        remove(corpus, "out", "work")
        both = at_the_same_time(*(in_units(corpus, "--task", f"{task}/2") for task in range(2)))
        for values, one, two in zip(ratios.values(), alone, both, strict=True):
            values.append(one / two)

    timed(benchmark, count, size())
    benchmark.extra_info |= {name: median(values) for name, values in ratios.items()}
