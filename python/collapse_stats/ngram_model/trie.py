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
        orders = growing.orders
        return cls(
            growing.index,
            np.concatenate([np.arange(len(each.prefix)) >= each.inner for each in orders]),
            np.concatenate([each.prefix for each in orders]),
            np.concatenate([each.suffix for each in orders]),
            np.concatenate([each.counts for each in orders], axis=1),
        )

    @classmethod
    def of_sample(
        cls,
        sample: Sample,
        layout: Layout,
        backend: Backend,
        label: npt.NDArray[np.uint8],
        labels: int,
    ) -> "Trie":
        """Count a sample, and arrange its n-grams up to the layout's order.

        Parameters
        ----------
        label
            ``(D,)``: of each document.
        labels
            How many labels there are; the layout has as many or more.
        """
        table = backend.count([sample.chunk(label)], layout)
        used = NgramTable(layout, table.keys, table.counts[:labels])
        documents = np.bincount(label[sample.length > 0], minlength=labels)
        return cls.of(used, layout.max_order, documents)

    def check_filled(self, name: str) -> None:
        """Raise CollapseStatsError if the text, called `name`, has no n-gram of the order."""
        order, (*_, first, number) = self.index.order, self.index.first
        if first == number:
            raise CollapseStatsError(
                f"a model of order {order} needs a document of {order - 2} tokens or more (with "
                f"begin and end {order} symbols), and {name} has none: give a lower order"
            )


@dataclass(frozen=True, slots=True, eq=False)
class _Order:
    """The n-grams of one order; `ROOT` is the first of those of order 1.

    Attributes
    ----------
    first
        The number of the first one.
    inner
        How many there are but for those at the begin of a document, which come last.
    prefix, suffix, counts
        As in `Trie`.
    last
        ``(G,)``: the last symbols.
    """

    first: int
    inner: int
    prefix: Int64Array
    suffix: Int64Array
    last: Int64Array
    counts: Int64Array


class _GrowingTrie:
    """The orders of a trie, while they are added."""

    def __init__(self, table: NgramTable, order: int, documents: Int64Array | None) -> None:
        tokens, counts = table.tokens(), table.counts.astype(np.int64)
        if len(tokens) > 1:
            documents = counts[:, tokens[1] < 0].sum(axis=1)
        assert documents is not None, "windows of one token do not say where documents end"
        symbols = Symbols.of(tokens[0], table.layout.vocab_size)
        self._columns = [
            np.where(column < 0, END, symbols.of_tokens(column)) for column in tokens[:order]
        ]
        self._row_counts = counts
        self._is_new = np.zeros(len(table), dtype=bool)  # whether a row begins another n-gram
        self._is_new[:1] = True
        self._of_row = self._columns[0]  # the n-gram of the newest order that a row begins with
        # The n-gram that is one of the order before the newest with a begin before it, or -1.
        self._begun, self._begun_first = np.array([symbols.begin]), ROOT
        of_tokens = np.array([_summed(self._of_row, row, symbols.number) for row in counts])
        of_tokens[:, [END, symbols.begin]] = documents[:, np.newaxis]
        nothing = np.full(symbols.number, ROOT, dtype=np.int64)
        last = np.arange(symbols.number)
        self.index = NgramIndex.of_symbols(symbols)
        self.orders = [_Order(ROOT, symbols.begin, nothing, nothing, last, of_tokens)]

    def add_order(self, n: int) -> None:
        """Add the n-grams of the next order: those in the windows, then those at a begin."""
        lower, first = self.orders[-1], self.index.first[-1]
        begins, counts = self._distinct(n)
        prefix, last = self._of_row[begins], self._columns[n - 1][begins]
        suffix = self.index.find(n - 1, lower.suffix[prefix - lower.first], last)
        begun, begin_counts = self._at_begin(suffix - lower.first, counts)
        begin_prefix = self._begun[lower.prefix[begun] - self._begun_first]

        marked = np.zeros(len(self._is_new), dtype=np.int64)
        marked[begins] = 1
        self._of_row = first - 1 + np.cumsum(marked)
        self._begun, self._begun_first = np.full(len(lower.prefix), -1), lower.first
        self._begun[begun] = first + len(begins) + np.arange(len(begun))
        order = _Order(
            first,
            len(begins),
            np.concatenate([prefix, begin_prefix]),
            np.concatenate([suffix, begun + lower.first]),
            np.concatenate([last, lower.last[begun]]),
            np.concatenate([counts, begin_counts], axis=1),
        )
        self.orders.append(order)
        self.index = self.index.with_order(order.prefix, order.last)

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

    def _at_begin(self, suffix: Int64Array, counts: Int64Array) -> tuple[Int64Array, Int64Array]:
        """Return which n-grams of the newest order stand at a begin, and how often each.

        `suffix`, as a place among them, and `counts` are those of the longer ones in the windows.
        """
        newest = self.orders[-1]
        preceded = np.array([_summed(suffix, row, newest.inner) for row in counts])
        rest = newest.counts[:, : newest.inner] - preceded
        if newest.first == ROOT:
            rest[:, :FIRST_TOKEN] = 0  # nothing ends before it has begun
        begun = np.flatnonzero(rest.any(axis=0))
        return begun, rest[:, begun]


def _summed(of: Int64Array, counts: Int64Array, number: int) -> Int64Array:
    """Return the sum of the counts ``(R,)`` for each of `number` n-grams; exact below 2**53."""
    return np.bincount(of, counts, number).astype(np.int64)
