"""Labelled tokens: what every backend counts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .layout import MAX_KEY_BITS

Int64Array = npt.NDArray[np.int64]
UInt8Array = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Packed tokens and the spans of them to count.

    A *span* is a stretch of one document whose windows share a label. Usually it is the whole
    document; a corpus of few documents is cut into blocks so that it still has two halves, and then
    a window may begin in one block and end in the next. Tokens in no span (boundary ids, padding)
    are not counted and no window reaches into them. Spans come in any order and do not overlap.

    Attributes
    ----------
    tokens
        ``(T,)``, any integer type of 8 to 64 bits. For backends that count on a GPU they may lie
        there, as a CuPy array; all of one call on one GPU.
    start, stop
        ``(S,)`` int64: windows begin at every ``start <= i < stop``.
    limit
        ``(S,)`` int64: end of the span's document: a window is
        ``tokens[i : min(i + max_order, limit)]``. ``0 <= start <= stop <= limit <= T``.
    label
        ``(S,)`` uint8, below the layout's ``labels``.
    """

    tokens: npt.NDArray[np.integer]
    start: Int64Array
    stop: Int64Array
    limit: Int64Array
    label: UInt8Array

    @classmethod
    def of_documents(
        cls,
        tokens: npt.NDArray[np.integer],
        start: Int64Array,
        stop: Int64Array,
        label: UInt8Array | None = None,
    ) -> "Chunk":
        """Chunk whose spans are whole documents ``tokens[start:stop]``."""
        if label is None:
            label = np.zeros(len(start), dtype=np.uint8)
        return cls(tokens, start, stop, stop, label)

    @classmethod
    def joined(cls, chunks: Sequence["Chunk"]) -> "Chunk":
        """One chunk with the spans of all, their tokens copied one behind the other."""
        begins = np.cumsum([0, *(len(chunk.tokens) for chunk in chunks)])[:-1]
        placed = list(zip(chunks, begins, strict=True))
        return cls(
            np.concatenate([chunk.tokens for chunk in chunks]),
            np.concatenate([chunk.start + at for chunk, at in placed]),
            np.concatenate([chunk.stop + at for chunk, at in placed]),
            np.concatenate([chunk.limit + at for chunk, at in placed]),
            np.concatenate([chunk.label for chunk in chunks]),
        )

    @property
    def arrays(self) -> tuple[npt.NDArray[Any], ...]:
        """What it is made of, in the order of its attributes."""
        return self.tokens, self.start, self.stop, self.limit, self.label

    @property
    def windows(self) -> int:
        """Windows the chunk holds: one for each token of its spans."""
        return int((self.stop - self.start).sum())

    def check(self, labels: int) -> None:
        """Raise ValueError naming the first span that breaks the rules above."""
        sizes = {len(x) for x in (self.start, self.stop, self.limit, self.label)}
        if len(sizes) != 1:
            raise ValueError(
                f"start, stop, limit and label must have one entry per span, got {sizes}"
            )
        total = len(self.tokens)
        right = (self.start >= 0) & (self.start <= self.stop) & (self.stop <= self.limit)
        right &= self.limit <= total
        if not right.all():
            at = int(np.argmin(right))
            raise ValueError(
                f"span {at} must have 0 <= start <= stop <= limit <= {total:,}, "
                f"got {self.start[at]}, {self.stop[at]}, {self.limit[at]}"
            )
        if np.any(self.label >= labels):
            raise ValueError(f"labels must be below {labels}, got {int(self.label.max())}")

    def cut(self, first: int, last: int) -> "Chunk":
        """The windows ``first <= i < last`` of the chunk, with a view of the tokens they reach."""
        before = np.cumsum(self.stop - self.start) - (self.stop - self.start)
        spans = slice(
            max(0, int(np.searchsorted(before, first, side="right")) - 1),
            int(np.searchsorted(before, last, side="left")),
        )
        origin = self.start[spans] - before[spans]  # where the chunk's first window would be
        start = np.maximum(self.start[spans], origin + first)
        stop = np.minimum(self.stop[spans], origin + last)
        start = np.minimum(start, stop)
        begin = int(start.min(initial=len(self.tokens)))
        end = min(len(self.tokens), int(stop.max(initial=begin)) + MAX_KEY_BITS)
        limit = np.minimum(self.limit[spans], end)
        return Chunk(
            self.tokens[begin:end], start - begin, stop - begin, limit - begin, self.label[spans]
        )

    def pieces(self, windows: int) -> Iterator["Chunk"]:
        """The chunk in pieces of so many windows."""
        total = self.windows
        if total <= windows:
            yield self
            return
        for first in range(0, total, windows):
            yield self.cut(first, min(first + windows, total))
