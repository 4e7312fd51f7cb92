"""Arrow streams and files: Hugging Face ``save_to_disk`` shards, Feather. Mapped, not read."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import InputError
from .arrow import batch_of, find_columns
from .batch import Batch, Kind, ReadOptions
from .tally import Tally

FILE_MAGIC = b"ARROW1"
STREAM_MAGIC = b"\xff\xff\xff\xff"


class ArrowReader:
    """Documents of an Arrow file, a record batch at a time."""

    format = "arrow"

    def __init__(self, path: Path, options: ReadOptions, evidence: str) -> None:
        self.path = str(path)
        self.evidence = evidence
        self.size = path.stat().st_size
        self.eot = options.eot
        self._path = path
        self._options = options
        self._tally = Tally()
        with self._mapped() as file:
            self._columns = find_columns(path, self._opened(file).schema, options)
        self.kind: Kind = self._columns.kind
        self.dtype = self._columns.dtype

    @property
    def warnings(self) -> list[str]:
        """Rows skipped and bytes replaced in the pass so far."""
        return self._tally.messages(self.path)

    def batches(self) -> Iterator[Batch]:
        """Documents in file order; ids are views of the file where it is not compressed."""
        self._tally.clear()
        done = before = 0
        with self._mapped() as file:
            for rows in self._record_batches(file):
                done += len(rows)
                at = min(file.tell(), self.size)
                batch = self._batch(rows, f"up to row {done:,}", at - before)
                before = at
                yield batch
        if before < self.size:
            yield Batch.of_texts([], self.size - before)

    def _record_batches(self, file: Any) -> Iterator[Any]:
        import pyarrow as pa

        rows = 0
        reader = self._opened(file)
        try:
            if hasattr(reader, "num_record_batches"):
                for i in range(reader.num_record_batches):
                    batch = reader.get_batch(i)
                    batch.validate()
                    yield batch
                    rows += len(batch)
                return
            for batch in reader:
                batch.validate()
                yield batch
                rows += len(batch)
        except (pa.ArrowException, OSError) as error:
            raise self._damaged(f"reading failed after {rows:,} rows ({error})") from error

    def _batch(self, rows: Any, place: str, bytes_read: int) -> Batch:
        import pyarrow as pa

        try:
            return batch_of(rows, self._columns, self._options, self._tally, place, bytes_read)
        except pa.ArrowException as error:
            raise self._damaged(f"rows {place} do not hold together ({error})") from error

    def _mapped(self) -> Any:
        import pyarrow as pa

        return pa.memory_map(self.path)

    def _opened(self, file: Any) -> Any:
        import pyarrow as pa

        try:
            begins = file.read(len(FILE_MAGIC))
            file.seek(0)
            if begins == FILE_MAGIC:
                return pa.ipc.open_file(file)
            return pa.ipc.open_stream(file)
        except (pa.ArrowException, OSError) as error:
            raise self._damaged(f"begins like Arrow but does not go on so ({error})") from error

    def _damaged(self, what: str) -> InputError:
        return InputError(
            f"{self.path}: {what}: it is cut short or damaged; fetch or write the file again"
        )
