"""The n-grams of a table, of every order up to one, each linked to the shorter ones in it.

The table holds neither begin nor end of a document, but its counts say both. A window that was cut
after n - 1 tokens is an n-gram that ends with the end. And an n-gram that occurs more often than it
has something on its left stands at the begin as many times more. Empty documents leave no window.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..backends.base import Backend
from ..corpus.sample import Sample
from ..errors import CollapseStatsError
from ..ngrams.layout import BoolArray, Layout
from ..ngrams.table import NgramTable
from .key_index import Int64Array
from .ngram_index import ROOT, NgramIndex
from .symbols import END, FIRST_TOKEN, Symbols


@dataclass(frozen=True, slots=True, eq=False)
class Trie:
    """The n-grams of an `NgramIndex`, by their numbers.

    Among those of one order, the ones at the begin of a document come last: the begin is their
    first symbol.

    Attributes
    ----------
    at_begin
        ``(G,)``: whether the n-gram begins with the begin of a document.
    prefix, suffix
        ``(G,)``: the n-gram without its last, and without its first symbol.
    counts
        ``(labels, G)`` int64: how often the n-gram occurs.
    """

    index: NgramIndex
    at_begin: BoolArray
    prefix: Int64Array
    suffix: Int64Array
    counts: Int64Array

    @classmethod
    def of(cls, table: NgramTable, order: int, documents: Int64Array | None = None) -> "Trie":
        """Arrange the n-grams of a table up to an order.

        Parameters
        ----------
        documents
            ``(labels,)``: number of documents that hold a token. Only a table of order 1, which
            does not say where these end, needs it.
        """
        growing = _GrowingTrie(table, order, documents)
        for n in range(2, order + 1):
            growing.add_order(n)
        return cls(growing.index, growing.at_begin, growing.prefix, growing.suffix, growing.counts)

    @classmethod
    def of_sample(
        cls, sample: Sample, layout: Layout, backend: Backend, label: npt.NDArray[np.uint8]
    ) -> "Trie":
        """Count a sample, and arrange its n-grams up to the layout's order.

        Parameters
        ----------
        label
            ``(D,)``: of each document.
        """
        table = backend.count([sample.chunk(label)], layout)
        filled = sample.length > 0
        return cls.of(table, layout.max_order, np.bincount(label[filled], minlength=layout.labels))

    def check_filled(self, name: str) -> None:
        """Raise CollapseStatsError if the text, called `name`, has no n-gram of the order."""
        order, (*_, first, number) = self.index.order, self.index.first
        if first == number:
            raise CollapseStatsError(
                f"a model of order {order} needs a document of {order - 2} tokens or more (with "
                f"begin and end {order} symbols), and {name} has none: give a lower order"
            )


class _GrowingTrie:
    """A trie while orders are added; its arrays are those of `Trie`, and three more.

    Attributes
    ----------
    last
        ``(G,)``: the last symbol of each n-gram.
    begun
        ``(G,)``: the same n-gram with the begin of a document before it, -1 if it does not occur.
    of_row
        ``(R,)``: the n-gram of the newest order with which each row of the table begins.
    """

    def __init__(self, table: NgramTable, order: int, documents: Int64Array | None) -> None:
        tokens, counts = table.tokens(), table.counts.astype(np.int64)
        if len(tokens) > 1:
            documents = counts[:, tokens[1] < 0].sum(axis=1)
        assert documents is not None, "windows of one token do not say where documents end"
        symbols = Symbols.of(tokens[0], table.layout.vocab_size)
        self.index = NgramIndex.of_symbols(symbols)
        self._columns = [
            np.where(column < 0, END, symbols.of_tokens(column)) for column in tokens[:order]
        ]
        self._row_counts = counts
        self._is_new = np.zeros(len(table), dtype=bool)  # whether a row begins another n-gram
        self._is_new[:1] = True
        self.of_row = self._columns[0]
        self.last = np.arange(symbols.number)
        self.at_begin = self.last == symbols.begin
        self.begun = np.where(self.last == ROOT, symbols.begin, -1)
        self.prefix, self.suffix = np.full((2, symbols.number), ROOT, dtype=np.int64)
        self.counts = np.array([_summed(self.of_row, row, symbols.number) for row in counts])
        self.counts[:, [END, symbols.begin]] = documents[:, np.newaxis]

    def add_order(self, n: int) -> None:
        """Add the n-grams of the next order: those in the windows, then those at a begin."""
        begins, counts = self._distinct(n)
        prefix, last = self.of_row[begins], self._columns[n - 1][begins]
        suffix = self.index.find(n - 1, self.suffix[prefix], last)
        before, begin_counts = self._at_begin(n - 1, suffix, counts)
        number, inner = len(self.prefix), len(begins)

        self.of_row = number - 1 + np.cumsum(_marked(begins, len(self._is_new)))
        begun = np.full(inner + len(before), -1, dtype=np.int64)
        self.begun[before] = number + inner + np.arange(len(before))
        self.begun = np.concatenate([self.begun, begun])
        prefix = np.concatenate([prefix, self.begun[self.prefix[before]]])
        last = np.concatenate([last, self.last[before]])
        self.prefix = np.concatenate([self.prefix, prefix])
        self.suffix = np.concatenate([self.suffix, suffix, before])
        self.last = np.concatenate([self.last, last])
        self.at_begin = np.concatenate([self.at_begin, np.arange(len(prefix)) >= inner])
        self.counts = np.concatenate([self.counts, counts, begin_counts], axis=1)
        self.index = self.index.with_order(prefix, last)

    def _distinct(self, n: int) -> tuple[Int64Array, Int64Array]:
        """Return the first row of each n-gram in the windows, and its counts."""
        for column in self._columns[0 if n == 2 else n - 1 : n]:  # rows of a bigram are adjacent
            self._is_new[1:] |= column[1:] != column[:-1]
        is_begin = self._is_new
        if n > 2:  # a window that has ended before has no such n-gram
            goes_on = self._columns[n - 2] != END
            is_begin = is_begin & goes_on
            self._row_counts = self._row_counts * goes_on
        begins = np.flatnonzero(is_begin)
        if not len(begins):
            return begins, self._row_counts[:, :0]
        return begins, np.add.reduceat(self._row_counts, begins, axis=1)

    def _at_begin(
        self, n: int, suffix: Int64Array, counts: Int64Array
    ) -> tuple[Int64Array, Int64Array]:
        """Return the n-grams at the begin of documents, and how often each is there.

        `suffix` and `counts` are those of the (n + 1)-grams in the windows.
        """
        first = self.index.first[n]
        inner = np.flatnonzero(~self.at_begin[first:]) + first
        inner = inner[inner >= FIRST_TOKEN]  # nothing ends before it has begun
        number = len(self.prefix)
        preceded = np.array([_summed(suffix, row, number) for row in counts])
        rest = self.counts[:, inner] - preceded[:, inner]
        occurs = rest.any(axis=0)
        return inner[occurs], rest[:, occurs]


def _summed(of: Int64Array, counts: Int64Array, number: int) -> Int64Array:
    """Return the sum of the counts ``(R,)`` for each of `number` n-grams; exact below 2**53."""
    return np.bincount(of, counts, number).astype(np.int64)


def _marked(places: Int64Array, number: int) -> Int64Array:
    marked = np.zeros(number, dtype=np.int64)
    marked[places] = 1
    return marked
