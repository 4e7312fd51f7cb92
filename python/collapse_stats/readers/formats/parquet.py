"""Parquet: a column of text, of chats or of lists of ids, each row a document."""

from collections.abc import Iterator, Sequence
from functools import cache, partial
from inspect import signature
from itertools import islice
from typing import TYPE_CHECKING, Any

from ...errors import InputError
from ..base import BATCH_BYTES, Batch
from ..file_reader import Candidate, FileReader
from ..options import ReadOptions
from ..records.arrow_columns import arrow_errors, batch_of, find_columns
from ..records.decoded import decoded_bytes, slices
from ..remote.location import Location
from ..remote.path import RemotePath
from ..splits import Split, SplittableReader

if TYPE_CHECKING:
    import pyarrow.parquet as pq

_REMOTE_BUFFER = 8 << 20  # bytes read at a time of a remote column, which would else be read whole
_BUFFER = 1 << 20  # the same of a local one: threads encode while the rest is read
_GROUP_BYTES = 16 << 20  # most bytes of a row group that is read whole, or of a part of one
_MOST_ROWS = 8192  # most rows of the same: equal rows take few bytes as the file counts them
_FEW_ROWS = 64  # that are decoded at a time of a large row group, without a dictionary
_LITTLE = 64 << 20  # most bytes that a row group may take, once decoded, to be read whole


