"""LitData chunks: ``chunk-*.bin``, with an ``index.json`` that describes their columns."""

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from ...errors import InputError
from ..base import Batch, Int64Array
from ..boundaries import row_batches
from ..file_reader import Candidate
from ..mmap import mapped
from ..options import Kind, ReadOptions
from ..records.fields import Fields, Holding, choose, no_fields, no_mask
from ..remote.location import Location
from .sample_shards import Bytes, Layout, SampleShardReader, Shard, gathered

_MAX_INDEX = 256 << 20
_TENSORS = {11: "u1", 12: "i1", 13: "<i2", 14: "<i2", 15: "<i4", 16: "<i4", 17: "<i8", 18: "<i8"}
_TENSORS[20] = "<u2"
_ARRAYS = dict(enumerate(["i1", "<i2", "<i4", "<i8", "u1", "<u2", "<u4", "<u8"]))
_FLAGS = {"no_header_tensor": {19: "u1"}, "no_header_numpy": {13: "u1"}}  # of masks
_TEXTS = ("str", "text")
_ARRAY_FORMS = ("no_header_tensor", "no_header_numpy", "tensor", "numpy", "pickle", "bytes")


class LitDataReader(SampleShardReader):
    """Documents of a chunk: one per item."""

    format = "litdata"
    order = 80
    shared_extensions = (".bin",)
    label = "of LitData"
    companion_names = ("index.json",)
    sample = "item"
    unit = "item"

    def __init__(self, path: Location, options: ReadOptions, evidence: str) -> None:
        config = index_of(path) or {}
        super().__init__(path, options, evidence, _compression(path, config))
        formats = config.get("data_format")
        if not (isinstance(formats, list) and all(isinstance(form, str) for form in formats)):
            raise InputError(
                f"{path.with_name('index.json')}: expected config.data_format, got none"
            )
        names = _names(config.get("data_spec"), len(formats))
        self._layout = Layout(names, [None] * len(formats))
        self._flat = config.get("item_loader") == "TokensLoader"
        self._fields = _find_fields(path, dict(zip(names, formats, strict=True)), options)
        self.reads, self.names = self._fields, tuple(names)
        self.kind = self._fields.kind
        self._item = self._mask_item = None
        if self.kind == "ids":
            self._item = _item_of(path, self._fields.names[0], names, formats)
        if self._fields.mask:
            self._mask_item = _item_of(path, self._fields.mask, names, formats, of_mask=True)
        self.dtype = self._item.name if self._item else None

    @classmethod
    def recognize_named(cls, file: Candidate) -> str | None:
        """A .bin file that the index beside it lists as a chunk."""
        listed = index_of(file.location) is not None
        return "a chunk of the index.json beside it" if listed else None

    def _batches(self, shard: Shard, table: Int64Array) -> Iterator[Batch]:
        """Views of an uncompressed chunk that holds nothing but ids."""
        if self._flat and not shard.packed and self._item is not None:
            return self._views(shard, table, self._item)
        return super()._batches(shard, table)

    def _views(
        self, shard: Shard, table: Int64Array, item: np.dtype[np.integer]
    ) -> Iterator[Batch]:
        begin = int(table[0])
        shard.check_end(table)
        self._check_lengths(shard, 0, np.diff(table), item)
        tokens = mapped(self._path, item, begin, int(table[-1] - begin) // item.itemsize)
        if not tokens.flags.aligned:
            tokens = tokens.copy()
        bounds = (table - begin) // item.itemsize
        yield from row_batches(tokens, bounds[:-1], bounds[1:], self.eot, self.size)

    def _batch(
        self, shard: Shard, first: int, raw: Bytes, bounds: Int64Array, bytes_read: int
    ) -> Batch:
        if self._item is None:
            return self._texts(shard, first, raw, bounds, bytes_read)
        start, stop = self._bounds(shard, first, raw, bounds, self._fields.names[0])
        self._check_lengths(shard, first, stop - start, self._item)
        mask = None
        if self._fields.mask and self._mask_item:
            begin, end = self._bounds(shard, first, raw, bounds, self._fields.mask)
            self._check_lengths(shard, first, end - begin, self._mask_item)
            lengths = (stop - start) // self._item.itemsize
            self._check_mask(shard, first, lengths, (end - begin) // self._mask_item.itemsize)
            mask = gathered(raw, begin, end).view(self._mask_item)
        return self._ids(raw, start, stop, self._item, bytes_read, mask)

    def _bounds(
        self, shard: Shard, first: int, raw: Bytes, bounds: Int64Array, name: str
    ) -> tuple[Int64Array, Int64Array]:
        if self._flat:  # items without the sizes of their columns
            return bounds[:-1], bounds[1:]
        return super()._bounds(shard, first, raw, bounds, name)


def index_of(path: Location) -> dict[str, Any] | None:
    """Return the ``config`` of the index beside a file, None if it does not list the file."""
    index = path.with_name("index.json")
    try:
        config, names = _parsed(index, index.stat().st_mtime_ns)
    except OSError:
        return None
    return config if path.name in names else None


@lru_cache(maxsize=8)
def _parsed(index: Location, _changed: int) -> tuple[dict[str, Any] | None, frozenset[str]]:
    with index.open("rb") as file:
        text = file.read(_MAX_INDEX)
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return None, frozenset()
    chunks = content.get("chunks") if isinstance(content, dict) else None
    config = content.get("config") if isinstance(content, dict) else None
    if not isinstance(chunks, list) or not isinstance(config, dict):
        return None, frozenset()
    names = (chunk.get("filename") for chunk in chunks if isinstance(chunk, dict))
    return config, frozenset(name for name in names if isinstance(name, str))


def _compression(path: Location, config: dict[str, Any]) -> str | None:
    level, codec = config.get("compression_level"), config.get("compression")
    if config.get("encryption"):
        raise InputError(f"{path}: this LitData chunk is encrypted: decrypt it first")
    if level not in (None, "chunk"):
        raise InputError(
            f"{path}: LitData chunks are read plain or compressed as a whole, this one is by "
            f"{level}: write it with compression_level='chunk'"
        )
    if codec is None or not path.name.endswith(f".{str(codec).partition(':')[0]}.bin"):
        return None
    if not str(codec).startswith("zstd"):
        raise InputError(f"{path}: compression {codec!r} is not read: write it with zstd")
    return "zstd"


def _find_fields(path: Location, formats: dict[str, str], options: ReadOptions) -> Fields:
    def holding(name: str) -> Holding | None:
        form = formats.get(name)
        if form is None:
            return None
        if form in _TEXTS:
            return "text"
        return "ids" if form.partition(":")[0] in _ARRAY_FORMS else "other"

    fields = choose(options, holding)
    if fields is None and list(formats) == ["0"] and not (options.named or options.part):
        # Items that are not dictionaries have no column names.
        kind: Kind = "text" if formats["0"] in _TEXTS else "ids"
        fields = Fields(("0",), kind)
    if fields is None or (fields.kind == "ids" and formats[fields.names[0]] in _TEXTS):
        raise no_fields(path, options, formats, "these chunks have")
    if fields.mask is not None and fields.mask not in formats:
        raise no_mask(path, fields.mask, formats, "these chunks have")
    return fields


def _item_of(
    path: Location, name: str, names: list[str], formats: list[str], of_mask: bool = False
) -> np.dtype[np.integer]:
    """The type of the items of a column of arrays."""
    stored = formats[names.index(name)]
    form, _, code = stored.partition(":")
    items = {"no_header_tensor": _TENSORS, "no_header_numpy": _ARRAYS}.get(form, {})
    if of_mask:
        items = {**items, **_FLAGS.get(form, {})}
    item = items.get(int(code)) if code.isdecimal() and len(code) < 4 else None
    if item is None:
        why = "reading a pickle runs code" if form == "pickle" else "name another"
        raise InputError(
            f"{path}: column {name!r} must hold text or arrays of integers of one dimension, got "
            f"{stored}: {why}"
        )
    return np.dtype(item)


def _names(spec: Any, count: int) -> list[str]:
    """Names of the leaves of a PyTree specification, or their numbers if it has none."""
    try:
        names = _leaves(json.loads(spec)[1], "")
    except (ValueError, TypeError, KeyError, IndexError, RecursionError):
        names = []
    return names if len(names) == count else [str(i) for i in range(count)]


def _leaves(node: dict[str, Any], name: str) -> list[str]:
    children = node["children_spec"]
    if not children:
        return [name or "0"]
    keys = json.loads(node["context"]) if "dict" in node["type"] else range(len(children))
    return [
        leaf
        for key, child in zip(keys, children, strict=True)
        for leaf in _leaves(child, f"{name}.{key}" if name else str(key))
    ]
