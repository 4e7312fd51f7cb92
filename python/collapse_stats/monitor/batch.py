"""Packed documents in memory of the monitor's own."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..ngrams.chunk import Int64Array
from ..ngrams.ids import id_dtype
from .surprisal import NO_PREDICTION, Int32Array


@dataclass(frozen=True, slots=True, eq=False)
class PackedBatch:
    """Packed documents, none of them empty.

    Attributes
    ----------
    ids
        ``(T,)`` uint16 or uint32: tokens.
    length
        ``(D,)`` int64: tokens of each document.
    ordinal
        ``(D,)`` int64: which document of the stream it is; its half follows from that.
    surprisal
        ``(T,)`` int32, see `as_surprisals`; None when no log-probabilities came with the tokens.
    """

    ids: npt.NDArray[np.unsignedinteger]
    length: Int64Array
    ordinal: Int64Array
    surprisal: Int32Array | None = None

    @property
    def tokens(self) -> int:
        """Tokens of all documents."""
        return len(self.ids)

    def documents(self, first: int, last: int | None = None) -> "PackedBatch":
        """The documents ``first <= d < last``, sharing memory with this batch."""
        begin = int(self.length[:first].sum())
        kept = self.length[first:last]
        end = begin + int(kept.sum())
        return PackedBatch(
            self.ids[begin:end],
            kept,
            self.ordinal[first:last],
            None if self.surprisal is None else self.surprisal[begin:end],
        )


def join(batches: Sequence[PackedBatch], vocab_size: int) -> PackedBatch:
    """One batch of all documents, copied, with surprisals if any has them."""
    known = any(batch.surprisal is not None for batch in batches)
    return PackedBatch(
        np.concatenate([np.empty(0, id_dtype(vocab_size)), *(batch.ids for batch in batches)]),
        np.concatenate([np.empty(0, np.int64), *(batch.length for batch in batches)]),
        np.concatenate([np.empty(0, np.int64), *(batch.ordinal for batch in batches)]),
        np.concatenate([np.empty(0, np.int32), *map(_surprisal, batches)]) if known else None,
    )


def _surprisal(batch: PackedBatch) -> Int32Array:
    if batch.surprisal is not None:
        return batch.surprisal
    return np.full(batch.tokens, NO_PREDICTION, dtype=np.int32)
