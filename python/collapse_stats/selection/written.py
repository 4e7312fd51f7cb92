"""Writes a choice: the chosen records as they were, and a row on each candidate."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..corpus.corpus import Corpus
from ..errors import InputError
from ..ngrams.chunk import Int64Array
from ..readers.base import BATCH_BYTES
from ..readers.open import open_file
from ..readers.options import ReadOptions
from ..readers.stream import line_blocks
from ..system.atomic_directory import new_directory
from .selection import SelectedDocuments, Selection

ROWS = "selection.parquet"
"""The file with a row on each candidate, which readers of a directory pass over."""

_Rows = tuple[Path, Int64Array]
"""A file, and those of its rows that were chosen."""

_NAMES = ("documents", "human")  # of the files, by source
_READ_AT_ONCE = 1 << 14  # rows of Parquet


def check_can_copy(corpus: Corpus, reading: ReadOptions) -> None:
    """Raise InputError unless the records of a corpus can be copied to new files.

    They are lines of JSON or rows of Parquet, in files of this machine.
    """
    for paths in corpus.paths.values():
        path = Path(paths[0])
        otherwise = "cs.select says which documents it chose of any source"
        if not path.is_file():
            raise InputError(
                f"{path} is no file of this machine, so that records cannot be copied from it: "
                f"fetch it first; {otherwise}"
            )
        reader = open_file(path, reading)
        by_rows = reader.format == "parquet" or getattr(reader, "document", "") == "each line"
        if reader.format not in ("jsonl", "parquet") or not by_rows:
            raise InputError(
                f"{path}: chosen records are copied from JSON lines and from Parquet, this is "
                f"{reader.format} ({reader.evidence}): convert it; {otherwise}"
            )
        if reader.kind == "ids" and reader.eot is not None:
            raise InputError(
                f"{path}: --eot cuts its records into several documents, so that whole records "
                f"cannot be chosen: leave it out; {otherwise}"
            )


def write(selection: Selection, path: Path, reading: ReadOptions) -> None:
    """Write a directory with the chosen documents, completely or not at all.

    It has ``documents.jsonl`` or ``documents.parquet``, the same of ``human``, and `ROWS`.

    Raises
    ------
    InputError
        The directory exists or cannot be written, or a file has changed since it was read.
    """
    import pyarrow.parquet as pq

    with new_directory(path) as folder:
        for name, documents in zip(_NAMES, selection.sources, strict=False):
            lines: list[_Rows] = []
            tables: list[_Rows] = []
            for file, rows in _chosen(documents):
                kind = open_file(file, reading).format
                (tables if kind == "parquet" else lines).append((file, rows))
            if lines:
                _write_lines(folder / f"{name}.jsonl", lines, reading.longest)
            if tables:
                _write_tables(folder / f"{name}.parquet", tables)
        pq.write_table(selection.to_arrow(), folder / ROWS)


def _chosen(documents: SelectedDocuments) -> Iterator[_Rows]:
    """Files with their chosen rows, ascending, each once though it may hold several documents."""
    for path, rows in documents.ordinals.items():
        if rows:
            yield Path(path), np.unique(rows)


def _write_lines(to: Path, files: Iterable[_Rows], longest: int) -> None:
    with to.open("wb") as out:
        for path, rows in files:
            first = 0
            for block, _ in line_blocks(path, BATCH_BYTES, longest):
                lines = block.split(b"\n")
                begin, end = np.searchsorted(rows, [first, first + len(lines) - 1]).tolist()
                if not block.endswith(b"\n"):
                    end = int(np.searchsorted(rows, first + len(lines)))
                for row in rows[begin:end].tolist():
                    out.write(lines[row - first].removeprefix(b"\xef\xbb\xbf") + b"\n")
                first += block.count(b"\n")
            _check_rows(path, rows, first + 1)


def _write_tables(to: Path, files: Sequence[_Rows]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema = pa.unify_schemas([pq.read_schema(path) for path, _ in files])
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise InputError(
            f"the columns of {files[0][0]} and of other chosen files differ ({error}): choose from "
            "files of one kind at a time"
        ) from error
    with pq.ParquetWriter(to, schema) as out:
        for path, rows in files:
            first = 0
            for batch in pq.ParquetFile(path).iter_batches(_READ_AT_ONCE):
                begin, end = np.searchsorted(rows, [first, first + len(batch)]).tolist()
                first += len(batch)
                if begin < end:
                    taken = batch.take(pa.array(rows[begin:end] - (first - len(batch))))
                    out.write_table(_as_schema(pa.Table.from_batches([taken]), schema))
            _check_rows(path, rows, first)


def _as_schema(table: Any, schema: Any) -> Any:
    """The columns of a schema; those that a file does not have are null."""
    import pyarrow as pa

    columns = [
        table[field.name] if field.name in table.column_names else pa.nulls(len(table), field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)


def _check_rows(path: Path, rows: Int64Array, number: int) -> None:
    if len(rows) and int(rows[-1]) >= number:
        raise InputError(f"{path} has changed since it was read: choose again")
