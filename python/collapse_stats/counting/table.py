"""Tables that are read a stretch of key ranges at a time, so that they need not fit into memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np

from ..ngrams.layout import Layout
from ..ngrams.table import NgramTable
from ..system.memory import TooLittleMemoryError, budget

ROW_BYTES = 160  # a row while it is read, merged and scanned, at most
RANGE_ROWS = 1 << 23  # read at once even if memory has room for more: touching it costs time


class TableSource(Protocol):
    """A table somewhere: in memory, or in the parts of a saved profile."""

    @property
    def layout(self) -> Layout:
        """What its keys and counts mean."""

    @property
    def rows(self) -> int:
        """Distinct windows."""

    @property
    def resident_bytes(self) -> int:
        """Bytes of memory that it takes beside the rows that are asked for."""

    def read(self, first: int, last: int) -> NgramTable:
        """The rows of key ranges ``first <= key range < last``."""


@dataclass(frozen=True, slots=True)
class TableInMemory:
    """A table in memory."""

    table: NgramTable

    @property
    def layout(self) -> Layout:
        """Layout of the table."""
        return self.table.layout

    @property
    def rows(self) -> int:
        """Distinct windows."""
        return len(self.table)

    @property
    def resident_bytes(self) -> int:
        """All of the table."""
        return self.table.nbytes

    def read(self, first: int, last: int) -> NgramTable:
        """The rows of some key ranges, sharing memory with the table."""
        return self.table.slice(first, last)


def read_aligned(
    sources: Sequence[TableSource], memory: int | None = None, beside: int = 0
) -> Iterator[list[NgramTable]]:
    """The tables' tables, one stretch of key ranges after the other, all within `memory` bytes.

    Of these, `beside` are for what is done with the tables. By default half of what is free may be
    used beside what the tables hold.

    Raises
    ------
    TooLittleMemoryError
        when the rows of one key range do not fit beside what the tables hold.
    """
    layout = sources[0].layout
    resident_bytes = beside + sum(source.resident_bytes for source in sources)
    rows = sum(source.rows for source in sources)
    needed = ROW_BYTES * rows
    least = resident_bytes + -(-needed // layout.key_ranges)
    if memory is None:
        memory = resident_bytes + budget(None)
    if least > memory:
        raise TooLittleMemoryError(memory, least)
    ranges = max(-(-needed // max(1, memory - resident_bytes)), -(-rows // RANGE_ROWS))
    ranges = max(1, min(layout.key_ranges, ranges))
    edges = np.linspace(0, layout.key_ranges, ranges + 1).astype(int).tolist()
    for first, last in pairwise(edges):
        yield [source.read(first, last) for source in sources]
