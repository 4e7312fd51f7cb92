"""Token ids that are outside the vocabulary: one check, and one error that names the first."""

import numpy as np
import numpy.typing as npt

from .chunk import Int64Array
from .layout import BoolArray

Ids = npt.NDArray[np.integer]


def check_ids(ids: Ids, vocab_size: int, positions: Int64Array | BoolArray | None = None) -> None:
    """Check that every id lies in ``0 <= id < vocab_size``.

    Parameters
    ----------
    ids
        ``(T,)`` token ids.
    positions
        Where the ids stand in the caller's array: an index for each, ``(T,)``, or a mask of that
        array that is true in T places. By default the ids are the array.

    Raises
    ------
    ValueError
        naming the first id that is outside the vocabulary, and its position.
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
    """Check the ids of documents ``ids[start[i]:stop[i]]``; ids between documents may be anything.

    Raises
    ------
    ValueError
        as `check_ids`.
    """
    if not len(ids) or (int(ids.min()) >= 0 and int(ids.max()) < vocab_size):
        return
    length = stop - start
    before = np.cumsum(length) - length
    positions = np.arange(int(length.sum())) + np.repeat(start - before, length)
    check_ids(ids[positions], vocab_size, positions)


def outside_vocabulary(token: int, position: int, vocab_size: int) -> ValueError:
    """The error to raise for a token id that is outside the vocabulary."""
    return ValueError(
        f"token id {token} at position {position} is outside the vocabulary of {vocab_size:,}: "
        "give the right vocab_size or tokenizer, or mask the position"
    )
