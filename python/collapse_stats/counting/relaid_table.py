"""A table with the keys of a larger vocabulary, in which a token may have more bits."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..ngrams.layout import Layout, key_range_of, pack, unpack
from ..ngrams.table import NgramTable, Rows
from .table import TableSource

_ROWS = 1 << 20  # rows whose keys are made anew at a time, if no key range has more
_ROW_BYTES = 256  # most bytes of such a row, while it is unpacked and packed


@dataclass(frozen=True, slots=True)
class RelaidTable:
    """A table source that reads another one and gives its n-grams the keys of another layout.

    The keys are in another order, so each call of `read` goes through all rows of the other source.

    Attributes
    ----------
    layout
        That of the other source, with a larger vocabulary.
    """

    source: TableSource
    layout: Layout

    @property
    def rows(self) -> int:
        """See `TableSource.rows`."""
        return self.source.rows

    @property
    def resident_bytes(self) -> int:
        """See `TableSource.resident_bytes`."""
        return self.source.resident_bytes + _ROW_BYTES * min(self.rows, _ROWS)

    @property
    def held_bytes(self) -> int:
        """See `TableSource.held_bytes`."""
        return self.source.held_bytes

    @property
    def shared_bytes(self) -> int:
        """See `TableSource.shared_bytes`."""
        return self.source.shared_bytes

    def read(self, first: int, last: int) -> NgramTable:
        """See `TableSource.read`."""
        if self.layout.code_bits == self.source.layout.code_bits:
            table = self.source.read(first, last)
            return NgramTable(self.layout, table.keys, table.counts)
        whole = NgramTable.concatenate(self.layout, list(self._pieces(first, last)))
        return _rows(whole, np.lexsort(whole.keys[::-1]))

    def _pieces(self, first: int, last: int) -> Iterator[NgramTable]:
        """Yield the rows of these key ranges of the new layout, in the order of the old keys."""
        before = self.source.layout
        number = max(1, min(before.key_ranges, -(-self.rows // _ROWS)))
        edges = np.linspace(0, before.key_ranges, number + 1).astype(int).tolist()
        for begin, end in pairwise(edges):
            table = self.source.read(begin, end)
            keys = pack(self.layout, unpack(before, table.keys))
            key_range = key_range_of(self.layout, keys)
            inside = np.flatnonzero((key_range >= first) & (key_range < last))
            yield _rows(NgramTable(self.layout, keys, table.counts), inside)


def _rows(table: NgramTable, rows: Rows) -> NgramTable:
    keys, counts = (np.take(columns, rows, axis=1) for columns in (table.keys, table.counts))
    return NgramTable(table.layout, keys, counts)
