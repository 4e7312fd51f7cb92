"""Parquet: a column of text or of lists of ids, each row a document."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from .arrow import ids_of, is_text, item_of_list
from .batch import BATCH_BYTES, Batch, Kind, ReadOptions
from .documents import cut_rows, rows_of
from .tally import Tally

if TYPE_CHECKING:
    import pyarrow.parquet as pq


class ParquetReader:
    """Documents of a Parquet file, a part of a row group at a time."""

    format = "parquet"

    def __init__(self, path: Path, options: ReadOptions, evidence: str) -> None:
        self.path = str(path)
        self.evidence = evidence
        self.size = path.stat().st_size
        self._path = path
        self._eot = options.eot
        self._tally = Tally()
        with self._open() as file:
            self._key, self.kind, self.dtype = _find_column(path, file, options)

    @property
    def warnings(self) -> list[str]:
        """Rows skipped in the pass so far."""
        return self._tally.messages(self.path)

    def batches(self) -> Iterator[Batch]:
        """Documents in file order, from about 16 MiB of the column a batch."""
        import pyarrow as pa

        self._tally.clear()
        with self._open() as file:
            total = max(1, file.metadata.num_rows)
            done = 0
            try:
                for rows in self._row_batches(file):
                    before = self.size * done // total
                    done += len(rows)
                    yield self._batch(rows, self.size * done // total - before, done)
            except (pa.ArrowException, OSError) as error:
                raise InputError(
                    f"{self.path}: reading failed after {done:,} of {total:,} rows ({error}): "
                    "fetch or write the file again"
                ) from error

    def _row_batches(self, file: "pq.ParquetFile") -> Iterator[Any]:
        for i in range(file.num_row_groups):
            group = file.metadata.row_group(i)
            columns = (group.column(j) for j in range(group.num_columns))
            size = sum(
                column.total_uncompressed_size
                for column in columns
                if column.path_in_schema.split(".")[0] == self._key
            )
            per_batch = max(1, BATCH_BYTES * group.num_rows // max(1, size))
            for batch in file.iter_batches(per_batch, row_groups=[i], columns=[self._key]):
                yield batch.column(0)

    def _batch(self, rows: Any, bytes_read: int, last_row: int) -> Batch:
        place = f"up to row {last_row:,}"
        if self.kind == "text":
            texts = [text for text in rows.to_pylist() if text is not None]
            if len(texts) < len(rows):
                self._tally.add("null texts skipped", place, len(rows) - len(texts))
            return Batch.of_texts(texts, bytes_read)
        tokens, lengths, left_out = ids_of(rows)
        if left_out:
            self._tally.add("rows with null ids skipped", place, left_out)
        start, stop = cut_rows(tokens, *rows_of(lengths), self._eot)
        return Batch.of_tokens(tokens, start, stop, bytes_read)

    def _open(self) -> "pq.ParquetFile":
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            return pq.ParquetFile(self._path, memory_map=True)
        except (pa.ArrowException, OSError) as error:
            raise InputError(
                f"{self.path}: begins like Parquet but its end does not hold together ({error}): "
                "it is cut short or damaged; fetch or write it again"
            ) from error


def _find_column(
    path: Path, file: "pq.ParquetFile", options: ReadOptions
) -> tuple[str, Kind, str | None]:
    """Name, kind and item type of the column to read."""
    import pyarrow.types as types

    schema = file.schema_arrow
    key = next((key for key in options.keys if key in schema.names), None)
    if key is None:
        names = ", ".join(f"{field.name} ({field.type})" for field in schema)
        raise InputError(
            f"{path}: expected a column {' or '.join(map(repr, options.keys))}, this file has "
            f"{names or 'none'}: name one with --text-key or --ids-key"
        )
    kind = schema.field(key).type
    if options.kind_of(key) == "text":
        if not is_text(kind):
            raise InputError(
                f"{path}: column {key!r} must hold text, got {kind}: "
                "name a list column of ids with --ids-key"
            )
        return key, "text", None
    item = item_of_list(kind)
    if item is None or not types.is_integer(item):
        raise InputError(
            f"{path}: column {key!r} must hold lists of integers, got {kind}: "
            "name a column of text with --text-key"
        )
    return key, "ids", str(item)
