"""A table in Parquet parts: columns t1..tN (null past a document's end) and a count per label.

Rows stand in canonical order, in each part and from part to part. Nothing is hashed and nothing
squeezed hard: tokens are split into bytes and packed by LZ4, counts are written as differences. Of
what Arrow offers, that is written fastest, at 6 bytes a row of five tokens.
"""

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..backends.columns import TokenColumn, ascending, pack, unpack
from ..errors import InputError
from ..ngrams.layout import Layout, key_range_of
from ..ngrams.table import NgramTable

if TYPE_CHECKING:
    import pyarrow as pa

PART_ROWS = 1 << 18  # those at the ends of a range are read as a whole
GROUP_ROWS = 1 << 17  # of a row group: what a thread has in memory beside the table
_READING = 96 << 20  # bytes that Arrow and threads have and keep for reading a table, measured
_BATCH_ROWS = 1 << 14  # that Arrow encodes at once: the default costs a call per 1024
_WRITING = 24 << 20  # bytes of a part that is written: its rows, columns and pages, measured
_WAITING = 8 << 20  # of one that waits: its rows
_BEHIND = 2  # parts that wait to be written while the next is counted
_FEWEST_THREADS = 2  # where there are as many CPUs, however little memory there is

Part = dict[str, Any]
"""What the manifest says of a part: file, rows, windows, first_shard, last_shard."""


def writer_bytes(memory: int) -> int:
    """What a `PartWriter` takes of so much memory: at most an eighth, or what two threads need."""
    return _WRITING * _threads(memory) + _WAITING * _BEHIND


def _threads(memory: int) -> int:
    have_room = (memory // 8 - _WAITING * _BEHIND) // _WRITING
    return min(os.cpu_count() or 1, max(_FEWEST_THREADS, have_room))


class PartWriter:
    """Writes ascending tables as parts, in threads that are a few parts behind.

    Takes `writer_bytes` of the memory beside the table that is added.
    """

    def __init__(self, folder: Path, memory: int) -> None:
        self._folder = folder
        self._most = _threads(memory) + _BEHIND  # parts that are written or wait
        self._pool = ThreadPoolExecutor(_threads(memory))
        self._waiting: deque[Future[Part]] = deque()
        self.parts: list[Part] = []

    def __enter__(self) -> "PartWriter":
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        self._pool.shutdown(cancel_futures=kind is not None)
        if kind is None:
            self.parts += [task.result() for task in self._waiting]

    def add(self, table: NgramTable) -> None:
        """Write the next rows."""
        number = -(-len(table) // PART_ROWS)
        for begin, end in pairwise(np.linspace(0, len(table), number + 1).astype(int).tolist()):
            if len(self._waiting) == self._most:
                self.parts.append(self._waiting.popleft().result())
            path = self._folder / f"part-{len(self.parts) + len(self._waiting):05d}.parquet"
            rows = table.rows(begin, end)
            self._waiting.append(self._pool.submit(_write_part, path, rows))

    def passing(self, tables: Iterable[NgramTable]) -> Iterator[NgramTable]:
        """The tables, each written on its way."""
        for table in tables:
            self.add(table)
            yield table


@dataclass(slots=True)
class TableOnDisk:
    """A table in parts; reads those that hold the key ranges asked for.

    Raises
    ------
    InputError
        when a part is not what the manifest says, or rows are out of order.
    """

    path: Path
    layout: Layout
    parts: list[Part]
    _last_part: dict[str, NgramTable] = field(
        default_factory=dict
    )  # the next range begins in the last part

    @property
    def rows(self) -> int:
        """Distinct windows."""
        return sum(part["rows"] for part in self.parts)

    @property
    def resident_bytes(self) -> int:
        """The parts in which a range begins and ends, which are read as a whole, and the reading.

        More threads read only where a range has more parts, which its rows make room for.
        """
        row = 8 * (self.layout.words + self.layout.labels)
        return _READING + 2 * row * max((part["rows"] for part in self.parts), default=0)

    def read(self, first: int, last: int) -> NgramTable:
        """The rows of key ranges ``first <= key range < last``."""
        wanted = [p for p in self.parts if p["first_shard"] < last and p["last_shard"] >= first]
        begins = np.cumsum([0, *(part["rows"] for part in wanted)]).tolist()
        whole = NgramTable.unfilled(self.layout, begins[-1])
        pieces = [whole.rows(*edges) for edges in pairwise(begins)]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(self._fill, wanted, pieces))
        self._last_part = {}
        if wanted and wanted[-1]["last_shard"] >= last:
            self._last_part[wanted[-1]["file"]] = pieces[-1].copy()
        if not _ascend_at(begins[1:-1], whole):
            raise damaged(self.path, "the rows of its parts are out of order")
        return whole.slice(first, last)

    def _fill(self, part: Part, rows: NgramTable) -> None:
        kept = self._last_part.get(part["file"])
        if kept is None:
            _read_part(self.path, part, rows)
        else:
            rows.keys[:], rows.counts[:] = kept.keys, kept.counts


def write_columns(path: Path, columns: dict[str, Any]) -> None:
    """Write a small Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({name: pa.array(values) for name, values in columns.items()})
    pq.write_table(table, path, compression="zstd", compression_level=1, write_statistics=False)


def read_columns(path: Path, name: str) -> "pa.Table":
    """A Parquet file of a profile; InputError when it cannot be read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:  # `read_table` loads pandas where it is installed
        return pq.ParquetFile(path / name, memory_map=True).read()
    except (OSError, pa.ArrowException) as error:
        raise damaged(path, f"{name} cannot be read ({error})") from error


def column(table: "pa.Table", name: str) -> npt.NDArray[np.uint64]:
    """A column of unsigned integers."""
    found = integers(table[name].combine_chunks())
    if found.dtype.kind != "u":
        raise ValueError(f"{name} must have unsigned integers, got {found.dtype}")
    return found.astype(np.uint64, copy=False)


def integers(array: "pa.Array") -> npt.NDArray[np.integer]:
    """An array without nulls; `to_numpy` would load pandas, 0.3 s where it is installed."""
    return np.from_dlpack(array)  # type: ignore[return-value]


def damaged(path: Path, why: str) -> InputError:
    """The error for a profile that is not what it was."""
    return InputError(f"profile {path} is damaged: {why}; make it again or restore a copy")


def _write_part(path: Path, table: NgramTable) -> Part:
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
        data_page_version="2.0",  # not copied together before it is squeezed
        write_batch_size=_BATCH_ROWS,
        write_statistics=False,
    ) as writer:
        for begin in range(0, len(table), GROUP_ROWS):
            some = table.rows(begin, begin + GROUP_ROWS)
            arrays = [_token_array(column) for column in unpack(table.layout, some.keys)]
            arrays += [pa.array(values) for values in some.counts]
            writer.write_table(pa.Table.from_arrays(arrays, schema=writer.schema))
    first, last = key_range_of(table.layout, table.keys[:, [0, -1]]).tolist()
    return {
        "file": path.name,
        "rows": len(table),
        "windows": table.windows,
        "first_shard": first,
        "last_shard": last,
    }


