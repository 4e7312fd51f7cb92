"""JSON lines: each line is an object with a text, a chat or a list of ids."""

import json
from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import Any

import numpy as np

from ...errors import InputError
from ..base import BATCH_BYTES, Batch, IntegerArray, listed
from ..boundaries import cut_rows, rows_of
from ..head import Head
from ..options import CHAT_KEYS, Kind, ReadOptions
from ..remote.location import Name, as_location
from ..repairs import Repairs
from ..small_file import SmallFileReader
from ..splits import Split
from ..stream import decode, decode_repaired, line_blocks
from .arrow_columns import EMPTY_CHATS, ids_of
from .chat import chat_text, looks_like_chat

_PROBED_LINES, _PROBED_BYTES = 100, 1 << 20
_SMALL = 1 << 15  # bytes; a smaller block is parsed faster by Python than by Arrow


class JsonLinesReader(SmallFileReader):
    """Documents of a JSON lines file, compressed or not: one per line that has the key.

    Arrow parses the lines by blocks. A block that it refuses is parsed line by line, so that only
    the bad lines are lost; they are counted in `warnings`.
    """

    format = "jsonl"
    order = 20
    extensions = (".jsonl", ".ndjson", ".json")
    compressed_start = b"{"
    reads_chats = True
    unit = "line"

    def __init__(self, name: Name, options: ReadOptions, evidence: str, head: Head) -> None:
        super().__init__(name, options, evidence, head)
        self.eot = options.eot
        self._part = options.part
        self._keys, self._chat = _find_keys(name, self.content, options)
        self.keys, self.is_chat = self._keys, self._chat
        self._key = self._keys[0] if self._keys else ""
        self.kind: Kind = options.kind_of(self._key) if self._keys else "text"
        self.dtype = "int64" if self.kind == "ids" else None

    def splits(self) -> Iterator[Split]:
        """Yield blocks of lines to be parsed; a small file is opened when its split is read."""
        if 0 < self._plain <= BATCH_BYTES:
            yield Split(self._plain, lambda: self._batch(self._content(), 1, self.size))
            return
        line = 1
        for block, bytes_read in line_blocks(self._location, BATCH_BYTES, self._longest):
            yield Split(len(block), partial(self._batch, block, line, bytes_read))
            line += block.count(b"\n")

    def _batch(self, block: bytes, line: int, bytes_read: int) -> Batch:
        repairs = Repairs()
        if self.kind == "text":
            slow = self._chat or len(block) < _SMALL
            texts = None if slow else self._parsed_texts(block)
            if texts is None:
                lines = self._lines(block, line, repairs)
                texts = [value for value in lines if isinstance(value, str)]
            return Batch.of_texts(texts, bytes_read, repairs)
        parsed = None if len(block) < _SMALL else self._parsed_ids(block)
        if parsed is None:
            rows = [_as_ids(value) for value in self._lines(block, line, repairs)]
            lengths = np.array([len(row) for row in rows], dtype=np.int64)
            parsed = np.concatenate([np.empty(0, dtype=np.int64), *rows]), lengths
        tokens, lengths = parsed
        start, stop = cut_rows(tokens, *rows_of(lengths), self.eot)
        return Batch.of_tokens(tokens, start, stop, bytes_read, repairs)

    def _parsed_texts(self, block: bytes) -> list[str] | None:
        """The texts of a block in which every line is good, else None."""
        column = _parse(block, self._key, ids=False)
        try:
            return None if column is None else column.to_pylist()
        except UnicodeDecodeError:
            return None

    def _parsed_ids(self, block: bytes) -> tuple[IntegerArray, Any] | None:
        column = _parse(block, self._key, ids=True)
        if column is None:
            return None
        tokens, lengths, left_out = ids_of(column.combine_chunks())
        return None if left_out else (tokens, lengths)

    def _lines(self, block: bytes, line: int, repairs: Repairs) -> Iterator[Any]:
        """The values of good lines; other lines are counted as repairs."""
        for number, data in enumerate(block.split(b"\n"), line):
            if not data.strip():
                continue
            text = decode_repaired(data, f"line {number}", repairs)
            try:
                record = json.loads(text)
            except (ValueError, RecursionError) as error:
                repairs.add("bad lines skipped", f"line {number}: {error or 'nested too deep'}")
                continue
            try:
                value = self._value(record)
            except ValueError as error:
                repairs.add("lines without a document skipped", f"line {number}: {error}")
                continue
            if self._chat and not value:
                repairs.add(EMPTY_CHATS.format(self._part or "all"), f"line {number}")
            yield value

    def _value(self, record: Any) -> Any:
        """The text or ids of a line; ValueError says what is wrong with it."""
        if not isinstance(record, dict):
            raise ValueError(f"a {type(record).__name__}, not an object")
        if self._chat:
            return chat_text(record, self._keys, self._part)
        value = record.get(self._key)
        if value is None:
            raise ValueError(
                f"{self._key!r} is null" if self._key in record else f"no {self._key!r}"
            )
        if self.kind == "text":
            if not isinstance(value, str):
                raise ValueError(f"{self._key!r} is a {type(value).__name__}, not text")
        elif not isinstance(value, list):
            raise ValueError(f"{self._key!r} is a {type(value).__name__}, not a list of ids")
        elif not all(type(item) is int and -(1 << 63) <= item < 1 << 63 for item in value):
            raise ValueError(f"{self._key!r} has items that are not 64-bit integers")
        return value


