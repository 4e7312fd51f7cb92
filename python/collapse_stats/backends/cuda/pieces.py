"""Cut and join chunks into pieces of a size that suits a GPU.

A piece is uploaded at once, so that many small chunks cost as little as a few large ones.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...ngrams.chunk import Chunk, Int64Array, UInt8Array
from ...ngrams.layout import Layout

Tokens = Any  # an array on the host or on the device
Origin = tuple[int, int]
"""(index, position): token `index` of the piece is at `position` of the chunk, and so on."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Packed tokens and the spans of them to count: ascending, disjoint, none of them empty.

    Attributes
    ----------
    parts
        The tokens, one array after the other: of one type, all on the host or all on the device.
    start, stop, limit, label
        As in `Chunk`, except that a limit may be reduced to what a window can reach.
    origins
        Where each part comes from in its chunk.
    """

    parts: Sequence[Tokens]
    start: Int64Array
    stop: Int64Array
    limit: Int64Array
    label: UInt8Array
    origins: Sequence[Origin]

    @property
    def size(self) -> int:
        """Number of tokens."""
        return sum(len(part) for part in self.parts)

    def position(self, index: int) -> int:
        """Return the position within its chunk of the piece's token `index`."""
        part = bisect_right(self.origins, index, key=lambda origin: origin[0]) - 1
        begin, position = self.origins[part]
        return position + index - begin

    def windows(self, layout: Layout) -> npt.NDArray[np.int64]:
        """Return the number of windows of at least 1, 2, ... tokens ``(max_order, labels)``."""
        number = np.zeros((layout.max_order, layout.labels), dtype=np.int64)
        for label in range(layout.labels):
            chosen = slice(None) if layout.labels == 1 else np.flatnonzero(self.label == label)
            start, stop, limit = self.start[chosen], self.stop[chosen], self.limit[chosen]
            for order in range(1, layout.max_order + 1):
                last = np.minimum(stop, limit - (order - 1))
                number[order - 1, label] = np.maximum(last - start, 0).sum()
        return number


def pieces(chunks: Iterable[Chunk], layout: Layout, most: int) -> Iterator[Piece]:
    """Yield the chunks' windows in pieces of about `most` tokens.

    A piece has windows beginning at no more than `most` tokens, and the tokens that these reach.

    Raises ValueError for spans that break the rules of `Chunk`.
    """
    waiting: list[Piece] = []
    size = 0
    for chunk in chunks:
        for piece in _cut(chunk, layout, most):
            if waiting and (size + piece.size > most or not _alike(waiting[0], piece)):
                yield _joined(waiting)
                waiting, size = [], 0
            waiting.append(piece)
            size += piece.size
    if waiting:
        yield _joined(waiting)


def _cut(chunk: Chunk, layout: Layout, most: int) -> Iterator[Piece]:
    start, stop, limit, label = _ordered_spans(chunk, layout)
    total = len(chunk.tokens)
    for begin in range(0, total, most):
        end = min(begin + most, total)
        reached = min(end + layout.max_order - 1, total)
        first = int(np.searchsorted(stop, begin, side="right"))
        last = int(np.searchsorted(start, end, side="left"))
        if first < last:
            yield Piece(
                [chunk.tokens[begin:reached]],
                np.maximum(start[first:last], begin) - begin,
                np.minimum(stop[first:last], end) - begin,
                np.minimum(limit[first:last], reached) - begin,
                label[first:last],
                [(0, begin)],
            )


def _ordered_spans(
    chunk: Chunk, layout: Layout
) -> tuple[Int64Array, Int64Array, Int64Array, UInt8Array]:
    """Return start, stop, limit and label of the spans with windows, in ascending order."""
    chunk.check(layout.labels)
    start, stop, limit, label = chunk.start, chunk.stop, chunk.limit, chunk.label
    filled = start < stop
    if not filled.all():
        start, stop, limit, label = start[filled], stop[filled], limit[filled], label[filled]
    if np.any(start[1:] < start[:-1]):
        order = np.argsort(start, kind="stable")
        start, stop, limit, label = start[order], stop[order], limit[order], label[order]
    overlap = np.flatnonzero(start[1:] < stop[:-1])
    if len(overlap):
        i = int(overlap[0])
        raise ValueError(
            f"spans must not overlap, got {start[i]} to {stop[i]} and {start[i + 1]} to "
            f"{stop[i + 1]}: count them as two chunks"
        )
    inconsistent = np.flatnonzero((limit[:-1] > start[1:]) & (limit[:-1] != limit[1:]))
    if len(inconsistent):
        i = int(inconsistent[0])
        raise ValueError(
            f"spans of one document must have one limit, got {limit[i]} for the one from "
            f"{start[i]} and {limit[i + 1]} for the next: count them as two chunks"
        )
    return start, stop, limit, label


def _alike(a: Piece, b: Piece) -> bool:
    """Return whether tokens can be joined: of one type, both on the host or on the device."""
    ids_a, ids_b = a.parts[0], b.parts[0]
    return ids_a.dtype == ids_b.dtype and type(ids_a) is type(ids_b)


def _joined(waiting: Sequence[Piece]) -> Piece:
    if len(waiting) == 1:
        return waiting[0]
    before = np.cumsum([0, *(piece.size for piece in waiting[:-1])]).tolist()
    offsets = list(zip(before, waiting, strict=True))
    return Piece(
        [part for piece in waiting for part in piece.parts],
        np.concatenate([offset + piece.start for offset, piece in offsets]),
        np.concatenate([offset + piece.stop for offset, piece in offsets]),
        np.concatenate([offset + piece.limit for offset, piece in offsets]),
        np.concatenate([piece.label for piece in waiting]),
        [
            (offset + begin, position)
            for offset, piece in offsets
            for begin, position in piece.origins
        ],
    )
