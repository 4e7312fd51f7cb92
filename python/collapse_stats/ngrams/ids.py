"""Token ids: their type, and the check that they lie within the vocabulary."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from ..system.memory import release_pages
from .chunk import Int64Array
from .layout import MAX_VOCAB_SIZE, BoolArray

Ids = npt.NDArray[np.integer]

_PIECE = 1 << 22


def id_dtype(vocab_size: int) -> np.dtype[np.unsignedinteger[Any]]:
    """Return the narrower of uint16 and uint32 that holds every id below `vocab_size`."""
    return np.dtype(np.uint16 if vocab_size <= 2**16 else np.uint32)


def implied_vocab_size(largest_id: int) -> int:
    """Return the size of a vocabulary that holds all ids, for when none is given.

    It is one of few: what 16 bits hold, without and with their last id (which would take another
    bit of each token), or a whole number of bits. So two corpora of one unnamed tokenizer, whose
    largest ids differ by chance, seldom have different ones, and `is_implied` knows these.

    >>> [implied_vocab_size(i) for i in (1, 50_256, 65_535, 65_536)]
    [65535, 65535, 65536, 131071]
    """
    if largest_id < 2**16:
        return 2**16 - (largest_id < 2**16 - 1)
    return min((1 << (largest_id + 1).bit_length()) - 1, MAX_VOCAB_SIZE)


def is_implied(vocab_size: int) -> bool:
    """Return whether `implied_vocab_size` gives this size for some id, or did so in the past."""
    return vocab_size == implied_vocab_size(vocab_size - 1)


def largest(ids: Ids, below: int | None = None) -> int:
    """Return the largest id, -1 if there are none. A negative one is larger than all others.

    With `below`, only ids smaller than this (and no negative ones) count.
    """
    below = None if below is None else bound(ids, below)
    found = -1
    for _, piece in _pieces(ids):
        piece = piece if below is None else piece[piece < below]
        found = max(found, int(piece.max())) if piece.size else found
    return found


def bound(ids: Ids, vocab_size: int) -> int:
    """Return the number below which an id, seen as an unsigned number, is in the vocabulary.

    Negative ids must exceed it even if their type has fewer bits than the vocabulary.
    """
    return min(vocab_size, np.iinfo(ids.dtype).max + 1)


def first_outside(
    ids: Ids, start: Int64Array, stop: Int64Array, vocab_size: int
) -> tuple[int, int] | None:
    """Find the first id outside the vocabulary that is in a document.

    Input: documents ``ids[start[i]:stop[i]]``, ascending and disjoint. Output: the number of the
    document and the position of the id in it; None when the documents hold no such id.
    """
    limit = bound(ids, vocab_size)
    for first, piece in _pieces(ids):
        wrong = np.flatnonzero(piece >= limit) + first
        document = np.searchsorted(start, wrong, side="right") - 1
        wrong, document = wrong[document >= 0], document[document >= 0]
        inside = np.flatnonzero(wrong < stop[document])
        if len(inside):
            number = int(document[inside[0]])
            return number, int(wrong[inside[0]] - start[number])
    return None


def check_ids(ids: Ids, vocab_size: int, positions: Int64Array | BoolArray | None = None) -> None:
    """Check that ``0 <= id < vocab_size`` holds for every id.

    Parameters
    ----------
    ids
        ``(T,)`` token ids.
    positions
        Where the ids stand in the caller's array: either T indices or a mask with T true entries.
        By default `ids` is the caller's array.

    Raises
    ------
    ValueError
        for an id outside the vocabulary, naming the first one and its position.
    """
    if largest(ids) < bound(ids, vocab_size):
        return
    first = int(np.argmax(_unsigned(ids) >= bound(ids, vocab_size)))
    if positions is None:
        position = first
    elif positions.dtype == np.bool_:
        position = int(np.flatnonzero(positions)[first])
    else:
        position = int(positions[first])
    raise outside_vocabulary(int(ids[first]), position, vocab_size)


def check_documents(ids: Ids, start: Int64Array, stop: Int64Array, vocab_size: int) -> None:
    """Check the ids of the documents ``ids[start[i]:stop[i]]`` only, like `check_ids`."""
    if largest(ids) < bound(ids, vocab_size):
        return
    length = stop - start
    before = np.cumsum(length) - length
    positions = np.arange(int(length.sum())) + np.repeat(start - before, length)
    check_ids(ids[positions], vocab_size, positions)


def outside_vocabulary(token: int, position: int, vocab_size: int) -> ValueError:
    """Return the error to raise for a token id outside the vocabulary."""
    return ValueError(
        f"token id {token} at position {position} is outside the vocabulary of {vocab_size:,}: "
        "give the right vocab_size or tokenizer, or mask the position"
    )


def _unsigned(ids: Ids) -> npt.NDArray[np.unsignedinteger[Any]]:
    """View ids as unsigned numbers, so that negative ids become very large."""
    return ids.view(ids.dtype.str.replace("i", "u"))


def _pieces(ids: Ids) -> Iterator[tuple[int, npt.NDArray[np.unsignedinteger[Any]]]]:
    """Yield ids as unsigned numbers, some at a time, each with the position of its first.

    The pages of a mapped file are released in between, because it may be larger than the memory.
    """
    if ids.size <= _PIECE:
        yield 0, _unsigned(ids)
        return
    for first in range(0, len(ids), _PIECE):
        piece = ids[first : first + _PIECE]
        yield first, _unsigned(piece)
        release_pages(piece)
