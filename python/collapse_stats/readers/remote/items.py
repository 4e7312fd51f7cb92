"""Ids of a file of fixed-width items, mapped into memory: all of them, or as they are asked for."""

import os
import tempfile
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ...system.memory import MappedBytes

if TYPE_CHECKING:
    from .path import RemotePath

IntegerArray = npt.NDArray[np.integer]

_BLOCK = 8 << 20


class LazyItems:
    """Items of an object that lies elsewhere: slices of it are arrays, mapped from a file.

    The file is as long as the object, has no name, and no more room on the disk than what was
    fetched; so nothing is left behind, and what is counted in several passes is fetched once.
    """

    def __init__(
        self, path: "RemotePath", item: npt.DTypeLike, offset: int, shape: tuple[int, ...]
    ) -> None:
        kind: np.dtype[Any] = np.dtype(item)
        self.dtype: np.dtype[np.integer] = kind
        self.shape, self.ndim = shape, len(shape)
        self._path, self._offset = path, offset
        self._size = int(np.prod(shape, dtype=object)) * self.dtype.itemsize
        self._there = np.zeros(-(-self._size // _BLOCK), dtype=bool)
        self._bytes: IntegerArray = np.empty(0, np.uint8)
        self._lock = Lock()  # threads ask for slices at the same time
        self._fd: int | None = None
        self._file: Any = None

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, part: slice) -> IntegerArray:
        """The items of a slice without steps, fetched when they are not there yet."""
        row = self._size // max(1, len(self))
        begin, end, step = part.indices(len(self))
        assert step == 1
        begin, end = begin * row, max(begin, end) * row
        if begin < end:
            glimpse = self._path.glimpse
            with self._lock:
                self._fetch(begin, end if glimpse is None else min(end, begin + glimpse))
        return self._bytes[begin:end].view(self.dtype).reshape(-1, *self.shape[1:])

    def __del__(self) -> None:
        self._close()

    def _fetch(self, begin: int, end: int) -> None:
        if not len(self._bytes):
            self._make()
        missing = np.flatnonzero(~self._there[begin // _BLOCK : -(-end // _BLOCK)])
        for number in (missing + begin // _BLOCK).tolist():
            first = number * _BLOCK
            size = min(_BLOCK, self._size - first)
            self._file.seek(self._offset + first)
            data = self._file.read(size)
            if len(data) < size:
                raise OSError(f"expected {size:,} bytes from byte {first:,} on, got {len(data):,}")
            self._keep(data, first)
            self._there[number] = True
        if self._there.all():
            self._close()

    def _keep(self, data: bytes, at: int) -> None:
        view = memoryview(data)
        while view:
            try:
                written = os.pwrite(self._fd or 0, view, at)
            except OSError as error:
                raise InputError(
                    f"{self._path}: no room for its ids in {_folder(self._path.tmp)} "
                    f"({error.strerror}): {self._size:,} bytes are needed there: give another "
                    "folder for temporary files"
                ) from error
            view, at = view[written:], at + written

    def _make(self) -> None:
        import pyarrow as pa

        self._file = self._path.open("rb")
        self._fd, name = tempfile.mkstemp(prefix="collapse-stats-", dir=self._path.tmp)
        try:
            os.truncate(self._fd, self._size)
            with pa.memory_map(name, "r+") as shared:  # so that what is written later is seen
                self._bytes = np.asarray(MappedBytes(shared.read_buffer(self._size)))
        finally:
            os.unlink(name)  # noqa: PTH108

    def _close(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
            self._file.close()


Items = IntegerArray | LazyItems
"""What has a length and gives arrays for slices."""


def _folder(tmp: "str | os.PathLike[str] | None") -> str:
    return os.fspath(tmp) if tmp is not None else tempfile.gettempdir()
