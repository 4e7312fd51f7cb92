"""The numbers of n-grams: all that it takes to find those of a text."""

from dataclasses import dataclass

from .key_index import Int64Array, KeyIndex
from .symbols import Symbols

ROOT = 0
"""The n-gram without symbols, with which every other begins and ends."""


@dataclass(frozen=True, slots=True, eq=False)
class NgramIndex:
    """Finds the number of an n-gram by that of its prefix and by its last symbol.

    Numbers are first `ROOT`, then those of order 1, which are the symbols, then those of order 2,
    and so on.

    Attributes
    ----------
    first
        The first number of each order (`ROOT` has order 0), and at last how many n-grams there are.
    keys
        The keys of the n-grams of each order from 2 on: prefix x number of symbols + last symbol.
    """

    symbols: Symbols
    first: tuple[int, ...]
    keys: tuple[KeyIndex, ...]

    @classmethod
    def of_symbols(cls, symbols: Symbols) -> "NgramIndex":
        """Return the index of the n-grams of order 1."""
        return cls(symbols, (ROOT, 1, symbols.number), ())

    def with_order(self, prefix: Int64Array, last: Int64Array) -> "NgramIndex":
        """Return the index with n-grams of the next order, given without and by their last symbol.

        They are numbered in the order in which they are given.
        """
        keys = KeyIndex(prefix * self.symbols.number + last)
        return NgramIndex(
            self.symbols, (*self.first, self.first[-1] + len(prefix)), (*self.keys, keys)
        )

    @property
    def order(self) -> int:
        """Length of the longest n-grams."""
        return len(self.first) - 2

    def find(self, order: int, prefix: Int64Array, last: Int64Array) -> Int64Array:
        """Return the number of each n-gram of one order, -1 for one that does not occur.

        Parameters
        ----------
        prefix
            ``(Q,)``: the n-grams without their last symbol.
        last
            ``(Q,)``: their last symbols.
        """
        if order == 1:
            return last
        found = self.keys[order - 2].find(prefix * self.symbols.number + last)
        found[found >= 0] += self.first[order]
        return found
