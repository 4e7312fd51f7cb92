"""JSON: objects with a text, a chat or a list of ids, one a line or in an array."""

import json
import sys
from collections.abc import Iterable, Iterator
from functools import cached_property, partial
from itertools import chain, islice
from typing import Any

import numpy as np

from ...errors import InputError
from ..base import BATCH_BYTES, Batch
from ..boundaries import batch_of_lists
from ..head import Head
from ..options import Kind, ReadOptions
from ..records.arrow_columns import ids_of, is_utf8_text
from ..records.batch import batch_of_records
from ..records.chat import looks_like_turn
from ..records.fields import Fields
from ..records.group_key import KeyHashes
from ..records.values import Probe, fields_of, group_of_record, usual_fields
from ..remote.location import Name
from ..repairs import Repairs
from ..rows import Rows
from ..small_file import SmallFileReader
from ..splits import LINE, PARSED, Split
from ..stream import UTF8_BOM, decode_repaired, line_blocks, read_blocks
from .json_values import begins_value_of_lines, json_values

_PROBED_RECORDS, _PROBED_BYTES = 100, 1 << 20
_FIRST_BYTES = 1 << 17  # that are read for the first record, which mostly tells enough
_SMALL = 1 << 15  # bytes; a smaller block is parsed faster by Python than by Arrow
_NO_FIELDS = Fields(("text",), "text", plain=False)  # of a file without a record


