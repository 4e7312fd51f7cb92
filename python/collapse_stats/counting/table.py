"""Runs that are read a range of shards at a time, so that they need not fit into memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np

from ..ngrams.layout import Layout
from ..ngrams.run import Run
from ..system.memory import TooLittleMemoryError, budget

ROW_BYTES = 160  # a row while it is read, merged and scanned, at most
RANGE_ROWS = 1 << 23  # read at once even if memory has room for more: touching it costs time


class Table(Protocol):
    """A run somewhere: in memory, or in the parts of a saved profile."""

    @property
    def layout(self) -> Layout:
        """What its keys and counts mean."""

    @property
    def rows(self) -> int:
        """Distinct windows."""

    @property
    def held(self) -> int:
        """Bytes of memory that it takes beside the rows that are asked for."""

    def read(self, first: int, last: int) -> Run:
        """The rows of shards ``first <= shard < last``."""


@dataclass(frozen=True, slots=True)
class MemoryTable:
    """A run in memory."""

    run: Run

    @property
    def layout(self) -> Layout:
        """Layout of the run."""
        return self.run.layout

    @property
    def rows(self) -> int:
        """Distinct windows."""
        return len(self.run)

    @property
    def held(self) -> int:
        """All of the run."""
        return self.run.nbytes

    def read(self, first: int, last: int) -> Run:
        """The rows of some shards, sharing memory with the run."""
        return self.run.slice(first, last)


def read_aligned(
    tables: Sequence[Table], memory: int | None = None, beside: int = 0
) -> Iterator[list[Run]]:
    """The tables' runs, one range of shards after the other, all within `memory` bytes.

    Of these, `beside` are for what is done with the runs. By default half of what is free may be
    used beside what the tables hold.

    Raises
    ------
    TooLittleMemoryError
        when the rows of one shard do not fit beside what the tables hold.
    """
    layout = tables[0].layout
    held = beside + sum(table.held for table in tables)
    rows = sum(table.rows for table in tables)
    needed = ROW_BYTES * rows
    least = held + -(-needed // layout.shards)
    if memory is None:
        memory = held + budget(None)
    if least > memory:
        raise TooLittleMemoryError(memory, least)
    ranges = max(-(-needed // max(1, memory - held)), -(-rows // RANGE_ROWS))
    ranges = max(1, min(layout.shards, ranges))
    edges = np.linspace(0, layout.shards, ranges + 1).astype(int).tolist()
    for first, last in pairwise(edges):
        yield [table.read(first, last) for table in tables]
