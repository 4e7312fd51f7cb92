"""The numbers of n-grams: all that it takes to find those of a text."""

from dataclasses import dataclass

from ..backends.base import Backend
from ..ngrams.chunk import Int64Array
from ..ngrams.links import UInt32Array
from .symbols import Symbols

ROOT = 0
"""The n-gram without symbols, with which every other begins and ends."""


@dataclass(frozen=True, slots=True, eq=False)
class NgramIndex:
    """Finds the number of an n-gram by that of its prefix and by its last symbol.

    Numbers are first `ROOT`, then those of order 1, which are the symbols, then those of order 2,
    and so on; within an order, they are as in `LinkedOrder`.

    Attributes
    ----------
    first
        The first number of each order (`ROOT` has order 0), and at last how many n-grams there are.
    children, last
        Of each order from 2 on, as in `LinkedOrder`.
    """

    symbols: Symbols
    first: tuple[int, ...]
    children: tuple[UInt32Array, ...]
    last: tuple[UInt32Array, ...]
    backend: Backend

    @property
    def order(self) -> int:
        """Length of the longest n-grams."""
        return len(self.first) - 2

    def span(self, order: int) -> slice:
        """Return the numbers of the n-grams of one order; those of order 1 are all symbols."""
        return slice(self.first[order] if order > 1 else 0, self.first[order + 1])

    def find(self, order: int, prefix: Int64Array, last: Int64Array) -> Int64Array:
        """Return the number of each n-gram of one order from 2 on, -1 for one that does not occur.

        Parameters
        ----------
        prefix
            ``(Q,)``: the n-grams without their last symbol.
        last
            ``(Q,)``: their last symbols.
        """
        found = self.backend.find(
            self.children[order - 2],
            self.last[order - 2],
            prefix - self.span(order - 1).start,
            last,
        )
        found[found >= 0] += self.first[order]
        return found
