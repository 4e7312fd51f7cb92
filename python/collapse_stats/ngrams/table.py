"""An n-gram table: the sorted unique windows of a token stream with their counts."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .layout import BoolArray, Layout, UInt64Array, bits_of, changes, key_range_of, unpack

Rows = npt.NDArray[np.intp]
"""Row numbers of a table."""


@dataclass(frozen=True, slots=True, eq=False)
class NgramTable:
    """Sorted unique keys with a count per label.

    Attributes
    ----------
    layout
        The meaning of keys and counts.
    keys
        ``(layout.words, R)`` uint64: most significant word first, rows contiguous, keys ascending.
    counts
        ``(layout.labels, R)`` uint64: rows contiguous, every column with a positive sum.
    """

    layout: Layout
    keys: UInt64Array
    counts: UInt64Array

    @classmethod
    def empty(cls, layout: Layout) -> "NgramTable":
        """Return a table without windows."""
        return cls.unfilled(layout, 0)

    @classmethod
    def unfilled(cls, layout: Layout, rows: int) -> "NgramTable":
        """Return a table of `rows` rows with undefined contents, to be written by the caller."""
        return cls(
            layout,
            np.empty((layout.words, rows), dtype=np.uint64),
            np.empty((layout.labels, rows), dtype=np.uint64),
        )

    @classmethod
    def concatenate(cls, layout: Layout, tables: Sequence["NgramTable"]) -> "NgramTable":
        """Join tables that cover ascending, disjoint stretches of key ranges."""
        if not tables:
            return cls.empty(layout)
        if len(tables) == 1:
            return tables[0]
        return cls(
            layout,
            np.concatenate([table.keys for table in tables], axis=1),
            np.concatenate([table.counts for table in tables], axis=1),
        )

    def __len__(self) -> int:
        return int(self.keys.shape[1])

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, NgramTable)
            and self.layout == other.layout
            and np.array_equal(self.keys, other.keys)
            and np.array_equal(self.counts, other.counts)
        )

    __hash__ = None  # type: ignore[assignment]

    @property
    def windows(self) -> int:
        """Number of windows counted: the sum of all counts, which is the number of tokens."""
        return int(self.counts.sum())

    def rows(self, first: int, last: int) -> "NgramTable":
        """Return the rows ``first <= row < last``, sharing memory with this table."""
        return NgramTable(self.layout, self.keys[:, first:last], self.counts[:, first:last])

    @property
    def nbytes(self) -> int:
        """Bytes of memory that keys and counts take."""
        return self.keys.nbytes + self.counts.nbytes

    def slice(self, first: int, last: int) -> "NgramTable":
        """Return the rows with ``first <= key range < last``, sharing memory with this table."""
        rows = range(len(self))

        def key_range(row: int) -> int:
            return int(key_range_of(self.layout, self.keys[:, row : row + 1])[0])

        begin, end = bisect_left(rows, first, key=key_range), bisect_left(rows, last, key=key_range)
        return self.rows(begin, end)

    def tokens(self, rows: Rows | None = None) -> npt.NDArray[np.int64]:
        """Return the token ids ``(max_order, R)`` of `rows` (default: all), -1 past a document."""
        keys = self.keys if rows is None else np.take(self.keys, rows, axis=1)
        return unpack(self.layout, keys).astype(np.int64) - 1

    def ngrams(self, order: int) -> tuple[Rows, UInt64Array]:
        """Return all n-grams of one order with their counts.

        Output: for each distinct n-gram, a row that begins with it ``(V,)`` and its counts
        ``(labels, V)``.
        """
        layout = self.layout
        if not 1 <= order <= layout.max_order:
            raise ValueError(f"order must be between 1 and {layout.max_order}, got {order}")
        if order <= 2:
            rows, counts = self.by_prefix(np.arange(len(self)), self.counts, 2)
            if order == 2:
                whole = self.tokens(rows)[1] >= 0
                return rows[whole], counts[:, whole]
            return self.by_prefix(rows, counts, 1)
        below = layout.key_bits - order * layout.code_bits
        rows = np.flatnonzero(bits_of(self.keys, below, layout.code_bits))
        return self.by_prefix(rows, np.take(self.counts, rows, axis=1), order)

    def by_prefix(self, rows: Rows, counts: UInt64Array, order: int) -> tuple[Rows, UInt64Array]:
        """Group ascending rows by their first `order` tokens.

        Output: the first row ``(V,)`` and the summed counts ``(labels, V)`` of each group.
        """
        if not len(rows):
            return rows, counts
        layout = self.layout
        if order == 1:
            first = self.tokens(rows)[0]
            by_token = np.argsort(first, kind="stable")
            rows, counts = rows[by_token], np.take(counts, by_token, axis=1)
            new: BoolArray = np.diff(first[by_token], prepend=-1) != 0
        else:
            since = layout.key_bits - max(layout.mix_bits, order * layout.code_bits)
            new = changes(np.take(self.keys, rows, axis=1), max(since, 0))
        starts = np.flatnonzero(new)
        return rows[starts], np.add.reduceat(counts, starts, axis=1)

    def holds(self, other: "NgramTable", rows: Rows, order: int) -> BoolArray:
        """Return whether the n-gram at the start of each given row of `other` occurs here too."""
        if order == 1:
            here = self.tokens(self.ngrams(1)[0])[0]
            return np.isin(other.tokens(rows)[0], here)
        occurs: BoolArray = self.find(other, rows, order) >= 0
        return occurs

    def find(self, other: "NgramTable", rows: Rows, order: int) -> Rows:
        """Find the first row here of the n-gram at the start of each given row of `other`.

        Output: row numbers, -1 where the n-gram does not occur here. `order` must be at least 2,
        because only then are the rows of an n-gram adjacent.
        """
        layout = self.layout
        if not len(self):
            return np.full(len(rows), -1, dtype=np.intp)
        drop = np.uint64(layout.key_bits - order * layout.code_bits)
        wanted = _top(np.take(other.keys, rows, axis=1), drop)
        low, high = np.zeros(len(rows), dtype=np.intp), np.full(len(rows), len(self))
        while np.any(low < high):  # a binary search, for all rows at once
            middle = (low + high) // 2
            here = _top(np.take(self.keys, np.minimum(middle, len(self) - 1), axis=1), drop)
            less = (low < high) & _less(here, wanted)
            low, high = (
                np.where(less, middle + 1, low),
                np.where(less | (low >= high), high, middle),
            )
        place = np.minimum(low, len(self) - 1)
        same = _top(np.take(self.keys, place, axis=1), drop) == wanted
        return np.where((low < len(self)) & same.all(axis=0), low, -1)


def _top(keys: UInt64Array, drop: np.uint64) -> UInt64Array:
    """Return the keys with their lowest `drop` bits cleared."""
    top = keys.copy()
    top[-1] &= ~np.uint64(0) << drop if drop < 64 else np.uint64(0)
    if len(keys) == 2 and drop > 64:
        top[0] &= ~np.uint64(0) << (drop - np.uint64(64))
    return top


def _less(x: UInt64Array, y: UInt64Array) -> BoolArray:
    less: BoolArray = x[-1] < y[-1]
    return (x[0] < y[0]) | ((x[0] == y[0]) & less) if len(x) == 2 else less
