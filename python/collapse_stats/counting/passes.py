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

from ..backends.base import Backend
from ..backends.selection import select
from ..ngrams.chunk import Chunk
from ..ngrams.layout import Layout, Shards, shard_of
from ..ngrams.run import Run
from ..ngrams.spectrum import Masks, Tables
from ..system.memory import TooLittleMemoryError
from .parquet_table import PART_ROWS, writer_bytes

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
    record = backend.needs(layout, 1, rows=False)[1]
    row = backend.needs(layout, 1, rows=rows)[1] - record
    one = 8 * (layout.words + layout.labels)
    if use is Use.written:
        row += one  # of the range that is being written
        held += writer_bytes(memory)
    if use is Use.merged:
        row += 2 * one  # of the merged run, and of the one before it

    def needed(shards: int, inside: float, at_once: float) -> int:
        """Bytes for so many shards, the windows inside, and those whose rows are there at once."""
        fixed = held + backend.needs(layout, shards, rows=rows)[0]
        return fixed + int(record * inside + row * min(inside, at_once))

    few = min(_WRITTEN_IN, layout.shards, windows // _WORTH_A_PASS) if use is Use.written else 1
    even = _cut((0, layout.shards), max(1, few))
    whole = needed(layout.shards, windows, windows)
    if whole <= memory:
        return even
    copies = 2 if use is Use.kept else 1  # the runs there are, and the next
    sizes = _windows_by_shard(chunks, windows, layout) * (_MARGIN * copies)
    until = np.concatenate([[0], np.cumsum(sizes)])
    ranges = _range_shards(windows, layout, backend) if use is Use.written else layout.shards
    at_once = float((until[ranges:] - until[: len(until) - ranges]).max())
    least = needed(1, float(sizes.max()), at_once)
    if least > memory:
        raise TooLittleMemoryError(memory, whole if use is Use.kept else least)

    def fits(first: int, last: int) -> bool:
        return needed(last - first, float(until[last] - until[first]), at_once) <= memory

    if all(fits(*shards) for shards in even):
        return even
    edges = [0]
    for shard in range(layout.shards):
        if not fits(edges[-1], shard + 1):
            edges.append(shard)
    return list(pairwise([*edges, layout.shards]))


def runs(
    chunks: Chunks,
    windows: int,
    layout: Layout,
    backend: Backend,
    passes: Sequence[Shards],
    use: Use,
) -> Iterator[Run]:
    """Runs over the ranges of `passes`, in smaller ranges if they are written."""
    most = _range_shards(windows, layout, backend)
    for first, last in passes:
        if use is Use.written:
            ranges = _cut((first, last), -(-(last - first) // most))
            yield from backend.count_in_ranges(chunks(), layout, ranges)
        else:
            some = None if last - first == layout.shards else (first, last)
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


def _cut(shards: Shards, number: int) -> list[Shards]:
    return list(pairwise(np.linspace(*shards, number + 1).astype(int).tolist()))


def _range_shards(windows: int, layout: Layout, backend: Backend) -> int:
    """Shards, at most, of a range that is written at a time: with windows enough for a part."""
    enough = layout.shards * PART_ROWS // max(1, windows)
    return min(layout.shards, max(backend.range_shards, enough))


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
