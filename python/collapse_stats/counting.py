"""Counting a corpus within a memory budget: passes over the key space.

A pass keeps only the shards of its range and reads the tokens again; results do not depend on how
many passes there are.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from .backends import Backend, select
from .chunk import Chunk
from .keys import Layout, Shards, shard_of
from .memory import TooLittleMemoryError
from .run import Run
from .spectrum import Masks, Tables

Chunks = Callable[[], Iterable[Chunk]]
"""Gives the corpus's chunks, as often as it is called."""

HALVES: tuple[Masks, ...] = ((0b01, 0b10),)
WHOLE: tuple[Masks, ...] = ((0b1, 0),)


class Use(Enum):
    """What becomes of what is counted."""

    spectra = "no run is made"
    kept = "runs stay in memory"
    written = "a run is written while the next is counted"
    merged = "a run is merged with others and dropped"


WRITER_BYTES = 64 << 20  # of columns on their way to a file
_SAMPLED = 1 << 17  # windows that tell how many there are in each shard
_STRETCH = 1 << 12  # of them that lie together
_MARGIN = 1.05  # for what the sample does not show

# A run is written in a few passes though it fits: one range is written while the next is counted,
# and memory that no page stands behind yet costs more to touch than the tokens to read again.
_WRITTEN_IN = 4
_WORTH_A_PASS = 1 << 23  # windows


def passes(
    chunks: Chunks,
    windows: int,
    layout: Layout,
    backend: Backend,
    memory: int,
    use: Use,
    held: int = 0,
) -> list[Shards]:
    """Ranges of shards, each of which can be counted within `memory` bytes, `held` among them.

    Output: ascending ranges that cover every shard; one, if all fits. Where it does not, how many
    windows the shards have is estimated from a sample.

    Raises
    ------
    TooLittleMemoryError
        when the largest shard does not fit. Where runs stay in memory, it names what is sure to do.
    """
    rows = use is not Use.spectra
    each = backend.needs(layout, 1, rows=rows)[1]
    row = 8 * (layout.words + layout.labels)
    if use is Use.written:
        each += row  # of the run that is being written
        held += WRITER_BYTES
    if use is Use.merged:
        each += 2 * row  # of the merged run, and of the one before it

    def needed(shards: int) -> int:
        return held + backend.needs(layout, shards, rows=rows)[0]

    whole = needed(layout.shards) + each * windows
    if whole <= memory:
        few = min(_WRITTEN_IN, layout.shards, windows // _WORTH_A_PASS)
        number = max(1, few) if use is Use.written else 1
        even = np.linspace(0, layout.shards, number + 1).astype(int).tolist()
        return list(pairwise(even))
    copies = 2 if use is Use.kept else 1  # the runs there are, and the next
    sizes = _windows_by_shard(chunks, windows, layout) * (_MARGIN * each * copies)
    least = needed(1) + int(sizes.max())
    if least > memory:
        raise TooLittleMemoryError(memory, whole if use is Use.kept else least)
    edges = [0]
    taken = 0.0
    for shard, size in enumerate(sizes):
        taken += size
        if needed(shard + 1 - edges[-1]) + taken > memory:
            edges.append(shard)
            taken = size
    return list(pairwise([*edges, layout.shards]))


def runs(
    chunks: Chunks,
    layout: Layout,
    backend: Backend,
    passes: Sequence[Shards],
    use: Use = Use.kept,
) -> Iterator[Run]:
    """Runs over the ranges of `passes`, in smaller ranges if they are written."""
    for shards in passes:
        some = None if shards == (0, layout.shards) else shards
        if use is Use.written:
            yield from backend.count_in_ranges(chunks(), layout, some)
        else:
            yield backend.count(chunks(), layout, some)


def tables(
    chunks: Chunks,
    layout: Layout,
    backend: Backend,
    masks: Sequence[Masks],
    passes: Sequence[Shards],
) -> Tables:
    """Joint spectra of the corpus's labels, of which no run is made."""
    return backend.spectra(_Again(chunks), layout, masks, passes)


@dataclass(frozen=True, slots=True)
class CountedTable:
    """A table of which the tokens are kept: rows are counted when they are asked for.

    Attributes
    ----------
    chunks
        Tokens, as often as they are asked for.
    runs
        What was counted of other tokens.
    ranges
        Of shards that are counted at a time, see `passes`.
    held
        Bytes that this takes, the runs among them.
    """

    layout: Layout
    backend: Backend
    chunks: Chunks
    runs: Sequence[Run]
    ranges: Sequence[Shards]
    rows: int
    held: int

    def read(self, first: int, last: int) -> Run:
        """The rows of shards ``first <= shard < last``."""
        parts = [
            self._count(max(first, begin), min(last, end))
            for begin, end in self.ranges
            if begin < last and end > first
        ]
        return Run.concatenate(self.layout, parts)

    def _count(self, first: int, last: int) -> Run:
        counted = self.backend.count(self.chunks(), self.layout, (first, last))
        return self.backend.merge([counted, *(run.slice(first, last) for run in self.runs)])


def counted_again(
    chunks: Chunks,
    windows: int,
    runs: Sequence[Run],
    layout: Layout,
    backend: Backend,
    masks: Sequence[Masks],
    memory: int,
) -> tuple[Tables, CountedTable]:
    """Spectra of chunks and runs together, and the table of them: nothing new is kept.

    Raises
    ------
    TooLittleMemoryError
        when the largest shard of the chunks does not fit into `memory` bytes beside the runs.
    """
    held = 2 * sum(run.nbytes for run in runs)  # themselves, and what they add to what is merged
    ranges = passes(chunks, windows, layout, backend, memory, Use.merged, held)
    table = CountedTable(layout, backend, chunks, runs, ranges, 0, memory)
    rows = 0

    def parts() -> Iterator[list[Run]]:
        nonlocal rows
        for shards in ranges:
            run = table.read(*shards)
            rows += len(run)
            yield [run]

    return backend.joint_spectra(parts(), masks), replace(table, rows=rows)


class _Again(Iterable[Chunk]):
    """Chunks that can be gone through more than once."""

    def __init__(self, chunks: Chunks) -> None:
        self._chunks = chunks

    def __iter__(self) -> Iterator[Chunk]:
        return iter(self._chunks())


def _windows_by_shard(chunks: Chunks, windows: int, layout: Layout) -> npt.NDArray[np.float64]:
    """About how many windows ``(shards,)`` each shard holds: 0.2 s, 20 MB.

    A window that is most of its shard is left out: repeated, it takes no memory.
    """
    step = max(_STRETCH, windows // (_SAMPLED // _STRETCH))
    sample: list[Chunk] = []
    before = 0
    for chunk in chunks():
        inside = chunk.windows
        for begin in range(-before % step, inside, step):
            sample.append(chunk.cut(begin, min(begin + _STRETCH, inside)))
        before += inside
    run = select("numpy").count(sample, layout)
    shard = shard_of(layout, run.keys).astype(np.intp)
    number = np.bincount(shard, run.counts.sum(axis=0), layout.shards).astype(np.float64)
    most = np.zeros(layout.shards)
    np.maximum.at(most, shard, run.counts.max(axis=0).astype(np.float64))
    sizes: npt.NDArray[np.float64] = np.where(2 * most >= number, number - most, number)
    return sizes * float(windows / max(1, number.sum()))
