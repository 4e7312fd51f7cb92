"""A backend that keeps its calls within a memory budget, those made at the same time together."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from threading import Condition

import numpy as np

from ..ngrams.chunk import Chunk, Int64Array
from ..ngrams.layout import KeyRanges, Layout
from ..ngrams.links import Links, UInt32Array
from ..ngrams.spectrum import JointSpectra, Masks
from ..ngrams.table import NgramTable
from ..system.budget import Budget, give_back
from ..system.memory import TooLittleMemoryError
from .base import Backend

_UNEVEN = 1.5  # how much longer a key range may be than the average


class _Passes(Iterable[Chunk]):
    """Chunks; before each pass over them, what the one before has freed goes back to the system."""

    def __init__(self, chunks: Iterable[Chunk], memory: Budget) -> None:
        self._chunks, self._memory = chunks, memory

    def __iter__(self) -> Iterator[Chunk]:
        self._memory.settle()
        return iter(self._chunks)


class BoundedBackend:
    """A backend on the host, whose `spectra` of chunks in memory need no plan of passes.

    Such a call waits until others leave it room. Where the memory has too little room for all
    windows at once, it counts in several passes over the chunks. The results are the same.
    """

    on_gpu = False

    def __init__(self, backend: Backend, memory: Budget) -> None:
        self.name = backend.name
        self.threads = backend.threads
        self.fewest_key_ranges = backend.fewest_key_ranges
        self._backend, self._memory = backend, memory
        self._changed = Condition()
        self._running: list[int] = []  # bytes that each call in progress may take
        self._room = 0  # when the first of them began

    def __reduce__(self) -> tuple[type, tuple[Backend, Budget]]:
        """Copies, and what is read from a pickle, have calls of their own."""
        return BoundedBackend, (self._backend, self._memory)

    @property
    def batch_tokens(self) -> int:
        """See `Backend.batch_tokens`."""
        return self._backend.batch_tokens

    def count(
        self, chunks: Iterable[Chunk], layout: Layout, key_ranges: KeyRanges | None = None
    ) -> NgramTable:
        """See `Backend.count`."""
        return self._backend.count(chunks, layout, key_ranges)

    def count_in_stretches(
        self, chunks: Iterable[Chunk], layout: Layout, stretches: Sequence[KeyRanges]
    ) -> Iterator[NgramTable]:
        """See `Backend.count_in_stretches`."""
        return self._backend.count_in_stretches(chunks, layout, stretches)

    def merge(self, tables: Sequence[NgramTable]) -> NgramTable:
        """See `Backend.merge`."""
        return self._backend.merge(tables)

    def needs(self, layout: Layout, key_ranges: int, *, rows: bool) -> tuple[int, int]:
        """See `Backend.needs`."""
        return self._backend.needs(layout, key_ranges, rows=rows)

    def joint_spectra(
        self, aligned: Iterable[Sequence[NgramTable]], masks: Sequence[Masks]
    ) -> JointSpectra:
        """See `Backend.joint_spectra`."""
        return self._backend.joint_spectra(aligned, masks)

    def link(self, table: NgramTable, order: int) -> Links:
        """See `Backend.link`."""
        return self._backend.link(table, order)

    def find(
        self, children: UInt32Array, last: UInt32Array, prefix: Int64Array, symbol: Int64Array
    ) -> Int64Array:
        """See `Backend.find`."""
        return self._backend.find(children, last, prefix, symbol)

    def fresh_bytes(self, needed: int) -> int:
        """See `Backend.fresh_bytes`."""
        return self._backend.fresh_bytes(needed)

    def give_back(self) -> None:
        """See `Backend.give_back`."""
        self._backend.give_back()

    def spectra(
        self,
        chunks: Iterable[Chunk],
        layout: Layout,
        masks: Sequence[Masks],
        passes: Sequence[KeyRanges] | None = None,
    ) -> JointSpectra:
        """See `Backend.spectra`; without `passes`, as many are made as the memory requires.

        Raises
        ------
        TooLittleMemoryError
            A single key range does not fit.
        """
        if not isinstance(chunks, Sequence):
            chunks = _Passes(chunks, self._memory)
        if passes is not None or not isinstance(chunks, Sequence):
            return self._backend.spectra(chunks, layout, masks, passes)
        windows = sum(chunk.windows for chunk in chunks)
        whole = self._needed(layout, layout.key_ranges, windows)
        with self._admitted(whole) as room:
            number = self._passes(layout, windows, room)
            edges = np.linspace(0, layout.key_ranges, number + 1).astype(int).tolist()
            return self._backend.spectra(chunks, layout, masks, list(pairwise(edges)))

    def _needed(self, layout: Layout, key_ranges: int, windows: int) -> int:
        fixed, each = self._backend.needs(layout, key_ranges, rows=False)
        return fixed + int(each * windows)

    def _passes(self, layout: Layout, windows: int, room: int) -> int:
        """The fewest passes over the key ranges of which each fits into `room` bytes."""
        number = 1
        while True:
            key_ranges = -(-layout.key_ranges // number)
            share = 1.0 if number == 1 else min(1.0, _UNEVEN / number)
            needed = self._needed(layout, key_ranges, int(windows * share))
            if needed <= room:
                return number
            if number == layout.key_ranges:
                raise TooLittleMemoryError(self._memory, self._memory - room + needed)
            number = min(2 * number, layout.key_ranges)

    @contextmanager
    def _admitted(self, needed: int) -> Iterator[int]:
        """Wait until `needed` bytes are free, or nothing else runs; give how many are free."""
        with self._changed:
            self._changed.wait_for(lambda: not self._running or needed <= self._left)
            if not self._running:
                self._room = self._memory - used(self._backend, self._memory)
            room = self._left
            self._running.append(min(needed, room))
        try:
            yield room
        finally:
            with self._changed:
                self._running.remove(min(needed, room))
                self._changed.notify_all()

    @property
    def _left(self) -> int:
        return self._room - sum(self._running)


def used(backend: Backend, memory: Budget, otherwise: int = 0) -> int:
    """Return the bytes of the memory that are in use now; see `CountOptions.used`."""
    if memory.is_short:
        backend.give_back()
        give_back()
    return memory.used(otherwise)
