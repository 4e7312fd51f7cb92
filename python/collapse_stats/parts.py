"""A run in Parquet parts: columns t1..tN (null past a document's end) and a count per label.

Rows stand in canonical order, in each part and from part to part.
"""

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .errors import InputError
from .keys import Layout, UInt64Array, pack, shard_of
from .run import Rows, Run

if TYPE_CHECKING:
    import pyarrow as pa

PART_ROWS = 1 << 22
_BEHIND = 2  # parts that wait to be written while the next is counted

Part = dict[str, Any]
"""What the manifest says of a part: file, rows, windows, first_shard, last_shard."""


class PartWriter:
    """Writes ascending runs as parts, in threads that are a few parts behind."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pool = ThreadPoolExecutor(_BEHIND)
        self._waiting: deque[Future[Part]] = deque()
        self.parts: list[Part] = []

    def __enter__(self) -> "PartWriter":
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        self._pool.shutdown(cancel_futures=kind is not None)
        if kind is None:
            self.parts += [task.result() for task in self._waiting]

    def add(self, run: Run) -> None:
        """Write the next rows."""
        for begin in range(0, len(run), PART_ROWS):
            rows = np.arange(begin, min(begin + PART_ROWS, len(run)))
            path = self._folder / f"part-{len(self.parts) + len(self._waiting):05d}.parquet"
            self._waiting.append(self._pool.submit(_write_part, path, run, rows))
            if len(self._waiting) > _BEHIND:
                self.parts.append(self._waiting.popleft().result())

    def passing(self, runs: Iterable[Run]) -> Iterator[Run]:
        """The runs, each written on its way."""
        for run in runs:
            self.add(run)
            yield run


@dataclass(slots=True)
class StoredTable:
    """A table in parts; reads those that hold the shards asked for.

    Raises
    ------
    InputError
        when a part is not what the manifest says, or rows are out of order.
    """

    path: Path
    layout: Layout
    parts: list[Part]
    _held: dict[str, Run] = field(default_factory=dict)  # the next range begins in the last part

    @property
    def rows(self) -> int:
        """Distinct windows."""
        return sum(part["rows"] for part in self.parts)

    @property
    def held(self) -> int:
        """The parts in which a range begins and ends, which are read as a whole."""
        row = 8 * (self.layout.words + self.layout.labels)
        return 2 * row * max((part["rows"] for part in self.parts), default=0)

    def read(self, first: int, last: int) -> Run:
        """The rows of shards ``first <= shard < last``."""
        wanted = [p for p in self.parts if p["first_shard"] < last and p["last_shard"] >= first]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            found = list(pool.map(self._part, wanted))
        more = bool(wanted) and wanted[-1]["last_shard"] >= last
        self._held = {wanted[-1]["file"]: found[-1]} if more else {}
        run = Run.concatenate(self.layout, [part.slice(first, last) for part in found])
        if not _ascending(run.keys):
            raise damaged(self.path, "the rows of its table are out of order")
        return run

    def _part(self, part: Part) -> Run:
        held = self._held.get(part["file"])
        return _read_part(self.path, part, self.layout) if held is None else held


def write_columns(path: Path, columns: dict[str, Any]) -> None:
    """Write a Parquet file; a pair of arrays is values and where they are null."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrays = {
        name: pa.array(values[0], mask=values[1]) if isinstance(values, tuple) else pa.array(values)
        for name, values in columns.items()
    }
    split = [name for name in arrays if name.startswith("t") and name[1:].isdigit()]
    pq.write_table(
        pa.table(arrays),
        path,
        compression="zstd",
        compression_level=1,
        use_dictionary=[name for name in arrays if name not in split],
        column_encoding=dict.fromkeys(split, "BYTE_STREAM_SPLIT"),
        write_statistics=False,
    )


def read_columns(path: Path, name: str) -> "pa.Table":
    """A Parquet file of a profile; InputError when it cannot be read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_table(path / name, memory_map=True)
    except (OSError, pa.ArrowException) as error:
        raise damaged(path, f"{name} cannot be read ({error})") from error


def column(table: "pa.Table", name: str) -> npt.NDArray[np.uint64]:
    """A column of integers."""
    return table[name].cast("uint64").to_numpy()  # type: ignore[no-any-return]


def damaged(path: Path, why: str) -> InputError:
    """The error for a profile that is not what it was."""
    return InputError(f"profile {path} is damaged: {why}; make it again or restore a copy")


def _write_part(path: Path, run: Run, rows: Rows) -> Part:
    columns: dict[str, Any] = {}
    for position, ids in enumerate(run.tokens(rows)):
        columns[f"t{position + 1}"] = (ids.astype(np.uint32), ids < 0)
    counts = run.counts[:, rows]
    for label, values in enumerate(counts):
        columns[_count_name(label, run.layout.labels)] = values
    write_columns(path, columns)
    first, last = shard_of(run.layout, run.keys[:, rows[[0, -1]]]).tolist()
    return {
        "file": path.name,
        "rows": len(rows),
        "windows": int(counts.sum()),
        "first_shard": first,
        "last_shard": last,
    }


def _read_part(path: Path, part: Part, layout: Layout) -> Run:
    table = read_columns(path, part["file"])
    if table.num_rows != part["rows"]:
        raise damaged(path, f"{part['file']} has {table.num_rows:,} rows, not {part['rows']:,}")
    codes = np.empty((layout.max_order, table.num_rows), dtype=np.uint64)
    for position in range(layout.max_order):
        ids = table[f"t{position + 1}"].cast("uint64").fill_null(2**64 - 1)
        codes[position] = ids.to_numpy() + np.uint64(1)
    counts = [column(table, _count_name(label, layout.labels)) for label in range(layout.labels)]
    run = Run(layout, pack(layout, codes), np.stack(counts))
    if run.windows != part["windows"]:
        raise damaged(path, f"the counts of {part['file']} do not add up to {part['windows']:,}")
    return run


def _count_name(label: int, labels: int) -> str:
    return "count" if labels == 1 else f"count_{'ab'[label]}"


def _ascending(keys: UInt64Array) -> bool:
    above = keys[0, 1:] > keys[0, :-1]
    if len(keys) == 2:
        above |= (keys[0, 1:] == keys[0, :-1]) & (keys[1, 1:] > keys[1, :-1])
    return bool(above.all())
