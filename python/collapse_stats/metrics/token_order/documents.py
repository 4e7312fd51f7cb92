"""Packed documents of token ids, and helpers of the metrics that depend on token order."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from ...ngrams.arrays import as_lengths
from ...system.arguments import as_array

IndexArray = npt.NDArray[np.int64]


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


def ranked(keys: npt.NDArray[np.integer]) -> tuple[IndexArray, IndexArray]:
    """Rank of each key among the distinct keys, ``(T,)``, and their first positions, ``(K,)``."""
    order, ordered = _order(keys)
    new = np.ones(len(keys), dtype=bool)
    new[1:] = ordered[1:] != ordered[:-1]
    rank = np.empty(len(keys), dtype=np.int64)
    rank[order] = np.cumsum(new) - 1
    return rank, order[new]


def previous(tokens: npt.NDArray[np.integer]) -> IndexArray:
    """Previous position of the token at each position, ``(T,)``; -1 at its first occurrence."""
    order, ordered = _order(tokens)
    same = ordered[1:] == ordered[:-1]
    before = np.full(len(tokens), -1, dtype=np.int64)
    before[order[1:][same]] = order[:-1][same]
    return before


def _order(keys: npt.NDArray[np.integer]) -> tuple[IndexArray, npt.NDArray[np.integer]]:
    """Stable order of the keys as positions, ``(T,)``, and the keys in it, ``(T,)``.

    NumPy sorts 64-bit integers with vector instructions, so a key and its position are sorted as
    one integer if they fit. Else keys are sorted by 16-bit digits, which NumPy sorts by radix.
    """
    bits = keys.astype(np.uint64, copy=False)
    width = np.uint64(len(keys).bit_length())
    if int(bits.max(initial=0)).bit_length() + int(width) <= 64:
        both = bits << width | np.arange(len(keys), dtype=np.uint64)
        both.sort()
        ordered = both >> width
        both &= (np.uint64(1) << width) - np.uint64(1)
        return both.view(np.int64), ordered
    order = np.argsort(bits.astype(np.uint16), kind="stable")
    for shift in range(16, int(bits.max(initial=0)).bit_length(), 16):
        digit = (bits >> np.uint64(shift)).astype(np.uint16)
        order = order[np.argsort(digit[order], kind="stable")]
    return order, keys[order]
