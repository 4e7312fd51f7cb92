"""datatrove's ``.ds`` of token ids with ``.ds.index``, the ends of its documents."""

from collections.abc import Iterator

import numpy as np

from ...errors import InputError
from ..base import Batch, Int64Array
from ..boundaries import row_batches
from ..mmap import items, mapped
from ..options import ITEMS, Dtype, Kind, ReadOptions
from ..remote.location import Location

_NAMES: dict[int, Dtype] = {2: "u16", 4: "u32"}


class DatatroveReader:
    """Documents of a ``.ds`` file by its index; ``.ds.metadata`` is not needed, but must agree."""

    format = "datatrove"
    kind: Kind = "ids"
    warnings: list[str]

    def __init__(self, path: Location, options: ReadOptions, evidence: str) -> None:
        self.path = str(path)
        self.evidence = evidence
        self.eot = options.eot
        self.size = path.stat().st_size
        self.warnings = []
        self._path = path
        self._index = index_of(path)
        name = self._item_name(options.dtype)
        self._item = ITEMS[name]
        self.dtype = self._item.name
        if options.dtype not in (None, name):
            self.warnings = [
                f"{path}: ids have {self._item.itemsize} bytes by {self._index.name}, so that "
                f"--dtype {options.dtype} is not used here"
            ]

    def batches(self) -> Iterator[Batch]:
        """Views of the file, about 16 million ids a batch."""
        ends = mapped(self._index, "<u8")
        total = self.size // self._item.itemsize
        fell = np.flatnonzero((ends[1:] < ends[:-1]) | (ends[1:] > total))
        if len(fell):
            i = int(fell[0]) + 1
            raise InputError(
                f"{self._index}: expected ends that never fall and are at most {total:,}, got "
                f"{ends[i]:,} at byte {8 * i:,}: it is damaged or of another file"
            )
        stop: Int64Array = ends.astype(np.int64)
        start = np.concatenate([np.zeros(min(len(stop), 1), np.int64), stop[:-1]])
        tokens = items(self._path, self._item, 0, (self.size // self._item.itemsize,))
        yield from row_batches(tokens, start, stop, self.eot, self.size)

    def _item_name(self, asked: Dtype | None) -> Dtype:
        size = self._index.stat().st_size
        if size % 8:
            raise InputError(
                f"{self._index}: the size of an index of document ends must be a multiple of 8 "
                f"bytes, got {size:,}: it is cut short; fetch or write it again"
            )
        last = int(mapped(self._index, "<u8", size - 8, 1)[0]) if size else 0
        width = self.size // last if last else 0
        name = _NAMES.get(width) if last * width == self.size else None
        if not last and not self.size:
            name = asked or _NAMES.get(self._told_width() or 2, "u16")
        if name is None:
            raise InputError(
                f"{self.path}: expected 2 or 4 bytes for each of the {last:,} ids that "
                f"{self._index.name} ends at, got {self.size:,} bytes: one of the two is cut short "
                "or of another file; fetch or write both again"
            )
        told = self._told_width()
        if told not in (None, ITEMS[name].itemsize):
            raise InputError(
                f"{self.path}: {self._path.name}.metadata says that ids have {told} bytes, the "
                f"index {ITEMS[name].itemsize}: one of them is of another file"
            )
        return name

    def _told_width(self) -> int | None:
        """Bytes of an id by the metadata, whose first line is ``tokenizer|bytes``."""
        try:
            with self._path.with_name(f"{self._path.name}.metadata").open("rb") as file:
                line = file.read(4096).split(b"\n")[0]
        except OSError:
            return None
        width = line.rpartition(b"|")[2].strip()
        return int(width) if width.isdigit() and len(width) == 1 else None


def index_of(path: Location) -> Location:
    """Where the ends of the documents are."""
    return path.with_name(f"{path.name}.index")
