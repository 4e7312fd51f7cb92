"""What `memory=` promises: peak memory, and speed, of calls on more than the budget.

COLLAPSE_STATS_BENCH_TOKENS=1_000_000_000 COLLAPSE_STATS_BENCH_ROUNDS=1 \\
    pytest -s benchmarks/bench_memory.py -k spectra
COLLAPSE_STATS_BENCH_TOKENS=50_000_000 COLLAPSE_STATS_BENCH_ROUNDS=1 \\
    pytest -s benchmarks/bench_memory.py -k table

Each call is a process of its own, `memory_case`, whose peak is what the operating system says. It
includes the pages of mapped files that the process holds at the time, not the system's page cache.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import workloads
from measure import size, timed
from memory_case import ROW, digest
from pytest_benchmark.fixture import BenchmarkFixture

import collapse_stats as cs
from collapse_stats.backends.selection import select
from collapse_stats.ngrams.layout import Layout
from collapse_stats.ngrams.spectrum import NO_HALVES, Spectrum

BYTES_PER_TOKEN = 4  # memory=4GB for 1e9 tokens, which one pass needs 9.5 GB for
LEAST = 120_000_000  # whatever the number of tokens
MAX_ORDER = 5
ROW_BYTES = 32  # of a table of windows of five tokens with halves

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="peak memory is read from Linux's /proc"
)


def run_case(
    what: str, memory: int, inputs: list[Path], to: Path, max_order: int = MAX_ORDER
) -> dict[str, float | str]:
    """What `memory_case` measured and found."""
    given = [what, memory, [str(p) for p in inputs], str(to), workloads.text_vocab_size()]
    command = [sys.executable, str(Path(__file__).with_name("memory_case.py"))]
    command.append(json.dumps([*given, max_order]))
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    found: dict[str, float | str] = json.loads(done.stdout)
    return found


def note(
    benchmark: BenchmarkFixture, what: str, found: dict[str, float | str], memory: int, over: str
) -> None:
    """Put what was measured into the record and on the screen."""
    seconds, cpu, base, peak = (float(found[name]) for name in ("seconds", "cpu", "base", "peak"))
    benchmark.extra_info |= {"seconds": seconds, "cpu": cpu, "base": base, "peak": peak}
    print(
        f"\n{what}: {seconds:.1f} s, {cpu:.1f} s of CPU, peak {peak / 1e6:,.0f} MB, "
        f"{(peak - base) / 1e6:,.0f} MB beyond {base / 1e6:,.0f} MB, "
        f"budget {memory / 1e6:,.0f} MB{over}"
    )


@dataclass(frozen=True)
class Shard:
    """A file of token ids, and how many n-grams of order 1 were seen how often in it."""

    path: Path
    first: Spectrum


@pytest.fixture(scope="module")
def shard(tmp_path_factory: pytest.TempPathFactory) -> Shard:
    path = tmp_path_factory.mktemp("shard") / "tokens.bin"
    seen = np.zeros(workloads.text_vocab_size(), dtype=np.int64)
    with path.open("wb") as file:
        for piece in workloads.text_pieces(size()):
            piece.astype(np.uint16).tofile(file)
            seen += np.bincount(piece, minlength=len(seen))
    return Shard(path, Spectrum.from_counts(seen[seen > 0]))


ANSWERS: set[object] = set()


@pytest.mark.parametrize("bounded", [False, True], ids=["one_pass", "bounded"])
def test_spectra(benchmark: BenchmarkFixture, shard: Shard, tmp_path: Path, bounded: bool) -> None:
    memory = max(LEAST, BYTES_PER_TOKEN * size()) if bounded else 1 << 50
    given = memory, [shard.path], tmp_path / "p"
    found = timed(benchmark, lambda: run_case("spectra", *given), size())
    note(benchmark, "bounded" if bounded else "one pass", found, memory, "")
    assert run_case("spectra", *given, 1)["digest"] == digest([shard.first])
    ANSWERS.add(found["digest"])
    assert len(ANSWERS) == 1  # one answer, whatever the budget
    assert float(found["peak"]) - float(found["base"]) <= memory


@dataclass(frozen=True)
class Tables:
    """Two files of token ids, saved profiles of them, and what one pass without a budget finds."""

    files: list[Path]
    saved: list[Path]
    each: list[list[Spectrum]]
    both: list[Spectrum]
    rows: list[int]


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    folder = tmp_path_factory.mktemp("tables")
    number = size() // ROW * ROW
    tokens = workloads.text_tokens(2 * number).astype(np.uint16)
    files = [folder / "a.bin", folder / "b.bin"]
    for path, part in zip(files, (tokens[:number], tokens[number:]), strict=True):
        part.tofile(path)
    saved = [path.with_suffix(".profile") for path in files]
    for path, to in zip(files, saved, strict=True):
        run_case("written", 1 << 40, [path], to)
    return Tables(
        files,
        saved,
        [_spectra(path) for path in files],
        _spectra(files),
        [cs.load(path).known_table.rows for path in saved],
    )


def _spectra(source: object) -> list[Spectrum]:
    given = {"dtype": "u16", "vocab_size": workloads.text_vocab_size()}
    found = cs.profile(source, max_order=MAX_ORDER, table=False, **given)  # type: ignore[arg-type]
    return [found.spectrum(n) for n in range(1, MAX_ORDER + 1)]


def _of_rows(path: Path, max_order: int) -> list[Spectrum]:
    layout = Layout(workloads.text_vocab_size(), max_order)
    chunk = workloads.chunk(np.fromfile(path, np.uint16), ROW)
    found = select().spectra([chunk], layout, NO_HALVES).ngrams
    return [found[n][NO_HALVES[0]].total for n in range(1, max_order + 1)]


def _shared(tables: Tables) -> Iterator[Spectrum]:
    for n in range(MAX_ORDER):
        yield from (tables.each[0][n], tables.each[1][n], tables.both[n])


@pytest.mark.parametrize(
    ("what", "megabytes", "max_order"),
    [
        ("written", 250, MAX_ORDER),
        ("merged", 320, MAX_ORDER),
        ("compared", 250, MAX_ORDER),
        ("counted", 160, MAX_ORDER),
        ("counted", 160, 8),
    ],
)
def test_table(
    benchmark: BenchmarkFixture,
    tables: Tables,
    tmp_path: Path,
    what: str,
    megabytes: int,
    max_order: int,
) -> None:
    inputs, rows, expected = {
        "written": (tables.files[:1], tables.rows[0], tables.each[0]),
        "merged": (tables.saved, sum(tables.rows), tables.both),
        "compared": (tables.saved, sum(tables.rows), list(_shared(tables))),
    }.get(what) or (tables.files[:1], 0, _of_rows(tables.files[0], max_order))
    rows = rows or expected[-1].distinct  # without what a document's end cuts
    memory = megabytes * 10**6

    def call() -> dict[str, float | str]:
        to = tmp_path / f"made{len(list(tmp_path.iterdir()))}"  # a new one in every round
        return run_case(what, memory, inputs, to, max_order)

    found = timed(benchmark, call, size())
    over = rows * ROW_BYTES / memory
    benchmark.extra_info["over_budget"] = over
    note(
        benchmark,
        f"{what}, order {max_order}",
        found,
        memory,
        f", {rows / 1e6:,.1f} M rows of {ROW_BYTES} bytes are {over:.1f} times that",
    )
    assert found["digest"] == digest(expected)
    assert float(found["peak"]) - float(found["base"]) <= memory
