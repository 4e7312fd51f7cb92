"""The native backend: counting in C++ on CPU threads."""

import os
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from .. import _native
from ..errors import LayoutMismatchError
from ..ngrams.chunk import Chunk
from ..ngrams.layout import Layout, Shards, UInt64Array
from ..ngrams.run import Run
from ..ngrams.spectrum import JointSpectrum, Masks, Tables

_SHARD_BYTES = 1 << 14  # of a thread's records of a shard: the last part, full or not
_THREAD_BYTES = 14 << 20  # its slabs that are not full, its work space, its histograms
_DENSE_VOCABULARY = 1 << 18  # up to here it has counts of every token
_RANGE_SHARDS = 2  # for each thread, of what is handed out together: no thread waits for long

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
        self.range_shards = _RANGE_SHARDS * self.threads
        ((_, description),) = _native.describe()
        self.detail = f"{description}, {self.threads} of them, {_native.instruction_set()}"

    def count(self, chunks: Iterable[Chunk], layout: Layout, shards: Shards | None = None) -> Run:
        """Run of the chunks' windows whose shard lies in the range (default: all)."""
        counter = self._counter(layout, shards or (0, layout.shards))
        _fill(counter, chunks)
        keys, counts = counter.run()
        return Run(layout, keys, counts)

    def count_in_ranges(
        self, chunks: Iterable[Chunk], layout: Layout, ranges: Sequence[Shards]
    ) -> Iterator[Run]:
        """Runs of ranges, each made when it is asked for; see `Backend.count_in_ranges`."""
        counter = self._counter(layout, (ranges[0][0], ranges[-1][1]))
        _fill(counter, chunks)
        for shards in ranges:
            yield Run(layout, *counter.run(*shards))

    def merge(self, runs: Sequence[Run]) -> Run:
        """Run of all windows of `runs`."""
        if not runs:
            raise ValueError("merge needs at least one run, got none")
        layout = runs[0].layout
        for run in runs:
            _check_layout(run.layout, layout)
        keys, counts = _native.merge(
            layout.vocab_size,
            layout.max_order,
            layout.labels,
            [(run.keys, run.counts) for run in runs],
            self.threads,
        )
        return Run(layout, keys, counts)

    def spectra(
        self,
        source: Iterable[Chunk] | Run,
        layout: Layout,
        masks: Sequence[Masks],
        passes: Sequence[Shards] | None = None,
    ) -> Tables:
        """Joint spectra of the labels in each pair of masks, for every order."""
        if isinstance(source, Run):
            _check_layout(source.layout, layout)
            return self.joint_spectra([[source]], masks)
        first, *others = passes or [(0, layout.shards)]
        counter = self._counter(layout, first)
        _fill(counter, source)
        for shards in others:
            counter.next_pass(list(masks), *shards)
            _fill(counter, source)
        return _to_tables(counter.tables(list(masks)), masks)

    def needs(self, layout: Layout, shards: int, *, rows: bool) -> tuple[int, int]:
        """Bytes that counting takes: fixed for a number of shards, and for each window."""
        tail = layout.key_bits + layout.labels.bit_length() - 1 - layout.shard_bits - 64
        record = 8 + next(size for size in (0, 1, 2, 4, 8) if tail <= 8 * size)
        row = 8 * (layout.words + layout.labels)
        tokens = 16 * layout.labels * min(layout.vocab_size, _DENSE_VOCABULARY)
        fixed = self.threads * (shards * _SHARD_BYTES + _THREAD_BYTES + tokens)
        return fixed, max(record, row) + row if rows else record

    def joint_spectra(self, parts: Iterable[Sequence[Run]], masks: Sequence[Masks]) -> Tables:
        """Joint spectra of runs, range after range; their labels are numbered through."""
        scan: _native.JointScan | None = None
        for runs in parts:
            first = runs[0].layout
            for run in runs[1:]:
                expected = Layout(first.vocab_size, first.max_order, run.layout.labels)
                _check_layout(run.layout, expected)
            if scan is None:
                labels = [run.layout.labels for run in runs]
                scan = _native.JointScan(
                    first.vocab_size, first.max_order, labels, list(masks), self.threads
                )
            scan.add([(run.keys, run.counts) for run in runs])
        if scan is None:
            raise ValueError("parts must have at least one range of shards, got none")
        return _to_tables(scan.tables(), masks)

    def _counter(self, layout: Layout, shards: Shards) -> _native.Counter:
        return _native.Counter(
            layout.vocab_size, layout.max_order, layout.labels, self.threads, *shards
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
            f"expected a run of {expected}, got one of {got}: count both with the same settings"
        )


def _to_tables(tables: tuple[_Spectra, _Spectra], masks: Sequence[Masks]) -> Tables:
    ngrams, contexts = (
        {
            order: {
                pair: JointSpectrum(*columns) for pair, columns in zip(masks, rows, strict=True)
            }
            for order, rows in spectra.items()
        }
        for spectra in tables
    )
    return Tables(ngrams, contexts)
