"""The cuda backend: counting on an NVIDIA GPU, composed of the steps of csrc/cuda/api.hpp.

Device memory holds tokens (in the type in which they come), the records of as many windows as fit
beside them, and the results. What does not fit at once is counted one stretch of key ranges after
the other, or into tables that are merged; the results are the same.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain

import numpy as np

from ...errors import BackendError
from ...ngrams.chunk import Chunk, Int64Array
from ...ngrams.layout import MAX_KEY_RANGE_BITS, KeyRanges, Layout
from ...ngrams.links import Links, UInt32Array
from ...ngrams.spectrum import JointSpectra, Masks
from ...ngrams.table import NgramTable
from ...system.gpu import gpu_errors, use_gpu
from ..checks import check_mergeable, checked_tables
from ..native import NativeBackend
from . import count as counting
from .device import Core, CupyMemory, Gpu, Memory
from .one_gpu import placed
from .records import Resident, by_label
from .spectra import JointScan, check_windows, spectra

SHARE_OF_FREE = 0.8


class CudaBackend:
    """The operations on the GPU of the tokens, or on the current GPU for tokens on the host.

    Operations are queued in CuPy's current stream of that GPU. No GPU is initialized before the
    first operation.

    Parameters
    ----------
    device_memory
        Bytes of GPU memory to use; by default 80 % of what is free at each call.
    by_sorting
        Count all spectra by sorting, which is slower and gives the same results.
    core, memory
        The steps and the memory they work on, for tests that emulate the GPU on the CPU.
    """

    name = "cuda"
    on_gpu = True
    fewest_key_ranges = 1 << MAX_KEY_RANGE_BITS

    def __init__(
        self,
        device_memory: int | None = None,
        *,
        by_sorting: bool = False,
        core: Core | None = None,
        memory: Memory | None = None,
    ) -> None:
        if core is None:
            from ... import _cuda

            core = _cuda
        self.device_memory = device_memory
        self._host = NativeBackend()
        self.threads = self._host.threads
        self._by_sorting = by_sorting
        self._core = core
        self._memory: Memory = CupyMemory() if memory is None else memory

    @property
    def batch_tokens(self) -> int:
        """See `Backend`; the records of a batch take a quarter of the memory."""
        with self._operation() as gpu:
            return max(1 << 20, gpu.budget // 256)

    def count(
        self, chunks: Iterable[Chunk], layout: Layout, key_ranges: KeyRanges | None = None
    ) -> NgramTable:
        """See `Backend.count`."""
        windows = np.zeros(layout.labels, dtype=np.int64)

        def with_windows_added(batch: list[Resident]) -> list[Resident]:
            nonlocal windows
            windows = sum((resident.windows[0] for resident in batch), start=windows)
            return batch

        number, chunks = placed(chunks)
        with self._operation(number) as gpu:
            batches = counting.batches(gpu, chunks, layout, gpu.budget // 4)
            batches = map(with_windows_added, batches)
            table = counting.count(gpu, batches, layout, key_ranges or (0, layout.key_ranges))
        if key_ranges is None:
            check_windows(table.counts.sum(axis=1).tolist(), windows.tolist(), 1)
        return table

    def count_in_stretches(
        self, chunks: Iterable[Chunk], layout: Layout, stretches: Sequence[KeyRanges]
    ) -> Iterator[NgramTable]:
        """See `Backend.count_in_stretches`; all tables are made at once."""
        key_ranges = stretches[0][0], stretches[-1][1]
        table = self.count(
            chunks, layout, None if key_ranges == (0, layout.key_ranges) else key_ranges
        )
        return (table.slice(*stretch) for stretch in stretches)

    def merge(self, tables: Sequence[NgramTable]) -> NgramTable:
        """See `Backend.merge`."""
        check_mergeable(tables)
        with self._operation() as gpu:
            return counting.merge(gpu, tables)

    def spectra(
        self,
        chunks: Iterable[Chunk],
        layout: Layout,
        masks: Sequence[Masks],
        passes: Sequence[KeyRanges] | None = None,
    ) -> JointSpectra:
        """See `Backend.spectra`; `passes` is ignored, since this bounds its memory itself."""
        number, chunks = placed(chunks)
        with self._operation(number) as gpu:
            batches = counting.batches(gpu, chunks, layout, gpu.budget // 3)
            first, second = next(batches, []), next(batches, [])
            if first and not second and not by_label(layout):
                return spectra(gpu, first, layout, masks)
            filled = filter(None, chain([first, second], batches))
            table = counting.count(gpu, filled, layout, (0, layout.key_ranges))
        return self.joint_spectra([[table]], masks)

    def needs(self, layout: Layout, key_ranges: int, *, rows: bool) -> tuple[int, int]:
        """See `Backend.needs`; the host's memory holds nothing but the rows of a table."""
        return 0, 2 * 8 * (layout.words + layout.labels) if rows else 0

    def fresh_bytes(self, needed: int) -> int:
        """See `Backend.fresh_bytes`."""
        return 0

    def give_back(self) -> None:
        """See `Backend.give_back`; nothing is kept."""

    def joint_spectra(
        self, aligned: Iterable[Sequence[NgramTable]], masks: Sequence[Masks]
    ) -> JointSpectra:
        """See `Backend.joint_spectra`."""
        with self._operation() as gpu:
            scan: JointScan | None = None
            for tables in checked_tables(aligned):
                if scan is None:
                    scan = JointScan(gpu, [table.layout for table in tables], masks)
                for stretch in counting.stretches_that_fit(gpu, tables):
                    scan.add(stretch)
            assert scan is not None  # `checked_tables` yields at least one item
            return scan.joint_spectra()

    def link(self, table: NgramTable, order: int) -> Links:
        """See `Backend.link`; tables lie on the host, and its CPU threads do this."""
        return self._host.link(table, order)

    def find(
        self, children: UInt32Array, last: UInt32Array, prefix: Int64Array, symbol: Int64Array
    ) -> Int64Array:
        """See `Backend.find`; CPU threads do this."""
        return self._host.find(children, last, prefix, symbol)

    def check(self) -> None:
        """Raise BackendError unless the current GPU can be used; this initializes it."""
        with self._operation():
            pass

    @contextmanager
    def _operation(self, number: int | None = None) -> Iterator[Gpu]:
        """Provide the GPU with this number (None: the current one) for one operation."""
        with use_gpu(number):
            try:
                self._core.check_device()
            except RuntimeError as reason:
                gpu = "the current GPU" if number is None else f"GPU {number}"
                raise BackendError(
                    f"backend cuda cannot be used on {gpu}: {reason}; or count with "
                    "backend='native' (--backend native)"
                ) from reason
            budget = self.device_memory
            if budget is None:
                budget = int(SHARE_OF_FREE * self._memory.free())
            with gpu_errors(number, budget):
                yield Gpu(self._core, self._memory, budget, self._by_sorting)
