"""Table sources: tables read one stretch of key ranges at a time, so that they need not fit."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np

from ..ngrams.layout import KeyRanges, Layout
from ..ngrams.table import NgramTable
from ..system.budget import Budget
from ..system.memory import TooLittleMemoryError, budget

FEWEST = 2  # tables that are merged at a time, however little memory there is
ROW_BYTES = 160  # most bytes of a row while it is read, merged and scanned
# How many rows are read even if memory has room for more, because touching memory anew costs time:
# as many as parts of all saved tables have together, since a part is read as a whole.
ROWS_OF_PART, FEWEST_ROWS, ROWS_AT_ONCE = 1 << 18, 1 << 21, 1 << 23


class TableSource(Protocol):
    """A table that can be read: in memory, or in the parts of a saved profile."""

    @property
    def layout(self) -> Layout:
        """Meaning of its keys and counts."""

    @property
    def rows(self) -> int:
        """Number of distinct windows."""

    @property
    def resident_bytes(self) -> int:
        """Bytes of memory in use while it is read, in addition to the rows being read."""

    @property
    def held_bytes(self) -> int:
        """Those of them that are in use all the time."""

    @property
    def shared_bytes(self) -> int:
        """Those of them that several sources have in common, because one is read at a time."""

    def read(self, first: int, last: int) -> NgramTable:
        """Return the rows with ``first <= key range < last``."""


@dataclass(frozen=True, slots=True)
class TableInMemory:
    """A table in memory."""

    table: NgramTable

    @property
    def layout(self) -> Layout:
        """See `TableSource.layout`."""
        return self.table.layout

    @property
    def rows(self) -> int:
        """See `TableSource.rows`."""
        return len(self.table)

    @property
    def resident_bytes(self) -> int:
        """See `TableSource.resident_bytes`."""
        return self.table.nbytes

    @property
    def held_bytes(self) -> int:
        """See `TableSource.held_bytes`."""
        return self.table.nbytes

    @property
    def shared_bytes(self) -> int:
        """See `TableSource.shared_bytes`."""
        return 0

    def read(self, first: int, last: int) -> NgramTable:
        """See `TableSource.read`; the rows share memory with the table."""
        return self.table.slice(first, last)


def fan_in(sources: Sequence[TableSource], memory: int) -> int:
    """Return how many tables half of the memory has room for, beside the rows that are merged."""
    each = max(source.resident_bytes - source.shared_bytes for source in sources)
    shared = max(source.shared_bytes for source in sources)
    return max(FEWEST, (memory // 2 - shared) // max(1, each))


def read_aligned(
    sources: Sequence[TableSource],
    memory: int | None = None,
    beside: int = 0,
    key_ranges: KeyRanges | None = None,
) -> Iterator[list[NgramTable]]:
    """Yield the rows of all sources, one stretch of key ranges after the other.

    Each item has one table per source.

    Parameters
    ----------
    memory
        Bytes that may be used in all; of a `Budget`, what else is in use is no room. By default
        the sources' `resident_bytes` and half of what is free.
    beside
        How many of them the caller uses to process the tables.
    key_ranges
        The first and last + 1 of the key ranges to read, which should hold about all rows of the
        sources. Default: all.

    Raises
    ------
    TooLittleMemoryError
        when the rows of one key range do not fit.
    """
    layout = sources[0].layout
    resident_bytes = beside + max(source.shared_bytes for source in sources)
    resident_bytes += sum(source.resident_bytes - source.shared_bytes for source in sources)
    if isinstance(memory, Budget):  # what else is in memory counts as well
        memory.settle()
        held = sum(source.held_bytes for source in sources)
        resident_bytes += max(0, memory.used(held) - held)
    rows = sum(source.rows for source in sources)
    needed = ROW_BYTES * rows
    start, stop = (0, layout.key_ranges) if key_ranges is None else key_ranges
    least = resident_bytes + -(-needed // max(1, stop - start))
    if memory is None:
        memory = resident_bytes + budget(None)
    if least > memory:
        raise TooLittleMemoryError(memory, least)
    at_once = min(max(len(sources) * ROWS_OF_PART, FEWEST_ROWS), ROWS_AT_ONCE)
    number = max(-(-needed // max(1, memory - resident_bytes)), -(-rows // at_once))
    number = max(1, min(stop - start, number))
    edges = np.linspace(start, stop, number + 1).astype(int).tolist()
    for first, last in pairwise(edges):
        if isinstance(memory, Budget):
            memory.settle()  # threads that read leave memory to Arrow
        yield [source.read(first, last) for source in sources]
