"""The n-grams of a table in lexicographic order, with links to shorter ones."""

import numpy as np
import numpy.typing as npt

from ...ngrams.links import (
    END,
    FIRST_TOKEN,
    NOT_OF_DOCUMENTS,
    UNKNOWN,
    LinkedOrder,
    Links,
    UInt32Array,
)
from ...ngrams.table import NgramTable

Int64Array = npt.NDArray[np.int64]


def link(table: NgramTable, order: int) -> Links:
    """See `Backend.link`."""
    rows = _Rows(table)
    linked = [rows.symbols()]
    for n in range(2, order + 1):
        linked.append(rows.order(n, linked[-1]))
    first, *longer = linked
    return Links(rows.ids, first.counts, longer)


def find(
    children: UInt32Array, last: UInt32Array, prefix: Int64Array, symbol: Int64Array
) -> Int64Array:
    """See `Backend.find`: a binary search for all at once."""
    low, high = (children[prefix + step].astype(np.int64) for step in (0, 1))
    left = np.flatnonzero(low < high)
    while len(left):
        middle = (low[left] + high[left]) >> 1
        below = last[middle] < symbol[left]
        low[left[below]] = middle[below] + 1
        high[left[~below]] = middle[~below]
        left = left[low[left] < high[left]]
    stop = children[prefix + 1]
    missing = low >= stop
    missing[~missing] = last[low[~missing]] != symbol[~missing]
    low[missing] = -1
    return low


class _Rows:
    """The rows of a table, in lexicographic order, while n-grams are made of them."""

    def __init__(self, table: NgramTable) -> None:
        tokens = table.tokens()
        self.ids: Int64Array = np.unique(tokens[0])
        self._begin = FIRST_TOKEN + len(self.ids)
        place = np.searchsorted(self.ids, tokens)
        place[place == len(self.ids)] = 0
        known = self.ids[place] == tokens if len(self.ids) else place == tokens
        symbols = np.where(known, place + FIRST_TOKEN, UNKNOWN)
        symbols[tokens < 0] = END
        # Of the longer n-grams, those of one bigram are in order as they are in the table.
        by_bigram = np.lexsort((symbols[1], symbols[0]))
        self._columns = symbols[:, by_bigram]
        self._counts = table.counts.astype(np.int64)[:, by_bigram]
        self._is_new = np.zeros(len(table), dtype=bool)  # whether a row begins another n-gram
        self._is_new[:1] = True
        self._of_row = self._columns[0]  # the n-gram of the newest order that a row begins with

    def symbols(self) -> LinkedOrder:
        """Return the n-grams of order 1, which are the symbols."""
        number = self._begin + 1
        counts = np.array([_summed(self._columns[0], row, number) for row in self._counts])
        documents = self._counts[:, self._columns[1] == END].sum(axis=1, keepdims=True)
        counts[:, [END, self._begin]] = documents
        all_of_them = np.arange(number, dtype=np.uint32)
        none = all_of_them[:0]
        return LinkedOrder(self._begin, all_of_them, all_of_them, none, none, counts)

    def order(self, n: int, shorter: LinkedOrder) -> LinkedOrder:
        """Return the n-grams of order n; `shorter` are those of the order before."""
        begins, counts = self._distinct(n)
        prefix, last = self._of_row[begins], self._columns[n - 1][begins]
        suffix = last
        if n > 2:
            suffix = find(shorter.children, shorter.last, shorter.suffix[prefix], last)
        if (suffix < (END if n == 2 else 0)).any():
            raise ValueError(NOT_OF_DOCUMENTS)
        begun, begin_counts = _at_begin(shorter, suffix, counts)
        begin_prefix = np.full(len(begun), self._begin)
        if n > 2:
            of_shorter = np.repeat(np.arange(len(shorter.children) - 1), np.diff(shorter.children))
            begin_suffixes = shorter.suffix[shorter.inner :]
            begin_prefix = shorter.inner + np.searchsorted(begin_suffixes, of_shorter[begun])
        marked = np.zeros(len(self._is_new), dtype=np.int64)
        marked[begins] = 1
        self._of_row = np.cumsum(marked) - 1
        numbers = np.bincount(np.concatenate([prefix, begin_prefix]), minlength=len(shorter))
        suffix = np.concatenate([suffix, begun])
        return LinkedOrder(
            len(begins),
            np.concatenate([last, shorter.last[begun]]).astype(np.uint32),
            suffix.astype(np.uint32),
            np.concatenate([[0], np.cumsum(numbers)]).astype(np.uint32),
            np.bincount(suffix, minlength=shorter.inner).astype(np.uint32),
            np.concatenate([counts, begin_counts], axis=1),
        )

    def _distinct(self, n: int) -> tuple[Int64Array, Int64Array]:
        """Return the first row of each n-gram in the windows, and its counts."""
        for column in self._columns[0 if n == 2 else n - 1 : n]:  # rows of a bigram are adjacent
            self._is_new[1:] |= column[1:] != column[:-1]
        is_begin = self._is_new
        if n > 2:  # a window that has ended before has no such n-gram
            goes_on = self._columns[n - 2] != END
            is_begin = is_begin & goes_on
            self._counts = self._counts * goes_on
        begins = np.flatnonzero(is_begin)
        if not len(begins):
            return begins, self._counts[:, :0]
        return begins, np.add.reduceat(self._counts, begins, axis=1)


def _at_begin(
    shorter: LinkedOrder, suffix: Int64Array, counts: Int64Array
) -> tuple[Int64Array, Int64Array]:
    """Return which n-grams stand at a begin, and how often each.

    `suffix` and `counts` are those of the longer ones in the windows.
    """
    preceded = np.array([_summed(suffix, row, shorter.inner) for row in counts])
    left = shorter.counts[:, : shorter.inner] - preceded
    if (left < 0).any():
        raise ValueError(NOT_OF_DOCUMENTS)
    begun = np.flatnonzero(left.any(axis=0))
    return begun, left[:, begun]


def _summed(of: Int64Array, counts: Int64Array, number: int) -> Int64Array:
    """Return the sum of the counts ``(R,)`` for each of `number` n-grams; exact below 2**53."""
    return np.bincount(of, counts, number).astype(np.int64)
