"""The native backend: counting in C++ on CPU threads."""

import os
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from .. import _native
from ..errors import LayoutMismatchError
from ..ngrams.chunk import Chunk
from ..ngrams.layout import KeyRanges, Layout, UInt64Array
from ..ngrams.spectrum import JointSpectra, JointSpectrum, Masks
from ..ngrams.table import NgramTable

_KEY_RANGE_BYTES = 1 << 14  # of a thread's records of a key range: the last part, full or not
_THREAD_BYTES = 14 << 20  # its slabs that are not full, its work space, its histograms
_DENSE_VOCABULARY = 1 << 18  # up to here it has counts of every token
_KEY_RANGES_OF_A_THREAD = (
    2  # for each thread, of what is handed out together: no thread waits for long
)

_Spectra = dict[int, list[tuple[UInt64Array, UInt64Array, UInt64Array]]]


class NativeBackend:
    """The four operations on CPU threads; they release the GIL and wait for the result.

    Parameters
    ----------
    threads
        Threads of every operation; by default as many as this process may use CPUs. They change
        the speed, never the result.
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
        """Table of the chunks' windows whose key range lies in the range (default: all)."""
        counter = self._counter(layout, key_ranges or (0, layout.key_ranges))
        _fill(counter, chunks)
        keys, counts = counter.table()
        return NgramTable(layout, keys, counts)

    def count_in_ranges(
        self, chunks: Iterable[Chunk], layout: Layout, ranges: Sequence[KeyRanges]
    ) -> Iterator[NgramTable]:
        """Tables of ranges, each made when it is asked for; see `Backend.count_in_ranges`."""
        counter = self._counter(layout, (ranges[0][0], ranges[-1][1]))
        _fill(counter, chunks)
        for key_ranges in ranges:
            yield NgramTable(layout, *counter.table(*key_ranges))

    def merge(self, tables: Sequence[NgramTable]) -> NgramTable:
        """Table of all windows of `tables`."""
        if not tables:
            raise ValueError("merge needs at least one table, got none")
        layout = tables[0].layout
        for table in tables:
            _check_layout(table.layout, layout)
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
        source: Iterable[Chunk] | NgramTable,
        layout: Layout,
        masks: Sequence[Masks],
        passes: Sequence[KeyRanges] | None = None,
    ) -> JointSpectra:
        """Joint spectra of the labels in each pair of masks, for every order."""
        if isinstance(source, NgramTable):
            _check_layout(source.layout, layout)
            return self.joint_spectra([[source]], masks)
        first, *others = passes or [(0, layout.key_ranges)]
        counter = self._counter(layout, first)
        _fill(counter, source)
        for key_ranges in others:
            counter.next_pass(list(masks), *key_ranges)
            _fill(counter, source)
        return _to_joint_spectra(counter.spectra(list(masks)), masks)

    def needs(self, layout: Layout, key_ranges: int, *, rows: bool) -> tuple[int, int]:
        """Bytes that counting takes: fixed for a number of key ranges, and for each window."""
        tail = layout.key_bits + layout.labels.bit_length() - 1 - layout.key_range_bits - 64
        record = 8 + next(size for size in (0, 1, 2, 4, 8) if tail <= 8 * size)
        row = 8 * (layout.words + layout.labels)
        tokens = 16 * layout.labels * min(layout.vocab_size, _DENSE_VOCABULARY)
        fixed = self.threads * (key_ranges * _KEY_RANGE_BYTES + _THREAD_BYTES + tokens)
        return fixed, max(record, row) + row if rows else record

    def joint_spectra(
        self, parts: Iterable[Sequence[NgramTable]], masks: Sequence[Masks]
    ) -> JointSpectra:
        """Joint spectra of tables, range after range; their labels are numbered through."""
        scan: _native.JointScan | None = None
        for tables in parts:
            first = tables[0].layout
            for table in tables[1:]:
                expected = Layout(first.vocab_size, first.max_order, table.layout.labels)
                _check_layout(table.layout, expected)
            if scan is None:
                labels = [table.layout.labels for table in tables]
                scan = _native.JointScan(
                    first.vocab_size, first.max_order, labels, list(masks), self.threads
                )
            scan.add([(table.keys, table.counts) for table in tables])
        if scan is None:
            raise ValueError("parts must have at least one stretch of key ranges, got none")
        return _to_joint_spectra(scan.spectra(), masks)

    def _counter(self, layout: Layout, key_ranges: KeyRanges) -> _native.Counter:
        return _native.Counter(
            layout.vocab_size, layout.max_order, layout.labels, self.threads, *key_ranges
        )


def _fill(counter: _native.Counter, chunks: Iterable[Chunk]) -> None:
    for chunk in chunks:
        tokens = _native_order(chunk.tokens)
        counter.add(tokens, chunk.start, chunk.stop, chunk.limit, chunk.label)


def usable_cpus() -> int:
    """CPUs this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _native_order(tokens: npt.NDArray[np.integer]) -> npt.NDArray[np.integer]:
    """The same tokens, contiguous and in this machine's byte order; a copy only if needed."""
    return np.ascontiguousarray(tokens, dtype=tokens.dtype.newbyteorder("="))


def _check_layout(got: Layout, expected: Layout) -> None:
    if got != expected:
        raise LayoutMismatchError(
            f"expected a table of {expected}, got one of {got}: count both with the same settings"
        )


def _to_joint_spectra(
    joint_spectra: tuple[_Spectra, _Spectra], masks: Sequence[Masks]
) -> JointSpectra:
    ngrams, contexts = (
        {
            order: {
                pair: JointSpectrum(*columns) for pair, columns in zip(masks, rows, strict=True)
            }
            for order, rows in spectra.items()
        }
        for spectra in joint_spectra
    )
    return JointSpectra(ngrams, contexts)
