"""A table of n-grams that is never kept as a whole: its rows are counted when they are read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ..backends.base import Backend
from ..ngrams.layout import KeyRanges, Layout
from ..ngrams.spectrum import JointSpectra, Masks
from ..ngrams.table import NgramTable
from .passes import Chunks, TableUse, passes


@dataclass(frozen=True, slots=True)
class RecountedTable:
    """A table of which the tokens are kept: rows are counted when they are asked for.

    Attributes
    ----------
    chunks
        Tokens, as often as they are asked for.
    tables
        What was counted of other tokens.
    ranges
        Of key ranges that are counted at a time, see `passes`.
    resident_bytes
        Bytes that this takes, the tables among them.
    """

    layout: Layout
    backend: Backend
    chunks: Chunks
    tables: Sequence[NgramTable]
    ranges: Sequence[KeyRanges]
    rows: int
    resident_bytes: int

    def read(self, first: int, last: int) -> NgramTable:
        """The rows of key ranges ``first <= key range < last``."""
        parts = [
            self._count(max(first, begin), min(last, end))
            for begin, end in self.ranges
            if begin < last and end > first
        ]
        return NgramTable.concatenate(self.layout, parts)

    def _count(self, first: int, last: int) -> NgramTable:
        counted = self.backend.count(self.chunks(), self.layout, (first, last))
        return self.backend.merge([counted, *(table.slice(first, last) for table in self.tables)])


def count_again(
    chunks: Chunks,
    windows: int,
    tables: Sequence[NgramTable],
    layout: Layout,
    backend: Backend,
    masks: Sequence[Masks],
    memory: int,
) -> tuple[JointSpectra, RecountedTable]:
    """Spectra of chunks and tables together, and the table of them: nothing new is kept.

    Raises
    ------
    TooLittleMemoryError
        when the largest key range of the chunks does not fit into `memory` bytes beside the tables.
    """
    # The tables themselves, and what they add to what is merged.
    resident_bytes = 2 * sum(table.nbytes for table in tables)
    ranges = passes(chunks, windows, layout, backend, memory, TableUse.merged, resident_bytes)
    source = RecountedTable(layout, backend, chunks, tables, ranges, 0, memory)
    rows = 0

    def parts() -> Iterator[list[NgramTable]]:
        nonlocal rows
        for key_ranges in ranges:
            table = source.read(*key_ranges)
            rows += len(table)
            yield [table]

    return backend.joint_spectra(parts(), masks), replace(source, rows=rows)
