"""The n-grams of a table, arranged order by order, each linked to the shorter ones in it.

They are made of symbols: the tokens that occur, numbered from `FIRST_TOKEN` on in the order of
their ids, and begin and end of a document. The table holds neither begin nor end, but its counts
say both. A window that was cut after n - 1 tokens is an n-gram that ends with the end. And an
n-gram that occurs more often than it has something on its left stands at the begin as many times
more. Empty documents leave no window.

The n-grams of one order are numbered from 0 in lexicographic order. Therefore those with the same
prefix (all but the last symbol) are adjacent and their last symbols ascend, and those that begin
with the begin, which is the largest symbol, come last.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

UInt32Array = npt.NDArray[np.uint32]

UNKNOWN = 0
"""The symbol of every token that does not occur."""

END = 1
"""The symbol after the last token of a document."""

FIRST_TOKEN = 2

NOT_OF_DOCUMENTS = (
    "expected a table of whole documents, got one in which an n-gram occurs more often than a "
    "shorter one in it: count the documents again"
)


@dataclass(frozen=True, slots=True, eq=False)
class LinkedOrder:
    """The n-grams of one order, from 2 on.

    Attributes
    ----------
    inner
        How many there are but for those at the begin of a document, which come last.
    last
        ``(G,)``: the last symbols.
    suffix
        ``(G,)``: the number of the n-gram without its first symbol. Of order 1, it is the symbol.
    children
        ``(P + 1,)``: for each n-gram of the order before, and one behind them, the first number of
        those that it is the prefix of.
    preceded
        For each of the `inner` n-grams of the order before, how many it is the suffix of: the
        number of different symbols that stand before it.
    counts
        ``(labels, G)`` int64: how often the n-gram occurs.
    """

    inner: int
    last: UInt32Array
    suffix: UInt32Array
    children: UInt32Array
    preceded: UInt32Array
    counts: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.last)


@dataclass(frozen=True, slots=True, eq=False)
class Links:
    """The n-grams of a table up to an order.

    Attributes
    ----------
    ids
        ``(K,)`` int64: the token ids that occur, ascending.
    tokens
        ``(labels, K + 3)`` int64: how often each symbol occurs. The last is the begin.
    orders
        Those from 2 on.
    """

    ids: npt.NDArray[np.int64]
    tokens: npt.NDArray[np.int64]
    orders: Sequence[LinkedOrder]
