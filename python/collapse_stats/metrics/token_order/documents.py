"""Token ids of packed documents, for the metrics that depend on the order of tokens."""

import numpy as np
import numpy.typing as npt

IndexArray = npt.NDArray[np.int64]


def packed(
    tokens: npt.ArrayLike, lengths: npt.ArrayLike | None
) -> tuple[npt.NDArray[np.integer], IndexArray]:
    """Tokens ``(T,)`` one document after the other, and the documents' lengths ``(D,)``.

    One-dimensional tokens without lengths are one document, two-dimensional ones a document a row.

    Raises
    ------
    TypeError
        When tokens or lengths are no integers.
    ValueError
        When the lengths do not add up to the tokens.
    """
    given = np.asarray(tokens)
    if given.size == 0 and given.dtype.kind == "f":
        given = given.astype(np.int64)  # an empty list
    if given.dtype.kind not in "iu":
        raise TypeError(f"tokens must be integers, got {given.dtype}: give token ids")
    if given.ndim == 2 and lengths is None:
        return given.reshape(-1), np.full(len(given), given.shape[1], dtype=np.int64)
    if given.ndim != 1:
        raise ValueError(
            f"tokens must have one dimension, or two without lengths, got shape {given.shape}"
        )
    if lengths is None:
        return given, np.array([len(given)], dtype=np.int64)
    long = np.asarray(lengths)
    if long.size and long.dtype.kind not in "iu":
        raise TypeError(f"lengths must be integers, got {long.dtype}")
    long = long.astype(np.int64).reshape(-1)
    if (long < 0).any() or int(long.sum()) != len(given):
        raise ValueError(
            f"lengths must not be negative and add up to the {len(given):,} tokens, got "
            f"{int(long.sum()):,} in {len(long):,} documents"
        )
    return given, long


def ranked(keys: npt.NDArray[np.integer]) -> tuple[IndexArray, IndexArray]:
    """Rank of each key among the different ones, ``(T,)``, and where each is seen first."""
    order = _order(keys)
    new = np.ones(len(keys), dtype=bool)
    new[1:] = np.diff(keys[order]) != 0
    rank = np.empty(len(keys), dtype=np.int64)
    rank[order] = np.cumsum(new) - 1
    return rank, order[new]


def previous(tokens: npt.NDArray[np.integer]) -> IndexArray:
    """Position of the same token before each position, ``(T,)``; -1 for the first of its kind."""
    order = _order(tokens)
    same = np.diff(tokens[order]) == 0
    before = np.full(len(tokens), -1, dtype=np.int64)
    before[order[1:][same]] = order[:-1][same]
    return before


def _order(keys: npt.NDArray[np.integer]) -> IndexArray:
    """Positions that bring equal keys together, ``(T,)``, earlier ones first.

    NumPy sorts 16-bit integers by radix, in a quarter of the time: hence digit by digit.
    """
    bits = keys.astype(np.uint64, copy=False)
    order = np.argsort(bits.astype(np.uint16), kind="stable")
    for shift in range(16, int(bits.max(initial=0)).bit_length(), 16):
        digit = (bits >> np.uint64(shift)).astype(np.uint16)
        order = order[np.argsort(digit[order], kind="stable")]
    return order
