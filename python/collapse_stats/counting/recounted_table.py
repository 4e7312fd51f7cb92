"""A table of n-grams that is never kept as a whole: its rows are counted when they are read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ..backends.base import Backend
from ..ngrams.chunk import Chunks
from ..ngrams.layout import KeyRanges, Layout
from ..ngrams.spectrum import JointSpectra, Masks
from ..ngrams.table import NgramTable
from .passes import TableUse, passes


@dataclass(frozen=True, slots=True)
class RecountedTable:
    """A table whose tokens are kept and counted again each time rows are read.

    Attributes
    ----------
    chunks
        The tokens.
    tables
        Tables of further tokens, which are merged with the counts.
    passes
        Stretches of key ranges that are counted at a time; see `passes`.
    resident_bytes
        Bytes of memory that reading uses, including `tables`.
    """

    layout: Layout
    backend: Backend
    chunks: Chunks
    tables: Sequence[NgramTable]
    passes: Sequence[KeyRanges]
    rows: int
    resident_bytes: int

    @property
    def held_bytes(self) -> int:
        """See `TableSource.held_bytes`."""
        return sum(table.nbytes for table in self.tables)

    @property
    def shared_bytes(self) -> int:
        """See `TableSource.shared_bytes`."""
        return 0

    def read(self, first: int, last: int) -> NgramTable:
        """See `TableSource.read`."""
        stretches = [
            self._count(max(first, begin), min(last, end))
            for begin, end in self.passes
            if begin < last and end > first
        ]
        return NgramTable.concatenate(self.layout, stretches)

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
    """Return the joint spectra of chunks and tables together, and a table source of them.

    Raises
    ------
    TooLittleMemoryError
        when the largest key range of the chunks does not fit into `memory` bytes beside the tables.
    """
    resident_bytes = 2 * sum(table.nbytes for table in tables)  # the tables, and merged with more
    stretches = passes(chunks, windows, layout, backend, memory, TableUse.merged, resident_bytes)
    source = RecountedTable(layout, backend, chunks, tables, stretches, 0, memory)
    rows = 0

    def aligned() -> Iterator[list[NgramTable]]:
        nonlocal rows
        for stretch in stretches:
            table = source.read(*stretch)
            rows += len(table)
            yield [table]

    return backend.joint_spectra(aligned(), masks), replace(source, rows=rows)
