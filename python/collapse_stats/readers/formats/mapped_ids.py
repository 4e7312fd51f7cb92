"""The bases of readers of mapped ids: a stream of ids, or ids whose documents an index lists."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from ...errors import InputError
from ...system.file_state import state_of
from ..base import Batch, Int64Array
from ..boundaries import documents_between, row_batches, stream_splits
from ..file_reader import FileReader
from ..head import Head
from ..mmap import items
from ..options import ITEMS, Dtype, Kind, ReadOptions
from ..remote.items import Items
from ..remote.location import Location, Name
from ..splits import Split, SplittableReader

_LOOKED_AT = 1 << 16  # bytes at the beginning of a file
_ENOUGH = 256  # 16-bit words
_NO_VOCABULARY = 1 << 24  # ids; no vocabulary is that large


class StreamReader(SplittableReader, FileReader):
    """Documents of a stream of ids cut at ``eot``. A subclass sets `_tokens`, the mapped ids."""

    maps_file = True
    is_stream = True
    looks = True
    kind: Kind = "ids"
    _tokens: Items

    def __init__(self, path: Location, options: ReadOptions, evidence: str) -> None:
        super().__init__(path, options, evidence)
        self.first_row, self._places = options.first_row, options.places

    @property
    def document(self) -> str:
        """What lies between boundary ids, or all of the file."""
        return "the whole file" if self.eot is None else f"what lies between ids {self.eot}"

    @property
    def places(self) -> int:
        """The ids; none where nothing separates documents."""
        return 0 if self.eot is None else len(self._tokens)

    def rows_between(self, first: int, last: int) -> int:
        """Return how many documents begin there, which takes a look at the ids."""
        assert self.eot is not None  # else there are no places
        return documents_between(self._tokens, self.eot, first, last)

    def splits(self) -> Iterator[Split]:
        """Yield views of the file, about 2 million ids each, to be searched for boundaries."""
        return stream_splits(self._tokens, self.eot, self.size, self._places)


class IndexedReader(FileReader):
    """Documents of a file of ids by the bounds in its index.

    A subclass sets `_item`, the type of an id, and says where documents begin and end.
    """

    maps_file = True
    unit = "document of the index"
    kind: Kind = "ids"
    _item: np.dtype[np.integer]

    def __init__(self, path: Location, options: ReadOptions, evidence: str) -> None:
        super().__init__(path, options, evidence)
        self.first_row, self._places = options.first_row, options.places
        self._warnings: list[str] = []

    @property
    def warnings(self) -> list[str]:
        """Options that the index overrules."""
        return self._warnings

    @property
    def places(self) -> int:
        """The documents of the index; none with ``eot``, which makes several of one."""
        return len(self._documents()[0]) if self.eot is None else 0

    def rows_between(self, first: int, last: int) -> int:
        """Return how many documents these are: each is a row."""
        return last - first

    def batches(self) -> Iterator[Batch]:
        """Yield views of the file, about 2 million ids each."""
        start, stop = (each[slice(*self._places or (None,))] for each in self._documents())
        tokens = items(self._path, self._item, 0, (self.size // self._item.itemsize,))
        yield from row_batches(tokens, start, stop, self.eot, self.size)

    @abstractmethod
    def _documents(self) -> tuple[Int64Array, Int64Array]:
        """Where the documents begin and end, in ids: ascending and disjoint."""

    def watch(self, name: Name, head: Head) -> None:
        """Note also what the file was that lies beside the one given: the ids, or their index."""
        super().watch(name, head)
        for path in (self._path, *self._index_files()):
            if isinstance(path, Path) and str(path) != str(name):
                state = state_of(path.stat())
                self.beside += ((str(path), state),) if state else ()

    @abstractmethod
    def _index_files(self) -> tuple[Location, ...]:
        """The files that say where documents begin and end."""

    def _set_item(self, name: Dtype, asked: Dtype | None, index: Location) -> None:
        """Set the type of an id that the index implies, with a warning when another was given."""
        self._item = ITEMS[name]
        self.dtype = self._item.name
        if asked not in (None, name):
            self._warnings = [
                f"{self.path}: ids have {self._item.itemsize} bytes by {index.name}, so that "
                f"--dtype {asked} is not used here"
            ]

    def _item_name(
        self, total: int, widths: Mapping[int, Dtype], index: Location, says: str
    ) -> Dtype:
        """The type of `total` ids that fill the file exactly, of one of the widths in bytes.

        `says` is how a message puts that the index implies this number: ``ends at``, ``tells of``.
        """
        width = self.size // total if total else 0
        if total * width != self.size or width not in widths:
            *first, last = map(str, widths)
            raise InputError(
                f"{self.path}: expected {', '.join(first)} or {last} bytes for each of the "
                f"{total:,} ids that {index.name} {says}, got {self.size:,} bytes: one of the two "
                "is cut short or of another file; fetch or write both again"
            )
        self._check_width(widths[width], total, index, says)
        return widths[width]

    def _check_width(self, name: Dtype, total: int, index: Location, says: str) -> None:
        """Raise InputError if the ids look like twice as many, or half as many, of another width.

        A file that is twice or half as long as its index says fits another width exactly.
        """
        with self._path.open("rb") as file:
            head = file.read(_LOOKED_AT)
        halves = np.frombuffer(head[: len(head) // 4 * 4], dtype="<u2")
        seems_wider = len(halves) >= _ENOUGH and halves[1::2].max() < 4 <= halves[::2].max()
        seems_narrower = bool(halves[1::2].max(initial=0) >= _NO_VOCABULARY >> 16)
        if (name == "u16" and seems_wider) or (name == "u32" and seems_narrower):
            raise InputError(
                f"{self.path}: the {total:,} ids that {index.name} {says} would have "
                f"{ITEMS[name].itemsize} bytes each, but those in the file look "
                f"{'twice' if seems_wider else 'half'} as wide: one of the two is of another file; "
                "fetch or write both again"
            )
