"""The operations in pure NumPy: always available, and a second opinion on the native code."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from ...ngrams.chunk import Chunk, Int64Array
from ...ngrams.layout import MAX_KEY_RANGE_BITS, KeyRanges, Layout, UInt64Array, changes
from ...ngrams.links import Links, UInt32Array
from ...ngrams.spectrum import JointSpectra, Masks
from ...ngrams.table import NgramTable
from ..checks import check_mergeable, checked_tables
from .counting import PIECE, count_by_sorting, sorting_order
from .linking import find, link
from .spectra import by_first_token, spectra_by_key_range, summed, with_first_tokens


class NumpyBackend:
    """The operations on one thread, by sorting packed keys."""

    name = "numpy"
    on_gpu = False
    threads = 1
    batch_tokens = 1 << 24
    fewest_key_ranges = 1 << MAX_KEY_RANGE_BITS

    def count(
        self, chunks: Iterable[Chunk], layout: Layout, key_ranges: KeyRanges | None = None
    ) -> NgramTable:
        """See `Backend.count`."""
        return NgramTable.concatenate(layout, list(count_by_sorting(chunks, layout, key_ranges)))

    def count_in_stretches(
        self, chunks: Iterable[Chunk], layout: Layout, stretches: Sequence[KeyRanges]
    ) -> Iterator[NgramTable]:
        """See `Backend.count_in_stretches`; all tables are made at once."""
        table = self.count(chunks, layout, (stretches[0][0], stretches[-1][1]))
        return (table.slice(*stretch) for stretch in stretches)

    def merge(self, tables: Sequence[NgramTable]) -> NgramTable:
        """See `Backend.merge`."""
        layout = check_mergeable(tables)
        filled = [table for table in tables if len(table)]
        if len(filled) < 2:
            return filled[0] if filled else tables[0]
        keys = np.concatenate([table.keys for table in filled], axis=1)
        counts = np.concatenate([table.counts for table in filled], axis=1)
        order = sorting_order(layout, keys)
        keys = np.take(keys, order, axis=1)
        starts = np.flatnonzero(changes(keys))
        return NgramTable(
            layout,
            np.take(keys, starts, axis=1),
            np.add.reduceat(np.take(counts, order, axis=1), starts, axis=1),
        )

    def spectra(
        self,
        chunks: Iterable[Chunk],
        layout: Layout,
        masks: Sequence[Masks],
        passes: Sequence[KeyRanges] | None = None,
    ) -> JointSpectra:
        """See `Backend.spectra`."""
        tables = (
            table
            for key_ranges in passes or [(0, layout.key_ranges)]
            for table in count_by_sorting(chunks, layout, key_ranges)
        )
        return self.joint_spectra(([table] for table in tables), masks)

    def needs(self, layout: Layout, key_ranges: int, *, rows: bool) -> tuple[int, int]:
        """See `Backend.needs`."""
        window, row = 8 * layout.words + 2, 8 * (layout.words + layout.labels)
        return PIECE * 8 * (layout.max_order + 40), window + 2 * row if rows else window

    def fresh_bytes(self, needed: int) -> int:
        """See `Backend.fresh_bytes`."""
        return 0

    def give_back(self) -> None:
        """See `Backend.give_back`; nothing is kept."""

    def joint_spectra(
        self, aligned: Iterable[Sequence[NgramTable]], masks: Sequence[Masks]
    ) -> JointSpectra:
        """See `Backend.joint_spectra`."""
        spectra: list[JointSpectra] = []
        # Windows that begin with a given token lie in many key ranges, so order 1, and the contexts
        # of order 2, are added up by token over all stretches.
        first: list[NgramTable] = []  # windows by their first token
        followed: list[NgramTable] = []  # windows of two tokens or more by their first token
        for tables in checked_tables(aligned):
            table = self._joined(tables)
            spectra.append(spectra_by_key_range(table, masks))
            first.append(by_first_token(table, *table.ngrams(1)))
            if table.layout.max_order > 1:
                followed.append(by_first_token(table, *table.ngrams(2)))
        return with_first_tokens(
            summed(spectra),
            self.merge(first).counts,
            self.merge(followed).counts if followed else None,
            masks,
        )

    def link(self, table: NgramTable, order: int) -> Links:
        """See `Backend.link`."""
        return link(table, order)

    def find(
        self, children: UInt32Array, last: UInt32Array, prefix: Int64Array, symbol: Int64Array
    ) -> Int64Array:
        """See `Backend.find`."""
        return find(children, last, prefix, symbol)

    def _joined(self, tables: Sequence[NgramTable]) -> NgramTable:
        """Return one table of one or two tables, their labels numbered consecutively."""
        if len(tables) == 1:
            return tables[0]
        a, b = (table.layout for table in tables)
        layout = Layout(a.vocab_size, a.max_order, 2 * max(a.labels, b.labels))
        return self.merge(
            [
                NgramTable(layout, table.keys, _with_labels(table.counts, label, layout.labels))
                for table, label in zip(tables, (0, a.labels), strict=True)
            ]
        )


def _with_labels(counts: UInt64Array, first_label: int, labels: int) -> UInt64Array:
    """Return counts ``(labels, R)`` in which those given have the labels from `first_label` on."""
    wider = np.zeros((labels, counts.shape[1]), dtype=np.uint64)
    wider[first_label : first_label + counts.shape[0]] = counts
    return wider
