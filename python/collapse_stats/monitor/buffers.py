"""Memory for copies of arrays that is used again and again."""

from collections import deque
from typing import Any

import numpy as np
import numpy.typing as npt

_SMALLEST = 1 << 14  # bytes; smaller arrays are allocated as fast as a buffer is found


class Buffer:
    """A block of bytes that copies of a batch's arrays are placed in, one behind the other."""

    def __init__(self, size: int) -> None:
        self._bytes = np.empty(size, dtype=np.uint8)
        self._used = 0

    def copy(self, array: npt.NDArray[Any], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
        """Return a copy of the array as `dtype`; it gets memory of its own if the rest is short."""
        begin, needed = self._used, _aligned(array.size * dtype.itemsize)
        if begin + needed > len(self._bytes):
            return array.astype(dtype)
        self._used = begin + needed
        copied = np.ndarray(array.shape, dtype, self._bytes, begin)
        copied[...] = array
        return copied

    def clear(self) -> None:
        """Make the whole buffer available again; earlier copies must no longer be in use."""
        self._used = 0

    @property
    def size(self) -> int:
        """Number of bytes."""
        return len(self._bytes)


class Buffers:
    """Buffers to take and to give back, by any thread.

    Newly allocated memory would slow down the caller's thread: the system clears each page of
    4 KiB when it is first written. A buffer that is taken and never given back is freed.
    """

    def __init__(self) -> None:
        self._free: deque[Buffer] = deque()

    def take(self, size: int) -> Buffer | None:
        """Return an empty buffer of `size` bytes or more; None if none is worth it."""
        if size < _SMALLEST:
            return None
        try:
            buffer = self._free.pop()
        except IndexError:
            return Buffer(size)
        return buffer if buffer.size >= size else Buffer(size)

    def give_back(self, buffer: Buffer) -> None:
        """Take back a buffer whose contents are no longer in use."""
        buffer.clear()
        self._free.append(buffer)


def _aligned(size: int) -> int:
    return -(-size // 8) * 8  # keeps every type aligned
