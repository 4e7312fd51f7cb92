"""Parquet: a column of text, of chats or of lists of ids, each row a document."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from .arrow import arrow_errors, batch_of, find_columns
from .batch import BATCH_BYTES, Batch, Kind, ReadOptions
from .remote import Location, RemotePath
from .tally import Tally

if TYPE_CHECKING:
    import pyarrow.parquet as pq

_BUFFER = 8 << 20  # bytes of a column that lies elsewhere, which would be read whole
_MOST_ROWS = 8192  # in a batch: sizes that the file tells are of encoded rows, perhaps all alike


class ParquetReader:
    """Documents of a Parquet file, a part of a row group at a time."""

    format = "parquet"

    def __init__(self, path: Location, options: ReadOptions, evidence: str) -> None:
        self.path = str(path)
        self.evidence = evidence
        self.size = path.stat().st_size
        self._path = path
        self.eot = options.eot
        self._options = options
        self._tally = Tally()
        with self._open() as file:
            try:
                self._columns = find_columns(path, file.schema_arrow, options)
            except arrow_errors() as error:
                raise self._damaged(error) from error
        self.kind: Kind = self._columns.kind
        self.dtype = self._columns.dtype

    @property
    def warnings(self) -> list[str]:
        """Rows skipped in the pass so far."""
        return self._tally.messages(self.path)

    def batches(self) -> Iterator[Batch]:
        """Documents in file order, from about 16 MiB of the column a batch."""
        self._tally.clear()
        with self._open() as file:
            total, done = file.metadata.num_rows, 0
            try:
                for rows in self._row_batches(file):
                    before = self.size * done // max(1, total)
                    done += len(rows)
                    if done > total:
                        break
                    size = self.size * done // total - before
                    place = f"up to row {done:,}"
                    yield batch_of(rows, self._columns, self._options, self._tally, place, size)
                if done != total:
                    raise ValueError("its row groups tell of another number")
            except arrow_errors() as error:
                raise InputError(
                    f"{self.path}: reading failed after {done:,} of {total:,} rows ({error}): "
                    "fetch or write the file again"
                ) from error

    def _row_batches(self, file: "pq.ParquetFile") -> Iterator[Any]:
        for i in range(file.num_row_groups):
            group = file.metadata.row_group(i)
            # Not the size of the column: pyarrow aborts where the metadata of one is damaged.
            size = max(1, group.total_byte_size)
            per_batch = min(max(1, BATCH_BYTES * group.num_rows // size), _MOST_ROWS)
            columns = list(self._columns.names)
            yield from file.iter_batches(per_batch, row_groups=[i], columns=columns)

    def _open(self) -> "pq.ParquetFile":
        import pyarrow.parquet as pq

        try:
            if isinstance(self._path, RemotePath):
                return pq.ParquetFile(self._path.open(), buffer_size=_BUFFER)
            return pq.ParquetFile(self._path, memory_map=True)
        except arrow_errors() as error:
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> InputError:
        return InputError(
            f"{self.path}: begins like Parquet but its end does not hold together ({error}): "
            "it is cut short or damaged; fetch or write it again"
        )
