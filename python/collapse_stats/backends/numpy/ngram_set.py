"""A set of n-grams with weights in NumPy; see `backends.ngram_set`."""

import numpy as np
import numpy.typing as npt

from ...ngrams.chunk import Int64Array
from ...ngrams.layout import UInt64Array

UInt16Array = npt.NDArray[np.uint16]
UInt32Array = npt.NDArray[np.uint32]

_SETTLED, _NEWLY = np.uint16(1 << 15), np.uint16(1 << 14)  # covered, before or since
_COVERED = _SETTLED | _NEWLY
_WEIGHT = np.uint16((1 << 14) - 1)
_HALF = np.uint64(32)
_LEAST = 1 << 10  # slots


def keys_of(columns: UInt64Array, code_bits: int) -> UInt64Array:
    """Return the 64-bit keys ``(R,)`` of n-grams given by their codes ``(order, R)``; never 0.

    Codes lie next to each other in a key as long as they have room there, so that different n-grams
    have different keys. What does not fit is mixed in: two of 200 million such n-grams have the
    same key with a chance of one in a thousand.
    """
    keys, filled = columns[0].astype(np.uint64), code_bits
    for codes in columns[1:]:
        if filled + code_bits <= 64:
            keys = keys << np.uint64(code_bits) | codes
        else:
            keys = _mixed(keys) ^ codes
        filled += code_bits
    keys = _mixed(keys)
    keys[keys == 0] = 1
    return keys


def _mixed(x: UInt64Array) -> UInt64Array:
    """The finaliser of SplitMix64, under which no two numbers become one."""
    x = x ^ (x >> np.uint64(30))
    x = x * np.uint64(0xBF58476D1CE4E5B9)
    x = x ^ (x >> np.uint64(27))
    x = x * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


class NumpyNgramSet:
    """A hash table with open addressing, as `csrc/cpu/ngram_set.hpp` has one."""

    def __init__(self, order: int, code_bits: int, weight: int, room: int = 0) -> None:
        self._order, self._bits, self._weight = order, code_bits, np.uint16(weight)
        self._number = 0
        self._make(max(_LEAST, room + room // 2))

    def __len__(self) -> int:
        return self._number

    def put(self, keys: UInt64Array, weights: UInt16Array) -> None:
        """See `NgramSet.put`."""
        places = self._added(keys)
        self._values[places] = weights & _WEIGHT

    def get(self, keys: UInt64Array) -> UInt16Array:
        """See `NgramSet.get`."""
        places, there = self._found(keys)
        found: UInt16Array = np.where(there, self._values[places] & _WEIGHT, 0).astype(np.uint16)
        return found

    def sums(
        self, tokens: UInt32Array, start: Int64Array, stop: Int64Array
    ) -> tuple[Int64Array, Int64Array]:
        """See `NgramSet.sums`."""
        keys, document = self._windows(tokens, start, stop)
        order = np.lexsort((keys, document))
        keys, document = keys[order], document[order]
        is_new = np.ones(len(keys), dtype=bool)
        is_new[1:] = (keys[1:] != keys[:-1]) | (document[1:] != document[:-1])
        keys, document = keys[is_new], document[is_new]
        places, there = self._found(keys)
        values = np.where(there, self._values[places], self._weight)
        weights = (values & _WEIGHT).astype(np.float64)  # sums below 2**53 are exact
        left = np.where(values & _COVERED, 0.0, weights)
        number = len(start)
        return (
            np.bincount(document, weights, number).astype(np.int64),
            np.bincount(document, left, number).astype(np.int64),
        )

    def cover(self, tokens: UInt32Array, start: Int64Array, stop: Int64Array) -> None:
        """See `NgramSet.cover`."""
        keys = np.unique(self._windows(tokens, start, stop)[0])
        places = self._added(keys)  # which may make the set larger
        self._values[places] |= _NEWLY

    def uncover(self) -> None:
        """See `NgramSet.uncover`."""
        self._values &= ~_NEWLY

    def settle(self) -> None:
        """See `NgramSet.settle`."""
        newly = self._values & _NEWLY != 0
        self._values[newly] |= _SETTLED

    def shared(
        self, tokens: UInt32Array, start: Int64Array, stop: Int64Array, span: int
    ) -> Int64Array:
        """See `NgramSet.shared`."""
        keys, document = self._windows(tokens, start, stop)
        more = span - self._order
        there = self._found(keys)[1]
        whole = there.copy()
        for step in range(1, more + 1):
            whole[:-step] &= there[step:]
        inside = np.zeros(len(keys), dtype=bool)  # whether the stretch ends in the document
        if more < len(keys):
            inside[: len(keys) - more] = document[more:] == document[: len(keys) - more]
        return np.bincount(document[whole & inside], minlength=len(start)).astype(np.int64)

    def _windows(
        self, tokens: UInt32Array, start: Int64Array, stop: Int64Array
    ) -> tuple[UInt64Array, Int64Array]:
        """The keys of all n-grams of documents, and the document of each ``(W,)``."""
        number = np.maximum(stop - start - self._order + 1, 0)
        document = np.repeat(np.arange(len(start)), number)
        place = np.arange(len(document)) - (np.cumsum(number) - number)[document]
        first = start[document] + place
        codes = tokens.astype(np.uint64) + np.uint64(1)
        columns = np.stack([codes[first + step] for step in range(self._order)])
        return keys_of(columns, self._bits), document

    def _make(self, slots: int) -> None:
        self._slots = np.zeros(slots, dtype=np.uint64)
        self._values = np.zeros(slots, dtype=np.uint16)

    def _home(self, keys: UInt64Array) -> npt.NDArray[np.int64]:
        """The slot at which the search for each key begins."""
        return ((keys >> _HALF) * np.uint64(len(self._slots)) >> _HALF).astype(np.int64)

    def _found(self, keys: UInt64Array) -> tuple[Int64Array, npt.NDArray[np.bool_]]:
        """The slot of each key, or the free one where it would be, and whether it is there."""
        places = self._home(keys)
        here = self._slots[places]
        left = np.flatnonzero((here != keys) & (here != 0))
        while len(left):
            places[left] = (places[left] + 1) % len(self._slots)
            here[left] = self._slots[places[left]]
            left = left[(here[left] != keys[left]) & (here[left] != 0)]
        return places, here == keys

    def _added(self, keys: UInt64Array) -> Int64Array:
        """The slot of each of different keys, of which those that are not there are added."""
        if self._number + len(keys) > len(self._slots) * 7 // 10:
            self._grow(self._number + len(keys))
        places, there = self._found(keys)
        left = np.flatnonzero(~there)
        self._number += len(left)
        while len(left):  # one of those with the same slot stays there, and the others go on
            self._slots[places[left]] = keys[left]
            self._values[places[left]] = self._weight
            left = left[self._slots[places[left]] != keys[left]]
            places[left], _ = self._found(keys[left])
        return places

    def _grow(self, number: int) -> None:
        filled = np.flatnonzero(self._slots)
        keys, values = self._slots[filled], self._values[filled]
        self._make(2 * number)
        self._number = 0
        places = self._added(keys)
        self._values[places] = values
