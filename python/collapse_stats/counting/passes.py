"""Counting a corpus within a memory budget, in passes over its tokens.

Each pass counts only the windows in one stretch of key ranges. The result does not depend on the
number of passes.
"""

from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from itertools import pairwise

import numpy as np

from ..backends.base import Backend
from ..ngrams.chunk import Chunks
from ..ngrams.layout import KeyRanges, Layout
from ..ngrams.table import NgramTable
from ..system.memory import TooLittleMemoryError, seconds_a_fresh_byte
from .key_range_sizes import windows_by_key_range
from .part_writer import PART_ROWS, writer_bytes


class TableUse(Enum):
    """What happens to the table that is counted."""

    spectra = "no table is made"
    kept = "tables stay in memory"
    written = "a table is written while the next one is counted"
    merged = "a table is merged with others and dropped"


_MARGIN = 1.05  # for the error of the estimated sizes of key ranges

# A pass more over the tokens takes this many CPU seconds a window (1.1e-9 were measured with 1e8
# windows on an AMD EPYC with AVX-512). It saves memory, and memory that the process has not used
# before takes time as well, which is measured where there is much of it.
_SECONDS_OF_A_PASS = 2e-9
_MUCH_FRESH_MEMORY = 128 << 20
_MOST_PASSES_TO_SAVE_TIME = 4

# A table that fits into memory is still written in a few passes: one stretch is written while the
# next is counted, and reading the tokens again costs less than touching fresh memory.
_PASSES_OF_A_WRITTEN_TABLE = 4
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
    """Divide the key ranges into stretches that can each be counted within `memory` bytes.

    If not all windows fit at once, a sample gives an estimate of how many each key range has.

    Parameters
    ----------
    windows
        Number of windows of the chunks.
    memory, resident_bytes
        Bytes that may be used in all, and how many of them are in use already.

    Returns
    -------
    list of KeyRanges
        Ascending, adjacent stretches that cover all key ranges.

    Raises
    ------
    TooLittleMemoryError
        when the largest key range does not fit. The error names the memory that would be enough;
        if tables stay in memory, this is an upper bound.
    """
    rows, written = use is not TableUse.spectra, use is TableUse.written
    record = backend.needs(layout, 1, rows=False)[1]
    row = backend.needs(layout, 1, rows=rows)[1] - record
    table_row = 8 * (layout.words + layout.labels)
    resident_bytes += _tallied_bytes(windows, layout)
    if written:
        row += table_row  # of the table that is being written
        resident_bytes += writer_bytes(memory)
    if use is TableUse.merged:
        row += 2 * table_row  # of the merged table and of the one before it

    def needed(key_ranges: int, inside: float, largest: float, most_rows: float) -> int:
        """Bytes for `inside` windows and `most_rows` rows; the `largest` key range is copied."""
        fixed = resident_bytes + backend.needs(layout, key_ranges, rows=rows)[0]
        return fixed + int(record * (inside + largest) + row * min(inside, most_rows))

    number = min(_PASSES_OF_A_WRITTEN_TABLE, windows // _WORTH_A_PASS) if written else 1
    even = _divided((0, layout.key_ranges), max(1, min(number, layout.key_ranges)))
    whole = needed(layout.key_ranges, windows, windows, windows)
    if whole <= memory:
        return _fastest(windows, layout, backend) if use is TableUse.spectra else even
    copies = 2 if use is TableUse.kept else 1  # tables already in memory, and the next one
    sizes = windows_by_key_range(chunks, windows, layout) * (_MARGIN * copies)
    until = np.concatenate([[0], np.cumsum(sizes)])
    # Key ranges whose rows exist at once:
    at_once = _key_ranges_at_once(windows, layout, backend) if written else layout.key_ranges
    most_rows = float((until[at_once:] - until[: len(until) - at_once]).max())
    least = needed(1, float(sizes.max()), float(sizes.max()), most_rows)
    if least > memory:
        raise TooLittleMemoryError(memory, whole if use is TableUse.kept else least)

    def fits(first: int, last: int) -> bool:
        inside, largest = float(until[last] - until[first]), float(sizes[first:last].max())
        return needed(last - first, inside, largest, most_rows) <= memory

    if all(fits(*key_ranges) for key_ranges in even):
        return even
    return _longest_that_fit(layout.key_ranges, fits)


def _tallied_bytes(windows: int, layout: Layout) -> int:
    """Bytes of counts of counts.

    N windows have at most (3N)**(2/3) / 2 different pairs of counts, since an n-gram with the
    counts a and b takes a + b windows. All orders of text together have half as many, which take
    200 bytes each in the tables of two threads. More labels have tables for several pairs of masks,
    which took three times as much.
    """
    return int(100 * windows ** (2 / 3)) * (1 if layout.labels <= 2 else 3)


def _fastest(windows: int, layout: Layout, backend: Backend) -> list[KeyRanges]:
    """The passes over all key ranges that take the least time where memory is ample."""

    def fresh_bytes(passes: int) -> int:
        fixed, record = backend.needs(layout, -(-layout.key_ranges // passes), rows=False)
        return backend.fresh_bytes(fixed + record * windows // passes)

    number = 1
    if fresh_bytes(1) > _MUCH_FRESH_MEMORY:
        rate = seconds_a_fresh_byte()
        number = min(
            range(1, _MOST_PASSES_TO_SAVE_TIME + 1),
            key=lambda number: rate * fresh_bytes(number) + number * windows * _SECONDS_OF_A_PASS,
        )
    return _divided((0, layout.key_ranges), number)


def count_tables(
    chunks: Chunks,
    windows: int,
    layout: Layout,
    backend: Backend,
    passes: Sequence[KeyRanges],
    use: TableUse,
) -> Iterator[NgramTable]:
    """Yield a table for each pass, or several for smaller stretches if they are to be written."""
    most = _key_ranges_at_once(windows, layout, backend)
    for first, last in passes:
        if use is TableUse.written:
            stretches = _divided((first, last), -(-(last - first) // most))
            yield from backend.count_in_stretches(chunks(), layout, stretches)
        else:
            key_ranges = None if last - first == layout.key_ranges else (first, last)
            yield backend.count(chunks(), layout, key_ranges)


def _longest_that_fit(key_ranges: int, fits: Callable[[int, int], bool]) -> list[KeyRanges]:
    """Divide all key ranges into stretches, each as long as `fits(first, last)` allows."""
    edges = [0]
    for key_range in range(key_ranges):
        if not fits(edges[-1], key_range + 1):
            edges.append(key_range)
    return list(pairwise([*edges, key_ranges]))


def _divided(key_ranges: KeyRanges, number: int) -> list[KeyRanges]:
    """Divide a stretch into `number` stretches of about equal length."""
    return list(pairwise(np.linspace(*key_ranges, number + 1).astype(int).tolist()))


def _key_ranges_at_once(windows: int, layout: Layout, backend: Backend) -> int:
    """Return how many key ranges of a written table are counted at a time: enough for a part."""
    enough = layout.key_ranges * PART_ROWS // max(1, windows)
    return min(layout.key_ranges, max(backend.fewest_key_ranges, enough))
