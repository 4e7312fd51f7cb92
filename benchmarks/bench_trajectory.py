"""What a trajectory costs: `compare --successive` of sixteen generations beside `compare` of them.

COLLAPSE_STATS_BENCH_TOKENS=20_000_000 pytest benchmarks/bench_trajectory.py

The two alternate, each as a command. `extra_info` has the time as a multiple of that of `compare`
(``times``; ``cpu_times`` from CPU seconds, which other processes disturb less). The generations are
those of a Gemma model where `workloads` finds its data, and else of the demo's model.
"""

import io
import json
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import pytest
import workloads
from measure import rounds, size
from pytest_benchmark.fixture import BenchmarkFixture

from collapse_stats import tokenizers
from collapse_stats.simulation.human_text import human_documents
from collapse_stats.simulation.recursion import generations
from collapse_stats.simulation.rules import Rules
from collapse_stats.simulation.text import Text

GENERATIONS = 16
HUMAN = 4000  # positions of the human texts in each generation of Gemma's file
TOKENS = 120  # of one of these texts, about
FILE = "gens_gemma3_wikitext2_ratio50.jsonl.zst"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Human text, then generations in order: one JSON-lines file each."""
    folder = tmp_path_factory.mktemp("generations")
    data = workloads.data_folder() / FILE
    texts = of_gemma(data) if data.is_file() else of_demo()
    paths = []
    for number, some in enumerate(texts):
        name = f"gen{number - 1:02d}" if number else "human"
        paths.append(folder / f"{name}.jsonl")
        paths[-1].write_text("".join(json.dumps({"text": text}) + "\n" for text in some), "utf-8")
    return paths


def of_gemma(data: Path) -> list[list[str]]:
    """Texts of the human half, and of the model's half of each generation."""
    import zstandard

    kept = min(HUMAN, max(size() // (GENERATIONS + 1) // TOKENS, 64))
    found: list[list[str]] = [[] for _ in range(GENERATIONS + 1)]
    reader = zstandard.ZstdDecompressor(max_window_size=1 << 27)
    with data.open("rb") as file, reader.stream_reader(file) as stream:
        for line in io.TextIOWrapper(stream, "utf-8"):
            row = json.loads(line)
            if row["pos"] % HUMAN < kept and (row["pos"] >= HUMAN or row["gen"] == 0):
                found[1 + row["gen"] if row["pos"] >= HUMAN else 0].append(row["text"])
    return found


def of_demo() -> list[list[str]]:
    """Python's documentation, and what an n-gram model of it writes, again and again."""
    tokenizer = tokenizers.load("builtin")
    human = human_documents()[: max(size() // (GENERATIONS + 1) // 700, 128)]
    learned = [tokenizer.encode(text) for text in human[1::2]]
    written = generations(Text.of(learned), GENERATIONS, Rules())
    return [
        human[::2],
        *([tokenizer.decode(each.tolist()) for each in text.documents()] for text in written),
    ]


def clocked(paths: Sequence[Path], *options: str) -> tuple[list[float], str]:
    """Seconds and CPU seconds of the command, and its output."""
    command = [sys.executable, "-m", "collapse_stats", "compare", *map(str, paths), "--json"]
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    output = subprocess.run([*command, *options], capture_output=True, text=True, check=True).stdout
    seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return [seconds, cpu], output


def test_successive(benchmark: BenchmarkFixture, run: list[Path]) -> None:
    """Run both commands in turns."""
    alone: list[tuple[list[float], str]] = []
    own: list[tuple[list[float], str]] = []
    benchmark.pedantic(  # type: ignore[no-untyped-call]
        lambda: own.append(clocked(run, "--successive")),
        setup=lambda: alone.append(clocked(run)),
        rounds=rounds(),
    )
    for place, name in enumerate(("times", "cpu_times")):
        pairs = zip(own, alone, strict=True)
        ratios = [mine[place] / others[place] for (mine, _), (others, _) in pairs]
        benchmark.extra_info[name] = round(median(ratios), 2)
    report = json.loads(own[-1][1])
    trajectory = report.pop("trajectory")
    assert report == json.loads(alone[-1][1])
    assert trajectory["steps"] == [*range(GENERATIONS)]
    assert len(trajectory["moved"]["js_bits/2"]["values"]) == GENERATIONS
