"""Memory for copies of arrays that is used again and again."""

from typing import Any

import numpy as np
import numpy.typing as npt


class Arena:
    """A block of `size` bytes that copies of arrays are placed in.

    Newly allocated memory would slow down the caller's thread: the system clears each page of
    4 KiB when it is first written.
    """

    def __init__(self, size: int) -> None:
        self._bytes = np.empty(size, dtype=np.uint8)
        self._used = 0

    def copy(self, array: npt.NDArray[Any], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
        """Return a copy of the array as `dtype`; it gets memory of its own if the arena is full."""
        begin = self._used
        if begin + array.size * dtype.itemsize > len(self._bytes):
            return array.astype(dtype)
        self._used += -(-array.size * dtype.itemsize // 8) * 8  # keeps every type aligned
        copied = np.ndarray(array.shape, dtype, self._bytes, begin)
        copied[...] = array
        return copied

    def clear(self) -> None:
        """Make the whole arena available again; earlier copies must no longer be in use."""
        self._used = 0
