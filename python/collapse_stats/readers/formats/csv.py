"""CSV and TSV: a row is a document, and the first row has the names of the columns."""

import re
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import numpy as np

from ...errors import InputError
from ..base import BATCH_BYTES, Batch
from ..file_reader import TABLES
from ..head import Head
from ..options import Kind, ReadOptions
from ..records.arrow_columns import Columns, batch_of, find_columns
from ..remote.location import Name
from ..repairs import Repairs
from ..rows import Rows
from ..small_file import SmallFileReader
from ..splits import LINE, Split
from ..stream import NOT_UTF8, UTF8_BOM, decode, read_blocks
from ..streams.rows import Dialect, dialect_of, row_blocks

_PROBED_BYTES = 1 << 20
_NAMES = {",": "commas", "\t": "tabs", " ": "spaces"}


class CsvReader(SmallFileReader):
    """Documents of a CSV file, compressed or not: one per row.

    All columns are text, so that ``007`` and ``NA`` stay what they are. An empty field is null,
    like in pandas, and has no document; a quoted one, ``""``, is an empty text.
    """

    format = "csv"
    order = 25
    extensions = (".csv", ".tsv")
    rank = TABLES
    reads_chats = True
    has_fields = True

    def __init__(self, name: Name, options: ReadOptions, evidence: str, head: Head) -> None:
        super().__init__(name, options, evidence, head)
        self.eot = options.eot
        self._options = options
        self._dialect = self._find_dialect(head)
        delimiter = self._dialect.delimiter
        if delimiter != ",":
            self.evidence += f", fields separated by {_NAMES.get(delimiter, delimiter)}"
        self._columns = self._find_columns()
        self.reads = self._columns.fields if self._columns else None
        self.names = tuple(self._dialect.names)
        self.kind: Kind = self._columns.kind if self._columns else "text"
        self.dtype = self._columns.dtype if self._columns else None

    def splits(self) -> Iterator[Split]:
        """Yield blocks of rows to be parsed."""
        if self._columns is None:
            return
        blocks: Iterable[tuple[bytes, int]]
        if 0 < self._plain <= BATCH_BYTES:
            blocks = [(self._content(), self.size)]
        else:
            blocks = read_blocks(self.location, BATCH_BYTES)
        header = self._dialect.header
        rows = row_blocks(self.path, blocks, self.longest, self._dialect.delimiter)
        for block, line, bytes_read in rows:
            size = len(block) + LINE * block.count(b"\n")
            yield Split(size, partial(self._batch, block, line, header, bytes_read))
            header = 0

    def _find_dialect(self, head: Head) -> Dialect:
        default = "\t" if "tsv" in self.evidence else ","
        beginning = head.content.removeprefix(UTF8_BOM)
        if not head.complete and (self.unpacks or b"\n" not in beginning):
            blocks = read_blocks(self.location, _PROBED_BYTES)
            beginning = next((block for block, _ in blocks), b"")
        dialect = dialect_of(beginning, head.complete, default)
        if beginning.strip() and not dialect.names:
            raise InputError(
                f"{self.path}: the first row must hold the names of the columns, but cannot be read"
            )
        return dialect

    def _find_columns(self) -> Columns | None:
        """The columns that hold the documents; None if the file has no row."""
        import pyarrow as pa

        if not self._dialect.names:
            return None
        schema = pa.schema([(name, pa.string()) for name in self._dialect.names])
        try:
            return find_columns(self.path, schema, self._options)
        except InputError as error:
            raise InputError(
                f"{error} (the first row must hold the names of the columns: if it holds data, add "
                "a row of names before it)"
            ) from error

    def _batch(self, block: bytes, line: int, header: int, bytes_read: int) -> Batch:
        """The documents of some rows, of which the first are the header."""
        assert self._columns is not None
        repairs = Repairs()
        place = f"in the rows from line {line:,} on"
        text, replaced = decode(block)
        if replaced:  # Arrow cannot give the text of a bad row that is not UTF-8
            repairs.add(NOT_UTF8, place, replaced)
            block = text.encode()
        if not block.endswith(b"\n"):
            block += b"\n"  # without it, Arrow cannot leave out a header that is all there is
        rows, bad = self._parsed(block, line, header, repairs)
        batch = batch_of(rows, self._columns, self._options, place, bytes_read)
        if batch.repairs:
            repairs.include(batch.repairs)
        batch.repairs = repairs
        if bad:
            number = len(rows) + len(bad)
            good = np.delete(np.arange(number), bad)
            of_good = batch.rows or Rows(len(rows), np.arange(len(rows)))
            batch.rows = of_good.placed(good, number)
        return batch

    def _parsed(
        self, block: bytes, line: int, header: int, repairs: Repairs
    ) -> tuple[Any, list[int]]:
        """The rows of a block as an Arrow record batch, and which of all rows are not among them.

        These have more or fewer fields than the first, and are repairs.
        """
        import pyarrow as pa
        import pyarrow.csv as pc

        assert self._columns is not None
        bad: list[Any] = []

        def leave_out(row: Any) -> str:
            bad.append(row)
            return "skip"

        kinds = dict.fromkeys(self._columns.names, pa.string())
        try:
            table = pc.read_csv(
                pa.BufferReader(block),
                pc.ReadOptions(
                    use_threads=False,
                    block_size=len(block) + 1,
                    column_names=self._dialect.names,
                    skip_rows_after_names=header,
                ),
                pc.ParseOptions(
                    delimiter=self._dialect.delimiter,
                    newlines_in_values=True,
                    invalid_row_handler=leave_out,
                ),
                pc.ConvertOptions(
                    check_utf8=False,  # done above
                    include_columns=list(kinds),
                    column_types=kinds,
                    null_values=[""],
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=False,
                ),
            )
        except pa.ArrowException as error:
            if "mpty CSV" not in str(error):
                raise InputError(
                    f"{self.path}: in the rows from line {line:,} on: {error}: it is damaged"
                ) from error
            table = pa.table({name: pa.array([], kind) for name, kind in kinds.items()})
        for row in bad:
            place = f"line {_line_of(block, line, row.text)}" if row is bad[0] else ""
            repairs.leave_out(
                "rows skipped that have more or fewer fields than the first",
                f"{place}: {row.actual_columns}, not {row.expected_columns}",
            )
        batches = table.combine_chunks().to_batches()
        rows = batches[0] if batches else pa.RecordBatch.from_pylist([], table.schema)
        # Arrow counts rows from 1 on, those of the header included.
        return rows, [row.number - header - 1 for row in bad]


def _line_of(block: bytes, line: int, row: str) -> int:
    """The line of a row of a block that begins at this line."""
    found = re.search(rb"(?:^|[\r\n])(%b)[\r\n]" % re.escape(row.encode()), block)
    return line + (block.count(b"\n", 0, found.start(1)) if found else 0)
