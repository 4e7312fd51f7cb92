"""A part of an n-gram table in a Parquet file.

Columns t1..tN hold the tokens of a window (null past a document's end), and one column per label
holds the counts. Rows are in ascending order of their keys, within each part and from part to part.
No dictionaries or statistics are written, and compression is light: tokens are split into bytes and
compressed by LZ4, counts are stored as differences. Of the encodings that Arrow offers, these are
the fastest to write, at 6 bytes per row of five tokens.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..backends.columns import TokenColumn, ascending, pack, unpack
from ..ngrams.layout import Layout, UInt64Array, key_range_of
from ..ngrams.table import NgramTable
from .saved_file import LAYOUT_KEY, Folder, SavedFile, damaged, layout_text

if TYPE_CHECKING:
    import pyarrow as pa

GROUP_ROWS = 1 << 17  # of a row group, which a reading thread holds in memory beside the table
_BATCH_ROWS = 1 << 14  # encoded at once by Arrow, whose default makes one call per 1024 rows

MOST_ROWS = 1 << 20  # of a part; its reader makes room for them before it reads them


@dataclass(frozen=True, slots=True)
class Part:
    """What the manifest says of a part.

    Attributes
    ----------
    rows, windows
        Number of rows, and the sum of all their counts.
    first_key_range, last_key_range
        Key ranges of the first and of the last row.
    """

    file: SavedFile
    rows: int
    windows: int
    first_key_range: int
    last_key_range: int


def write_part(folder: Path, name: str, table: NgramTable) -> Part:
    """Write a table of at least one row to a file and return its description."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    tokens, counts = _token_names(table.layout), count_names(table.layout)
    fields = [pa.field(name, pa.uint32(), nullable=name != "t1") for name in tokens]
    fields += [pa.field(name, pa.uint64(), nullable=False) for name in counts]
    content = pa.BufferOutputStream()
    with pq.ParquetWriter(
        content,
        pa.schema(fields, {LAYOUT_KEY: layout_text(table.layout)}),
        compression=dict.fromkeys(tokens, "lz4") | dict.fromkeys(counts, "none"),
        use_dictionary=False,
        column_encoding=dict.fromkeys(tokens, "BYTE_STREAM_SPLIT")
        | dict.fromkeys(counts, "DELTA_BINARY_PACKED"),
        data_page_version="2.0",  # compresses pages without first copying them together
        write_batch_size=_BATCH_ROWS,
        write_statistics=False,
        write_page_checksum=True,
    ) as writer:
        for begin in range(0, len(table), GROUP_ROWS):
            group = table.rows(begin, begin + GROUP_ROWS)
            arrays = [_token_array(column) for column in unpack(table.layout, group.keys)]
            arrays += [pa.array(counts) for counts in group.counts]
            writer.write_table(pa.Table.from_arrays(arrays, schema=writer.schema))
    file = SavedFile.write(folder, name, memoryview(content.getvalue()))
    return Part(file, len(table), table.windows, *_ends(table))


def read_part(path: Folder, part: Part, rows: NgramTable) -> None:
    """Read a part of the profile at `path` into `rows`, a table with as many rows as the part.

    Raises InputError when the part is not what its description says.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    name, layout = part.file.name, rows.layout
    content = part.file.read(path)
    try:
        with pq.ParquetFile(pa.BufferReader(content)) as file:
            if file.metadata.num_rows != part.rows:
                why = f"expected {part.rows:,} rows, got {file.metadata.num_rows:,}"
                raise damaged(path, name, why)
            check_layout(path, name, file.metadata.metadata, layout)
            names = _token_names(layout) + count_names(layout)
            begins, row = [], 0
            for group in range(file.num_row_groups):
                table = file.read_row_group(group, columns=names, use_threads=False)
                for batch in table.select(names).to_batches():
                    _fill(rows.rows(row, row + batch.num_rows), batch.columns)
                    begins.append(row)
                    row += batch.num_rows
            if row != part.rows:
                raise damaged(path, name, f"expected {part.rows:,} rows, got {row:,}")
    except (OSError, KeyError, pa.ArrowException) as error:
        raise damaged(path, name, f"it cannot be read ({error})") from error
    except ValueError as error:
        raise damaged(path, name, str(error)) from error
    if not ascending_at(begins[1:], rows):
        raise damaged(path, name, "its rows are out of order")
    if not rows.counts.any(axis=0).all():
        raise damaged(path, name, "expected positive counts, got an n-gram without any")
    if exact_sum(rows.counts) != part.windows:
        raise damaged(path, name, f"its counts do not add up to {part.windows:,}")
    if _ends(rows) != (part.first_key_range, part.last_key_range):
        raise damaged(path, name, "its first or last n-gram is not in the key range expected")


def check_layout(
    path: Folder, name: str, metadata: "dict[bytes, bytes] | None", layout: Layout
) -> None:
    """Raise InputError unless the metadata of a Parquet file name this layout."""
    found = (metadata or {}).get(LAYOUT_KEY, b"none").decode(errors="replace")
    if found != layout_text(layout):
        raise damaged(path, name, f"expected counts with {layout_text(layout)}, got {found}")


def exact_sum(counts: UInt64Array) -> int:
    """Return a sum that no number of counts makes overflow."""
    if counts.size and int(counts.max()) > (1 << 63) // counts.size:
        return sum(counts.ravel().tolist())
    return int(counts.sum())


def _ends(table: NgramTable) -> tuple[int, int]:
    """The key ranges of the first and of the last row."""
    first, last = key_range_of(table.layout, table.keys[:, [0, -1]]).tolist()
    return first, last


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


def count_names(layout: Layout) -> list[str]:
    """Return the names of the columns of counts: one for each label."""
    return ["count"] if layout.labels == 1 else ["count_a", "count_b"]
