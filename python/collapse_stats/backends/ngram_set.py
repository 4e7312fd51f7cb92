"""A set of n-grams with weights, which says how much of a document is new to it.

This is no operation of a backend: n-grams are not counted but looked up, those of
one document after the other. The compiled module does it where it is installed, NumPy otherwise;
both give the same integers.
"""

from typing import Protocol

import numpy as np
import numpy.typing as npt

from ..ngrams.chunk import Int64Array
from ..ngrams.layout import UInt64Array
from .columns import compiled
from .numpy.ngram_set import NumpyNgramSet, keys_of

__all__ = ["BYTES", "MOST_WEIGHT", "NgramSet", "keys_of", "ngram_set"]

UInt16Array = npt.NDArray[np.uint16]
UInt32Array = npt.NDArray[np.uint32]

MOST_WEIGHT = (1 << 14) - 1
BYTES = 15
"""Bytes of memory that an n-gram takes, with the free places that finding it needs."""


class NgramSet(Protocol):
    """N-grams of one order, each with a weight from 0 to `MOST_WEIGHT`; some are covered."""

    def __len__(self) -> int:
        """Return the number of n-grams in the set."""

    def put(self, keys: UInt64Array, weights: UInt16Array) -> None:
        """Give n-grams ``(K,)`` weights, and add those that are not in the set, uncovered.

        The keys are those of `keys_of`, each once.
        """

    def get(self, keys: UInt64Array) -> UInt16Array:
        """Return the weights ``(K,)`` of n-grams, 0 of those that are not in the set."""

    def sums(
        self, tokens: UInt32Array, start: Int64Array, stop: Int64Array
    ) -> tuple[Int64Array, Int64Array]:
        """Return the weights of the distinct n-grams of each document, added up ``(D,)``.

        First those of all n-grams, then those of n-grams that are not covered. One that is not in
        the set has the weight that the set was made with.
        """

    def cover(self, tokens: UInt32Array, start: Int64Array, stop: Int64Array) -> None:
        """Cover all n-grams of documents, and add those that are not in the set."""

    def uncover(self) -> None:
        """Uncover what was covered since `settle`; the n-grams stay in the set."""

    def settle(self) -> None:
        """Let everything that is covered now stay covered."""

    def shared(
        self, tokens: UInt32Array, start: Int64Array, stop: Int64Array, span: int
    ) -> Int64Array:
        """Return how many stretches of `span` tokens of each document have only n-grams in the set.

        Output: ``(D,)``. `span` is at least the order of the n-grams.
        """


def ngram_set(
    order: int, code_bits: int, weight: int = 1, room: int = 0, threads: int = 1
) -> NgramSet:
    """Return an empty set of n-grams of one order.

    Parameters
    ----------
    code_bits
        Bits of a token's code, which is its id + 1.
    weight
        Of an n-gram that is not in the set.
    room
        For how many n-grams memory is taken at once. The set grows where there are more.
    """
    native = compiled()
    if native is None:
        return NumpyNgramSet(order, code_bits, weight, room)
    return native.NgramSet(order, code_bits, weight, room, threads)  # type: ignore[no-any-return]
