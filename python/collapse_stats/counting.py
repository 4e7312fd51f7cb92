"""Counting a corpus within a memory budget: passes over the key space.

A pass keeps only the shards of its range and reads the tokens again; results do not depend on how
many passes there are.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np

from .backends import Backend
from .chunk import Chunk
from .keys import Layout
from .run import Run
from .spectrum import Masks, Tables

Chunks = Callable[[], Iterable[Chunk]]
"""Gives the corpus's chunks, as often as it is called."""

HALVES: tuple[Masks, ...] = ((0b01, 0b10),)
WHOLE: tuple[Masks, ...] = ((0b1, 0),)


def passes_needed(windows: int, layout: Layout, memory: int) -> int:
    """Passes that keep counting `windows` windows within `memory` bytes.

    A window costs its record while it is sorted (8 or 16 bytes, and as much again for what the sort
    and the rows of the run need beside it) and, on average, half a row of the run.
    """
    key = 8 * layout.words
    cost = windows * (2 * key + (key + 8 * layout.labels) // 2)
    return max(1, min(layout.shards, -(-cost // memory)))


def runs(chunks: Chunks, layout: Layout, backend: Backend, passes: int = 1) -> Iterator[Run]:
    """Runs over ascending, disjoint shard ranges; together they are the corpus's run."""
    edges = np.linspace(0, layout.shards, passes + 1).astype(int).tolist()
    for first, last in pairwise(edges):
        yield backend.count(chunks(), layout, None if passes == 1 else (first, last))


def tables(
    chunks: Chunks, layout: Layout, backend: Backend, masks: Sequence[Masks], passes: int = 1
) -> Tables:
    """Joint spectra of the corpus's labels, without a run that holds all of it.

    A backend that counts in memory of its own needs no passes for them: it keeps within it.
    """
    if passes == 1 or backend.counts_on_device:
        return backend.spectra(chunks(), layout, masks)
    return backend.joint_spectra(([run] for run in runs(chunks, layout, backend, passes)), masks)
