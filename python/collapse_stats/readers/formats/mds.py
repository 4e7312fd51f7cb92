"""Shards of MosaicML Streaming (MDS), plain, gzip or Zstandard; each describes its columns."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import InputError
from ..base import Batch, Int64Array, listed
from ..file_reader import Candidate
from ..options import ITEMS, Kind, ReadOptions
from ..remote.location import Location
from ..stream import COMPRESSIONS, compression_of
from .sample_shards import Bytes, SampleShardReader, Shard, column_bounds

_MAX_CONFIG = 1 << 20
_BY_CODE = {8: "u1", 9: "i1", 16: "<u2", 17: "<i2", 32: "<u4", 33: "<i4", 64: "<u8", 65: "<i8"}
_BY_NAME = {np.dtype(item).name: item for item in _BY_CODE.values()}


@dataclass(frozen=True, slots=True)
class _Column:
    """The column to read: its name, its place `at` among the `sizes`, and how it is encoded."""

    name: str
    sizes: list[int | None]
    at: int
    kind: Kind
    item: np.dtype[np.integer] | None  # type of an id; None for text, and if tells_item
    tells_item: bool = False  # each array begins with the code of its type
    tells_shape: bool = False  # each array then has its shape


class MdsReader(SampleShardReader):
    """Documents of a shard: one per sample."""

    format = "mds"
    order = 110
    extensions = (".mds",)
    begins_freely = True
    compressible = True
    has_packed_copies = True
    companion_names = ("index.json",)
    unit = "sample"

    def __init__(self, path: Location, options: ReadOptions, evidence: str) -> None:
        super().__init__(path, options, evidence, COMPRESSIONS.get(path.suffix.lower()))
        self._column = _find_column(path, self._config(), options)
        self.keys = (self._column.name,)
        self.kind = self._column.kind
        self.dtype = self._column.item.name if self._column.item else None

    @classmethod
    def recognize_named(cls, file: Candidate) -> str | None:
        """A .mds file that is not compressed."""
        return None if compression_of(file.head) else "extension .mds"

    def _config(self) -> dict[str, Any]:
        """The description of the columns, which lies between the offsets and the first sample."""
        with Shard(self._path, self._compression) as shard:
            table = shard.table()
            begin = 4 + 4 * len(table)
            if table[0] - begin > _MAX_CONFIG:
                raise shard.damaged(f"a description of {table[0] - begin:,} bytes at {begin:,}")
            text = shard.take(begin, int(table[0])).tobytes()
            try:
                config = json.loads(text)
            except (ValueError, RecursionError) as error:
                raise shard.damaged(
                    f"expected a JSON description of its columns at byte {begin:,} ({error})"
                ) from error
        names, encodings, sizes = (
            config.get(f"column_{what}") if isinstance(config, dict) else None
            for what in ("names", "encodings", "sizes")
        )
        good = (
            isinstance(names, list)
            and isinstance(encodings, list)
            and isinstance(sizes, list)
            and len(names) == len(encodings) == len(sizes)
            and all(isinstance(name, str) for name in [*names, *encodings])
            and all(size is None or (type(size) is int and 0 <= size < 1 << 31) for size in sizes)
        )
        if not good:
            raise shard.damaged(f"expected names, encodings and sizes of columns at byte {begin:,}")
        return {"names": names, "encodings": encodings, "sizes": sizes}

    def _batch(
        self, shard: Shard, first: int, raw: Bytes, bounds: Int64Array, bytes_read: int
    ) -> Batch:
        column = self._column
        start, stop = column_bounds(shard, first, raw, bounds, column.sizes, column.at)
        if self.kind == "text":
            return self._texts(first, raw, start, stop, bytes_read)
        item, start = self._item(shard, first, raw, start, stop)
        self._check_lengths(shard, first, stop - start, item)
        return self._ids(raw, start, stop, item, bytes_read)

    def _item(
        self, shard: Shard, first: int, raw: Bytes, start: Int64Array, stop: Int64Array
    ) -> tuple[np.dtype[np.integer], Int64Array]:
        """The type of the ids, and where they begin after the header of each array."""
        column = self._column
        item = column.item
        head = int(column.tells_item) + int(column.tells_shape)
        if head and (stop - start < head).any():
            i = int(np.argmax(stop - start < head))
            raise shard.damaged(f"the array of sample {first + i:,} is shorter than its header")
        if column.tells_item:
            codes = np.unique(raw[start])
            if len(codes) > 1 or int(codes[0]) not in _BY_CODE:
                raise InputError(
                    f"{self.path}: expected arrays of one integer type in column {column.name!r}, "
                    f"got type codes {codes.tolist()}: write it as ndarray:int32"
                )
            item = np.dtype(_BY_CODE[int(codes[0])])
            start = start + 1
        if column.tells_shape:
            shape = raw[start].astype(np.int64)
            if (shape >> 2 != 1).any():
                i = int(np.argmax(shape >> 2 != 1))
                raise InputError(
                    f"{self.path}: expected arrays of one dimension in column {column.name!r}, "
                    f"got {shape[i] >> 2} in sample {first + i:,}: write each row as a sample"
                )
            start = start + 1 + (1 << (shape & 3))
        assert item is not None
        return item, start


def _find_column(path: Location, config: dict[str, Any], options: ReadOptions) -> _Column:
    names, encodings, sizes = config["names"], config["encodings"], config["sizes"]
    keys = options.find(names)
    columns = listed(f"{a} ({b})" for a, b in zip(names, encodings, strict=True))
    if keys is None or len(keys) > 1 or options.part:
        raise InputError(
            f"{path}: expected a column {options.wanted}, this shard has {columns}: name one with "
            "--text-key or --ids-key"
        )
    at = names.index(keys[0])
    encoding, _, rest = encodings[at].partition(":")
    if options.kind_of(keys[0]) == "text":
        if encoding != "str":
            raise InputError(
                f"{path}: column {keys[0]!r} must hold text (str), got {encodings[at]}: name a "
                f"column of ids with --ids-key; this shard has {columns}"
            )
        return _Column(keys[0], sizes, at, "text", None)
    if encoding == "bytes" and options.dtype is not None:
        return _Column(keys[0], sizes, at, "ids", ITEMS[options.dtype])
    item, _, shape = rest.partition(":")
    if encoding != "ndarray" or (item and item not in _BY_NAME) or "," in shape:
        remedy = (
            "say how wide they are with --dtype"
            if encoding == "bytes"
            else "a pickle is never read, loading one runs code"
            if encoding == "pkl"
            else f"name another column; this shard has {columns}"
        )
        raise InputError(
            f"{path}: column {keys[0]!r} must hold arrays of integers of one dimension, got "
            f"{encodings[at]}: {remedy}"
        )
    kind: Any = np.dtype(_BY_NAME[item]) if item else None
    return _Column(keys[0], sizes, at, "ids", kind, not item, not shape)
