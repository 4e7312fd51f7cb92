"""Finds the places of many integer keys at once."""

import numpy as np
import numpy.typing as npt

Int64Array = npt.NDArray[np.int64]

_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)  # of SplitMix64
_HALF = np.uint64(32)


class KeyIndex:
    """A hash table with open addressing, built and asked with NumPy for all keys together.

    It answers several times faster than a binary search, whose steps each miss the cache.

    Parameters
    ----------
    keys
        ``(R,)`` int64: different, non-negative.
    """

    def __init__(self, keys: Int64Array) -> None:
        bits = max(1, 2 * len(keys) - 1).bit_length()
        self._keys = keys
        self._shift = np.uint64(64 - bits)
        self._last = (1 << bits) - 1
        kind: type[np.signedinteger] = np.int32 if len(keys) < 2**31 else np.int64
        self._slots: npt.NDArray[np.signedinteger] = np.full(1 << bits, -1, dtype=kind)
        left = np.arange(len(keys), dtype=kind)
        at = self._home(keys)
        self._slots[at] = left
        while len(left):  # one of those with the same slot stays there, and the others go on
            homeless = np.flatnonzero(self._slots[at] != left)
            left, at = left[homeless], at[homeless] + 1 & self._last
            empty = self._slots[at] < 0
            self._slots[at[empty]] = left[empty]

    def find(self, wanted: Int64Array) -> Int64Array:
        """Return the place among the keys of each wanted one ``(Q,)``, -1 where it is none."""
        if not len(self._keys):
            return np.full(len(wanted), -1, dtype=np.int64)
        at = self._home(wanted)
        found: Int64Array = self._slots[at].astype(np.int64)
        other = np.flatnonzero((found >= 0) & (self._keys[found] != wanted))
        at = at[other]
        while len(other):
            at = at + 1 & self._last
            candidate = self._slots[at]
            found[other] = candidate
            differs = (candidate >= 0) & (self._keys[candidate] != wanted[other])
            other, at = other[differs], at[differs]
        return found

    def _home(self, keys: Int64Array) -> Int64Array:
        """Return the slot at which the search for each key begins: the top bits of its hash."""
        mixed = keys.view(np.uint64) * _FIRST
        mixed ^= mixed >> _HALF
        mixed *= _SECOND
        mixed >>= self._shift
        return mixed.view(np.int64)
