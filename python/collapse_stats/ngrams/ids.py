"""Token ids: their type, and the check that they lie within the vocabulary."""

from typing import Any

import numpy as np
import numpy.typing as npt

from .chunk import Int64Array
from .layout import BoolArray

Ids = npt.NDArray[np.integer]


def id_dtype(vocab_size: int) -> np.dtype[np.unsignedinteger[Any]]:
    """Return the narrower of uint16 and uint32 that holds every id below `vocab_size`."""
    return np.dtype(np.uint16 if vocab_size <= 2**16 else np.uint32)


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
    if not len(ids) or (int(ids.min()) >= 0 and int(ids.max()) < vocab_size):
        return
    first = int(np.argmax((ids < 0) | (ids > vocab_size - 1)))
    if positions is None:
        position = first
    elif positions.dtype == np.bool_:
        position = int(np.flatnonzero(positions)[first])
    else:
        position = int(positions[first])
    raise outside_vocabulary(int(ids[first]), position, vocab_size)


def check_documents(ids: Ids, start: Int64Array, stop: Int64Array, vocab_size: int) -> None:
    """Check the ids of the documents ``ids[start[i]:stop[i]]`` only, like `check_ids`."""
    if not len(ids) or (int(ids.min()) >= 0 and int(ids.max()) < vocab_size):
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
