"""Packed documents in memory that the monitor owns."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..ngrams.chunk import Int64Array
from ..ngrams.ids import id_dtype
from .surprisal import NO_PREDICTION, Int32Array


@dataclass(frozen=True, slots=True, eq=False)
class Grouping:
    """Which group each document of a batch was given in.

    Attributes
    ----------
    given
        ``(D,)`` int64: of which given document each packed one is a part. Masks cut a given
        document into several, or leave nothing of it.
    group
        ``(G,)`` int64: number of the group of each given document, from 0 on.
    """

    given: Int64Array
    group: Int64Array


@dataclass(frozen=True, slots=True, eq=False)
class PackedBatch:
    """Packed documents, none of which is empty.

    Attributes
    ----------
    ids
        ``(T,)`` uint16 or uint32: token ids.
    length
        ``(D,)`` int64: number of tokens of each document.
    ordinal
        ``(D,)`` int64: position of each document in the stream, from which its half follows.
    surprisal
        ``(T,)`` int32, as `as_surprisals` returns it. None if the tokens came without
        log-probabilities.
    grouping
        The groups of the documents; None without groups.
    """

    ids: npt.NDArray[np.unsignedinteger]
    length: Int64Array
    ordinal: Int64Array
    surprisal: Int32Array | None = None
    grouping: Grouping | None = None

    @property
    def tokens(self) -> int:
        """Number of tokens in all documents."""
        return len(self.ids)

    def documents(self, first: int, last: int | None = None) -> "PackedBatch":
        """Return the documents ``first <= d < last``, which share memory with this batch."""
        begin = int(self.length[:first].sum())
        length = self.length[first:last]
        end = begin + int(length.sum())
        return PackedBatch(
            self.ids[begin:end],
            length,
            self.ordinal[first:last],
            None if self.surprisal is None else self.surprisal[begin:end],
        )


def join(
    batches: Sequence[PackedBatch], vocab_size: int, grouping: Grouping | None = None
) -> PackedBatch:
    """Copy the documents of all batches into one, with these groups.

    It has surprisals if one of the batches does.
    """
    has_surprisal = any(batch.surprisal is not None for batch in batches)
    surprisals = map(_surprisal_or_missing, batches)
    return PackedBatch(
        np.concatenate([np.empty(0, id_dtype(vocab_size)), *(batch.ids for batch in batches)]),
        np.concatenate([np.empty(0, np.int64), *(batch.length for batch in batches)]),
        np.concatenate([np.empty(0, np.int64), *(batch.ordinal for batch in batches)]),
        np.concatenate([np.empty(0, np.int32), *surprisals]) if has_surprisal else None,
        grouping,
    )


def _surprisal_or_missing(batch: PackedBatch) -> Int32Array:
    if batch.surprisal is not None:
        return batch.surprisal
    return np.full(batch.tokens, NO_PREDICTION, dtype=np.int32)
