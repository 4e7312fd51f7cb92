"""Random numbers and powers that are the same on every platform and with every version of NumPy.

The random bits are the project's own hash of whole numbers. Floating point is used one operation
at a time, and only those operations whose result IEEE 754 prescribes to the last bit: plus, minus,
times, divided by, and the square root. Sums are taken of whole numbers.
"""

import numpy as np
import numpy.typing as npt

from ..corpus.split import UInt64Array, row_hash
from ..system.stable_hash import text_hash

Floats = npt.NDArray[np.float64]
Int64Array = npt.NDArray[np.int64]

_BLOCK = 1 << 18  # numbers that are made at a time
_FRACTION = 2.0**-53
_BITS_OF_POWERS = 32  # of the fraction of an exponent


class RandomNumbers:
    """A stream of random numbers: the numbers of SplitMix64 from a seed that a text gives."""

    def __init__(self, name: str) -> None:
        self._seed = np.uint64(text_hash(name))
        self._next = 0
        self._left = np.empty(0, dtype=np.uint64)

    def bits(self, number: int) -> UInt64Array:
        """Return the next random whole numbers of 64 bits ``(number,)``."""
        if number > len(self._left):
            rows = np.arange(self._next, self._next + max(number, _BLOCK))
            self._next += len(rows)
            self._left = np.concatenate([self._left, row_hash(self._seed, rows)])
        taken, self._left = self._left[:number], self._left[number:]
        return taken

    def shares(self, number: int) -> Floats:
        """Return the next random multiples of 2^-53 in 0 <= x < 1, ``(number,)``."""
        fractions: Floats = (self.bits(number) >> np.uint64(11)).astype(np.float64)
        return fractions * _FRACTION

    def below(self, limit: Int64Array | int, number: int) -> Int64Array:
        """Return the next random whole numbers from 0 to less than each limit, ``(number,)``."""
        drawn: Int64Array = (self.shares(number) * limit).astype(np.int64)
        return np.minimum(drawn, np.subtract(limit, 1))  # a limit above 2^53 may be rounded up

    def permutation(self, number: int) -> Int64Array:
        """Return the whole numbers below `number` in random order."""
        return np.argsort(self.bits(number), kind="stable")


def power(base: Floats, exponent: float) -> Floats:
    """Return ``base**exponent`` for bases in 0..1 and an exponent of at least 0.

    The library's power differs in the last bit from machine to machine. The exponent is taken to 32
    binary places.
    """
    scaled = round(exponent * 2**_BITS_OF_POWERS)
    whole, fraction = divmod(scaled, 1 << _BITS_OF_POWERS)
    result, root, square = np.ones_like(base), base, base
    for place in reversed(range(_BITS_OF_POWERS)):
        root = np.sqrt(root)
        if fraction >> place & 1:
            result = result * root
    while whole:
        if whole & 1:
            result = result * square
        square, whole = square * square, whole >> 1
    return result
