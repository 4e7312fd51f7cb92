"""Near-copies: documents of which most stretches of eight tokens are elsewhere already.

A copy with one word changed has new n-grams around that word, but few new stretches besides.
"""

from collections.abc import Sequence

import numpy as np

from ..backends.ngram_set import NgramSet, ngram_set
from ..ngrams.layout import BoolArray
from ..profiles.data import ProfileData
from ..system.budget import Budget
from .order_gate import Floats
from .pool import Packed
from .weights import ngrams_of

SPAN = 8
"""Tokens of a stretch."""

SHARE = 0.5
"""The share of a document's stretches above which it is a near-copy."""

LEAST_ORDER = 4
"""Where profiles count shorter n-grams, these say too little of stretches."""


class Copies:
    """The stretches of the reference and of the documents that were chosen.

    The table of a profile has n-grams of `max_order` tokens, often five. A stretch of the reference
    is one all of whose n-grams are there: all true copies are found, and few that are none.
    """

    def __init__(
        self, references: Sequence[ProfileData], code_bits: int, memory: Budget, threads: int
    ) -> None:
        self._known: NgramSet | None = None
        order = order_of(references)
        if order:
            room = sum(each.distinct(order) for each in references)
            self._known = ngram_set(order, code_bits, 1, room, threads)
            for reference in references:
                for keys, _ in ngrams_of(reference, order, code_bits, memory):
                    self._known.put(keys, np.ones(len(keys), dtype=np.uint16))
        self._code_bits, self._threads = code_bits, threads
        self.forget_chosen()

    def forget_chosen(self) -> None:
        """Begin again with no documents chosen."""
        self._chosen = ngram_set(SPAN, self._code_bits, threads=self._threads)

    def of_reference(self, documents: Packed) -> Floats:
        """Return the share of each document's stretches that the reference has ``(D,)``."""
        return self._share(self._known, documents) if self._known else _nothing(documents)

    def of_chosen(self, documents: Packed, one: int) -> float:
        """Return the share of one document's stretches that the chosen documents have."""
        tokens, start, stop = documents.one(one)
        shared = int(self._chosen.shared(tokens, start, stop, SPAN)[0])
        return shared / max(1, int(stop[0] - start[0]) - SPAN + 1)

    def choose(self, documents: Packed, one: int) -> None:
        """Add the stretches of a document that was chosen."""
        self._chosen.cover(*documents.one(one))

    @staticmethod
    def _share(ngrams: NgramSet, documents: Packed) -> Floats:
        stretches = documents.stop - documents.start - SPAN + 1
        share: Floats = ngrams.shared(*documents.all, SPAN) / np.maximum(stretches, 1)
        return share


def are_copies(share: Floats) -> BoolArray:
    """Return which shares of stretches are those of near-copies."""
    copies: BoolArray = share > SHARE
    return copies


def _nothing(documents: Packed) -> Floats:
    return np.zeros(len(documents.start))


def order_of(references: Sequence[ProfileData]) -> int:
    """Return the length of the n-grams of which stretches are made up; 0 if they are too short."""
    order = min((each.max_order for each in references), default=0)
    return min(order, SPAN) if order >= LEAST_ORDER else 0