class ParquetReader(SplittableReader, FileReader):
    """Documents of a Parquet file, a row group or a part of one at a time."""

    format = "parquet"
    order = 10
    extensions = (".parquet",)
    companion_names = ("selection.parquet",)  # of `select`: which documents it chose, and why
    magics = (b"PAR1",)
    required = "PAR1"
    reads_chats = True
    has_fields = True

    def __init__(self, path: Location, options: ReadOptions, evidence: str) -> None:
        super().__init__(path, options, evidence)
        self._options = options
        self._dictionaries: list[str] = []
        self._looked_at = (0.0, 0)  # bytes of a row in the file, and decoded
        with self._open() as file:
            try:
                schema = file.schema_arrow
                self._columns = find_columns(path, schema, options)
                self._dictionaries = [
                    name for name in self._columns.names if _may_be_dictionary(schema, name)
                ]
                self.names = tuple(schema.names)
                self._row_groups = file.num_row_groups
            except arrow_errors() as error:
                raise self._damaged(error) from error
        self.reads, self.kind = self._columns.fields, self._columns.kind
        self.dtype = self._columns.dtype
        self.first_row = options.first_row

    @classmethod
    def recognize_content(cls, file: Candidate) -> str | None:
        """Every Parquet file begins with its magic number."""
        return "begins with PAR1"

    @property
    def places(self) -> int:
        """The row groups; none with ``eot``, which makes several rows of one."""
        return self._row_groups if self._options.eot is None else 0

    def rows_between(self, first: int, last: int) -> int:
        """Return the number of rows of some row groups, as the metadata tell it."""
        with self._open() as file:
            try:
                return rows_in(file.metadata, first, last)
            except arrow_errors() as error:
                raise self._damaged(error) from error

    def splits(self) -> Iterator[Split]:
        """Yield row groups to be read, and parts of long row groups, which are read already."""
        with self._open() as file:
            total = end = file.metadata.num_rows
            first, last = self._options.places or (0, file.num_row_groups)
            done = self.first_row
            try:
                if last < file.num_row_groups:
                    end = done + rows_in(file.metadata, first, last)
                for i in range(first, last):
                    rows = file.metadata.row_group(i).num_rows
                    # Not the size of the column: pyarrow aborts the process if the metadata of a
                    # column is damaged.
                    size = max(1, file.metadata.row_group(i).total_byte_size)
                    if self._is_read_at_once(file.metadata, i, size):
                        yield Split(size, partial(self._group, file.metadata, i, done))
                        done += rows
                        continue
                    for part in self._parts(file.metadata, i):
                        yield Split(decoded_bytes(part), partial(self._batch, part, done, total))
                        done += len(part)
                    if done > total:
                        break
                if done != end:
                    raise ValueError("its row groups have another number of rows")
            except arrow_errors() as error:
                raise self._damaged_after(done, total, error) from error

    def _is_read_at_once(self, metadata: "pq.FileMetaData", number: int, size: int) -> bool:
        """Whether a group of `size` bytes is read as a whole, and takes little when decoded."""
        rows = metadata.row_group(number).num_rows
        most = BATCH_BYTES if self.kind == "text" else _GROUP_BYTES
        if rows > min(max(1, most * rows // size), _MOST_ROWS):
            return False
        if self._all_dictionaries:  # no text takes more than all of the group does
            return bool(rows * size <= _LITTLE)
        return bool(rows * self._row_bytes(metadata, number) <= _LITTLE)

    @property
    def _all_dictionaries(self) -> bool:
        return len(self._dictionaries) == len(self._columns.names)

    def _row_bytes(self, metadata: "pq.FileMetaData", number: int) -> int:
        """Bytes that a row of a group takes when it is decoded, by the first row of one like it.

        That is a group whose rows took at most twice as many bytes in the file.
        """
        group = metadata.row_group(number)
        packed = group.total_byte_size / max(1, group.num_rows)
        if packed < self._looked_at[0] / 2 or not self._looked_at[1]:
            columns = list(self._columns.names)
            with self._open(metadata) as file:
                rows = file.iter_batches(1, row_groups=[number], columns=columns, use_threads=False)
                taken = max((decoded_bytes(row) for row in islice(rows, 1)), default=0)
            self._looked_at = packed, max(1, taken)
        return self._looked_at[1]

    def _group(self, metadata: "pq.FileMetaData", number: int, before: int) -> Batch:
        """A whole row group."""
        total, expected = metadata.num_rows, metadata.row_group(number).num_rows
        try:
            table = self._table(metadata, number)
            if len(table) != expected:
                raise ValueError("its row groups have another number of rows")
            (rows,) = table.combine_chunks().to_batches() or [None]
        except arrow_errors() as error:
            raise self._damaged_after(before, total, error) from error
        if rows is None:
            return Batch.of_texts([], 0)
        return self._batch(rows, before, total)

    def _table(self, metadata: "pq.FileMetaData", number: int) -> Any:
        columns, dictionaries = list(self._columns.names), self._dictionaries
        try:
            with self._open(metadata, dictionaries) as file:
                return file.read_row_group(number, columns=columns, use_threads=False)
        except arrow_errors():  # see `_parts`
            if not dictionaries:
                raise
            self._dictionaries = []
            return self._table(metadata, number)

    def _parts(self, metadata: "pq.FileMetaData", number: int) -> Iterator[Any]:
        """The rows of a group, in parts.

        Arrow cannot keep the DELTA encodings, which a column may have from its first page on or
        from a later one, as distinct values. After a failure the file is therefore read without.
        (The metadata names the encodings, but Arrow aborts where that part of it is damaged.)
        """
        done, dictionaries = 0, self._dictionaries
        try:
            for part in self._decoded_parts(metadata, number, dictionaries):
                done += len(part)
                yield part
        except arrow_errors():
            if not dictionaries:
                raise
            self._dictionaries = []
            for part in self._decoded_parts(metadata, number, []):
                begin = min(done, len(part))
                done -= begin
                if begin < len(part):
                    yield part.slice(begin)

    def _decoded_parts(
        self, metadata: "pq.FileMetaData", number: int, dictionaries: list[str]
    ) -> Iterator[Any]:
        group = metadata.row_group(number)
        share = _GROUP_BYTES * group.num_rows // max(1, group.total_byte_size)
        is_large = bool(dictionaries) and group.total_byte_size > _GROUP_BYTES
        if is_large:
            # Arrow adds every distinct row to the dictionary and copies all of it for each part.
            # Without it, few rows are decoded at a time: equal ones take little of the file.
            dictionaries = []
            share = min(BATCH_BYTES * group.num_rows // group.total_byte_size, _FEW_ROWS)
        elif not self._all_dictionaries:
            share = min(share, _GROUP_BYTES // self._row_bytes(metadata, number))
        size = BATCH_BYTES if self.kind == "text" else _GROUP_BYTES
        with self._open(metadata, dictionaries) as file:
            parts = file.iter_batches(
                min(max(1, share), _MOST_ROWS),
                row_groups=[number],
                columns=list(self._columns.names),
                use_threads=False,
            )
            if is_large:
                parts = _gathered(parts, size)
            for part in parts:
                yield from slices(part, size, self.path, self._options.longest)

    def _batch(self, rows: Any, before: int, total: int) -> Batch:
        done = before + len(rows)
        size = self.size * done // max(1, total) - self.size * before // max(1, total)
        try:
            return batch_of(rows, self._columns, self._options, f"up to row {done:,}", size)
        except arrow_errors() as error:
            raise self._damaged_after(before, total, error) from error

    def _damaged_after(self, done: int, total: int, error: Exception) -> InputError:
        return InputError(
            f"{self.path}: reading failed after {done:,} of {total:,} rows ({error}): "
            "fetch or write the file again"
        )

    def _open(
        self, metadata: "pq.FileMetaData | None" = None, dictionaries: Sequence[str] = ()
    ) -> "pq.ParquetFile":
        import pyarrow.parquet as pq

        remote = isinstance(self._path, RemotePath)
        options: dict[str, Any] = {"buffer_size": _REMOTE_BUFFER if remote else _BUFFER}
        options["read_dictionary"] = list(dictionaries)
        if _knows_extensions():
            options["arrow_extensions_enabled"] = True  # else JSON is not told from text
        try:
            file = self._path.open() if isinstance(self._path, RemotePath) else self._path
            return pq.ParquetFile(file, metadata=metadata, **options)
        except arrow_errors() as error:
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> InputError:
        return InputError(
            f"{self.path}: begins like Parquet but its end is inconsistent ({error}): "
            "it is cut short or damaged; fetch or write it again"
        )


def _gathered(parts: Iterator[Any], size: int) -> Iterator[Any]:
    """Yield record batches put together until they take about `size` bytes."""
    import pyarrow as pa

    some: list[Any] = []
    held = 0
    for part in parts:
        if some and held + part.nbytes > size:
            yield from pa.Table.from_batches(some).combine_chunks().to_batches()
            some, held = [], 0
        some.append(part)
        held += part.nbytes
    if some:
        yield from pa.Table.from_batches(some).combine_chunks().to_batches()


def rows_in(metadata: "pq.FileMetaData", first: int, last: int) -> int:
    """Return the number of rows of some row groups of a file."""
    return sum(metadata.row_group(number).num_rows for number in range(first, last))


def _may_be_dictionary(schema: Any, name: str) -> bool:
    """Whether a column is of plain text, which is kept as its distinct values until it is used.

    Equal rows take no memory then, and distinct ones little more than without.
    """
    import pyarrow.types as types

    kind = schema.field(schema.names.index(name)).type if name in schema.names else None
    return kind is not None and (types.is_string(kind) or types.is_binary(kind))


@cache
def _knows_extensions() -> bool:
    """Whether this release of Arrow can give extension types of Parquet files."""
    import pyarrow.parquet as pq

    return "arrow_extensions_enabled" in signature(pq.ParquetFile.__init__).parameters
