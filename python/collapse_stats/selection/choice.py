"""The documents chosen so far, and what another one would add to them."""

import numpy as np

from ..backends.ngram_set import NgramSet
from ..ngrams.chunk import Int64Array
from .copies import SHARE, Copies
from .judged import Judged, Why
from .order_gate import OrderGate
from .pool import Packed


class Choice:
    """A growing choice among the documents of one source.

    Attributes
    ----------
    judged
        The documents.
    ngrams
        The n-grams with their weights; those of chosen documents are covered.
    gate
        None where nothing is taken for noise.
    number
        How many documents were chosen.
    worth
        The sum of the weights of the n-grams that they cover, and nothing before them.
    is_trial
        Whether the choice will be undone, so that nobody asks for near-copies.
    """

    def __init__(
        self,
        judged: Judged,
        ngrams: NgramSet,
        copies: Copies,
        gate: OrderGate | None = None,
        *,
        is_trial: bool = False,
    ) -> None:
        self.judged, self.ngrams, self.copies, self.gate = judged, ngrams, copies, gate
        self.number = self.worth = 0
        self.is_trial = is_trial

    def consider(self, documents: Int64Array) -> None:
        """Find out which of some documents ``(N,)``, ascending, may be chosen."""
        for some in self.judged.pool.parts(documents):
            self.judged.consider(some, self.gate, self.copies)

    def look_at(self, document: int) -> int:
        """Return the weight that a document would add now."""
        packed = self.judged.pool.one(document)
        adds = int(self.ngrams.sums(*packed.all)[1][0])
        self.judged.left[document] = adds
        return adds

    def take(self, document: int, packed: Packed | None = None, at: int = 0) -> bool:
        """Choose a document that was just looked at; False if it is a near-copy of chosen ones.

        `packed` has its tokens, as document `at`, where they are at hand.
        """
        judged = self.judged
        if packed is None:
            packed, at = judged.pool.one(document), 0
        if not self.is_trial:
            share = self.copies.of_chosen(packed, at)
            if share > SHARE:
                judged.why[document], judged.copy[document] = Why.COPY, share
                return False
            self.copies.choose(packed, at)
        self.ngrams.cover(*packed.one(at))
        judged.why[document] = Why.CHOSEN
        self.number += 1
        self.worth += int(judged.left[document])
        return True

    def take_all(self) -> None:
        """Choose all others that may be chosen, even those that add nothing."""
        self.consider(np.flatnonzero(self.judged.may_be_chosen))
        for document in np.flatnonzero(self.judged.may_be_chosen).tolist():
            self.look_at(document)
            self.take(document)

    def undo(self) -> None:
        """Choose none of the documents that were chosen since the n-grams were settled."""
        self.judged.why[self.judged.chosen] = Why.OTHERS
        self.number = self.worth = 0
        self.ngrams.uncover()
        if not self.is_trial:
            self.copies.forget_chosen()
