"""datatrove: a ``.ds`` file of token ids, with the ends of its documents in ``.ds.index``."""

import numpy as np

from ...errors import InputError
from ..base import Int64Array
from ..file_reader import Candidate
from ..mmap import loaded
from ..options import ITEMS, Dtype, ReadOptions
from ..remote.location import Location
from .flat import FlatReader
from .mapped_ids import IndexedReader

_NAMES: dict[int, Dtype] = {2: "u16", 4: "u32"}


class DatatroveReader(IndexedReader):
    """Documents of a ``.ds`` file by its index; ``.ds.metadata`` is not needed, but must agree."""

    format = "datatrove"
    order = 100
    extensions = (".ds",)
    required = ".index beside it"
    otherwise = FlatReader
    begins_freely = True
    companions = ((".ds.index", ".ds"), (".ds.metadata", ".ds"), (".ds.loss", ".ds"))

    def __init__(self, path: Location, options: ReadOptions, evidence: str) -> None:
        super().__init__(path, options, evidence)
        self._index = _index_of(path)
        self._set_item(self._name(options.dtype), options.dtype, self._index)

    @classmethod
    def recognize_named(cls, file: Candidate) -> str | None:
        """A .ds file with its index beside it."""
        index = _index_of(file.location)
        return f"{index.name} beside it" if index.exists() else None

    def _index_files(self) -> tuple[Location, ...]:
        return (self._index,)

    def _documents(self) -> tuple[Int64Array, Int64Array]:
        ends = loaded(self._index, "<u8")
        total = self.size // self._item.itemsize
        fell = np.flatnonzero((ends[1:] < ends[:-1]) | (ends[1:] > total))
        if len(fell):
            i = int(fell[0]) + 1
            raise InputError(
                f"{self._index}: expected ends that never fall and are at most {total:,}, got "
                f"{ends[i]:,} at byte {8 * i:,}: it is damaged or of another file"
            )
        stop: Int64Array = ends.view(np.int64)
        return np.concatenate([np.zeros(min(len(stop), 1), np.int64), stop[:-1]]), stop

    def _name(self, asked: Dtype | None) -> Dtype:
        """The type of an id, by the last end in the index and the size of the file."""
        size = self._index.stat().st_size
        if size % 8:
            raise InputError(
                f"{self._index}: the size of an index of document ends must be a multiple of 8 "
                f"bytes, got {size:,}: it is cut short; fetch or write it again"
            )
        last = int(loaded(self._index, "<u8", size - 8, 1)[0]) if size else 0
        width = self._metadata_width()
        if last or self.size:
            name = self._item_name(last, _NAMES, self._index, "ends at")
        else:
            name = asked or _NAMES.get(width or 2, "u16")
        if width not in (None, ITEMS[name].itemsize):
            raise InputError(
                f"{self.path}: {self._path.name}.metadata says that ids have {width} bytes, the "
                f"index {ITEMS[name].itemsize}: one of them is of another file"
            )
        return name

    def _metadata_width(self) -> int | None:
        """Bytes of an id by the metadata file, whose first line is ``tokenizer|bytes``."""
        try:
            with self._path.with_name(f"{self._path.name}.metadata").open("rb") as file:
                line = file.read(4096).split(b"\n")[0]
        except OSError:
            return None
        width = line.rpartition(b"|")[2].strip()
        return int(width) if width.isdigit() and len(width) == 1 else None


def _index_of(path: Location) -> Location:
    """The file that holds the ends of the documents."""
    return path.with_name(f"{path.name}.index")
