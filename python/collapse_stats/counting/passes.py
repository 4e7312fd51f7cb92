"""Counting a corpus within a memory budget: passes over the key space.

A pass keeps only the key ranges of its range and reads the tokens again; results do not depend on
how many passes there are.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from ..backends.base import Backend
from ..backends.selection import select
from ..ngrams.chunk import Chunk
from ..ngrams.layout import KeyRanges, Layout, key_range_of
from ..ngrams.spectrum import Masks
from ..ngrams.table import NgramTable
from ..system.memory import TooLittleMemoryError
from .parquet_table import PART_ROWS, writer_bytes

Chunks = Callable[[], Iterable[Chunk]]
"""Gives the corpus's chunks, as often as it is called."""

HALVES: tuple[Masks, ...] = ((0b01, 0b10),)
NO_HALVES: tuple[Masks, ...] = ((0b1, 0),)


class TableUse(Enum):
    """What becomes of what is counted."""

    spectra = "no table is made"
    kept = "tables stay in memory"
    written = "a table is written while the next one is counted"
    merged = "a table is merged with others and dropped"


_SAMPLED = 1 << 17  # windows that tell how many there are in each key range
_STRETCH = 1 << 12  # of them that lie together
_MARGIN = 1.05  # for what the sample does not show

# A table is written in a few passes though it fits: one range is written while the next is counted,
# and memory that no page stands behind yet costs more to touch than the tokens to read again.
_WRITTEN_IN = 4
_WORTH_A_PASS = 1 << 23  # windows


def passes(
    chunks: Chunks,
    windows: int,
    layout: Layout,
    backend: Backend,
    memory: int,
    use: TableUse,
    resident_bytes: int = 0,
) -> list[KeyRanges]:
    """Ranges of key ranges, each of which can be counted within `memory` bytes, `resident_bytes`
    among them.

    Output: ascending ranges that cover every key range; one, if all fits. Where it does not, how
    many windows the key ranges have is estimated from a sample.

    Raises
    ------
    TooLittleMemoryError
        when the largest key range does not fit. Where tables stay in memory, it names what is sure
        to do.
    """
    rows = use is not TableUse.spectra
    record = backend.needs(layout, 1, rows=False)[1]
    row = backend.needs(layout, 1, rows=rows)[1] - record
    one = 8 * (layout.words + layout.labels)
    if use is TableUse.written:
        row += one  # of the range that is being written
        resident_bytes += writer_bytes(memory)
    if use is TableUse.merged:
        row += 2 * one  # of the merged table, and of the one before it

    def needed(key_ranges: int, inside: float, at_once: float) -> int:
        """Bytes for a number of key ranges, their windows, and the rows that exist at once."""
        fixed = resident_bytes + backend.needs(layout, key_ranges, rows=rows)[0]
        return fixed + int(record * inside + row * min(inside, at_once))

    few = (
        min(_WRITTEN_IN, layout.key_ranges, windows // _WORTH_A_PASS)
        if use is TableUse.written
        else 1
    )
    even = _cut((0, layout.key_ranges), max(1, few))
    whole = needed(layout.key_ranges, windows, windows)
    if whole <= memory:
        return even
    copies = 2 if use is TableUse.kept else 1  # the tables there are, and the next
    sizes = _windows_by_key_range(chunks, windows, layout) * (_MARGIN * copies)
    until = np.concatenate([[0], np.cumsum(sizes)])
    ranges = (
        _key_ranges_at_once(windows, layout, backend)
        if use is TableUse.written
        else layout.key_ranges
    )
    at_once = float((until[ranges:] - until[: len(until) - ranges]).max())
    least = needed(1, float(sizes.max()), at_once)
    if least > memory:
        raise TooLittleMemoryError(memory, whole if use is TableUse.kept else least)

    def fits(first: int, last: int) -> bool:
        return needed(last - first, float(until[last] - until[first]), at_once) <= memory

    if all(fits(*key_ranges) for key_ranges in even):
        return even
    edges = [0]
    for key_range in range(layout.key_ranges):
        if not fits(edges[-1], key_range + 1):
            edges.append(key_range)
    return list(pairwise([*edges, layout.key_ranges]))


def count_tables(
    chunks: Chunks,
    windows: int,
    layout: Layout,
    backend: Backend,
    passes: Sequence[KeyRanges],
    use: TableUse,
) -> Iterator[NgramTable]:
    """Tables over the ranges of `passes`, in smaller ranges if they are written."""
    most = _key_ranges_at_once(windows, layout, backend)
    for first, last in passes:
        if use is TableUse.written:
            ranges = _cut((first, last), -(-(last - first) // most))
            yield from backend.count_in_ranges(chunks(), layout, ranges)
        else:
            some = None if last - first == layout.key_ranges else (first, last)
            yield backend.count(chunks(), layout, some)


def _cut(key_ranges: KeyRanges, number: int) -> list[KeyRanges]:
    return list(pairwise(np.linspace(*key_ranges, number + 1).astype(int).tolist()))


def _key_ranges_at_once(windows: int, layout: Layout, backend: Backend) -> int:
    """Key ranges, at most, of a range that is written at a time: with windows enough for a part."""
    enough = layout.key_ranges * PART_ROWS // max(1, windows)
    return min(layout.key_ranges, max(backend.fewest_key_ranges, enough))


def _windows_by_key_range(chunks: Chunks, windows: int, layout: Layout) -> npt.NDArray[np.float64]:
    """About how many windows ``(key ranges,)`` each key range holds: 0.2 s, 20 MB.

    A window that is most of its key range is left out: repeated, it takes no memory.
    """
    step = max(_STRETCH, windows // (_SAMPLED // _STRETCH))
    sample: list[Chunk] = []
    before = 0
    for chunk in chunks():
        inside = chunk.windows
        for begin in range(-before % step, inside, step):
            sample.append(chunk.cut(begin, min(begin + _STRETCH, inside)))
        before += inside
    table = select("numpy").count(sample, layout)
    key_range = key_range_of(layout, table.keys).astype(np.intp)
    number = np.bincount(key_range, table.counts.sum(axis=0), layout.key_ranges).astype(np.float64)
    most = np.zeros(layout.key_ranges)
    np.maximum.at(most, key_range, table.counts.max(axis=0).astype(np.float64))
    sizes: npt.NDArray[np.float64] = np.where(2 * most >= number, number - most, number)
    return sizes * float(windows / max(1, number.sum()))