def _read_part(path: Path, part: Part, rows: NgramTable) -> None:
    """Read a part into rows that are there to be filled."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    name, layout = part["file"], rows.layout
    try:
        with pq.ParquetFile(path / name, memory_map=True) as file:
            if file.metadata.num_rows != part["rows"]:
                raise damaged(
                    path, f"{name} has {file.metadata.num_rows:,} rows, not {part['rows']:,}"
                )
            wanted = _token_names(layout) + _count_names(layout)
            begins, at = [], 0
            for group in range(file.num_row_groups):
                table = file.read_row_group(group, columns=wanted, use_threads=False)
                for batch in table.select(wanted).to_batches():
                    _fill(rows.rows(at, at + batch.num_rows), batch.columns)
                    begins.append(at)
                    at += batch.num_rows
    except (OSError, KeyError, pa.ArrowException) as error:
        raise damaged(path, f"{name} cannot be read ({error})") from error
    except ValueError as error:
        raise damaged(path, f"{name}: {error}") from error
    if not _ascend_at(begins[1:], rows):
        raise damaged(path, f"the rows of {name} are out of order")
    if rows.windows != part["windows"]:
        raise damaged(path, f"the counts of {name} do not add up to {part['windows']:,}")


def _fill(rows: NgramTable, arrays: "list[pa.Array]") -> None:
    order = rows.layout.max_order
    pack(rows.layout, [_token_column(array) for array in arrays[:order]], rows.keys)
    for label, values in enumerate(arrays[order:]):
        rows.counts[label] = values.cast("uint64").to_numpy()


def _ascend_at(begins: Sequence[int], rows: NgramTable) -> bool:
    """Whether each of these rows is above the one before it."""
    at = np.array(begins, dtype=np.intp)
    both = np.stack([rows.keys[:, at - 1], rows.keys[:, at]], axis=-1)
    return all(ascending(pair) for pair in both.swapaxes(0, 1))


def _token_array(tokens: TokenColumn) -> "pa.Array":
    """The column as an Arrow array, which shares its memory."""
    import pyarrow as pa

    present = None if tokens.present is None else pa.py_buffer(tokens.present)
    return pa.Array.from_buffers(
        pa.uint32(), len(tokens.ids), [present, pa.py_buffer(tokens.ids)], offset=tokens.first_bit
    )


def _token_column(array: "pa.Array") -> TokenColumn:
    """What an Arrow array holds, without a copy."""
    array = array.cast("uint32")
    present, ids = array.buffers()
    some = np.frombuffer(ids or b"", dtype=np.uint32)[array.offset : array.offset + len(array)]
    bits = np.frombuffer(present, dtype=np.uint8) if present and array.null_count else None
    return TokenColumn(some, bits, array.offset)


def _token_names(layout: Layout) -> list[str]:
    return [f"t{position + 1}" for position in range(layout.max_order)]


def _count_names(layout: Layout) -> list[str]:
    return ["count"] if layout.labels == 1 else ["count_a", "count_b"]
