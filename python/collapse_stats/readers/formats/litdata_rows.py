"""LitData chunks whose items are rows of Arrow, which follow the table of offsets.

That is how LitData stores texts and nested values since 2026. A chunk ends with the size of its
Arrow data as u32, and ``LDARW01``.
"""

import io
import os
import struct
from typing import Any

from ..file_reader import Candidate
from ..options import ReadOptions
from ..remote.location import Location
from .arrow import ArrowRowsReader
from .litdata import index_of

_END = struct.Struct("<I8s")
_MARK = b"LDARW01\0"


class LitDataRowsReader(ArrowRowsReader):
    """Documents of a chunk: one per row."""

    format = "litdata"
    order = 79  # before the chunks whose items follow each other
    shared_extensions = (".bin",)

    def __init__(self, path: Location, options: ReadOptions, evidence: str) -> None:
        self._begin, self._length = _arrow_data_of(path) or (0, 0)
        super().__init__(path, options, evidence)

    @classmethod
    def recognize_named(cls, file: Candidate) -> str | None:
        """A .bin file that the index beside it lists, and that ends as described above."""
        is_chunk = index_of(file.location) is not None and _arrow_data_of(file.location)
        return "a chunk of the index.json beside it, of Arrow rows" if is_chunk else None

    def _place(self) -> tuple[int, int | None]:
        return self._begin, self._length

    def _file(self) -> Any:
        import pyarrow as pa

        return pa.PythonFile(_Section(self.path, self._begin, self._length), mode="r")


class _Section(io.FileIO):
    """Some bytes of a file, as a file of their own."""

    def __init__(self, path: str, begin: int, length: int) -> None:
        super().__init__(path)
        self._begin, self._end = begin, begin + length
        self.seek(0)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: self._begin, os.SEEK_CUR: super().tell(), os.SEEK_END: self._end}
        return super().seek(base[whence] + offset) - self._begin

    def tell(self) -> int:
        return super().tell() - self._begin

    def read(self, size: int | None = -1) -> bytes:
        left = max(0, self._end - super().tell())
        return super().read(left if size is None or size < 0 else min(size, left)) or b""


def _arrow_data_of(path: Location) -> tuple[int, int] | None:
    """Where the Arrow data of a chunk begins, and its length; None if it has none."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        if size < _END.size:
            return None
        file.seek(size - _END.size)
        length, mark = _END.unpack(file.read(_END.size))
    begin = size - _END.size - length
    return (begin, length) if mark == _MARK and begin >= 0 else None
