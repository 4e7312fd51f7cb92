"""Where the documents of packed tokens begin and end, in as few bytes as their lengths take."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..ngrams.chunk import Int64Array
from ..ngrams.layout import BoolArray
from ..system.memory import is_mapped, release_pages

Lengths = npt.NDArray[np.unsignedinteger]
PIECE = 1 << 18  # documents whose bounds are made at a time
BYTES = 128  # most bytes that a document takes while its bounds are made, hashed and labelled


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bounds of documents, which are ascending and disjoint.

    They are kept as lengths and gaps in the narrowest type. Where all are equal (documents that
    one boundary id separates, rows of one length, empty lines), one number stands for all of them.

    Attributes
    ----------
    begin
        Where the gap before the first document begins.
    length
        ``(D,)``: number of tokens of each document.
    gap
        ``(D,)``: number of tokens between each document and the one before.
    """

    begin: int
    length: Lengths
    gap: Lengths

    @classmethod
    def of(cls, start: Int64Array, stop: Int64Array) -> "Bounds":
        """Return the bounds of the documents ``start[i]:stop[i]``."""
        gap = np.empty(len(start), dtype=np.int64)
        np.subtract(start[1:], stop[:-1], out=gap[1:])
        if len(gap):
            gap[0] = gap[1] if len(gap) > 1 else 0
        begin = int(start[0] - gap[0]) if len(gap) else 0
        return cls(begin, narrow(stop - start), narrow(gap))

    def __len__(self) -> int:
        return len(self.length)

    @property
    def arrays(self) -> list[Lengths]:
        """Those of the two arrays that take memory."""
        return [array for array in (self.length, self.gap) if array.strides != (0,)]

    @property
    def tokens(self) -> int:
        """Number of tokens in the documents."""
        return int(self.length.sum(dtype=np.int64))

    @property
    def empty(self) -> int:
        """Number of documents without a token."""
        return len(self.length) - int(np.count_nonzero(self.length))

    def moved(self, arrays: list[npt.NDArray[Any]]) -> "Bounds":
        """Return the same bounds with other copies of the `arrays`, in their order."""
        copies = iter(arrays)
        length, gap = (
            array if array.strides == (0,) else next(copies) for array in (self.length, self.gap)
        )
        return Bounds(self.begin, length, gap)

    def pieces(self) -> Iterator[tuple[Int64Array, Int64Array]]:
        """Yield the starts and stops of some documents at a time."""
        begin = self.begin
        for first in range(0, len(self), PIECE):
            length, gap = (part[first : first + PIECE] for part in (self.length, self.gap))
            stop = np.cumsum(length, dtype=np.int64)
            stop += np.cumsum(gap, dtype=np.int64)
            stop += begin
            begin = int(stop[-1])
            yield stop - length.astype(np.int64), stop
            release_pages(length)
            release_pages(gap)

    def both(self) -> tuple[Int64Array, Int64Array]:
        """Return the starts and stops of all documents."""
        pieces = list(self.pieces())
        none = np.empty(0, dtype=np.int64)
        start = np.concatenate([none, *(piece[0] for piece in pieces)])
        return start, np.concatenate([none, *(piece[1] for piece in pieces)])

    def only(self, keep: BoolArray) -> "Bounds":
        """Return the bounds of the documents that are kept ``(D,)``."""
        if keep.all():
            return self
        start, stop = self.both()
        return Bounds.of(start[keep], stop[keep])

    @property
    def nbytes(self) -> int:
        """Bytes of memory that the bounds take while they are kept."""
        return sum(array.nbytes for array in self.arrays if not is_mapped(array))


def joined(parts: list[Bounds], sizes: list[int]) -> Bounds:
    """Return the bounds of stretches of `sizes` tokens that are put one after the other."""
    parts, offsets = _filled(parts, sizes)
    if len(parts) == 1:
        return Bounds(parts[0].begin + offsets[0], parts[0].length, parts[0].gap)
    starts, stops = [], []
    for part, offset in zip(parts, offsets, strict=True):
        start, stop = part.both()
        starts.append(start + offset)
        stops.append(stop + offset)
    none = np.empty(0, dtype=np.int64)
    return Bounds.of(np.concatenate([none, *starts]), np.concatenate([none, *stops]))


def _filled(parts: list[Bounds], sizes: list[int]) -> tuple[list[Bounds], list[int]]:
    """The parts with a document, and where each of these stretches begins."""
    offsets = (np.cumsum(sizes, dtype=np.int64) - sizes).tolist()
    filled = [at for at, part in enumerate(parts) if len(part)]
    return [parts[at] for at in filled], [offsets[at] for at in filled]


def narrow(values: Int64Array) -> Lengths:
    """Return values in the narrowest type; as a view of one of them if all are equal."""
    least, most = int(values.min(initial=1 << 62)), int(values.max(initial=0))
    if len(values) and least < 0:
        raise ValueError("documents must be ascending and disjoint")
    kind = np.min_scalar_type(most)
    if len(values) and least == most:
        return np.broadcast_to(np.array(most, dtype=kind), values.shape)
    return values.astype(kind)
