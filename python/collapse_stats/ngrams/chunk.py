"""Labelled tokens, the input that every backend counts."""

from collections.abc import Callable, Iterable, Iterator, Sequence
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

    A *span* is a part of one document whose windows share a label. Usually it is the whole
    document. A corpus of few documents is cut into blocks so that it still has two halves; a window
    may then begin in one block and end in the next. Tokens outside all spans (boundary ids,
    padding) are not counted and no window reaches them. Spans come in any order and do not overlap.

    Attributes
    ----------
    tokens
        ``(T,)``, any integer type of 8 to 64 bits. For backends that count on a GPU this may be a
        CuPy array; the tokens of one call must all be on one GPU.
    start, stop
        ``(S,)`` int64: a window begins at every ``start <= i < stop``.
    limit
        ``(S,)`` int64: end of the span's document. The window at i is
        ``tokens[i : min(i + max_order, limit)]``, and ``0 <= start <= stop <= limit <= T``.
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
        """Return a chunk whose spans are documents ``tokens[start:stop]`` (default label: 0)."""
        if label is None:
            label = np.zeros(len(start), dtype=np.uint8)
        return cls(tokens, start, stop, stop, label)

    @classmethod
    def joined(cls, chunks: Sequence["Chunk"]) -> "Chunk":
        """Return one chunk with the spans of all chunks and a copy of their tokens."""
        begins = np.cumsum([0, *(len(chunk.tokens) for chunk in chunks)])[:-1]
        offsets = list(zip(chunks, begins, strict=True))
        return cls(
            np.concatenate([chunk.tokens for chunk in chunks]),
            np.concatenate([chunk.start + begin for chunk, begin in offsets]),
            np.concatenate([chunk.stop + begin for chunk, begin in offsets]),
            np.concatenate([chunk.limit + begin for chunk, begin in offsets]),
            np.concatenate([chunk.label for chunk in chunks]),
        )

    @property
    def arrays(self) -> tuple[npt.NDArray[Any], ...]:
        """Tokens, start, stop, limit and label: the arguments of `Chunk`."""
        return self.tokens, self.start, self.stop, self.limit, self.label

    @property
    def windows(self) -> int:
        """Number of windows: one for each token in a span."""
        return int((self.stop - self.start).sum())

    def check(self, labels: int) -> None:
        """Raise ValueError for the first span that breaks the rules above, naming it."""
        sizes = {len(column) for column in (self.start, self.stop, self.limit, self.label)}
        if len(sizes) != 1:
            raise ValueError(
                f"start, stop, limit and label must have one entry per span, got {sizes}"
            )
        total = len(self.tokens)
        valid = (self.start >= 0) & (self.start <= self.stop) & (self.stop <= self.limit)
        valid &= self.limit <= total
        if not valid.all():
            span = int(np.argmin(valid))
            raise ValueError(
                f"span {span} must have 0 <= start <= stop <= limit <= {total:,}, "
                f"got {self.start[span]}, {self.stop[span]}, {self.limit[span]}"
            )
        if np.any(self.label >= labels):
            raise ValueError(f"labels must be below {labels}, got {int(self.label.max())}")

    def cut(self, first: int, last: int) -> "Chunk":
        """Return the windows numbered ``first <= number < last``; the tokens are a view."""
        before = np.cumsum(self.stop - self.start) - (self.stop - self.start)
        spans = slice(
            max(0, int(np.searchsorted(before, first, side="right")) - 1),
            int(np.searchsorted(before, last, side="left")),
        )
        # Adding a window's number to its span's origin gives the window's position.
        origin = self.start[spans] - before[spans]
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
        """Yield the chunk in pieces of `windows` windows; the last piece may have fewer."""
        total = self.windows
        if total <= windows:
            yield self
            return
        for first in range(0, total, windows):
            yield self.cut(first, min(first + windows, total))


Chunks = Callable[[], Iterable[Chunk]]
"""Gives the chunks of a corpus each time it is called."""
