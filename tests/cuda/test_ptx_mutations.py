"""Mutation tests: the project's kernels with one error each must fail on the PTX emulator.

By default there are a few mutants; COLLAPSE_STATS_MUTATIONS=40 tries 40 of each kernel, and `all`
tries all of them (`make cuda-mutations`).
"""

import os
from collections import Counter
from functools import cache

import numpy as np
import pytest
from corpora import documents, zipf_tokens
from emulation import NumpyMemory
from played_gpu import MACHINE, PTX, watched_gpu
from ptx_kernels import machine, settings
from ptx_mutants import Kernel, Mutant, kernels, mutants, sample

from collapse_stats.backends.base import Backend
from collapse_stats.backends.cuda.backend import CudaBackend
from collapse_stats.backends.selection import select
from collapse_stats.ngrams.chunk import Chunk
from collapse_stats.ngrams.layout import Layout

FOLDER = PTX / "shipped"
WANTED = os.environ.get("COLLAPSE_STATS_MUTATIONS", "")
SEEDS = (0, 1, 2, 3)
MASKS = [(1, 0), (1, 2)]

pytestmark = pytest.mark.skipif(
    MACHINE != "ptx" or not FOLDER.is_dir(),
    reason=f"needs COLLAPSE_STATS_GPU=ptx and {FOLDER}: `make cuda-test`",
)

NOTICED_AT_LEAST = {
    "barrier": 0.5,
    "mask": 1.0,
    "atomic": 0.9,
    "offset": 0.9,
    "width": 0.4,
    "vector": 0.4,
}
"""Least share of mutants that are detected. The others, as far as examined, do not change results:
barriers between phases that access different arrays, or in which each thread accesses only its own
words (clearing the counts of its bins, passing values to the scan of a block); and narrow accesses
to words whose upper bytes are zero."""


@cache
def corpus() -> tuple[Layout, list[Chunk]]:
    layout = Layout(3000, 4, 2)
    tokens = zipf_tokens(9000, 3000).astype(np.uint16)
    tokens[2000:2600] = np.tile(tokens[:300], 2)
    return layout, [documents(layout, tokens, 40)]


def answers(backend: Backend) -> list[object]:
    layout, chunks = corpus()
    table = backend.count(chunks, layout)
    return [table, backend.spectra(chunks, layout, MASKS), backend.joint_spectra([[table]], MASKS)]


@cache
def right_answers() -> list[object]:
    return answers(select("native"))


def fails() -> str | None:
    """Return how the loaded kernels fail; None if they do not."""
    for seed in SEEDS:
        machine.emulate(seed)
        try:
            for by_sorting in (False, True):
                # A broken kernel must not write outside the device's memory.
                backend = CudaBackend(
                    None, core=watched_gpu(), memory=NumpyMemory(), by_sorting=by_sorting
                )
                if answers(backend) != right_answers():
                    return "a wrong answer"
        except (RuntimeError, ValueError, MemoryError) as error:
            return str(error)
        finally:
            machine.emulate(0)
    return None


@cache
def exercised() -> list[Kernel]:
    """Return the unchanged kernels that counting the corpus above uses."""
    machine.load(str(FOLDER))
    with settings(most_instructions=50_000_000):
        machine.reset_counts()
        assert fails() is None
        names = set(machine.counts())
    return [kernel for kernel in kernels(FOLDER) if kernel.name in names]


def verdict(mutant: Mutant) -> str | None:
    """Return how a mutant fails; None if it does not."""
    file = mutant.kernel.file
    try:
        with settings(most_instructions=50_000_000):
            machine.load_text(file, mutant.text)
            noticed = fails()
            if noticed is None:
                machine.load_text(file, mutant.trapped)
                if fails() is None:
                    return "it is not run"
            return noticed
    finally:
        machine.load_text(file, mutant.kernel.text)


def test_mutants_are_noticed() -> None:
    chosen: list[Mutant] = []
    by_kernel = [list(mutants(kernel)) for kernel in exercised()]
    if WANTED == "":
        chosen = sample([mutant for of_kernel in by_kernel for mutant in of_kernel], 12)
    else:
        for of_kernel in by_kernel:
            chosen += of_kernel if WANTED == "all" else sample(of_kernel, int(WANTED))
    noticed: Counter[str] = Counter()
    tried: Counter[str] = Counter()
    unnoticed = []
    for mutant in chosen:
        failure = verdict(mutant)
        if failure == "it is not run":
            continue
        tried[mutant.kind] += 1
        noticed[mutant.kind] += failure is not None
        if failure is None:
            unnoticed.append(str(mutant))
    print(f"\n{sum(noticed.values())} of {sum(tried.values())} mutants noticed")
    for kind in tried:
        print(f"  {kind}: {noticed[kind]} of {tried[kind]}")
    print("Not noticed:", *unnoticed, sep="\n  ")
    for kind, least in NOTICED_AT_LEAST.items():
        # One may escape by chance: among 12 mutants, there are two of each kind.
        assert noticed[kind] >= least * tried[kind] - 1, unnoticed
    assert sum(noticed.values()) >= 0.6 * sum(tried.values()), unnoticed
