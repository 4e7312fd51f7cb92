"""A `.bin` larger than the budget against one pass over it: speed, and peak memory.

COLLAPSE_STATS_BENCH_TOKENS=1_000_000_000 COLLAPSE_STATS_BENCH_ROUNDS=1 \\
    pytest -s benchmarks/bench_memory.py

Each call is a process of its own, whose peak is what the operating system says (``VmHWM`` on
Linux; ``ru_maxrss`` elsewhere, which a process inherits from the one that started it). That
includes the interpreter and its libraries (65 MB) and the pages of mapped files that the process
holds at the time; it does not include the system's page cache.
"""

import json
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import workloads
from measure import size, timed
from pytest_benchmark.fixture import BenchmarkFixture

BYTES_PER_TOKEN = 4  # memory=4GB for 1e9 tokens, which one pass needs 9.5 GB for
LEAST = 120_000_000  # whatever the number of tokens
INTERPRETER = 0.3e9  # bytes allowed beside the budget

CALL = textwrap.dedent("""
    import hashlib, json, re, resource, sys, time
    from pathlib import Path
    import collapse_stats as cs
    path, vocab_size, memory = json.loads(sys.argv[1])
    begin, cpu = time.perf_counter(), time.process_time()
    found = cs.profile(path, dtype="u16", vocab_size=vocab_size, table=False, memory=memory)
    seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
    digest = hashlib.sha256()
    for n in range(1, 6):
        for values in (found.spectrum(n), found.contexts(n), found.halves(n).first):
            digest.update(values.count.tobytes() + values.types.tobytes())
    status = Path("/proc/self/status")
    if status.exists():
        peak = 1024 * int(re.search(r"VmHWM:\\s+(\\d+)", status.read_text())[1])
    else:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({
        "seconds": seconds,
        "cpu": cpu,
        "peak": peak,
        "digest": digest.hexdigest(),
        "first": [found.spectrum(1).count.tolist(), found.spectrum(1).types.tolist()],
        "windows": [found.windows(n) for n in range(1, 6)],
    }))
""")


@dataclass(frozen=True)
class Shard:
    """A file of token ids, and how many n-grams of order 1 were seen how often in it."""

    path: Path
    first: list[list[int]]


@pytest.fixture(scope="module")
def shard(tmp_path_factory: pytest.TempPathFactory) -> Shard:
    path = tmp_path_factory.mktemp("shard") / "tokens.bin"
    seen = np.zeros(workloads.text_vocab_size(), dtype=np.int64)
    with path.open("wb") as file:
        for piece in workloads.text_pieces(size()):
            piece.astype(np.uint16).tofile(file)
            seen += np.bincount(piece, minlength=len(seen))
    counts, types = np.unique(seen[seen > 0], return_counts=True)
    return Shard(path, [counts.tolist(), types.tolist()])


def count(shard: Shard, memory: int) -> dict[str, object]:
    given = json.dumps([str(shard.path), workloads.text_vocab_size(), memory])
    done = subprocess.run([sys.executable, "-c", CALL, given], check=True, stdout=subprocess.PIPE)
    found: dict[str, object] = json.loads(done.stdout)
    assert found.pop("first") == shard.first
    assert found["windows"] == [size() - n for n in range(5)]
    return found


ANSWERS: set[object] = set()


@pytest.mark.parametrize("bounded", [False, True], ids=["one_pass", "bounded"])
def test_memory(benchmark: BenchmarkFixture, shard: Shard, bounded: bool) -> None:
    memory = max(LEAST, BYTES_PER_TOKEN * size()) if bounded else 1 << 50
    found = timed(benchmark, lambda: count(shard, memory), size())
    seconds, cpu, peak = (float(str(found[name])) for name in ("seconds", "cpu", "peak"))
    benchmark.extra_info |= {"counting_seconds": seconds, "cpu_seconds": cpu, "peak_rss": peak}
    print(
        f"\n{'bounded' if bounded else 'one pass'}: {seconds:.1f} s counting, {cpu:.1f} s of CPU, "
        f"peak {peak / 1e6:,.0f} MB, budget {memory / 1e6:,.0f} MB"
    )
    ANSWERS.add(found["digest"])
    assert len(ANSWERS) == 1  # one answer, whatever the budget
    if bounded:
        assert peak <= memory + INTERPRETER
