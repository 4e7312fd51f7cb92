"""The native backend: counting in C++ on CPU threads."""

import os
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from .. import _native
from ..ngrams.chunk import Chunk, Int64Array
from ..ngrams.layout import KeyRanges, Layout
from ..ngrams.links import LinkedOrder, Links, UInt32Array
from ..ngrams.spectrum import JointSpectra, Masks
from ..ngrams.table import NgramTable
from .checks import check_mergeable, checked_tables, named_if_changed

_KEY_RANGE_BYTES = 1 << 14  # per thread and key range: the last block of its records
_THREAD_BYTES = 14 << 20  # per thread: unfilled blocks, work space and histograms
_DENSE_VOCABULARY = 1 << 18  # largest vocabulary of which a thread counts every token in an array
_WINDOWS_WORTH_A_THREAD = 1 << 19  # a thread's fresh memory costs as much as counting these
_KEY_RANGES_OF_A_THREAD = 2  # yielded together, per thread, so that no thread waits for long


class NativeBackend:
    """The operations on CPU threads; they release the GIL and wait for the result.

    Parameters
    ----------
    threads
        Number of threads of every operation; by default one for each CPU that this process may
        use. It changes the speed, never the result.
    """

    name = "native"
    on_gpu = False
    batch_tokens = 1 << 24

    def __init__(self, threads: int | None = None) -> None:
        if threads is not None and threads < 1:
            raise ValueError(f"threads must be at least 1, got {threads}: leave it out to use all")
        self.threads = usable_cpus() if threads is None else threads
        self.fewest_key_ranges = _KEY_RANGES_OF_A_THREAD * self.threads
        ((_, description),) = _native.describe()
        self.detail = f"{description}, {self.threads} of them, {_native.instruction_set()}"

    def count(
        self, chunks: Iterable[Chunk], layout: Layout, key_ranges: KeyRanges | None = None
    ) -> NgramTable:
        """See `Backend.count`."""
        counter = self._counter(layout, key_ranges or (0, layout.key_ranges))
        _fill(counter, chunks)
        keys, counts = counter.table()
        return NgramTable(layout, keys, counts)

    def count_in_stretches(
        self, chunks: Iterable[Chunk], layout: Layout, stretches: Sequence[KeyRanges]
    ) -> Iterator[NgramTable]:
        """See `Backend.count_in_stretches`; a table is made when it is asked for."""
        counter = self._counter(layout, (stretches[0][0], stretches[-1][1]))
        _fill(counter, chunks)
        for stretch in stretches:
            yield NgramTable(layout, *counter.table(*stretch))

    def merge(self, tables: Sequence[NgramTable]) -> NgramTable:
        """See `Backend.merge`."""
        layout = check_mergeable(tables)
        keys, counts = _native.merge(
            layout.vocab_size,
            layout.max_order,
            layout.labels,
            [(table.keys, table.counts) for table in tables],
            self.threads,
        )
        return NgramTable(layout, keys, counts)

    def spectra(
        self,
        chunks: Iterable[Chunk],
        layout: Layout,
        masks: Sequence[Masks],
        passes: Sequence[KeyRanges] | None = None,
    ) -> JointSpectra:
        """See `Backend.spectra`."""
        first, *others = passes or [(0, layout.key_ranges)]
        counter = self._counter(layout, first, _threads_for(chunks, self.threads))
        _fill(counter, chunks)
        for key_ranges in others:
            counter.next_pass(list(masks), *key_ranges)
            _fill(counter, chunks)
        return JointSpectra.from_columns(masks, *counter.spectra(list(masks)))

    def needs(self, layout: Layout, key_ranges: int, *, rows: bool) -> tuple[int, int]:
        """See `Backend.needs`."""
        tail = layout.key_bits + layout.labels.bit_length() - 1 - layout.key_range_bits - 64
        record = 8 + next(size for size in (0, 1, 2, 4, 8) if tail <= 8 * size)
        row = 8 * (layout.words + layout.labels)
        tokens = 16 * layout.labels * min(layout.vocab_size, _DENSE_VOCABULARY)
        fixed = self.threads * (key_ranges * _KEY_RANGE_BYTES + _THREAD_BYTES + tokens)
        return fixed, max(record, row) + row if rows else record

    def fresh_bytes(self, needed: int) -> int:
        """See `Backend.fresh_bytes`."""
        return max(0, needed - _native.idle_memory())

    def give_back(self) -> None:
        """See `Backend.give_back`."""
        _native.release_idle_memory()

    def joint_spectra(
        self, aligned: Iterable[Sequence[NgramTable]], masks: Sequence[Masks]
    ) -> JointSpectra:
        """See `Backend.joint_spectra`."""
        scan: _native.JointScan | None = None
        for tables in checked_tables(aligned):
            if scan is None:
                first = tables[0].layout
                labels = [table.layout.labels for table in tables]
                scan = _native.JointScan(
                    first.vocab_size, first.max_order, labels, list(masks), self.threads
                )
            scan.add([(table.keys, table.counts) for table in tables])
        assert scan is not None  # `checked_tables` yields at least one item
        return JointSpectra.from_columns(masks, *scan.spectra())

    def link(self, table: NgramTable, order: int) -> Links:
        """See `Backend.link`."""
        layout = table.layout
        ids, tokens, longer = _native.link(
            layout.vocab_size,
            layout.max_order,
            layout.labels,
            table.keys,
            table.counts,
            order,
            self.threads,
        )
        return Links(
            ids.astype(np.int64),
            tokens.view(np.int64),
            [
                LinkedOrder(inner, last, suffix, children, preceded, counts.view(np.int64))
                for inner, last, suffix, children, preceded, counts in longer
            ],
        )

    def find(
        self, children: UInt32Array, last: UInt32Array, prefix: Int64Array, symbol: Int64Array
    ) -> Int64Array:
        """See `Backend.find`."""
        return _native.find_linked(children, last, prefix, symbol, self.threads)

    def _counter(
        self, layout: Layout, key_ranges: KeyRanges, threads: int | None = None
    ) -> _native.Counter:
        return _native.Counter(
            layout.vocab_size, layout.max_order, layout.labels, threads or self.threads, *key_ranges
        )


def _threads_for(chunks: Iterable[Chunk], threads: int) -> int:
    """Return how many of the threads are worth their memory for chunks that are known already."""
    if not isinstance(chunks, Sequence):
        return threads
    windows = sum(int(chunk.windows) for chunk in chunks)
    return max(1, min(threads, 1 + windows // _WINDOWS_WORTH_A_THREAD))  # bounds may change


def _fill(counter: _native.Counter, chunks: Iterable[Chunk]) -> None:
    for chunk in chunks:
        tokens = _native_order(chunk.tokens)
        with named_if_changed(chunk):
            counter.add(tokens, chunk.start, chunk.stop, chunk.limit, chunk.label)


def usable_cpus() -> int:
    """Return the number of CPUs that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _native_order(tokens: npt.NDArray[np.integer]) -> npt.NDArray[np.integer]:
    """Return the tokens as the core takes them, copied only if needed.

    They are contiguous, aligned and in this machine's byte order.
    """
    return np.require(tokens, tokens.dtype.newbyteorder("="), ["C", "A"])
