"""LitData chunks: ``chunk-*.bin``, with an ``index.json`` that describes their columns."""

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from ...errors import InputError
from ..base import Batch, Int64Array, listed
from ..boundaries import row_batches
from ..file_reader import Candidate
from ..mmap import mapped
from ..options import Kind, ReadOptions
from ..remote.location import Location
from .sample_shards import Bytes, SampleShardReader, Shard, column_bounds

_MAX_INDEX = 256 << 20
_TENSORS = {11: "u1", 12: "i1", 13: "<i2", 14: "<i2", 15: "<i4", 16: "<i4", 17: "<i8", 18: "<i8"}
_TENSORS[20] = "<u2"
_ARRAYS = dict(enumerate(["i1", "<i2", "<i4", "<i8", "u1", "<u2", "<u4", "<u8"]))
_ARROW_FOOTER = b"LDARW01\0"


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
        config = _index_of(path) or {}
        super().__init__(path, options, evidence, _compression(path, config))
        formats = config.get("data_format")
        if not (isinstance(formats, list) and all(isinstance(form, str) for form in formats)):
            raise InputError(
                f"{path.with_name('index.json')}: expected config.data_format, got none"
            )
        self._columns = len(formats)
        self._flat = config.get("item_loader") == "TokensLoader"
        self._at, self.kind, self._item = _find_column(path, config, formats, options)
        self.dtype = self._item.name if self._item else None

    @classmethod
    def recognize_named(cls, file: Candidate) -> str | None:
        """A .bin file that the index beside it lists as a chunk."""
        listed = _index_of(file.location) is not None
        return "a chunk of the index.json beside it" if listed else None

    def _batches(self, shard: Shard, table: Int64Array) -> Iterator[Batch]:
        """Views of an uncompressed chunk that holds nothing but ids."""
        if len(table) > 1 and table[-1] == table[0] and self._has_arrow_footer():
            raise InputError(
                f"{self.path}: this chunk keeps its rows as Arrow (a newer LitData), which is "
                "not read: write it as Parquet, or as one-dimensional arrays of ids"
            )
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
        start, stop = bounds[:-1], bounds[1:]
        if not self._flat:
            sizes = [None] * self._columns
            start, stop = column_bounds(shard, first, raw, bounds, sizes, self._at)
        if self._item is None:
            return self._texts(first, raw, start, stop, bytes_read)
        self._check_lengths(shard, first, stop - start, self._item)
        return self._ids(raw, start, stop, self._item, bytes_read)

    def _has_arrow_footer(self) -> bool:
        with self._path.open("rb") as file:
            file.seek(max(0, self.size - len(_ARROW_FOOTER)))
            return file.read() == _ARROW_FOOTER


def _index_of(path: Location) -> dict[str, Any] | None:
    """The ``config`` of the index beside a file, None if the index does not list the file."""
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


def _find_column(
    path: Location, config: dict[str, Any], formats: list[str], options: ReadOptions
) -> tuple[int, Kind, np.dtype[np.integer] | None]:
    """The number, the kind and the type of ids (None for text) of the column to read."""
    names = _names(config.get("data_spec"), len(formats))
    keys = options.find(names)
    if keys is None and len(formats) == 1 and names == ["0"] and not options.part:
        at = 0  # items that are not dicts have no column names
    elif keys is None or len(keys) > 1 or options.part:
        columns = listed(f"{a} ({b})" for a, b in zip(names, formats, strict=True))
        raise InputError(
            f"{path}: expected a column {options.wanted}, these chunks have {columns}: name one "
            "with --text-key or --ids-key"
        )
    else:
        at = names.index(keys[0])
    form, _, code = formats[at].partition(":")
    if form in ("str", "text") and options.ids_key is None:
        return at, "text", None
    items = {"no_header_tensor": _TENSORS, "no_header_numpy": _ARRAYS}.get(form, {})
    item = items.get(int(code)) if code.isdecimal() and len(code) < 4 else None
    if item is None or options.text_key is not None:
        why = "reading a pickle runs code" if form == "pickle" else "name another"
        raise InputError(
            f"{path}: column {names[at]!r} must hold text or arrays of integers of one dimension, "
            f"got {formats[at]}: {why}"
        )
    return at, "ids", np.dtype(item)


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
