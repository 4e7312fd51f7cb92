"""Shards of MosaicML Streaming (MDS), plain, gzip or Zstandard; each describes its columns."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import InputError
from ..base import Batch, Int64Array, listed
from ..file_reader import Candidate
from ..options import ITEMS, ReadOptions
from ..records.fields import Fields, Holding, choose, no_fields, no_mask
from ..remote.location import Location
from ..stream import COMPRESSIONS, compression_of
from .sample_shards import Bytes, Layout, SampleShardReader, Shard, gathered

_MAX_CONFIG = 1 << 20
_BY_CODE = {8: "u1", 9: "i1", 16: "<u2", 17: "<i2", 32: "<u4", 33: "<i4", 64: "<u8", 65: "<i8"}
_BY_NAME = {np.dtype(item).name: item for item in _BY_CODE.values()}


_TEXTS = ("str", "json")
_NUMBERS = ("int", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64")
_NO_DOCUMENTS = (*_NUMBERS, "float16", "float32", "float64", "str_int", "str_float", "str_decimal")


@dataclass(frozen=True, slots=True)
class _Ids:
    """A column of ids, or of their mask, and how it is encoded."""

    name: str
    item: np.dtype[np.integer] | None  # type of an id; None if tells_item
    tells_item: bool = False  # each array begins with the code of its type
    tells_shape: bool = False  # each array then has its shape


class MdsReader(SampleShardReader):
    """Documents of a shard: one per sample."""

    format = "mds"
    order = 110
    extensions = (".mds",)
    begins_freely = True
    compressible = True
    companion_names = ("index.json",)
    unit = "sample"

    def __init__(self, path: Location, options: ReadOptions, evidence: str) -> None:
        super().__init__(path, options, evidence, COMPRESSIONS.get(path.suffix.lower()))
        config = self._config()
        encodings = dict(zip(config["names"], config["encodings"], strict=True))
        json_columns = frozenset(name for name in encodings if encodings[name] == "json")
        self._layout = Layout(config["names"], config["sizes"], json_columns)
        self._fields = _find_fields(path, encodings, self._layout, options)
        self.reads, self.names = self._fields, tuple(config["names"])
        self.kind = self._fields.kind
        self.dtype = "int64" if self.kind == "ids" else None
        self._is_text = encodings[self._layout.column_of(self._fields.names[0])] in _TEXTS
        if self.kind == "ids" and not self._is_text:
            self._column = _ids_column(path, self._fields.names[0], encodings, options)
            self.dtype = self._column.item.name if self._column.item else None
            if self._fields.mask:
                self._mask = _ids_column(path, self._fields.mask, encodings, options)

    @classmethod
    def recognize_named(cls, file: Candidate) -> str | None:
        """A .mds file that is not compressed."""
        return None if compression_of(file.head) else "extension .mds"

    def _config(self) -> dict[str, Any]:
        """The description of the columns, which lies between the offsets and the first sample."""
        with Shard(self._path, self._compression, self._options.longest) as shard:
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
        if self._is_text:
            return self._texts(shard, first, raw, bounds, bytes_read)
        item, start, stop = self._arrays(shard, first, raw, bounds, self._column)
        if not self._fields.mask:
            return self._ids(raw, start, stop, item, bytes_read)
        mask_item, begin, end = self._arrays(shard, first, raw, bounds, self._mask)
        lengths = (stop - start) // item.itemsize
        self._check_mask(shard, first, lengths, (end - begin) // mask_item.itemsize)
        mask = gathered(raw, begin, end).view(mask_item)
        return self._ids(raw, start, stop, item, bytes_read, mask)

    def _arrays(
        self, shard: Shard, first: int, raw: Bytes, bounds: Int64Array, column: _Ids
    ) -> tuple[np.dtype[np.integer], Int64Array, Int64Array]:
        """The type of a column's items, and where those of each sample begin and end."""
        start, stop = self._bounds(shard, first, raw, bounds, column.name)
        item, start = self._item(shard, first, raw, start, stop, column)
        self._check_lengths(shard, first, stop - start, item)
        return item, start, stop

    def _item(
        self,
        shard: Shard,
        first: int,
        raw: Bytes,
        start: Int64Array,
        stop: Int64Array,
        column: _Ids,
    ) -> tuple[np.dtype[np.integer], Int64Array]:
        """The type of the ids, and where they begin after the header of each array."""
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


def _find_fields(
    path: Location, encodings: dict[str, str], layout: Layout, options: ReadOptions
) -> Fields:
    def holding(name: str) -> Holding | None:
        encoding = encodings.get(layout.column_of(name))
        if encoding is None or (encoding != "json" and name not in encodings):
            return None
        if encoding in _NO_DOCUMENTS:
            return "other"
        return "text" if encoding == "str" else "json" if encoding == "json" else "ids"

    fields = choose(options, holding)
    if fields is None:
        raise no_fields(path, options, encodings, "this shard has")
    if fields.mask is not None and holding(fields.mask) is None:
        raise no_mask(path, fields.mask, encodings, "this shard has")
    held = [encodings[layout.column_of(name)] for name in fields.all_names]
    if len({encoding in _TEXTS for encoding in held}) > 1:
        raise InputError(
            f"{path}: expected ids and a mask that are both arrays, or both JSON, got {held[0]} "
            f"and {held[1]}: name other columns with --ids-key and --mask-key"
        )
    return fields


def _ids_column(path: Location, name: str, encodings: dict[str, str], options: ReadOptions) -> _Ids:
    """How a column of arrays is encoded."""
    encoding, _, rest = encodings[name].partition(":")
    if encoding == "bytes" and options.dtype is not None:
        return _Ids(name, ITEMS[options.dtype])
    item, _, shape = rest.partition(":")
    if encoding != "ndarray" or (item and item not in _BY_NAME) or "," in shape:
        columns = listed(f"{name} ({encoding})" for name, encoding in encodings.items())
        remedy = (
            "say how wide they are with --dtype"
            if encoding == "bytes"
            else "a pickle is never read, loading one runs code"
            if encoding == "pkl"
            else f"name another column; this shard has {columns}"
        )
        raise InputError(
            f"{path}: column {name!r} must hold arrays of integers of one dimension, got "
            f"{encodings[name]}: {remedy}"
        )
    kind: Any = np.dtype(_BY_NAME[item]) if item else None
    return _Ids(name, kind, not item, not shape)
