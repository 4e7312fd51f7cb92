"""Fixed-width ids of a remote file, fetched as they are used and then mapped into memory."""

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
    """Items of a remote object, whose slices are arrays mapped from a local file.

    The file has no name, so that it disappears with the process. It is sparse: it takes only the
    disk space of what was fetched. Ids that are counted in several passes are fetched once.
    """

    def __init__(
        self, path: "RemotePath", item: npt.DTypeLike, offset: int, shape: tuple[int, ...]
    ) -> None:
        kind: np.dtype[Any] = np.dtype(item)
        self.dtype: np.dtype[np.integer] = kind
        self.shape, self.ndim = shape, len(shape)
        self._path, self._offset = path, offset
        self._size = int(np.prod(shape, dtype=object)) * self.dtype.itemsize
        self._fetched = np.zeros(-(-self._size // _BLOCK), dtype=bool)
        self._bytes: IntegerArray = np.empty(0, np.uint8)
        self._lock = Lock()  # several threads may take slices at the same time
        self._fd: int | None = None
        self._file: Any = None

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, part: slice) -> IntegerArray:
        """Return the items of a slice of step 1, and fetch those not fetched before."""
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
        missing = np.flatnonzero(~self._fetched[begin // _BLOCK : -(-end // _BLOCK)])
        for number in (missing + begin // _BLOCK).tolist():
            first = number * _BLOCK
            size = min(_BLOCK, self._size - first)
            self._file.seek(self._offset + first)
            data = self._file.read(size)
            if len(data) < size:
                raise OSError(f"expected {size:,} bytes from byte {first:,} on, got {len(data):,}")
            self._keep(data, first)
            self._fetched[number] = True
        if self._fetched.all():
            self._close()

    def _keep(self, data: bytes, at: int) -> None:
        view = memoryview(data)
        while view:
            try:
                written = os.pwrite(self._fd or 0, view, at)
            except OSError as error:
                raise InputError(
                    f"{self._path}: no space for its ids in {_folder(self._path.tmp)} "
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
            with pa.memory_map(name, "r+") as shared:  # so that later writes are visible
                self._bytes = np.asarray(MappedBytes(shared.read_buffer(self._size)))
        finally:
            os.unlink(name)  # noqa: PTH108

    def _close(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
            self._file.close()


Items = IntegerArray | LazyItems
"""An array, or `LazyItems`: both have a length, and slices that are arrays."""


def _folder(tmp: "str | os.PathLike[str] | None") -> str:
    return os.fspath(tmp) if tmp is not None else tempfile.gettempdir()
