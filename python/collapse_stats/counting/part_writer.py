"""Writing an n-gram table as Parquet parts while the rest of it is still being counted."""

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np

from ..ngrams.table import NgramTable
from .parquet_part import Part, write_part

PART_ROWS = 1 << 18  # small, since readers read the parts at both ends of a stretch as a whole
_WRITING = 24 << 20  # bytes of a part being written: rows, columns and pages (measured)
_WAITING = 8 << 20  # bytes of a part waiting to be written: its rows
_WAITING_PARTS = 2  # parts that may wait while the next one is counted
_FEWEST_THREADS = 2  # used however little memory there is, if there are as many CPUs


def part_name(number: int, of: str = "part") -> str:
    """Return the name of the part of this number, counted from 0, of a table."""
    return f"{of}-{number:05d}.parquet"


def writer_bytes(memory: int) -> int:
    """Return the bytes a `PartWriter` uses: at most an eighth of `memory`, or as two threads need.

    Input: `memory`, the bytes that may be used in all.
    """
    return _WRITING * _threads(memory) + _WAITING * _WAITING_PARTS


def _threads(memory: int) -> int:
    have_room = (memory // 8 - _WAITING * _WAITING_PARTS) // _WRITING
    return min(os.cpu_count() or 1, max(_FEWEST_THREADS, have_room))


class PartWriter:
    """Writes ascending tables as parts, in threads that may lag a few parts behind.

    It uses `writer_bytes` of the memory, in addition to the table being added. The names of the
    parts begin with `of`.
    """

    def __init__(self, folder: Path, memory: int, of: str = "part") -> None:
        self._folder, self._of = folder, of
        self._most = _threads(memory) + _WAITING_PARTS  # parts being written or waiting
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
            name = part_name(len(self.parts) + len(self._waiting), self._of)
            rows = table.rows(begin, end)
            self._waiting.append(self._pool.submit(write_part, self._folder, name, rows))

    def written(self, tables: Iterable[NgramTable]) -> Iterator[NgramTable]:
        """Write each table and yield it."""
        for table in tables:
            self.add(table)
            yield table
