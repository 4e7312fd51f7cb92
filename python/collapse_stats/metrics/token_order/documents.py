"""Packed documents of token ids, and helpers of the metrics that depend on token order."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from ...ngrams.arrays import as_lengths
from ...system.arguments import as_array

IndexArray = npt.NDArray[np.int64]
PlaceArray = npt.NDArray[np.signedinteger]
"""Positions of tokens, or ranks of keys, of which there are not more."""


def packed(
    tokens: npt.ArrayLike, lengths: npt.ArrayLike | None
) -> tuple[npt.NDArray[np.integer], IndexArray]:
    """Check documents; return their tokens ``(T,)``, concatenated, and their lengths ``(D,)``.

    Without lengths, one-dimensional tokens are one document, and two-dimensional tokens have one
    document in each row.

    Raises
    ------
    TypeError
        When tokens or lengths are not integers.
    ValueError
        When the lengths do not add up to the number of tokens.
    """
    ids = as_array("tokens", tokens)
    if ids.size == 0 and ids.dtype.kind == "f":
        ids = ids.astype(np.int64)  # NumPy makes an empty list an array of floats
    if ids.dtype.kind not in "iu":
        raise TypeError(f"tokens must be integers, got {ids.dtype}: pass token ids")
    if ids.ndim == 2 and lengths is None:
        return ids.reshape(-1), np.full(len(ids), ids.shape[1], dtype=np.int64)
    if ids.ndim != 1:
        raise ValueError(
            f"tokens must have one dimension, or two without lengths, got shape {ids.shape}"
        )
    if lengths is None:
        return ids, np.array([len(ids)], dtype=np.int64)
    return ids, as_lengths(lengths, len(ids))


def in_parts(
    ids: npt.NDArray[np.integer], sizes: IndexArray, most: int
) -> Iterator[tuple[npt.NDArray[np.integer], IndexArray]]:
    """Yield packed documents in parts of about `most` tokens, or of one document; at least one."""
    until = np.cumsum(sizes)
    cuts = np.searchsorted(until, np.arange(most, len(ids), most))
    edges = [0, *np.unique(cuts[cuts > 0]).tolist(), len(sizes)]
    for first, last in pairwise(edges):
        begin = int(until[first - 1]) if first else 0
        yield ids[begin : int(until[last - 1]) if last else 0], sizes[first:last]


def mean(total: float, number: int) -> float | None:
    """total / number; None when number is 0."""
    return total / number if number else None


def ranked(keys: npt.NDArray[np.integer]) -> tuple[PlaceArray, PlaceArray]:
    """Rank of each key among the distinct keys, ``(T,)``, and their first positions, ``(K,)``."""
    order, new = _order(keys)
    rank = np.empty(len(keys), dtype=order.dtype)
    rank[order] = np.cumsum(new, dtype=order.dtype) - 1
    return rank, order[new]


def previous(tokens: npt.NDArray[np.integer]) -> PlaceArray:
    """Previous position of the token at each position, ``(T,)``; -1 at its first occurrence."""
    order, new = _order(tokens)
    same = ~new[1:]
    before = np.full(len(tokens), -1, dtype=order.dtype)
    before[order[1:][same]] = order[:-1][same]
    return before


def places(number: int) -> PlaceArray:
    """The positions ``0 <= i < number``, in a type in which a sample takes half the memory."""
    return np.arange(number, dtype=np.int32 if number < 1 << 31 else np.int64)


def _order(keys: npt.NDArray[np.integer]) -> tuple[PlaceArray, npt.NDArray[np.bool_]]:
    """Stable order of the keys as positions, ``(T,)``, and which of them are a key's first.

    NumPy sorts 64-bit integers with vector instructions, so a key and its position are sorted as
    one integer if they fit. Else keys are sorted by 16-bit digits, which NumPy sorts by radix.
    """
    bits = keys.astype(np.uint64, copy=False)
    place = places(len(keys))
    new = np.ones(len(keys), dtype=bool)
    width = np.uint64(len(keys).bit_length())
    if int(bits.max(initial=0)).bit_length() + int(width) <= 64:
        both = bits << width
        both |= place.view(f"u{place.itemsize}")
        both.sort()
        place[:] = both & ((np.uint64(1) << width) - np.uint64(1))
        both >>= width
        np.not_equal(both[1:], both[:-1], out=new[1:])
        return place, new
    order = np.argsort(bits.astype(np.uint16), kind="stable")
    for shift in range(16, int(bits.max(initial=0)).bit_length(), 16):
        digit = (bits >> np.uint64(shift)).astype(np.uint16)
        order = order[np.argsort(digit[order], kind="stable")]
    np.not_equal(keys[order[1:]], keys[order[:-1]], out=new[1:])
    return order.astype(place.dtype), new
