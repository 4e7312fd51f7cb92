"""Arrays in an unnamed temporary file, which no way of ending the process leaves behind."""

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

_ALIGNED = 64  # bytes at whose multiples arrays begin


class Spill:
    """Takes arrays out of memory: they are written to a file and mapped from it.

    Parameters
    ----------
    tmp
        Folder of the file, which is made when the first array comes; by default the system's.
    """

    def __init__(self, tmp: str | os.PathLike[str] | None = None) -> None:
        self._tmp = tmp
        self._file: IO[bytes] | None = None
        self._map: npt.NDArray[Any] = np.empty(0, dtype=np.uint8)  # the file's last stretch,
        self._map_begin = 0  # where that begins
        self.bytes = 0  # written, all told

    def put(self, arrays: Sequence[npt.NDArray[Any]], whole: int = 0) -> list[npt.NDArray[Any]]:
        """The same arrays, mapped to be read.

        Input: `whole` is about how many bytes the file will have in the end, 0 if nobody knows.

        Raises
        ------
        InputError
            when there is no room for them, with how much is needed. Nothing was added then.
        """
        sizes = [-(-array.nbytes // _ALIGNED) * _ALIGNED for array in arrays]
        begins = self.bytes + np.cumsum([0, *sizes])
        end = int(begins[-1])
        try:
            file = self._reach(end)
            for array, begin in zip(arrays, begins.tolist(), strict=False):
                file.seek(begin)
                array.tofile(file)
        except OSError as error:
            needed = f"about {whole:,}" if whole else f"more than {end:,}"
            why = os.strerror(error.errno or errno.ENOSPC)
            raise InputError(
                f"no room for tokens in {self._tmp or tempfile.gettempdir()} ({why}): {needed} "
                "bytes are needed there: give more memory, or another folder for temporary files"
            ) from error
        self.bytes = end
        begins -= self._map_begin
        return [
            self._map[begin:next_].view(array.dtype)[: array.size]
            for array, (begin, next_) in zip(arrays, pairwise(begins.tolist()), strict=True)
        ]

    def _reach(self, end: int) -> IO[bytes]:
        """The file, mapped from `bytes` to `end` and not yet written there.

        Each stretch is as long as all before it: a map holds a file descriptor.
        """
        if self._file is None:
            self._file = tempfile.TemporaryFile(dir=self._tmp, prefix="collapse-stats-")  # noqa: SIM115
            weakref.finalize(self, self._file.close)  # the maps keep what they need of it
        if end > self._map_begin + len(self._map):
            length = max(end - self.bytes, self.bytes)
            os.ftruncate(self._file.fileno(), self.bytes + length)
            self._map = np.memmap(self._file, np.uint8, "r", self.bytes, (length,))
            self._map_begin = self.bytes
        return self._file
