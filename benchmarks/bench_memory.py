"""Peak memory and speed of calls whose data exceeds their `memory=` budget.

COLLAPSE_STATS_BENCH_TOKENS=1_000_000_000 COLLAPSE_STATS_BENCH_ROUNDS=1 \\
    pytest -s benchmarks/bench_memory.py -k spectra
COLLAPSE_STATS_BENCH_TOKENS=50_000_000 COLLAPSE_STATS_BENCH_ROUNDS=1 \\
    pytest -s benchmarks/bench_memory.py -k table

COLLAPSE_STATS_BENCH_TOKENS=100_000_000 COLLAPSE_STATS_BENCH_ROUNDS=1 \\
    pytest -s benchmarks/bench_memory.py -k command

Each call runs in a process of its own, `memory_case`, and the peak is the one that the operating
system reports for it. It includes the pages of mapped files that the process holds at the time, but
not the system's page cache.
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

BYTES_PER_TOKEN = 4  # memory=4GB for 1e9 tokens; one pass over them needs 9.5 GB
LEAST = 120_000_000  # bytes, however few the tokens
MAX_ORDER = 5
ROW_BYTES = 32  # of an n-gram table with windows of five tokens and halves

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="peak memory is read from Linux's /proc"
)


def run_case(
    what: str, memory: int, inputs: list[Path], to: Path, max_order: int = MAX_ORDER
) -> dict[str, float | str]:
    """Run `memory_case` and return its measurements and the digest of its answer."""
    arguments = [what, memory, [str(p) for p in inputs], str(to), workloads.text_vocab_size()]
    command = [sys.executable, str(Path(__file__).with_name("memory_case.py"))]
    command.append(json.dumps([*arguments, max_order]))
    process = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    measurement: dict[str, float | str] = json.loads(process.stdout)
    return measurement


def note(
    benchmark: BenchmarkFixture,
    what: str,
    measurement: dict[str, float | str],
    memory: int,
    comment: str,
) -> None:
    """Record the measurement, and print it."""
    names = ("seconds", "cpu", "base", "peak")
    seconds, cpu, base, peak = (float(measurement[name]) for name in names)
    benchmark.extra_info |= {"seconds": seconds, "cpu": cpu, "base": base, "peak": peak}
    print(
        f"\n{what}: {seconds:.1f} s, {cpu:.1f} s of CPU, peak {peak / 1e6:,.0f} MB, "
        f"{(peak - base) / 1e6:,.0f} MB beyond {base / 1e6:,.0f} MB, "
        f"budget {memory / 1e6:,.0f} MB{comment}"
    )


@dataclass(frozen=True)
class Shard:
    """A file of token ids, and the spectrum of its single tokens."""

    path: Path
    first: Spectrum


@pytest.fixture(scope="module")
def shard(tmp_path_factory: pytest.TempPathFactory) -> Shard:
    path = tmp_path_factory.mktemp("shard") / "tokens.bin"
    counts = np.zeros(workloads.text_vocab_size(), dtype=np.int64)
    with path.open("wb") as file:
        for piece in workloads.text_pieces(size()):
            piece.astype(np.uint16).tofile(file)
            counts += np.bincount(piece, minlength=len(counts))
    return Shard(path, Spectrum.from_counts(counts[counts > 0]))


ANSWERS: set[object] = set()


@pytest.mark.parametrize("bounded", [False, True], ids=["one_pass", "bounded"])
def test_spectra(benchmark: BenchmarkFixture, shard: Shard, tmp_path: Path, bounded: bool) -> None:
    memory = max(LEAST, BYTES_PER_TOKEN * size()) if bounded else 1 << 50
    arguments = memory, [shard.path], tmp_path / "p"
    measurement = timed(benchmark, lambda: run_case("spectra", *arguments), size())
    note(benchmark, "bounded" if bounded else "one pass", measurement, memory, "")
    assert run_case("spectra", *arguments, 1)["digest"] == digest([shard.first])
    ANSWERS.add(measurement["digest"])
    assert len(ANSWERS) == 1  # the answer does not depend on the budget
    assert float(measurement["peak"]) - float(measurement["base"]) <= memory


@dataclass(frozen=True)
class Tables:
    """Two files of token ids, their saved profiles, and their spectra from one unbounded pass.

    `each` has the spectra of each file by order, `both` those of the two files together, and `rows`
    the rows of each n-gram table.
    """

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
    options = {"dtype": "u16", "vocab_size": workloads.text_vocab_size()}
    profile = cs.profile(source, max_order=MAX_ORDER, table=False, **options)  # type: ignore[arg-type]
    return [profile.spectrum(n) for n in range(1, MAX_ORDER + 1)]


def _spectra_of_rows(path: Path, max_order: int) -> list[Spectrum]:
    """Spectra of the file cut into documents of `ROW` tokens, as the counter gets them."""
    layout = Layout(workloads.text_vocab_size(), max_order)
    chunk = workloads.chunk(np.fromfile(path, np.uint16), ROW)
    joint_spectra = select().spectra([chunk], layout, NO_HALVES).ngrams
    return [joint_spectra[n][NO_HALVES[0]].total for n in range(1, max_order + 1)]


def _of_comparison(tables: Tables) -> Iterator[Spectrum]:
    """By order the spectra of both sides and of the two together."""
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
        "compared": (tables.saved, sum(tables.rows), list(_of_comparison(tables))),
    }.get(what) or (tables.files[:1], 0, _spectra_of_rows(tables.files[0], max_order))
    rows = rows or expected[-1].distinct  # less the windows that a document's end cuts
    memory = megabytes * 10**6

    def call() -> dict[str, float | str]:
        to = tmp_path / f"written{len(list(tmp_path.iterdir()))}"  # a new path in every round
        return run_case(what, memory, inputs, to, max_order)

    measurement = timed(benchmark, call, size())
    over = rows * ROW_BYTES / memory
    benchmark.extra_info["over_budget"] = over
    note(
        benchmark,
        f"{what}, order {max_order}",
        measurement,
        memory,
        f", {rows / 1e6:,.1f} M rows of {ROW_BYTES} bytes are {over:.1f} times that",
    )
    assert measurement["digest"] == digest(expected)
    assert float(measurement["peak"]) - float(measurement["base"]) <= memory


LIBRARIES = 80_000_000  # bytes that a command may take beside its --memory
IDS = ("--dtype", "u16", "--eot", "0")
_OVER = 50  # how many times its budget the largest corpus is
_FOR_LARGE = 340_000_000  # of which most is for as many counts as its 4.25e9 windows may have


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the inputs of the commands, of `size` tokens each."""
    folder = tmp_path_factory.mktemp("inputs")
    tokens = workloads.text_tokens(2 * size()).astype(np.uint16) % 65_534 + 1  # 0 ends a document
    for name, part, length in (
        ("long.bin", tokens[: size()], ROW),
        ("other.bin", tokens[size() :], ROW),
        ("short.bin", tokens[: size()], 5),
        ("single.bin", tokens[: size() // 10], 1),
    ):
        rows = part[: len(part) // length * length].reshape(-1, length)
        np.pad(rows, ((0, 0), (0, 1))).tofile(folder / name)
    with (folder / "text.jsonl").open("w") as file:
        for begin in range(0, size() // 10, ROW):
            words = " ".join(map(str, tokens[begin : begin + ROW].tolist()))
            file.write(json.dumps({"text": words}) + "\n")
    with (folder / "empty.txt").open("wb") as file:
        file.write(b"word\n" * 1000)
        for _ in range(max(1, size() // 1_000_000)):
            file.write(b"\n" * 1_000_000)
    with (folder / "large.bin").open("wb") as file:  # what is equal takes no memory to count
        file.truncate(_OVER * _FOR_LARGE if size() >= 100_000_000 else 4 * size())
    steps = folder / "run"
    steps.mkdir()
    for number in range(4):
        part = tokens[number * size() // 4 : (number + 1) * size() // 4]
        rows = part[: len(part) // ROW * ROW].reshape(-1, ROW)
        np.pad(rows, ((0, 0), (0, 1))).tofile(steps / f"step_{number}.bin")
    return folder


@pytest.mark.parametrize(
    ("command", "megabytes"),
    [
        (("show", "long.bin", *IDS), 200),
        (("show", "short.bin", *IDS), 600),
        (("show", "single.bin", *IDS), 300),
        (("show", "large.bin", "--dtype", "u32"), _FOR_LARGE // 10**6),
        (("show", "text.jsonl"), 200),
        (("show", "empty.txt", "--doc-per-line", "--tokenizer", "bytes"), 200),
        (("compare", "long.bin", "other.bin", *IDS), 400),
        (("profile", "long.bin", *IDS, "-o", "a.profile"), 250),
        (("profile", "other.bin", *IDS, "-o", "b.profile"), 250),
        (("show", "a.profile"), 200),
        (("compare", "a.profile", "b.profile"), 300),
        (("merge", "a.profile", "b.profile", "-o", "both.profile"), 350),
        (("track", "run", *IDS), 300),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else str(value),
)
def test_command(
    benchmark: BenchmarkFixture, inputs: Path, command: tuple[str, ...], megabytes: int
) -> None:
    """The peak of a command is at most its --memory and 80 MB."""
    case = [sys.executable, str(Path(__file__).with_name("memory_case.py")), "command"]

    def call() -> dict[str, float]:
        process = subprocess.run(
            [*case, *command, "--memory", f"{megabytes}MB"],
            cwd=inputs,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        measured: dict[str, float] = json.loads(process.stderr.splitlines()[-1])
        assert measured["code"] == 0, process.stderr
        return measured

    measured = benchmark.pedantic(call, rounds=1)  # type: ignore[no-untyped-call]
    benchmark.extra_info |= measured
    print(
        f"\n{' '.join(command)}: {measured['seconds']:.1f} s, {measured['cpu']:.1f} s of CPU, peak "
        f"{measured['peak'] / 1e6:,.0f} MB, budget {megabytes} MB"
    )
    assert measured["peak"] <= megabytes * 1_000_000 + LIBRARIES