class JsonLinesReader(SmallFileReader):
    """Documents of a JSON file, compressed or not: of each object that has the key.

    Objects are usually one a line. Arrow parses the lines by blocks. A block that it refuses is
    parsed line by line, so that only the bad lines are lost; they are counted in `warnings`.
    """

    format = "jsonl"
    order = 20
    extensions = (".jsonl", ".ndjson", ".json")
    compressed_start = b"{"
    reads_chats = True
    has_fields = True

    def __init__(self, name: Name, options: ReadOptions, evidence: str, head: Head) -> None:
        super().__init__(name, options, evidence, head)
        self.eot = options.eot
        self._options = options
        self._one_a_line = True
        self._integer_keys = False  # whether the values of the group key are integers
        self._whole_arrays = False  # whether an array is a document, and not each of its items
        self._fields = self._found_fields(head)
        self.reads = self._fields
        self.kind: Kind = self._fields.kind
        self.dtype = "int64" if self.kind == "ids" else None

    @property
    def document(self) -> str:
        """A line, or a value of a file that is not by lines."""
        return "each line" if self._one_a_line else "each object"

    @property
    def has_lines_as_rows(self) -> bool:
        """Whether values are one a line, and no boundary ids make several rows of one."""
        return self._one_a_line and (self.kind == "text" or self.eot is None)

    def splits(self) -> Iterator[Split]:
        """Yield blocks of lines to be parsed; a small file is opened when its split is read."""
        if not self._one_a_line:
            yield from self._splits_of_values()
            return
        if 0 < self._plain <= BATCH_BYTES and self._places is None:
            yield Split(self._plain, self._whole)
            return
        line = 1 + self.first_row
        blocks = line_blocks(self.location, BATCH_BYTES, self.longest, self._places)
        for block, bytes_read in blocks:
            lines = block.count(b"\n")
            yield Split(self._taken(block, lines), partial(self._batch, block, line, bytes_read))
            line += lines

    def _whole(self) -> Batch:
        return self._batch(self._content(), 1, self.size)

    def _splits_of_values(self) -> Iterator[Split]:
        """Splits whose values are parsed already, since only parsing tells where one ends."""
        blocks: Iterable[tuple[bytes, int]]
        if 0 < self._plain <= BATCH_BYTES:
            blocks = [(self._content(), self.size)]
        else:
            blocks = read_blocks(self.location, BATCH_BYTES)
        repairs = Repairs()  # of the bytes, which the last split reports
        values: list[tuple[str, Any]] = []
        size = bytes_read = 0
        left = self.size
        parsed = json_values(self.path, blocks, self.longest, repairs, self._whole_arrays)
        for number, (value, content, taken) in enumerate(parsed, 1):
            values.append((f"value {number:,}", value))
            size += content
            bytes_read += taken
            if size >= BATCH_BYTES:
                taken = PARSED * size
                yield Split(taken, partial(self._batch_of_values, values, bytes_read, Repairs()))
                left -= bytes_read
                values, size, bytes_read = [], 0, 0
        yield Split(PARSED * size, partial(self._batch_of_values, values, left, repairs))

    def _taken(self, block: bytes, lines: int) -> int:
        """The bytes that reading a block takes: of ids, eight for each, which may have two."""
        size = len(block) + LINE * lines
        return size if self.kind == "text" else size + 4 * len(block)

    def _batch_of_values(
        self, values: list[tuple[str, Any]], bytes_read: int, repairs: Repairs
    ) -> Batch:
        records = ((row, place, value) for row, (place, value) in enumerate(values))
        return batch_of_records(
            records, len(values), self._fields, self._options, bytes_read, repairs
        )

    def _batch(self, block: bytes, line: int, bytes_read: int) -> Batch:
        repairs = Repairs()
        batch = self._parsed(block, bytes_read, repairs) if len(block) >= _SMALL else None
        if batch is None:
            records, lines = _records(block, line, repairs), _lines(block)
            batch = batch_of_records(
                records, lines, self._fields, self._options, bytes_read, repairs
            )
        return batch

    def _parsed(self, block: bytes, bytes_read: int, repairs: Repairs) -> Batch | None:
        """The documents of a block in which every line is good, parsed by Arrow, else None."""
        fields = self._fields
        if not fields.plain or not fields.names or any("." in name for name in fields.all_names):
            return None
        columns = _parse(block, self._types)
        if columns is None:
            return None
        document, rows = columns[fields.names[0]], None
        if fields.group is not None:
            column = columns[fields.group]
            if column.null_count or not is_utf8_text(column):
                return None  # to say which line has no value, and to repair others
            keys = KeyHashes(fields.group).of_column(column, "in a block of lines")
            rows = Rows(len(keys), np.arange(len(keys)), keys)
        if fields.kind == "text":
            return (
                Batch.of_texts(document, bytes_read, repairs, rows)
                if is_utf8_text(document)
                else None
            )
        mask = None if fields.mask is None else columns[fields.mask]
        tokens, lengths, keep, good = ids_of(document, mask)
        if not good.all():
            return None
        return batch_of_lists(tokens, lengths, keep, self.eot, bytes_read, repairs, rows)

    @cached_property
    def _types(self) -> dict[str, Any]:
        """The Arrow type that the values of each field have, where they are as usual."""
        import pyarrow as pa

        fields = self._fields
        document = pa.list_(pa.int64()) if fields.kind == "ids" else pa.string()
        types = dict.fromkeys((*fields.names, *filter(None, [fields.mask])), document)
        if fields.group is not None:
            types.setdefault(fields.group, pa.int64() if self._integer_keys else pa.string())
        return types

    def _found_fields(self, head: Head) -> Fields:
        """The fields that hold the documents, by the first records.

        Sets whether these are one a line, and what an array is.
        """
        if not head.complete and (usual := self._fields_of_first_line(head)):
            return usual
        beginning = head.content.removeprefix(UTF8_BOM) if head.complete else self._beginning()
        self._one_a_line = not begins_value_of_lines(beginning)
        if not self._one_a_line:
            self.unpacks = False  # it is parsing that takes long
            begin = beginning.lstrip()[:1].decode()
            self.evidence += ", an array" if begin == "[" else ", objects of several lines"
        if not self._one_a_line and not self._options.named:
            first = next(self._first_values(beginning), None)
            self._whole_arrays = looks_like_turn(first) or type(first) is int
        complaints = Repairs()
        records = (
            (record for _, _, record in _records(beginning, 1, complaints))
            if self._one_a_line
            else self._first_values(beginning)
        )
        first = list(islice(records, 1))
        usual = self._usual(first)
        if usual is not None:
            return usual
        probe = Probe(islice(chain(first, records), _PROBED_RECORDS))
        there = "these lines have" if self._one_a_line else "these objects have"
        fields = fields_of(self.path, probe, self._options, there)
        if fields and fields.group:
            values = (group_of_record(record, fields.group) for record in probe)
            self._integer_keys = any(type(value) is int for value in values)
        if fields is None and complaints:
            what = complaints.messages(self.path)[0].partition(": ")[2]
            raise InputError(
                f"{self.path} is not JSON lines ({what}): expected JSON objects, one a line, or an "
                "array of them"
            )
        return fields or _NO_FIELDS

    def _fields_of_first_line(self, head: Head) -> Fields | None:
        """The fields of a large file if its first line tells them, as it mostly does."""
        content = head.content.removeprefix(UTF8_BOM)
        if not content.startswith(b"{"):
            return None
        if b"\n" not in content:
            blocks = line_blocks(self.location, _FIRST_BYTES, self.longest)
            content = next((block for block, _ in blocks), b"")
        line = content.partition(b"\n")[0]
        return self._usual([record for _, _, record in _records(line, 1, Repairs())])

    def _usual(self, first: list[Any]) -> Fields | None:
        """The fields if the first record has usual ones; notes the names that it has."""
        if first and type(first[0]) is dict:  # interned, for there may be many files
            self.names = tuple(map(sys.intern, first[0]))
        return usual_fields(first[0], self._options) if first else None

    def _first_values(self, beginning: bytes) -> Iterator[Any]:
        whole = len(beginning) == self._plain
        blocks = [(beginning, 0)] if whole else read_blocks(self.location, _PROBED_BYTES)
        values = json_values(self.path, blocks, self.longest, Repairs(), self._whole_arrays)
        for value, _, _ in values:
            yield value

    def _beginning(self) -> bytes:
        blocks = read_blocks(self.location, _PROBED_BYTES)
        first = next((block for block, _ in blocks), b"")
        if first.lstrip().startswith(b"["):
            return first  # an array may be one line of any length
        blocks = line_blocks(self.location, _PROBED_BYTES, self.longest)
        return next((block for block, _ in blocks), b"")


