"""What is known of each candidate: whether it may be chosen, and what became of it."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from ..ngrams.chunk import Int64Array
from ..ngrams.layout import BoolArray
from .copies import Copies, are_copies
from .order_gate import Floats, OrderGate
from .pool import Pool


class Why(IntEnum):
    """What became of a document; `words` are those of selection.parquet."""

    OTHERS = 0
    CHOSEN = 1
    SHORT = 2
    NOISE = 3
    COPY = 4
    UNSEEN = 5

    @property
    def words(self) -> str:
        """The reason in words."""
        return _WORDS[self]


_WORDS = {
    Why.OTHERS: "others bring more",
    Why.CHOSEN: "chosen",
    Why.SHORT: "too short",
    Why.NOISE: "order gain too low",
    Why.COPY: "near-copy",
    Why.UNSEEN: "others bring more",
}


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """The documents of one source of candidates, and what was found out about each.

    Attributes
    ----------
    worth
        ``(D,)``: sum of the weights of its distinct n-grams, nothing else chosen.
    left
        ``(D,)``: the same without those that were covered when it was last looked at.
    order_gain
        ``(D,)``: in bits a token; NaN where the document was never considered, or is too short.
    copy
        ``(D,)``: the share of its stretches that the reference has, or for a near-copy of chosen
        documents that these have; NaN as above.
    why
        ``(D,)``: numbers of `Why`.
    """

    pool: Pool
    worth: Int64Array
    left: Int64Array
    order_gain: Floats
    copy: Floats
    why: npt.NDArray[np.uint8]

    @classmethod
    def of(cls, pool: Pool, least: int) -> "Judged":
        """Return documents of which only the length is known; those below `least` are too short."""
        number = len(pool)
        why = np.where(pool.length < least, Why.SHORT, Why.UNSEEN).astype(np.uint8)
        nothing = np.full(number, np.nan)
        zero = np.zeros(number, dtype=np.int64)
        return cls(pool, zero, zero.copy(), nothing, nothing.copy(), why)

    def __len__(self) -> int:
        return len(self.why)

    @property
    def chosen(self) -> BoolArray:
        """Which documents were chosen ``(D,)``."""
        chosen: BoolArray = self.why == Why.CHOSEN
        return chosen

    @property
    def tokens(self) -> int:
        """Tokens of the documents that were chosen."""
        return int(self.pool.length[self.chosen].sum())

    @property
    def may_be_chosen(self) -> BoolArray:
        """Which documents nothing speaks against so far, and are not chosen yet ``(D,)``."""
        may: BoolArray = (self.why == Why.UNSEEN) | (self.why == Why.OTHERS)
        return may

    def consider(self, documents: Int64Array, gate: OrderGate | None, copies: Copies) -> None:
        """Find out whether documents ``(N,)``, in ascending order, may be chosen."""
        new = documents[self.why[documents] == Why.UNSEEN]
        if not len(new):
            return
        packed = self.pool.packed(new)
        why = np.full(len(new), Why.OTHERS, dtype=np.uint8)
        self.copy[new] = copies.of_reference(packed)
        why[are_copies(self.copy[new])] = Why.COPY
        if gate is not None:
            self.order_gain[new] = gate.gains(packed)
            why[self.order_gain[new] < gate.limits(self.pool.length[new])] = Why.NOISE
        self.why[new] = why
