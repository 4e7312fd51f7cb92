"""JSON lines: each line an object with a text or a list of token ids, ``.gz`` and ``.zst`` too."""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError
from .arrow import ids_of
from .batch import BATCH_BYTES, Batch, IntegerArray, Kind, ReadOptions
from .documents import cut_rows, rows_of
from .stream import decode, line_blocks
from .tally import Tally

_PROBED_LINES = 100


class JsonLinesReader:
    """Documents of a JSON lines file: one per line that has the key.

    A block of lines goes through Arrow's parser; one it refuses is read again line by line, so that
    a bad line costs that line only. Bad lines are counted in `warnings`.
    """

    format = "jsonl"

    def __init__(self, path: Path, options: ReadOptions, evidence: str) -> None:
        self.path = str(path)
        self.evidence = evidence
        self.size = path.stat().st_size
        self._path = path
        self._eot = options.eot
        self._tally = Tally()
        self._key = _find_key(path, options)
        self.kind: Kind = options.kind_of(self._key) if self._key else "text"
        self.dtype = "int64" if self.kind == "ids" else None

    @property
    def warnings(self) -> list[str]:
        """Lines skipped and bytes replaced in the pass so far."""
        return self._tally.messages(self.path)

    def batches(self) -> Iterator[Batch]:
        """Documents in file order, from about 16 MiB of lines a batch."""
        self._tally.clear()
        line = 1
        for block, bytes_read in line_blocks(self._path, BATCH_BYTES):
            yield self._batch(block, line, bytes_read)
            line += block.count(b"\n")

    def _batch(self, block: bytes, line: int, bytes_read: int) -> Batch:
        if self.kind == "text":
            texts = self._parsed_texts(block)
            if texts is None:
                texts = [value for value in self._lines(block, line) if isinstance(value, str)]
            return Batch.of_texts(texts, bytes_read)
        parsed = self._parsed_ids(block)
        if parsed is None:
            rows = [_as_ids(value) for value in self._lines(block, line)]
            lengths = np.array([len(row) for row in rows], dtype=np.int64)
            parsed = np.concatenate([np.empty(0, dtype=np.int64), *rows]), lengths
        tokens, lengths = parsed
        start, stop = cut_rows(tokens, *rows_of(lengths), self._eot)
        return Batch.of_tokens(tokens, start, stop, bytes_read)

    def _parsed_texts(self, block: bytes) -> list[str] | None:
        """Texts of a block in which every line is good, else None."""
        column = _parse(block, self._key or "", ids=False)
        try:
            return None if column is None else column.to_pylist()
        except UnicodeDecodeError:
            return None

    def _parsed_ids(self, block: bytes) -> tuple[IntegerArray, Any] | None:
        column = _parse(block, self._key or "", ids=True)
        if column is None:
            return None
        tokens, lengths, left_out = ids_of(column.combine_chunks())
        return None if left_out else (tokens, lengths)

    def _lines(self, block: bytes, line: int) -> Iterator[Any]:
        """Good values line by line; the rest is tallied."""
        for number, data in enumerate(block.split(b"\n"), line):
            if not data.strip():
                continue
            text, replaced = decode(data)
            if replaced:
                self._tally.add(
                    "bytes or more that are not UTF-8 replaced", f"line {number}", replaced
                )
            try:
                record = json.loads(text)
            except (ValueError, RecursionError) as error:
                self._tally.add("bad lines skipped", f"line {number}: {error or 'nested too deep'}")
                continue
            reason = _why_bad(record, self._key or "", self.kind)
            if reason:
                self._tally.add("lines without a document skipped", f"line {number}: {reason}")
                continue
            yield record[self._key]


def _parse(block: bytes, key: str, ids: bool) -> Any:
    """Column of the key over a block's lines, or None if any line needs a closer look."""
    import pyarrow as pa
    import pyarrow.json as pj

    source: Any = pa.BufferReader(block)
    schema = pa.schema([(key, pa.list_(pa.int64()) if ids else pa.string())])
    try:
        table = pj.read_json(
            source,
            read_options=pj.ReadOptions(use_threads=False, block_size=len(block) + 1),
            parse_options=pj.ParseOptions(
                explicit_schema=schema, unexpected_field_behavior="ignore"
            ),
        )
    except (pa.ArrowException, OverflowError):
        return None
    lines = block.count(b"\n") + (not block.endswith(b"\n"))
    # Blank lines, missing keys and several objects on a line are all left to the slow path.
    column = table[key]
    return column if len(column) == lines and not column.null_count else None


def _why_bad(record: Any, key: str, kind: Kind) -> str | None:
    if not isinstance(record, dict):
        return f"a {type(record).__name__}, not an object"
    value = record.get(key)
    if value is None:
        return f"{key!r} is null" if key in record else f"no {key!r}"
    if kind == "text":
        return None if isinstance(value, str) else f"{key!r} is a {type(value).__name__}, not text"
    if not isinstance(value, list):
        return f"{key!r} is a {type(value).__name__}, not a list of ids"
    if all(type(item) is int and -(1 << 63) <= item < 1 << 63 for item in value):
        return None
    return f"{key!r} has items that are not 64-bit integers"


def _as_ids(value: list[int]) -> IntegerArray:
    return np.array(value, dtype=np.int64)


def _find_key(path: Path, options: ReadOptions) -> str | None:
    """The first key asked for that the first lines have; None for a file without a line."""
    keys: dict[str, None] = {}
    complaint = ""
    lines = _first_lines(path)
    for number, data in islice(lines, _PROBED_LINES):
        try:
            record = json.loads(decode(data)[0])
        except (ValueError, RecursionError) as error:
            complaint = complaint or f"line {number}: {error}"
            continue
        if isinstance(record, dict):
            keys |= dict.fromkeys(record)
        else:
            complaint = complaint or f"line {number} is a {type(record).__name__}, not an object"
        if options.keys[0] in keys:
            break
    found = next((key for key in options.keys if key in keys), None)
    if found is None and keys:
        names = ", ".join(sorted(keys))
        raise InputError(
            f"{path}: expected lines with the key {' or '.join(map(repr, options.keys))}, "
            f"these have {names}: name one with --text-key or --ids-key"
        )
    if found is None and complaint:
        raise InputError(
            f"{path} is not JSON lines ({complaint}): expected one object per line. A JSON array "
            "can be unpacked with: jq -c '.[]'"
        )
    return found


def _first_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    for block, _ in line_blocks(path, 1 << 20):
        for number, data in enumerate(block.split(b"\n"), 1):
            if data.strip():
                yield number, data
        return
