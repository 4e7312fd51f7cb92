"""Labelled tokens: what every backend counts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from .gpu import at_work
from .keys import MAX_KEY_BITS
from .placement import array_module, as_device_array, beside, gpu_of, host_view, on_gpu, on_host

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


def as_tokens(tokens: object, *, gpu: bool = False) -> npt.NDArray[np.integer]:
    """Token ids as an array, without a copy where the memory can be shared.

    Takes anything NumPy can view and tensors in CPU memory, pinned or not, with ``__dlpack__``;
    with `gpu` also what lies on a GPU and has ``__dlpack__`` or ``__cuda_array_interface__``, as a
    CuPy array on that GPU, ready in the order of the current CuPy stream there.

    Raises
    ------
    TypeError
        for anything but integers of 8 to 64 bits, for tensors on a GPU without `gpu`, and for those
        on devices that are neither a CPU nor an NVIDIA GPU.
    """
    array: Any = as_device_array(tokens) if gpu and on_gpu(tokens) else host_view(tokens)
    if array is None:
        raise TypeError(
            "tokens must be in CPU memory for this backend, got a CUDA array: use the cuda "
            "backend (`collapse-stats backends` says whether it can be used here), or pass "
            "tokens.cpu() (torch) or cupy.asnumpy(tokens)"
        )
    if array.size == 0 and array.dtype.kind == "f":  # NumPy's type for an empty list
        array = array.astype(np.int64)
    if array.dtype.kind not in "iu":
        raise TypeError(f"tokens must be integers of 8 to 64 bits, got {array.dtype}")
    return cast("npt.NDArray[np.integer]", array)


def as_documents(
    tokens: object,
    lengths: object = None,
    mask: object = None,
    eot: int | None = None,
    *,
    gpu: bool = False,
) -> tuple[npt.NDArray[np.integer], Int64Array, Int64Array]:
    """Packed tokens ``(T,)`` and the bounds ``(D,)``, ``(D,)`` of their documents.

    Parameters
    ----------
    tokens
        1-D: one document; 2-D: each row a document.
    lengths
        Length of each document packed in 1-D `tokens`; they must add up to all of them.
    mask
        Shaped like `tokens`: positions with 0 end a document and are not counted.
    eot
        An id that ends a document and is not counted.
    gpu
        Whether tokens, lengths and mask may lie on a GPU. The bounds are on the host, and where
        they follow from what lies on the GPU, this waits for them.
    """
    array = as_tokens(tokens, gpu=gpu)
    if array.ndim not in (1, 2):
        raise ValueError(
            f"tokens must have one dimension (a document) or two (a document per row), "
            f"got shape {array.shape}"
        )
    if lengths is not None:
        size = np.asarray(on_host(lengths), dtype=np.int64)
        if array.ndim != 1 or size.ndim != 1 or np.any(size < 0) or size.sum() != array.size:
            raise ValueError(
                f"lengths must be one non-negative length per document of 1-D tokens and add up to "
                f"{array.size:,}, got {size.sum():,} over shape {array.shape}"
            )
    elif array.ndim == 2:
        size = np.full(array.shape[0], array.shape[1], dtype=np.int64)
    else:
        size = np.array([array.size], dtype=np.int64)
    if not on_gpu(array):
        return _cut(array, size, mask, eot)
    with at_work(gpu_of(array)):
        return _cut(array, size, mask, eot)


def _cut(
    array: Any, size: Int64Array, mask: Any, eot: int | None
) -> tuple[npt.NDArray[np.integer], Int64Array, Int64Array]:
    """`as_documents` of an array, where it lies, and the sizes of what is packed in it."""
    xp = array_module(array)
    flat = xp.ascontiguousarray(array).reshape(-1)
    stop = np.cumsum(size)
    start = stop - size
    if mask is None and eot is None:
        return flat, start, stop
    out = xp.zeros(flat.size, dtype=bool) if eot is None else flat == eot
    if mask is not None:
        keep = beside("mask", mask, array)
        if keep.shape != array.shape:
            raise ValueError(f"mask must have the tokens' shape {array.shape}, got {keep.shape}")
        out |= keep.reshape(-1) == 0
    return flat, *_split(xp, start, out)


def _split(xp: Any, start: Int64Array, out: Any) -> tuple[Int64Array, Int64Array]:
    """Cut packed documents at the positions to leave out; a piece of no tokens is no document."""
    size = out.size
    cut = xp.zeros(size + 1, dtype=bool)  # nothing reaches from the position before to this one
    cut[xp.asarray(start[start < size])] = True
    cut[size] = True
    cut[:-1] |= out
    cut[1:] |= out
    begin, end = (~out & cut[:-1]).nonzero()[0], (~out & cut[1:]).nonzero()[0] + 1
    return on_host(begin).astype(np.int64), on_host(end).astype(np.int64)
