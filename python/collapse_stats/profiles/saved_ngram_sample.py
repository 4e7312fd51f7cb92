"""The sample of n-grams of a saved profile: its files, and what the manifest says of them.

buckets.parquet          followed, last: the sums of all buckets, a row group for each order
2-grams-00000.parquet    the kept n-grams of order 2 with their counts, as a part of a table
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..counting.ngram_sample import NgramSample
from ..counting.parquet_part import Part
from ..counting.part_writer import PartWriter
from ..counting.saved_file import Folder, SavedFile, damaged
from ..counting.table import TableSource
from ..counting.table_on_disk import TableOnDisk
from ..ngrams.chunk import Int64Array
from ..ngrams.layout import Layout
from ..ngrams.ngram_hash import LABELS, MOST, buckets, is_whole
from ..ngrams.table import NgramTable
from .columns import integers
from .json_field import Field
from .saved_parts import file_content, file_of, part_content, parts_of

BUCKETS = "buckets.parquet"
_COLUMNS = ("followed", "last")


@dataclass(frozen=True, slots=True)
class SavedNgramSample:
    """What a manifest says of a sample of n-grams.

    Attributes
    ----------
    one_of
        One in so many n-grams is kept.
    sums
        The file of the sums of buckets.
    parts
        For each order of which n-grams are sampled, the parts of their table.
    """

    one_of: int
    sums: SavedFile
    parts: Mapping[int, list[Part]]

    @classmethod
    def write(
        cls,
        folder: Path,
        one_of: int,
        sums: Mapping[int, Int64Array],
        tables: Mapping[int, Iterable[NgramTable]],
        memory: int,
    ) -> "SavedNgramSample":
        """Write the files of a sample, with tables that come in stretches of key ranges."""
        parts = {}
        for order, stretches in tables.items():
            with PartWriter(folder, memory, _of(order)) as writer:
                for table in stretches:
                    writer.add(table)
            parts[order] = writer.parts
        return cls(one_of, SavedFile.write(folder, BUCKETS, _sums_to_parquet(sums)), parts)

    @property
    def content(self) -> dict[str, Any]:
        """What the manifest is to say."""
        return {
            "one_of": self.one_of,
            "buckets": file_content(self.sums),
            "parts": {str(n): list(map(part_content, of_n)) for n, of_n in self.parts.items()},
        }

    @classmethod
    def of_manifest(cls, field: Field, layout: Layout) -> "SavedNgramSample | None":
        """Return what a manifest says; ValueError if it cannot be."""
        if field.is_null:
            return None
        one_of = field["one_of"].number(2, MOST)
        if one_of & (one_of - 1):
            raise ValueError(f"expected {field.place}.one_of to be a power of two, got {one_of}")
        return cls(
            one_of,
            file_of(field["buckets"], BUCKETS),
            {
                n: parts_of(field["parts"][str(n)], _layout(layout, n), _of(n))
                for n in range(1, layout.max_order + 1)
                if not is_whole(layout.vocab_size, n)
            },
        )

    def read(self, folder: Folder, layout: Layout) -> NgramSample:
        """Return the sample; its tables are read when figures are first asked for.

        Raises
        ------
        InputError
            The sums are damaged, or do not agree with what is said of the kept n-grams.
        """
        windows = {}
        content = self.sums.read(folder)
        for order in range(1, layout.max_order + 1):
            columns = _columns(folder, content, layout, order)
            windows[order] = sum(int(column.sum()) for column in columns)
            if order in self.parts:
                in_kept = sum(int(column[:: self.one_of].sum()) for column in columns)
                self._check_parts(folder, order, in_kept)
            del columns  # before the next ones take memory
        on_disk = _SumsOnDisk(folder, self.sums, layout)
        tables = self.tables(folder, layout)
        return NgramSample(layout.vocab_size, self.one_of, on_disk, tables, windows)

    def tables(self, folder: Folder, layout: Layout) -> Mapping[int, TableSource]:
        """Return the tables of the kept n-grams in a folder."""
        return {
            n: TableOnDisk(folder, _layout(layout, n), parts) for n, parts in self.parts.items()
        }

    def _check_parts(self, folder: Folder, order: int, expected: int) -> None:
        """Raise InputError unless the parts of an order are there and have so many windows."""
        said = sum(part.windows for part in self.parts[order])
        if said != expected:
            why = f"its kept buckets hold {expected:,} {order}-grams, and the tables {said:,}"
            raise damaged(folder, BUCKETS, why)
        for part in self.parts[order]:
            part.file.check_size(folder)


class _SumsOnDisk(Mapping[int, Int64Array]):
    """The sums of buckets by order, read whenever they are asked for: they take 16 MB each."""

    def __init__(self, folder: Folder, file: SavedFile, layout: Layout) -> None:
        self._folder, self._file, self._layout = folder, file, layout

    def __iter__(self) -> Iterator[int]:
        return iter(range(1, len(self) + 1))

    def __len__(self) -> int:
        return self._layout.max_order

    def __getitem__(self, order: int) -> Int64Array:
        if not 1 <= order <= len(self):
            raise KeyError(order)
        content = self._file.read(self._folder)
        return np.stack(_columns(self._folder, content, self._layout, order))


def _columns(folder: Folder, content: bytes, layout: Layout, order: int) -> list[Int64Array]:
    """Return the two columns of sums of one order; InputError if they are not what they can be."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(pa.BufferReader(content)) as file:
            table = file.read_row_group(order - 1, columns=list(_COLUMNS), use_threads=False)
        columns = [integers(table[name].combine_chunks()) for name in _COLUMNS]
    except (OSError, KeyError, IndexError, ValueError, pa.ArrowException) as error:
        raise damaged(folder, BUCKETS, f"it cannot be read ({error})") from error
    size = buckets(layout.vocab_size, order)
    for column in columns:
        if column.dtype != np.int64 or len(column) != size or int(column.min(initial=0)) < 0:
            raise damaged(folder, BUCKETS, f"expected {size:,} sums of order {order} from 0 on")
    return columns


def _sums_to_parquet(sums: Mapping[int, Int64Array]) -> memoryview:
    import pyarrow as pa
    import pyarrow.parquet as pq

    content = pa.BufferOutputStream()
    schema = pa.schema([pa.field(name, pa.int64(), nullable=False) for name in _COLUMNS])
    how: dict[str, Any] = {"compression": "zstd", "compression_level": 1}
    how |= {"use_dictionary": False, "column_encoding": "BYTE_STREAM_SPLIT"}
    with pq.ParquetWriter(
        content, schema, write_statistics=False, write_page_checksum=True, **how
    ) as writer:
        for order in sorted(sums):
            columns = [pa.array(column) for column in sums[order]]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema), len(columns[0]))
    return memoryview(content.getvalue())


def _layout(layout: Layout, order: int) -> Layout:
    return Layout(layout.vocab_size, order, LABELS)


def _of(order: int) -> str:
    """How the names of the parts of an order begin."""
    return f"{order}-grams"
