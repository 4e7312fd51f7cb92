"""Arrays in an unnamed temporary file, which disappears however the process ends."""

import errno
import os
import tempfile
import weakref
from collections.abc import Sequence
from itertools import pairwise
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from ..errors import InputError

_ALIGNMENT = 64  # arrays begin at multiples of so many bytes


class Spill:
    """Moves arrays out of memory by writing them to a file and mapping them from it.

    Parameters
    ----------
    tmp
        Folder of the file, which is created with the first array; by default the system's
        folder for temporary files.
    """

    def __init__(self, tmp: str | os.PathLike[str] | None = None) -> None:
        self._tmp = tmp
        self._file: IO[bytes] | None = None
        self._map: npt.NDArray[Any] = np.empty(0, dtype=np.uint8)  # the last part of the file
        self._map_begin = 0  # its offset in the file
        self.bytes = 0  # written to the file so far

    def put(self, arrays: Sequence[npt.NDArray[Any]], whole: int = 0) -> list[npt.NDArray[Any]]:
        """Write arrays to the file and return them mapped for reading.

        Parameters
        ----------
        arrays
            One-dimensional arrays.
        whole
            Estimate of the file's final size in bytes, 0 if unknown.

        Raises
        ------
        InputError
            When the disk is full; the message says how much space is needed. Nothing is added.
        """
        sizes = [-(-array.nbytes // _ALIGNMENT) * _ALIGNMENT for array in arrays]
        begins = self.bytes + np.cumsum([0, *sizes])
        end = int(begins[-1])
        try:
            file = self._extended(end)
            for array, begin in zip(arrays, begins.tolist(), strict=False):
                file.seek(begin)
                array.tofile(file)
        except OSError as error:
            needed = f"about {whole:,}" if whole else f"more than {end:,}"
            reason = os.strerror(error.errno or errno.ENOSPC)
            raise InputError(
                f"no room for tokens in {self._tmp or tempfile.gettempdir()} ({reason}): {needed} "
                "bytes are needed there: give more memory, or another folder for temporary files"
            ) from error
        self.bytes = end
        begins -= self._map_begin
        return [
            self._map[begin:next_].view(array.dtype)[: array.size]
            for array, (begin, next_) in zip(arrays, pairwise(begins.tolist()), strict=True)
        ]

    def _extended(self, end: int) -> IO[bytes]:
        """Extend the file and its last map to reach byte `end`; return the file.

        Each map is at least as long as all before it, because each one holds a file descriptor.
        """
        if self._file is None:
            self._file = tempfile.TemporaryFile(dir=self._tmp, prefix="collapse-stats-")  # noqa: SIM115
            weakref.finalize(self, self._file.close)  # the maps stay valid after this
        if end > self._map_begin + len(self._map):
            length = max(end - self.bytes, self.bytes)
            os.ftruncate(self._file.fileno(), self.bytes + length)
            self._map = np.memmap(self._file, np.uint8, "r", self.bytes, (length,))
            self._map_begin = self.bytes
        return self._file
