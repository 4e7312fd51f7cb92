"""Probabilities of modified interpolated Kneser-Ney smoothing (Chen & Goodman 1998).

The vocabulary is closed: every id below `vocab_size` has a probability, seen or not, and there is
no symbol for unknown ones. docs/metrics.md has the definition.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..metrics.one_corpus.kneser_ney import kneser_ney_discounts
from ..ngrams.chunk import Int64Array
from ..ngrams.links import UInt32Array
from ..ngrams.spectrum import Spectrum
from .trie import Counts, Trie

Floats = npt.NDArray[np.float64]
Discounts = tuple[float, float, float]

FALLBACK: Discounts = (0.5, 1.0, 1.5)
"""Discounts of an order for which the formula has none."""

_BLOCK = 1 << 15  # n-grams: what is computed of them stays in the cache
_LARGEST = (1 << 32) - 1


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """The numbers of a model, for the n-grams of a `Trie`.

    Attributes
    ----------
    discounts
        Of each order from 1 on.
    fallback
        The orders that have the discounts `FALLBACK`.
    probability
        ``(G,)``: of the last symbol after the others; of `ROOT`, that of a token never seen.
    backoff
        By what the probability without its first symbol is multiplied if a context is not followed
        by a symbol, for all n-grams that are shorter than the longest.
    """

    discounts: tuple[Discounts, ...]
    fallback: tuple[int, ...]
    probability: Floats
    backoff: Floats

    @classmethod
    def of(cls, trie: Trie, counts: Int64Array, vocab_size: int) -> "Weights":
        """Compute the weights from counts of the n-grams of a trie.

        Parameters
        ----------
        counts
            ``(G,)``: of all documents, or of some of them; n-grams that are in none count 0.
        """
        index = trie.index
        probability, backoff = np.empty(index.first[-1]), np.empty(index.first[index.order])
        discounts: list[Discounts] = []
        fallback: list[int] = []
        for n in range(1, index.order + 1):
            adjusted = trie.adjusted(n, counts)
            found = _discounts(adjusted, n)
            discounts.append(found or FALLBACK)
            if found is None:
                fallback.append(n)
            if n == 1:
                _fill_tokens(
                    probability[: index.symbols.number], adjusted[0], discounts[0], vocab_size
                )
                continue
            shorter = index.span(n - 1)
            order = _Order(
                adjusted,
                trie.suffix[n - 2],
                index.children[n - 2],
                discounts[-1],
                probability[shorter],
                probability[index.span(n)],
                backoff[shorter],
            )
            with ThreadPoolExecutor(index.backend.threads) as pool:
                list(pool.map(order.fill, _blocks(order.children, trie.inner[n - 2])))
        return cls(tuple(discounts), tuple(fallback), probability, backoff)


def _fill_tokens(
    probability: Floats, adjusted: Counts, discounts: Discounts, vocab_size: int
) -> None:
    """Write the probabilities of order 1: all symbols follow on the root.

    That of `ROOT` and of symbols that were not seen is what is left for each of them. The begin,
    which is the last symbol, is not written.
    """
    own, left = _shared(adjusted, np.array([0, len(adjusted)]), discounts)
    probability[:-1] = own + left[0] / (vocab_size + 1)
    probability[-1] = 0


@dataclass(frozen=True, slots=True, eq=False)
class _Order:
    """The n-grams of one order from 2 on, while their probabilities are computed.

    Attributes
    ----------
    adjusted
        Of those in the windows, and of those at the begin of a document.
    suffix, children
        As in `LinkedOrder`.
    shorter
        The probabilities of the order before.
    probability, backoff
        To be written.
    """

    adjusted: tuple[Counts, Counts]
    suffix: UInt32Array
    children: UInt32Array
    discounts: Discounts
    shorter: Floats
    probability: Floats
    backoff: Floats

    def fill(self, contexts: slice) -> None:
        """Write the backoff of some contexts, all at a begin or none, and what follows them."""
        first = self.children[contexts.start : contexts.stop + 1].astype(np.int64)
        inside = slice(int(first[0]), int(first[-1]))
        inner, begun = self.adjusted
        if inside.start < len(inner):
            adjusted = inner[inside]
        else:
            adjusted = begun[inside.start - len(inner) : inside.stop - len(inner)]
        own, left = _shared(adjusted, first - inside.start, self.discounts)
        self.backoff[contexts] = left
        lower = self.shorter[self.suffix[inside]]
        lower *= np.repeat(left, np.diff(first))
        np.add(own, lower, out=self.probability[inside])


def _blocks(children: UInt32Array, inner: int) -> Iterator[slice]:
    """Yield adjacent contexts with not many children together; only the last are at a begin.

    Parameters
    ----------
    children
        As in `LinkedOrder`.
    inner
        The number of contexts that are not at the begin of a document.
    """
    first = 0
    for stop in (inner, len(children) - 1):
        while first < stop:
            most = min(int(children[first]) + _BLOCK, _LARGEST)
            last = int(np.searchsorted(children, np.uint32(most), side="right")) - 1
            last = min(max(last, first + 1), stop)
            yield slice(first, last)
            first = last


def _shared(adjusted: Counts, first: Int64Array, discounts: Discounts) -> tuple[Floats, Floats]:
    """Share the probability after contexts among what was seen there and all the rest.

    Parameters
    ----------
    adjusted
        ``(C,)``: adjusted counts of the children of the contexts.
    first
        ``(P + 1,)``: the first child of each context, and the end.

    Returns
    -------
    tuple of two arrays
        The share of each child ``(C,)``, and of the rest after each context ``(P,)``.
    """
    sizes = np.diff(first)
    filled = sizes > 0
    starts = first[:-1][filled]
    taken = np.array([0.0, *discounts])[np.minimum(adjusted, 3)]
    total, left = np.zeros(len(sizes), dtype=np.int64), np.zeros(len(sizes))
    if len(starts):
        total[filled] = np.add.reduceat(adjusted, starts, dtype=np.int64)
        left[filled] = np.add.reduceat(taken, starts)
    rest = np.divide(left, total, out=np.ones(len(sizes)), where=total > 0)
    np.subtract(adjusted, taken, out=taken)
    taken /= np.repeat(np.maximum(total, 1), sizes)
    return taken, rest


def _discounts(adjusted: tuple[Counts, Counts], order: int) -> Discounts | None:
    """Return the discounts of an order, None if they cannot be used.

    Above order 1 a discount of 0 cannot: a context that was only followed by such n-grams would
    leave nothing for all other tokens, and the perplexity could be infinite.
    """
    times = [1, 2, 3, 4]
    seen = [sum(int(np.count_nonzero(of == each)) for of in adjusted) for each in times]
    found = kneser_ney_discounts(Spectrum.from_pairs(times, seen))
    return None if found is None or (order > 1 and 0 in found) else found
