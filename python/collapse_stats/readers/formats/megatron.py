"""Megatron-LM: a ``.bin`` file of token ids, with its sequences and documents in an ``.idx``."""

import struct

import numpy as np

from ...errors import InputError
from ..base import Int64Array
from ..file_reader import Candidate
from ..mmap import loaded
from ..options import ReadOptions
from ..remote.location import Location
from .mapped_ids import IndexedReader

MAGIC = b"MMIDIDX\0\0"
OLD_MAGIC = b"TNTIDX\0\0"
# The header: magic, version, item code, numbers of sequences and of document bounds. Then follow,
# unaligned, i32 lengths and i64 byte offsets of the sequences, and i64 document bounds, which are
# numbers of sequences.
_HEADER = struct.Struct("<9sQBQQ")
_ITEMS = {1: "<u1", 2: "<i1", 3: "<i2", 4: "<i4", 5: "<i8", 8: "<u2"}
_DAMAGED = "the index is damaged or of another file; fetch or write both again"


class MegatronReader(IndexedReader):
    """Documents of a pair of files, given by either of them."""

    format = "megatron"
    order = 60
    shared_extensions = (".bin",)
    label = "with .idx"
    magics = (MAGIC, OLD_MAGIC)
    companions = ((".idx", ".bin"),)

    def __init__(self, path: Location, options: ReadOptions, evidence: str) -> None:
        data, index = (path.with_name(path.stem + ending) for ending in (".bin", ".idx"))
        if not data.exists():
            raise InputError(f"{index}: expected {data.name} beside this Megatron index, got none")
        super().__init__(data, options, evidence)
        self._index = index
        self._item, self._sequences, self._bounds = self._header()
        self.dtype = self._item.name
        self._check_sizes()

    @classmethod
    def recognize_content(cls, file: Candidate) -> str | None:
        """An index, which stands for the pair."""
        return f"begins with {file.head[:7].decode()}".removesuffix("\0")

    @classmethod
    def recognize_named(cls, file: Candidate) -> str | None:
        """A .bin file with its index beside it."""
        path = file.location
        index = path.with_name(f"{path.stem}.idx")
        return f"{index.name} beside it" if index.exists() else None

    def _header(self) -> tuple[np.dtype[np.integer], int, int]:
        with self._index.open("rb") as file:
            head = file.read(_HEADER.size)
        if head.startswith(OLD_MAGIC[:6]):
            raise InputError(
                f"{self._index}: a TNTIDX index (fairseq, Megatron before 2019), which is not "
                "read: write the corpus again with Megatron's preprocess_data.py"
            )
        if not head.startswith(MAGIC) or len(head) < _HEADER.size:
            raise InputError(
                f"{self._index}: expected a Megatron index that begins with MMIDIDX and has "
                f"{_HEADER.size} header bytes, got {head[:9]!r}, {len(head)} bytes: move it "
                f"away if it does not belong to {self._path.name}"
            )
        _, version, code, sequences, bounds = _HEADER.unpack(head)
        if version != 1:
            raise InputError(f"{self._index}: expected version 1 at byte 9, got {version}")
        if code in (6, 7):
            raise InputError(
                f"{self._index}: item code {code} at byte 17 is a float (writers disagree on its "
                "width): token ids are integers"
            )
        if code not in _ITEMS:
            raise InputError(f"{self._index}: unknown item code {code} at byte 17: {_DAMAGED}")
        return np.dtype(_ITEMS[code]), sequences, bounds

    def _check_sizes(self) -> None:
        size = self._index.stat().st_size
        expected = _HEADER.size + 12 * self._sequences + 8 * self._bounds
        if size not in (expected, expected + self._sequences):  # or with a mode per sequence
            raise InputError(
                f"{self._index}: expected {expected:,} bytes for {self._sequences:,} sequences and "
                f"{self._bounds:,} document bounds, got {size:,}: {_DAMAGED}"
            )
        if self.size % self._item.itemsize:
            raise InputError(
                f"{self._path}: the size must be a multiple of {self._item.itemsize} bytes "
                f"({self._item.name}), got {self.size:,}: it is cut short"
            )
        last = loaded(self._index, "<i8", expected - 8, min(1, self._bounds)).tolist()
        if last != [self._sequences]:
            raise InputError(
                f"{self._index}: expected document bounds that end at {self._sequences:,}, the "
                f"number of sequences, got {last[0] if last else 'none'}: {_DAMAGED}"
            )

    def _index_files(self) -> tuple[Location, ...]:
        return (self._index,)

    def _documents(self) -> tuple[Int64Array, Int64Array]:
        """The bounds of the documents in ids, after the whole index has been checked."""
        n, item = self._sequences, self._item.itemsize
        length = loaded(self._index, "<i4", _HEADER.size, n).astype(np.int64, copy=False)
        offset = loaded(self._index, "<i8", _HEADER.size + 4 * n, n).astype(np.int64, copy=False)
        bounds = loaded(self._index, "<i8", _HEADER.size + 12 * n, self._bounds).astype(
            np.int64, copy=False
        )
        self._refuse(length < 0, "length {}, which is negative", length, 34, 4)
        at = 34 + 4 * n
        self._refuse((offset < 0) | (offset > self.size), "offset {} outside the file", offset, at)
        self._refuse(offset % item != 0, "offset {} inside of an id", offset, at)
        first = offset // item
        end = first + length
        self._refuse(end > self.size // item, "offset {} and ends past the file", offset, at)
        if bounds[0] or (np.diff(bounds) < 0).any():
            raise InputError(
                f"{self._index}: expected document bounds that begin at 0 and never fall, got "
                f"others from byte {34 + 12 * n:,} on: {_DAMAGED}"
            )
        begins = np.zeros(n + 1, dtype=bool)
        begins[bounds] = True
        gap = first[1:] - end[:-1]
        broken = np.concatenate([np.zeros(min(n, 1), bool), (gap < 0) | (gap > 0) & ~begins[1:n]])
        self._refuse(broken, "offset {}, which does not follow the one before", offset, at)
        self._check_that_all_is_listed(int(length.sum()))
        edge = np.append(first, end[-1] if n else 0)
        start = edge[bounds[:-1]]
        last = np.append(end, 0)[bounds[1:] - 1]
        return start, np.where(np.diff(bounds) > 0, last, start)

    def _check_that_all_is_listed(self, total: int) -> None:
        """Raise InputError if the file has ids that are in no sequence: its index is of another."""
        expected = total * self._item.itemsize
        if expected != self.size:
            raise InputError(
                f"{self._path}: {self._index.name} lists {total:,} {self._item.name} ids, which is "
                f"{expected:,} bytes, got {self.size:,}: one of the two is of another file or cut "
                "short; fetch or write both again"
            )

    def _refuse(
        self, wrong: np.ndarray, what: str, values: Int64Array, at: int, width: int = 8
    ) -> None:
        if wrong.any():
            i = int(np.argmax(wrong))
            raise InputError(
                f"{self._index}: sequence {i:,} has {what.format(f'{values[i]:,}')} "
                f"(byte {at + width * i:,}): {_DAMAGED}"
            )
