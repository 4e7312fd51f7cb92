"""Write the same records in every way that people hand them over, without the product's code."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from reader_helpers import documents

from collapse_stats.readers.in_memory.open import open_memory
from collapse_stats.readers.open import open_file
from collapse_stats.readers.options import ReadOptions

Records = list[dict[str, Any]]


def json_lines(folder: Path, records: Records) -> Path:
    path = folder / "a.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def json_array(folder: Path, records: Records) -> Path:
    path = folder / "a.json"
    path.write_text(json.dumps(records, indent=1, ensure_ascii=False), encoding="utf-8")
    return path


def arrow_table(records: Records) -> pa.Table:
    return pa.Table.from_pylist(records)


def parquet(folder: Path, records: Records) -> Path:
    return write_parquet(folder, arrow_table(records))


def write_parquet(folder: Path, table: pa.Table) -> Path:
    pq.write_table(table, folder / "a.parquet")
    return folder / "a.parquet"


def arrow_stream(folder: Path, records: Records) -> Path:
    return write_arrow_stream(folder, arrow_table(records))


def write_arrow_stream(folder: Path, table: pa.Table, rows: int = 2) -> Path:
    """Write an Arrow stream of batches of some rows."""
    with pa.ipc.new_stream(str(folder / "a.arrow"), table.schema) as out:
        out.write_table(table, max_chunksize=rows)
    return folder / "a.arrow"


def arrow_file(folder: Path, records: Records) -> Path:
    return write_arrow_file(folder, arrow_table(records))


def write_arrow_file(folder: Path, table: pa.Table) -> Path:
    with pa.ipc.new_file(str(folder / "a.feather"), table.schema) as out:
        out.write_table(table)
    return folder / "a.feather"


def in_memory(_: Path, records: Records) -> Any:
    return records


def in_memory_table(_: Path, records: Records) -> pa.Table:
    return arrow_table(records)


def pandas_frame(_: Path, records: Records) -> Any:
    import pandas as pd

    return pd.DataFrame(records)


def polars_frame(_: Path, records: Records) -> Any:
    import polars as pl

    return pl.from_arrow(arrow_table(records))


JSON_WAYS = (json_lines, json_array, in_memory)
TABLE_WAYS = (parquet, arrow_stream, arrow_file, in_memory_table, polars_frame)
WAYS: tuple[Callable[[Path, Records], Any], ...] = (*JSON_WAYS, pandas_frame, *TABLE_WAYS)


def read(source: Any, **options: Any) -> list[Any]:
    """Return all documents of a path or of a source in memory."""
    reading = ReadOptions(**options)
    if isinstance(source, Path):
        return documents(open_file(source, reading))
    return documents(open_memory(source, reading))
