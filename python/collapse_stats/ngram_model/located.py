"""A text as numbers of n-grams, so that any weights of these give its probabilities."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..ngrams.chunk import Int64Array
from ..ngrams.layout import BoolArray
from .ngram_index import ROOT, NgramIndex
from .weights import Floats, Weights


@dataclass(frozen=True, slots=True, eq=False)
class Located:
    """The numbers of the n-grams of a text.

    Attributes
    ----------
    found
        ``(T + D,)``: for each token, and for the end of each document behind its tokens, the
        longest known n-gram that ends there; `ROOT` where not even the token is known.
    backoffs
        Places in `found`, and a known context there, after which the token was not seen.
    """

    found: Int64Array
    backoffs: tuple[tuple[Int64Array, Int64Array], ...]

    @classmethod
    def of(
        cls, index: NgramIndex, tokens: npt.NDArray[np.integer], lengths: Int64Array
    ) -> "Located":
        """Locate packed documents, all of whose ids lie in the vocabulary."""
        stream = index.symbols.stream(tokens, lengths)
        counted = stream != index.symbols.begin
        place = np.cumsum(counted) - 1  # in what is returned
        found, shorter = stream.copy(), stream
        backoffs = []
        for order in range(2, index.order + 1):
            longer = np.full(len(stream), -1, dtype=np.int64)
            known = counted[1:] & (shorter[:-1] > ROOT)  # the context, of one symbol less
            possible = np.flatnonzero(known & (shorter[1:] > ROOT)) + 1
            longer[possible] = index.find(order, shorter[possible - 1], stream[possible])
            seen = longer > ROOT
            found[seen] = longer[seen]
            unseen = np.flatnonzero(known & ~seen[1:]) + 1
            backoffs.append((place[unseen], shorter[unseen - 1]))
            shorter = longer
        return cls(found[counted], tuple(backoffs))

    @property
    def is_unknown(self) -> BoolArray:
        """Whether the token at each place ``(T + D,)`` was never seen."""
        unknown: BoolArray = self.found == ROOT
        return unknown

    def log2_probabilities(self, weights: Weights) -> Floats:
        """Return log2 of the probability at each place ``(T + D,)``."""
        probability = weights.probability[self.found]
        for places, contexts in self.backoffs:
            probability[places] *= weights.backoff[contexts]
        logarithms: Floats = np.log2(probability, out=probability)
        return logarithms
