"""The table of a saved profile, of which only the parts that are needed are read."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
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
    # The last part read, by file name: the next stretch usually begins in it.
    _last_part: dict[str, NgramTable] = field(default_factory=dict)

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
        """See `TableSource.read`."""
        parts = [p for p in self.parts if p.first_key_range < last and p.last_key_range >= first]
        begins = np.cumsum([0, *(part.rows for part in parts)]).tolist()
        table = NgramTable.unfilled(self.layout, begins[-1])
        pieces = [table.rows(*edges) for edges in pairwise(begins)]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(self._fill, parts, pieces))
        self._last_part = {}
        if parts and parts[-1].last_key_range >= last:
            self._last_part[parts[-1].file.name] = pieces[-1].copy()
        for before, part, begin in zip(parts, parts[1:], begins[1:], strict=False):
            if not ascending_at([begin], table):
                after = f"its first n-gram should come after the last of {before.file.name}"
                raise damaged(self.path, part.file.name, after)
        return table.slice(first, last)

    def _fill(self, part: Part, rows: NgramTable) -> None:
        kept = self._last_part.get(part.file.name)
        if kept is None:
            read_part(self.path, part, rows)
        else:
            rows.keys[:], rows.counts[:] = kept.keys, kept.counts
