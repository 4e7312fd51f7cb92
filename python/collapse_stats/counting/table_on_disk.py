"""The table of a saved profile, of which only the parts that are needed are read."""

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise

import numpy as np

from ..ngrams.layout import Layout
from ..ngrams.table import NgramTable
from .parquet_part import Part, ascending_at, read_part
from .saved_file import Folder, damaged

_READING = 96 << 20  # bytes that Arrow and the threads allocate and keep while reading (measured)


@dataclass(slots=True)
class TableOnDisk:
    """A table in Parquet parts.

    `read` raises InputError when a part is not what the manifest says, or rows are out of order.
    """

    path: Folder
    layout: Layout
    parts: list[Part]
    # The part that the last stretch ends in: the next one usually begins in it.
    _kept: dict[Part, NgramTable] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """See `TableSource.rows`."""
        return sum(part.rows for part in self.parts)

    @property
    def resident_bytes(self) -> int:
        """See `TableSource.resident_bytes`.

        These are the two parts at the ends of a stretch, which are read as a whole, and the memory
        of Arrow. More threads read only where a stretch has more parts, whose rows have room.
        """
        row = 8 * (self.layout.words + self.layout.labels)
        return _READING + 2 * row * max((part.rows for part in self.parts), default=0)

    @property
    def held_bytes(self) -> int:
        """See `TableSource.held_bytes`: the last part, which is counted as the next one to read."""
        return 0

    @property
    def shared_bytes(self) -> int:
        """See `TableSource.shared_bytes`: the memory of Arrow."""
        return _READING

    def read(self, first: int, last: int) -> NgramTable:
        """See `TableSource.read`; the rows may share memory with the part that is kept."""
        parts = [p for p in self.parts if p.first_key_range < last and p.last_key_range >= first]
        # Parts at the ends have rows of other stretches too: they are read apart, and one is kept.
        cut = [p for p in parts if p.first_key_range < first or p.last_key_range >= last]
        tables = {part: self._kept.get(part) or self._unfilled(part.rows) for part in cut}
        self._fill({part: tables[part] for part in cut if part not in self._kept})
        self._kept = {part: tables[part] for part in cut if part.last_key_range >= last}
        pieces = {part: tables[part].slice(first, last) for part in cut}
        if len(parts) == len(cut) == 1:
            return pieces[parts[0]]
        begins = np.cumsum([0, *(len(pieces.get(p, range(p.rows))) for p in parts)]).tolist()
        table = self._unfilled(begins[-1])
        rows = dict(zip(parts, (table.rows(*edges) for edges in pairwise(begins)), strict=True))
        for part, piece in pieces.items():
            rows[part].keys[:], rows[part].counts[:] = piece.keys, piece.counts
        self._fill({part: rows[part] for part in parts if part not in pieces})
        for before, part, begin in zip(parts, parts[1:], begins[1:], strict=False):
            if 0 < begin < len(table) and not ascending_at([begin], table):
                after = f"its first n-gram should come after the last of {before.file.name}"
                raise damaged(self.path, part.file.name, after)
        return table

    def _unfilled(self, rows: int) -> NgramTable:
        return NgramTable.unfilled(self.layout, rows)

    def _fill(self, rows: Mapping[Part, NgramTable]) -> None:
        """Read parts to the rows that they are mapped to, several at a time."""
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(partial(read_part, self.path), rows, rows.values()))