def _parse(block: bytes, key: str, ids: bool) -> Any:
    """The column of the key over a block's lines, None if they must be parsed one by one."""
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
    # Blank lines, missing keys and several objects on a line must be parsed one by one.
    column = table[key]
    return column if len(column) == lines and not column.null_count else None


def _as_ids(value: list[int]) -> IntegerArray:
    return np.array(value, dtype=np.int64)


def _find_keys(path: Name, content: bytes, options: ReadOptions) -> tuple[tuple[str, ...], bool]:
    """The first keys asked for that the first lines have, and whether they hold a chat.

    There are no keys, ``()``, if the file has no lines.
    """
    seen: dict[str, Any] = {}
    complaint = ""
    keys = None
    for number, data in islice(_first_lines(path, content, options.longest), _PROBED_LINES):
        try:
            record = json.loads(decode(data)[0])
        except (ValueError, RecursionError) as error:
            complaint = complaint or f"line {number}: {error or 'nested too deep'}"
            continue
        if isinstance(record, dict):
            seen |= {key: value for key, value in record.items() if not seen.get(key)}
        else:
            complaint = complaint or f"line {number} is a {type(record).__name__}, not an object"
        keys = options.find(seen)
        if keys == options.keys[0]:
            break
    if keys is None and seen:
        raise InputError(
            f"{path}: expected lines with the key {options.wanted}, "
            f"these have {listed(sorted(seen))}: name one with --text-key or --ids-key"
        )
    if keys is None and complaint:
        raise InputError(
            f"{path} is not JSON lines ({complaint}): expected one object per line. A JSON array "
            "can be unpacked with: jq -c '.[]'"
        )
    if keys is None:
        return (), False
    by_name = keys in CHAT_KEYS and options.text_key is None
    by_option = options.text_key is not None and (
        options.part is not None or looks_like_chat(seen[keys[0]])
    )
    return keys, by_name or by_option


def _first_lines(path: Name, content: bytes, longest: int) -> Iterator[tuple[int, bytes]]:
    block = content
    if not block:
        blocks = line_blocks(as_location(path), _PROBED_BYTES, longest)
        block = next((block for block, _ in blocks), b"")
    for number, data in enumerate(block.split(b"\n"), 1):
        if data.strip():
            yield number, data