def _lines(block: bytes) -> int:
    """The number of lines of a block, the last of which may have no end."""
    return block.count(b"\n") + (not block.endswith(b"\n"))


def _records(block: bytes, line: int, repairs: Repairs) -> Iterator[tuple[int, str, Any]]:
    """The objects on the lines of a block, each with the number of its line in it and its place.

    Bad lines are repairs.
    """
    for row, data in enumerate(block.split(b"\n")):
        if not data.strip():
            continue
        place = f"line {line + row}"
        text = decode_repaired(data, place, repairs)
        try:
            yield row, place, json.loads(text)
        except RecursionError:
            repairs.leave_out("bad lines skipped", f"{place}: nested too deep")
        except ValueError as error:
            values = _joined_values(text)
            if not values:
                repairs.leave_out("bad lines skipped", f"{place}: {error}")
            yield from ((row, place, value) for value in values)


def _joined_values(text: str) -> list[Any]:
    """The objects of a line that has several, or begins with a byte-order mark, as when files are
    joined; none if something else is on the line."""
    decoder, values = json.JSONDecoder(), []
    text = text.strip("\ufeff \t\r")
    try:
        while text:
            value, end = decoder.raw_decode(text)
            values.append(value)
            text = text[end:].lstrip("\ufeff \t\r")
    except (ValueError, RecursionError):
        return []
    return values if all(isinstance(value, dict) for value in values) else []


def _parse(block: bytes, types: dict[str, Any]) -> dict[str, Any] | None:
    """The columns of these types over a block's lines, None if they must be parsed one by one."""
    import pyarrow as pa
    import pyarrow.json as pj

    if not block.lstrip().startswith(b"{"):
        return None  # Arrow ends the process where the first value is null
    source: Any = pa.BufferReader(block)
    schema = pa.schema(list(types.items()))
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
    # Blank lines, missing keys and several objects on a line must be parsed one by one.
    if len(table) != _lines(block) or table.column(0).null_count:
        return None
    return {key: table[key].combine_chunks() for key in types}
