"""Probabilities of modified interpolated Kneser-Ney smoothing (Chen & Goodman 1998).

The vocabulary is closed: every id below `vocab_size` has a probability, seen or not, and there is
no symbol for unknown ones. docs/metrics.md has the definition.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..metrics.one_corpus.kneser_ney import kneser_ney_discounts
from ..ngrams.spectrum import Spectrum
from .key_index import Int64Array
from .ngram_index import ROOT
from .trie import Trie

Floats = npt.NDArray[np.float64]
Discounts = tuple[float, float, float]

FALLBACK: Discounts = (0.5, 1.0, 1.5)
"""Discounts of an order for which the formula has none."""


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
        ``(G + 1,)``: by what the probability without its first symbol is multiplied if a context
        is not followed by a symbol. The last is 1: number -1 stands for a context never seen.
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
        adjusted = _adjusted(trie, counts)
        index = trie.index
        orders = range(1, index.order + 1)
        spans = [slice(index.first[n], index.first[n + 1]) for n in orders]
        found = [_discounts(adjusted[span], n) for n, span in zip(orders, spans, strict=True)]
        discounts = tuple(discount or FALLBACK for discount in found)
        taken = np.zeros(len(adjusted))
        for span, of_order in zip(spans, discounts, strict=True):
            taken[span] = np.array([0.0, *of_order])[np.minimum(adjusted[span], 3)]
        total, left = (np.bincount(trie.prefix, each, len(counts)) for each in (adjusted, taken))
        backoff = np.divide(left, total, out=np.ones(len(counts)), where=total > 0)
        probability = (adjusted - taken) / np.maximum(total, 1)[trie.prefix]
        probability[ROOT] = backoff[ROOT] / (vocab_size + 1)
        for n, span in zip(orders, spans, strict=True):
            if n == 1:
                probability[span] += probability[ROOT]
                probability[index.symbols.begin] = 0
            else:
                shorter = probability[trie.suffix[span]]
                probability[span] += backoff[trie.prefix[span]] * shorter
        fallback = tuple(n for n, discount in zip(orders, found, strict=True) if discount is None)
        return cls(discounts, fallback, probability, np.append(backoff, 1.0))


def _adjusted(trie: Trie, counts: Int64Array) -> Int64Array:
    """Return the adjusted counts ``(G,)``.

    Of the longest n-grams, and of those at the begin of a document, they are the counts; of others
    the number of different symbols that stand before them.
    """
    index = trie.index
    longest, from_2 = index.first[index.order], index.first[2]
    occurs = counts[from_2:] > 0
    adjusted = np.bincount(trie.suffix[from_2:][occurs], minlength=len(counts))
    adjusted[longest:] = counts[longest:]
    adjusted[trie.at_begin] = counts[trie.at_begin]
    adjusted[[ROOT, index.symbols.begin]] = 0  # no text goes on with them
    return adjusted


def _discounts(adjusted: Int64Array, order: int) -> Discounts | None:
    """Return the discounts of an order, None if they cannot be used.

    Above order 1 a discount of 0 cannot: a context that was only followed by such n-grams would
    leave nothing for all other tokens, and the perplexity could be infinite.
    """
    seen = np.bincount(np.minimum(adjusted, 5), minlength=6)[1:5]
    found = kneser_ney_discounts(Spectrum.from_pairs([1, 2, 3, 4], seen))
    return None if found is None or (order > 1 and 0 in found) else found
