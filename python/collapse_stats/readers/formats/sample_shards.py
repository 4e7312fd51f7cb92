"""Shards of samples with an offset table, the layout that MDS and LitData share.

A shard is ``u32 n, u32 offset[n + 1]``, and sample i lies at ``offset[i]:offset[i + 1]``. A sample
begins with a u32 size for each column without a fixed size; the columns follow in order.
"""

import json
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ..base import BATCH_BYTES, Batch, Int64Array
from ..boundaries import batch_of_lists
from ..file_reader import FileReader
from ..options import MAX_DOCUMENT, ReadOptions
from ..records.arrow_types import InvalidJson
from ..records.batch import batch_of_records
from ..records.fields import Fields
from ..remote.location import Location
from ..remote.path import RemotePath
from ..repairs import Repairs
from ..stream import check_length, decode_repaired, decompressed

Bytes = npt.NDArray[np.uint8]

# The most bytes of offsets in a packed shard, whose unpacked size is unknown.
_MAX_PACKED_TABLE = 64 << 20
_STEP = 16 << 20
_BOUNDS = 24  # bytes for each sample while the table of a shard is read and checked


class Shard:
    """The bytes of a shard, read as they are taken; fetched or decompressed ones in order.

    Attributes
    ----------
    packed
        Whether the shard is compressed or remote, so that it can only be read in order.
    """

    def __init__(
        self, path: Location, compression: str | None, longest: int = MAX_DOCUMENT
    ) -> None:
        self.path = path
        self._longest = longest
        self.packed = compression is not None or isinstance(path, RemotePath)
        self._file = path.open("rb")
        self._source: Any = decompressed(self._file, compression) if compression else self._file
        self._size = 0 if self.packed else path.stat().st_size
        self._at = 0

    def __enter__(self) -> "Shard":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def take(self, begin: int, end: int) -> Bytes:
        """Return the bytes ``begin:end``; `begin` must not be below the `end` of the last call."""
        if not self.packed:
            self._at = self._file.seek(begin)
            if end > self._size:
                raise self.damaged(f"{end:,} bytes expected, got {self._size:,}")
            return np.frombuffer(self._read(end - begin), dtype=np.uint8)
        for _ in self._parts(begin - self._at):
            pass
        return np.frombuffer(self._read(end - begin), dtype=np.uint8)

    def damaged(self, what: str) -> InputError:
        """Return the error to raise if the shard is inconsistent."""
        return InputError(
            f"{self.path}: {what}: the file is cut short, damaged or of another kind; fetch or "
            "write it again"
        )

    def table(self) -> Int64Array:
        """Return the offsets of the samples, ascending."""
        count = int(self.take(0, 4).view("<u4")[0])
        if self.packed and 4 * count > _MAX_PACKED_TABLE:
            raise self.damaged(f"{count:,} samples in one packed shard, by byte 0")
        offsets = None if self.packed else self.take(4, 8 + 4 * count)  # are there so many?
        if _BOUNDS * count > 4 * self._longest:
            raise InputError(
                f"{self.path}: the bounds of its {count:,} samples take {_BOUNDS * count:,} bytes, "
                f"and {4 * self._longest:,} are allowed: give more memory, or write smaller shards"
            )
        offsets = self.take(4, 8 + 4 * count) if offsets is None else offsets
        table = offsets.view("<u4").astype(np.int64)
        size = np.diff(table, prepend=8 + 4 * count)
        wrong = np.flatnonzero((size < 0) | (size > MAX_DOCUMENT))
        if len(wrong):
            i = int(wrong[0])
            raise self.damaged(f"offset {i:,} (byte {4 + 4 * i:,}) is {table[i]:,}, out of order")
        if count:
            i = int(np.argmax(size[1:]))
            begin, longest = int(table[i]), self._longest
            check_length(self.path, int(size[i + 1]), longest, begin, "a sample", "break it up")
        if not self.packed and table[-1] > self._size:
            raise self.damaged(f"samples end at byte {table[-1]:,}, got {self._size:,} bytes")
        return table

    def check_end(self, table: Int64Array) -> None:
        """Raise InputError if something follows the last sample, which nothing would read."""
        if not self.packed:
            if table[-1] < self._size:
                raise self.damaged(
                    f"its {len(table) - 1:,} samples end at byte {table[-1]:,}, got "
                    f"{self._size:,} bytes"
                )
        elif len(table) > 1 and self._part(1):
            raise self.damaged(
                f"more follows its {len(table) - 1:,} samples, which end at byte {table[-1]:,} of "
                "its content"
            )

    def samples(self, table: Int64Array) -> Iterator[tuple[int, Bytes, Int64Array]]:
        """Yield some samples: the number of the first, their bytes, and their bounds in these.

        About `BATCH_BYTES` are yielded at a time.
        """
        first, count = 0, len(table) - 1
        while first < count:
            begin = int(table[first])
            last = int(np.searchsorted(table, begin + BATCH_BYTES, side="right")) - 1
            last = min(max(last, first + 1), count)
            yield first, self.take(begin, int(table[last])), table[first : last + 1] - begin
            first = last

    def _read(self, size: int) -> bytes:
        return b"".join(self._parts(size))

    def _parts(self, size: int) -> Iterator[bytes]:
        """Yield the next `size` bytes."""
        while size > 0:
            part = self._part(min(size, _STEP))
            if not part:
                raise self.damaged(f"its content ends at byte {self._at:,}")
            yield part
            size -= len(part)
            self._at += len(part)

    def _part(self, most: int) -> bytes:
        try:
            part: bytes = self._source.read(most)
        except OSError as error:
            raise self.damaged(f"at byte {self._at:,} of its content: {error}") from error
        return part


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a shard: their names, their fixed sizes, and which of them hold JSON."""

    names: list[str]
    sizes: list[int | None]
    json: frozenset[str] = frozenset()

    def column_of(self, name: str) -> str:
        """Return the column that has a field, whose dots lead into the values of JSON."""
        return name if name in self.names else name.split(".")[0]


class SampleShardReader(FileReader):
    """Documents of a shard: one per sample."""

    reads_chats = True
    sample = "sample"
    """What the format calls a sample, for messages."""

    _fields: Fields
    _layout: Layout

    def __init__(
        self, path: Location, options: ReadOptions, evidence: str, compression: str | None
    ) -> None:
        super().__init__(path, options, evidence)
        self._options = options
        self._compression = compression
        self._repairs = Repairs()

    @property
    def warnings(self) -> list[str]:
        """What was replaced in the pass so far."""
        return self._repairs.messages(self.path)

    @property
    def left_out(self) -> int:
        """Samples without a document in the pass so far."""
        return self._repairs.left_out

    def batches(self) -> Iterator[Batch]:
        """Yield the documents in the order of the shard, about 512 KiB of samples a batch."""
        self._repairs.clear()
        with Shard(self._path, self._compression, self._options.longest) as shard:
            yield from self._batches(shard, shard.table())

    def _batches(self, shard: Shard, table: Int64Array) -> Iterator[Batch]:
        done, count = 0, len(table) - 1
        if not shard.packed:
            shard.check_end(table)
        for first, raw, bounds in shard.samples(table):
            upto = self.size * (first + len(bounds) - 1) // count
            yield self._batch(shard, first, raw, bounds, upto - done)
            done = upto
        if shard.packed:
            shard.check_end(table)

    @abstractmethod
    def _batch(
        self, shard: Shard, first: int, raw: Bytes, bounds: Int64Array, bytes_read: int
    ) -> Batch:
        """Documents of the samples ``raw[bounds[i]:bounds[i + 1]]``, numbered from `first` on."""

    def _bounds(
        self, shard: Shard, first: int, raw: Bytes, bounds: Int64Array, name: str
    ) -> tuple[Int64Array, Int64Array]:
        """Where a column of each sample begins and ends in `raw`."""
        columns = self._layout
        at = columns.names.index(name)
        return column_bounds(shard, first, raw, bounds, columns.sizes, at)

    def _texts(
        self, shard: Shard, first: int, raw: Bytes, bounds: Int64Array, bytes_read: int
    ) -> Batch:
        """Documents of samples of text, or of ids in JSON."""
        columns = []
        names = list(dict.fromkeys(map(self._layout.column_of, self._fields.all_names)))
        for name in names:
            parts = texts_of(raw, *self._bounds(shard, first, raw, bounds, name))
            texts = [
                decode_repaired(data, f"{self.sample} {number:,}", self._repairs)
                for number, data in enumerate(parts, first)
            ]
            columns.append(list(map(_parsed, texts)) if name in self._layout.json else texts)
        if self._fields.plain:
            return Batch.of_texts(columns[0], bytes_read)
        records = (
            (row, f"{self.sample} {first + row:,}", dict(zip(names, values, strict=True)))
            for row, values in enumerate(zip(*columns, strict=True))
        )
        number = len(bounds) - 1
        return batch_of_records(
            records, number, self._fields, self._options, bytes_read, self._repairs
        )

    def _ids(
        self,
        raw: Bytes,
        start: Int64Array,
        stop: Int64Array,
        item: np.dtype[np.integer],
        bytes_read: int,
        mask: npt.NDArray[np.integer] | None = None,
    ) -> Batch:
        """Documents of the ids in ``raw[start[i]:stop[i]]``, whose lengths have been checked.

        Input also: the packed `mask` of the ids, which has as many items.
        """
        tokens = gathered(raw, start, stop).view(item)
        lengths = (stop - start) // item.itemsize
        keep = None if mask is None else mask != 0
        return batch_of_lists(tokens, lengths, keep, self.eot, bytes_read)

    def _check_mask(
        self, shard: Shard, first: int, lengths: Int64Array, mask_lengths: Int64Array
    ) -> None:
        """Raise InputError when a mask has another length than its ids."""
        other = lengths != mask_lengths
        if other.any():
            i = int(np.argmax(other))
            raise shard.damaged(
                f"{self.sample} {first + i:,} has {lengths[i]:,} ids and a mask of "
                f"{mask_lengths[i]:,}"
            )

    def _check_lengths(
        self, shard: Shard, first: int, length: Int64Array, item: np.dtype[np.integer]
    ) -> None:
        """Raise InputError when a length in bytes is not that of a whole number of ids."""
        wrong = (length < 0) | (length % item.itemsize != 0)
        if wrong.any():
            i = int(np.argmax(wrong))
            raise shard.damaged(
                f"{self.sample} {first + i:,} has {length[i]:,} bytes of {item.name} ids"
            )


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return InvalidJson()


def column_bounds(
    shard: Shard, first: int, raw: Bytes, bounds: Int64Array, sizes: Sequence[int | None], at: int
) -> tuple[Int64Array, Int64Array]:
    """Return where column number `at` of each sample begins and ends in `raw`.

    Input: samples ``raw[bounds[i]:bounds[i + 1]]``, the first of them number `first` of the shard;
    the fixed size of each column, None if each sample begins with it.
    """
    stored = [i for i, size in enumerate(sizes) if not size]
    head = 4 * len(stored)
    begin, end = bounds[:-1], bounds[1:]
    least = head + sum(size or 0 for size in sizes)
    _check(shard, first, end - begin < least, "is shorter than its columns")
    lengths = np.empty((len(begin), len(sizes)), dtype=np.int64)
    lengths[:] = [size or 0 for size in sizes]
    if stored:
        lengths[:, stored] = raw[begin[:, None] + np.arange(head)].view("<u4")
    ends = (begin + head)[:, None] + np.cumsum(lengths, axis=1)
    _check(shard, first, ends[:, -1] != end, "does not end where its columns do")
    return ends[:, at] - lengths[:, at], ends[:, at]


def gathered(raw: Bytes, start: Int64Array, stop: Int64Array) -> Bytes:
    """Return the stretches ``raw[start[i]:stop[i]]``, ascending and disjoint, without gaps."""
    import pyarrow as pa

    if not len(start):
        return np.empty(0, dtype=np.uint8)
    # The stretches and the gaps between them are the values of an Arrow array: take every second.
    edges = np.column_stack([start, stop]).reshape(-1)
    buffers = [None, pa.py_buffer(edges), pa.py_buffer(raw)]
    values: Any = pa.Array.from_buffers(pa.large_binary(), len(edges) - 1, buffers)
    taken = values.take(pa.array(np.arange(0, len(edges), 2)))
    total = int((stop - start).sum())
    packed: Bytes = np.frombuffer(taken.buffers()[2] or b"", dtype=np.uint8, count=total)
    return packed


def texts_of(raw: Bytes, start: Int64Array, stop: Int64Array) -> Iterator[bytes]:
    """Yield the stretches ``raw[start[i]:stop[i]]``."""
    data = raw.tobytes()
    for begin, end in zip(start.tolist(), stop.tolist(), strict=True):
        yield data[begin:end]


def _check(shard: Shard, first: int, wrong: npt.NDArray[np.bool_], what: str) -> None:
    if wrong.any():
        raise shard.damaged(f"sample {first + int(np.argmax(wrong)):,} {what}")
