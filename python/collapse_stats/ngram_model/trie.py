"""The n-grams of a corpus, of every order up to one, each linked to the shorter ones in it."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ..backends.base import Backend
from ..corpus.sample import Sample
from ..errors import CollapseStatsError
from ..ngrams.chunk import Int64Array
from ..ngrams.layout import Layout
from ..ngrams.links import END, FIRST_TOKEN, Links, UInt32Array
from ..ngrams.table import NgramTable
from .ngram_index import ROOT, NgramIndex
from .symbols import Symbols

Counts = npt.NDArray[np.uint32] | Int64Array


@dataclass(frozen=True, slots=True, eq=False)
class Trie:
    """The n-grams of an `NgramIndex`.

    Attributes
    ----------
    suffix, preceded
        Of each order from 2 on, as in `LinkedOrder`.
    inner
        Of each order from 1 on, how many there are but for those at the begin of a document, which
        come last.
    counts
        ``(labels, G)`` int64: how often each n-gram occurs.
    """

    index: NgramIndex
    suffix: tuple[UInt32Array, ...]
    preceded: tuple[UInt32Array, ...]
    inner: tuple[int, ...]
    counts: Int64Array

    @classmethod
    def of(
        cls,
        table: NgramTable,
        order: int,
        backend: Backend,
        documents: Int64Array | None = None,
    ) -> "Trie":
        """Arrange the n-grams of a table up to an order.

        Parameters
        ----------
        documents
            ``(labels,)``: number of documents that hold a token. Only a table of order 1, which
            does not say where these end, needs it.
        """
        if table.layout.max_order == 1:
            assert documents is not None, "windows of one token do not say where documents end"
            links = _links_of_tokens(table, documents)
        else:
            links = backend.link(table, order)
        symbols = Symbols.of_ids(links.ids, table.layout.vocab_size)
        first = [ROOT, 1, symbols.number]
        for linked in links.orders:
            first.append(first[-1] + len(linked))
        return cls(
            NgramIndex(
                symbols,
                tuple(first),
                tuple(linked.children for linked in links.orders),
                tuple(linked.last for linked in links.orders),
                backend,
            ),
            tuple(linked.suffix for linked in links.orders),
            tuple(linked.preceded for linked in links.orders),
            (symbols.begin, *(linked.inner for linked in links.orders)),
            np.concatenate([links.tokens, *(linked.counts for linked in links.orders)], axis=1),
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
        documents = np.bincount(label[sample.length > 0], minlength=layout.labels)
        trie = cls.of(table, layout.max_order, backend, documents)
        return replace(trie, counts=trie.counts[:labels])

    def adjusted(self, order: int, counts: Int64Array) -> tuple[Counts, Counts]:
        """Return the adjusted counts of the n-grams of one order, the longest or shorter.

        Of the longest n-grams, and of those at the begin of a document, they are the counts; of
        others the number of different symbols that stand before them. The begin itself has 0: no
        text goes on with it.

        Parameters
        ----------
        counts
            ``(G,)`` of all n-grams, for all documents or for some of them.

        Returns
        -------
        tuple of two arrays
            Those of the `inner` n-grams, and of those at the begin.
        """
        of_order, inner = counts[self.index.span(order)], self.inner[order - 1]
        preceded: Counts = of_order[:inner]
        if order < self.index.order:
            of_longer, preceded = counts[self.index.span(order + 1)], self.preceded[order - 1]
            if not of_longer.all():  # then not all that ever preceded them does in these documents
                seen = self.suffix[order - 1][of_longer > 0]
                preceded = np.bincount(seen, minlength=inner)
        if order == 1:
            return preceded, np.zeros(1, dtype=np.int64)
        return preceded, of_order[inner:]

    def check_filled(self, name: str) -> None:
        """Raise CollapseStatsError if the text, called `name`, has no n-gram of the order."""
        order, (*_, first, number) = self.index.order, self.index.first
        if first == number:
            raise CollapseStatsError(
                f"a model of order {order} needs a document of {order - 2} tokens or more (with "
                f"begin and end {order} symbols), and {name} has none: give a lower order"
            )


def _links_of_tokens(table: NgramTable, documents: Int64Array) -> Links:
    """Return the links of windows of one token: there is no order to link."""
    ids = table.tokens()[0]
    ascending = np.argsort(ids)
    counts = np.zeros((len(table.counts), FIRST_TOKEN + len(ids) + 1), dtype=np.int64)
    counts[:, FIRST_TOKEN:-1] = table.counts[:, ascending]
    counts[:, END] = counts[:, -1] = documents
    return Links(ids[ascending], counts, ())
