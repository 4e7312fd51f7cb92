"""Count the shared-memory operations of the GPU's kernels, per 32 tokens, without a GPU.

    make ptx
    python benchmarks/gpu_operations.py

As CUDA's compiler makes them, the kernels run in order in the PTX interpreter of tests/ptx,
on the first 480,000 words of the text that `collapse-stats demo` reads: the documentation of this
Python.

An operation is an instruction that lanes of a warp execute together, so a load by every thread is
one operation per 32 threads. `by lane` is the number of lanes that took part, divided by 32. Shared
memory serves 128 bytes at a time, one word from each of 32 banks. `waves` are the bytes that all
lanes ask for, in units of 128; `banks` are the different words that the busiest bank is asked for.
"""

import argparse
import platform
import re
import sys
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from collapse_stats.backends.cuda.backend import CudaBackend
from collapse_stats.backends.selection import select
from collapse_stats.ngrams.chunk import Chunk
from collapse_stats.ngrams.layout import Layout
from collapse_stats.simulation.human_text import human_documents

ROOT = Path(__file__).parents[1]
WORDS = 480_000
VOCABULARY = 32_767
MASKS = [(1, 0)]
MEMORY = 1 << 32  # bytes: enough for all windows at once, as on a GPU


def words() -> Any:
    """Ids of words, the most frequent first; the last id is all words beyond the vocabulary."""
    all_words = [word for text in human_documents() for word in re.findall(r"\w+", text.lower())]
    _, ids, counts = np.unique(all_words[:WORDS], return_inverse=True, return_counts=True)
    rank = np.empty(len(counts), dtype=np.int64)
    rank[np.argsort(-counts, kind="stable")] = np.arange(len(counts))
    return np.minimum(rank[ids], VOCABULARY - 1).astype(np.uint16)


def short(name: str) -> str:
    """Name of a kernel without its namespaces."""
    name = re.sub(r"collapse_stats::cuda::|\(anonymousnamespace\)::|BucketTuning", "", name)
    name = re.sub(r"\b(\d+)u\b", r"\1", name).replace("unsignedshort", "u16")
    return name.replace("<<", "<").replace(">>", ">")


def table(counts: dict[str, Any], tokens: int) -> str:
    """Format the counts, one line for each kernel."""
    columns = ("loads", "stores", "atomics", "all", "by lane", "waves", "banks")
    lines = [f"{'kernel':24}" + "".join(f"{column:>8}" for column in columns)]
    sums = np.zeros(len(columns))
    rows = []
    for name, counted in counts.items():
        shared = counted["shared"]
        kinds = [shared[kind] for kind in ("loads", "stores", "atomics")]
        served = [counted["wavefronts"], counted["wavefronts_with_conflicts"]]
        row = np.array([*kinds, sum(kinds), counted["shared_by_lanes"] / 32, *served]) * 32 / tokens
        sums += row
        rows.append((short(name), row))
    for name, row in [*sorted(rows, key=lambda row: -row[1][3]), ("all", sums)]:
        lines.append(f"{name:24}" + "".join(f"{figure:8.2f}" for figure in row))
    return "\n".join(lines)


def main() -> None:
    """Run the kernels on the words and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ptx", type=Path, default=ROOT / "build/ptx/sm_90/shipped")
    parser.add_argument("--orders", type=int, default=5)
    arguments = parser.parse_args()
    sys.path.insert(0, str(ROOT / "tests"))
    core = import_module("collapse_stats._cuda_ptx")
    memory = import_module("emulation").NumpyMemory()
    core.load(str(arguments.ptx))
    # Few blocks, because work that is done once per block is negligible in a large text.
    core.settings().resident_blocks = 3
    tokens = words()
    layout = Layout(VOCABULARY, arguments.orders)
    chunk = Chunk.of_documents(tokens, np.array([0]), np.array([len(tokens)]))
    core.reset_counts()
    spectra = CudaBackend(MEMORY, core=core, memory=memory).spectra([chunk], layout, MASKS)
    if spectra != select("native").spectra([chunk], layout, MASKS):
        raise SystemExit("the kernels and the native backend count different spectra")
    print(
        f"Shared-memory operations per 32 tokens, {date.today()}: {len(tokens):,} words of the\n"
        f"documentation of Python {platform.python_version()}, {len(np.unique(tokens)):,} "
        f"distinct, one document, one label,\norders 1 to {arguments.orders}, "
        f"{arguments.ptx.parent.name}, shipped sizes. Equal to the native backend.\n"
    )
    print(table(core.counts(), len(tokens)))


if __name__ == "__main__":
    main()
