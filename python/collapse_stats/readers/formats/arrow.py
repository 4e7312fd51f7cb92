"""Arrow streams and files: shards of Hugging Face ``save_to_disk``, Feather."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from ...errors import InputError
from ..base import BATCH_BYTES, Batch
from ..file_reader import Candidate, FileReader
from ..mmap import mapped
from ..options import ReadOptions
from ..records.arrow_columns import arrow_errors, batch_of, find_columns
from ..records.arrow_types import with_bytes
from ..records.decoded import decoded_bytes, slices
from ..records.packed_batches import largest_unpacked
from ..remote.location import Location
from ..remote.path import RemotePath
from ..splits import Split, SplittableReader

FILE_MAGIC = b"ARROW1"
STREAM_MAGIC = b"\xff\xff\xff\xff"
_STREAM_END = STREAM_MAGIC + bytes(4)
_IDS_BYTES = 16 << 20  # of ids that one thread reads, eight an id


class ArrowRowsReader(SplittableReader, FileReader):
    """Documents of Arrow's record batches: the base of the formats that hold them."""

    reads_chats = True
    has_fields = True

    def __init__(self, path: Location, options: ReadOptions, evidence: str) -> None:
        super().__init__(path, options, evidence)
        self._options = options
        with self._file() as file:
            schema = self._opened(file).schema
            try:
                self._columns = find_columns(path, schema, options)
                self.names = tuple(schema.names)
            except arrow_errors() as error:
                raise self._damaged(f"its columns have no names ({error})") from error
        self.reads, self.kind = self._columns.fields, self._columns.kind
        self.dtype = self._columns.dtype

    def splits(self) -> Iterator[Split]:
        """Yield record batches, those of text in parts."""
        done = before = 0
        with self._file() as file:
            for batch in self._record_batches(file):
                at = min(file.tell(), self.size)
                size = BATCH_BYTES if self.kind == "text" else _IDS_BYTES
                for rows in slices(batch, size, self.path, self._options.longest):
                    done += len(rows)
                    yield Split(decoded_bytes(rows), partial(self._batch, rows, done, at - before))
                    before = at
        if before < self.size:
            yield Split(0, lambda: Batch.of_texts([], self.size - before))

    def _batch(self, rows: Any, done: int, bytes_read: int) -> Batch:
        place = f"up to row {done:,}"
        try:
            return batch_of(rows, self._columns, self._options, place, bytes_read)
        except arrow_errors() as error:
            raise self._damaged(f"the rows {place} cannot be read ({error})") from error

    def _record_batches(self, file: Any) -> Iterator[Any]:
        """Record batches of the columns to read, each validated before it is used."""
        rows = 0
        try:
            self._check_unpacked()
            schema = self._opened(file).schema
            wanted = [schema.get_field_index(name) for name in self._columns.names]
            reader = self._opened(file, wanted)
            is_file = hasattr(reader, "num_record_batches")
            if is_file:
                batches = (reader.get_batch(i) for i in range(reader.num_record_batches))
            else:
                batches = iter(reader)
            end = file.tell()
            for batch in batches:
                end = file.tell()
                _check(batch)
                yield batch
                rows += len(batch)
            if not is_file:
                _check_end(file, end)
        except arrow_errors() as error:
            raise self._damaged(f"reading failed after {rows:,} rows ({error})") from error

    def _check_unpacked(self) -> None:
        """Raise InputError if a record batch becomes too large when it is unpacked.

        The file is mapped for this, because only the beginning of each buffer is looked at.
        """
        import pyarrow as pa

        if isinstance(self._path, RemotePath):
            return
        file = pa.BufferReader(pa.py_buffer(mapped(self._path, np.uint8, *self._place())))
        file.seek(len(FILE_MAGIC) + 2 if file.read(len(FILE_MAGIC)) == FILE_MAGIC else 0)
        largest, allowed = largest_unpacked(file), 4 * self._options.longest
        if largest > allowed:
            times = -(-largest // allowed)
            raise InputError(
                f"{self.path}: a record batch takes {largest:,} bytes when it is unpacked, and "
                f"{allowed:,} are allowed: write smaller ones, or give {times:,} times the memory"
            )

    def _place(self) -> tuple[int, int | None]:
        """Where Arrow's data begin in the file, and how many bytes they have; None: the rest."""
        return 0, None

    def _file(self) -> Any:
        import pyarrow as pa

        if isinstance(self._path, RemotePath):
            return pa.PythonFile(self._path.open(), mode="r")
        return pa.OSFile(self.path)

    def _opened(self, file: Any, columns: list[int] | None = None) -> Any:
        import pyarrow as pa

        options = pa.ipc.IpcReadOptions(use_threads=False, included_fields=columns)
        try:
            file.seek(0)
            begins = file.read(len(FILE_MAGIC))
            file.seek(0)
            if begins == FILE_MAGIC:
                return pa.ipc.open_file(file, options=options)
            return pa.ipc.open_stream(file, options=options)
        except arrow_errors() as error:
            raise self._damaged(f"only the beginning is Arrow's ({error})") from error

    def _damaged(self, what: str) -> InputError:
        return InputError(
            f"{self.path}: {what}: it is cut short or damaged; fetch or write the file again"
        )


class ArrowReader(ArrowRowsReader):
    """Documents of an Arrow file, a record batch at a time."""

    format = "arrow"
    order = 90
    extensions = (".arrow", ".feather")
    magics = (FILE_MAGIC, STREAM_MAGIC)
    required = "ARROW1 or a stream's FF FF FF FF"
    companion_names = (
        "dataset_dict.json",
        "dataset_info.json",
        "dataset_infos.json",
        "state.json",
    )

    @classmethod
    def recognize_content(cls, file: Candidate) -> str | None:
        """A file that begins like Arrow and is not named as one of ids, which begin freely."""
        if file.head.startswith(FILE_MAGIC):
            ids = file.extension in (".bin", ".npy")
            return None if ids else "an Arrow file: begins with ARROW1"
        if file.owner and file.owner.begins_freely:
            return None
        has_state = file.location.with_name("state.json").exists()
        beside = ", state.json beside it" if has_state else ""
        return f"an Arrow stream: begins with FF FF FF FF{beside}"


def _check(batch: Any) -> None:
    """Raise Arrow's error if offsets or indices point outside of a column's buffers."""
    batch.validate()
    for column in batch.columns:
        with_bytes(column).validate(full=True)  # invalid UTF-8 is replaced later, not refused


def _check_end(file: Any, end: int) -> None:
    """Raise ValueError unless the last message of a stream, which ends at `end`, is its last.

    Arrow takes the end of the file, or zeros, for the end of the stream.
    """
    file.seek(end)
    if file.read(len(_STREAM_END)) != _STREAM_END:
        raise ValueError("the mark at the end of the stream is missing")
    while block := file.read(BATCH_BYTES):
        if block.strip(b"\0"):
            raise ValueError(
                "more data follows the end of the stream, such as a second stream: write each "
                "stream to a file of its own"
            )
