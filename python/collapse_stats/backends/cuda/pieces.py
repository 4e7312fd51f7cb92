"""Chunks cut and joined into pieces of a size that suits a GPU.

A piece is uploaded at once, so that many small chunks cost as little as few large ones.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...ngrams.chunk import Chunk, Int64Array, UInt8Array
from ...ngrams.layout import Layout

Tokens = Any  # an array on the host, or on the device
Origin = tuple[int, int]
"""(at, position): the piece's token `at` is the chunk's at `position`, and so on from there."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Packed tokens and the spans of them to count: ascending, disjoint, none of them empty.

    Attributes
    ----------
    parts
        The tokens, one array after the other: of one type, all on the host or all on the device.
    start, stop, limit, label
        As in `Chunk`; a limit may be cut to what a window can reach.
    origins
        Where each part comes from.
    """

    parts: Sequence[Tokens]
    start: Int64Array
    stop: Int64Array
    limit: Int64Array
    label: UInt8Array
    origins: Sequence[Origin]

    @property
    def size(self) -> int:
        """Tokens."""
        return sum(len(part) for part in self.parts)

    def position(self, at: int) -> int:
        """Position within its chunk of the piece's token `at`."""
        part = bisect_right(self.origins, at, key=lambda origin: origin[0]) - 1
        begin, position = self.origins[part]
        return position + at - begin

    def windows(self, layout: Layout) -> npt.NDArray[np.int64]:
        """``(max_order, labels)``: windows of at least 1, 2, ... tokens, by their label."""
        found = np.zeros((layout.max_order, layout.labels), dtype=np.int64)
        for label in range(layout.labels):
            chosen = slice(None) if layout.labels == 1 else np.flatnonzero(self.label == label)
            start, stop, limit = self.start[chosen], self.stop[chosen], self.limit[chosen]
            for order in range(1, layout.max_order + 1):
                last = np.minimum(stop, limit - (order - 1))
                found[order - 1, label] = np.maximum(last - start, 0).sum()
        return found


def pieces(chunks: Iterable[Chunk], layout: Layout, most: int) -> Iterator[Piece]:
    """The chunks' windows in pieces of at most `most` tokens and what windows reach beyond.

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
    """The spans that hold windows, ascending."""
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
        at = int(overlap[0])
        raise ValueError(
            f"spans must not overlap, got {start[at]} to {stop[at]} and {start[at + 1]} to "
            f"{stop[at + 1]}: count them as two chunks"
        )
    torn = np.flatnonzero((limit[:-1] > start[1:]) & (limit[:-1] != limit[1:]))
    if len(torn):
        at = int(torn[0])
        raise ValueError(
            f"spans of one document must have one limit, got {limit[at]} for the one from "
            f"{start[at]} and {limit[at + 1]} for the next: count them as two chunks"
        )
    return start, stop, limit, label


def _alike(a: Piece, b: Piece) -> bool:
    """Whether their tokens can be joined: of one type and both on the host or on the device."""
    x, y = a.parts[0], b.parts[0]
    return x.dtype == y.dtype and type(x) is type(y)


def _joined(waiting: Sequence[Piece]) -> Piece:
    if len(waiting) == 1:
        return waiting[0]
    before = np.cumsum([0, *(piece.size for piece in waiting[:-1])]).tolist()
    placed = list(zip(before, waiting, strict=True))
    return Piece(
        [part for piece in waiting for part in piece.parts],
        np.concatenate([at + piece.start for at, piece in placed]),
        np.concatenate([at + piece.stop for at, piece in placed]),
        np.concatenate([at + piece.limit for at, piece in placed]),
        np.concatenate([piece.label for piece in waiting]),
        [(at + begin, position) for at, piece in placed for begin, position in piece.origins],
    )
