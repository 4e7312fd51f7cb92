"""A part of an n-gram table in a Parquet file.

Columns t1..tN hold the tokens of a window (null past a document's end), and one column per label
holds the counts. Rows are in ascending order of their keys, within each part and from part to part.
No dictionaries or statistics are written, and compression is light: tokens are split into bytes and
compressed by LZ4, counts are stored as differences. Of the encodings that Arrow offers, these are
the fastest to write, at 6 bytes per row of five tokens.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..backends.columns import TokenColumn, ascending, pack, unpack
from ..errors import InputError
from ..ngrams.layout import Layout, key_range_of
from ..ngrams.table import NgramTable

if TYPE_CHECKING:
    import pyarrow as pa

GROUP_ROWS = 1 << 17  # of a row group, which a reading thread holds in memory beside the table
_BATCH_ROWS = 1 << 14  # encoded at once by Arrow, whose default makes one call per 1024 rows

Part = dict[str, Any]
"""Description of a part in the manifest: file, rows, windows, first_shard, last_shard.

The last two are the key ranges of the first and the last row.
"""


def damaged(path: Path, why: str) -> InputError:
    """Return the error to raise for a saved profile that was changed or cut off."""
    return InputError(f"profile {path} is damaged: {why}; make it again or restore a copy")


def write_part(path: Path, table: NgramTable) -> Part:
    """Write a table to a file and return its description."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    tokens, counts = _token_names(table.layout), _count_names(table.layout)
    fields = [pa.field(name, pa.uint32(), nullable=name != "t1") for name in tokens]
    fields += [pa.field(name, pa.uint64(), nullable=False) for name in counts]
    with pq.ParquetWriter(
        path,
        pa.schema(fields),
        compression=dict.fromkeys(tokens, "lz4") | dict.fromkeys(counts, "none"),
        use_dictionary=False,
        column_encoding=dict.fromkeys(tokens, "BYTE_STREAM_SPLIT")
        | dict.fromkeys(counts, "DELTA_BINARY_PACKED"),
        data_page_version="2.0",  # compresses pages without first copying them together
        write_batch_size=_BATCH_ROWS,
        write_statistics=False,
    ) as writer:
        for begin in range(0, len(table), GROUP_ROWS):
            group = table.rows(begin, begin + GROUP_ROWS)
            arrays = [_token_array(column) for column in unpack(table.layout, group.keys)]
            arrays += [pa.array(counts) for counts in group.counts]
            writer.write_table(pa.Table.from_arrays(arrays, schema=writer.schema))
    first, last = key_range_of(table.layout, table.keys[:, [0, -1]]).tolist()
    return {
        "file": path.name,
        "rows": len(table),
        "windows": table.windows,
        "first_shard": first,
        "last_shard": last,
    }


def read_part(path: Path, part: Part, rows: NgramTable) -> None:
    """Read a part of the profile at `path` into `rows`, a table with as many rows as the part.

    Raises InputError when the part is not what its description says.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    name, layout = part["file"], rows.layout
    try:
        with pq.ParquetFile(path / name) as file:
            if file.metadata.num_rows != part["rows"]:
                raise damaged(
                    path, f"{name} has {file.metadata.num_rows:,} rows, not {part['rows']:,}"
                )
            names = _token_names(layout) + _count_names(layout)
            begins, row = [], 0
            for group in range(file.num_row_groups):
                table = file.read_row_group(group, columns=names, use_threads=False)
                for batch in table.select(names).to_batches():
                    _fill(rows.rows(row, row + batch.num_rows), batch.columns)
                    begins.append(row)
                    row += batch.num_rows
    except (OSError, KeyError, pa.ArrowException) as error:
        raise damaged(path, f"{name} cannot be read ({error})") from error
    except ValueError as error:
        raise damaged(path, f"{name}: {error}") from error
    if not ascending_at(begins[1:], rows):
        raise damaged(path, f"the rows of {name} are out of order")
    if rows.windows != part["windows"]:
        raise damaged(path, f"the counts of {name} do not add up to {part['windows']:,}")


def ascending_at(rows: Sequence[int], table: NgramTable) -> bool:
    """Return whether each of these rows has a greater key than the row before it."""
    indices = np.array(rows, dtype=np.intp)
    pairs = np.stack([table.keys[:, indices - 1], table.keys[:, indices]], axis=-1)
    return all(ascending(pair) for pair in pairs.swapaxes(0, 1))


def _fill(rows: NgramTable, arrays: "list[pa.Array]") -> None:
    """Write the columns of a part, as Arrow arrays, to rows of a table."""
    order = rows.layout.max_order
    pack(rows.layout, [_token_column(array) for array in arrays[:order]], rows.keys)
    for label, counts in enumerate(arrays[order:]):
        rows.counts[label] = counts.cast("uint64").to_numpy()


def _token_array(tokens: TokenColumn) -> "pa.Array":
    """Return a column as an Arrow array that shares its memory."""
    import pyarrow as pa

    present = None if tokens.present is None else pa.py_buffer(tokens.present)
    return pa.Array.from_buffers(
        pa.uint32(), len(tokens.ids), [present, pa.py_buffer(tokens.ids)], offset=tokens.first_bit
    )


def _token_column(array: "pa.Array") -> TokenColumn:
    """Return an Arrow array as a column that shares its memory."""
    array = array.cast("uint32")
    present, data = array.buffers()
    ids = np.frombuffer(data or b"", dtype=np.uint32)[array.offset : array.offset + len(array)]
    bits = np.frombuffer(present, dtype=np.uint8) if present and array.null_count else None
    return TokenColumn(ids, bits, array.offset)


def _token_names(layout: Layout) -> list[str]:
    return [f"t{position + 1}" for position in range(layout.max_order)]


def _count_names(layout: Layout) -> list[str]:
    return ["count"] if layout.labels == 1 else ["count_a", "count_b"]
