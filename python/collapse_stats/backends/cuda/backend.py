"""The cuda backend: counting on an NVIDIA GPU, composed of the steps of csrc/cuda/api.hpp.

Device memory holds tokens (as narrow as they come), the records of as many windows as fit beside
them, and what is made of these. What does not fit at once is taken range by range of the key
ranges, or counted into tables that are merged; results do not depend on it.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain

import numpy as np

from ...errors import BackendError
from ...ngrams.chunk import Chunk
from ...ngrams.layout import MAX_KEY_RANGE_BITS, KeyRanges, Layout
from ...ngrams.spectrum import JointSpectra, Masks
from ...ngrams.table import NgramTable
from ...system.gpu import gpu_errors, use_gpu
from . import count as counting
from .device import Core, CupyMemory, Gpu, Memory
from .one_gpu import placed
from .records import Resident, by_label
from .spectra import JointScan, check_layout, check_windows, spectra

SHARE_OF_FREE = 0.8


class CudaBackend:
    """The four operations on the GPU where the tokens lie; on the current one, if on the host.

    They go in the order of CuPy's current stream there. Nothing is set up on a GPU before the first
    operation.

    Parameters
    ----------
    device_memory
        Bytes of a GPU's memory to use; by default 80 % of what is free at each call.
    by_sorting
        Count all spectra by sorting: slower, the same results.
    core, memory
        The steps and the memory they work on: for tests, which play the GPU on the CPU.
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
        self._by_sorting = by_sorting
        self._core = core
        self._memory: Memory = CupyMemory() if memory is None else memory

    @property
    def batch_tokens(self) -> int:
        """So many tokens are best counted together: their records take a quarter of the memory."""
        with self._operation() as gpu:
            return max(1 << 20, gpu.budget // 256)

    def count(
        self, chunks: Iterable[Chunk], layout: Layout, key_ranges: KeyRanges | None = None
    ) -> NgramTable:
        """Table of the chunks' windows; see `Backend.count`."""
        windows = np.zeros(layout.labels, dtype=np.int64)

        def noted(batch: list[Resident]) -> list[Resident]:
            nonlocal windows
            windows = sum((resident.windows[0] for resident in batch), start=windows)
            return batch

        where, chunks = placed(chunks)
        with self._operation(where) as gpu:
            batches = map(noted, counting.batches(gpu, chunks, layout, gpu.budget // 4))
            table = counting.count(gpu, batches, layout, key_ranges or (0, layout.key_ranges))
        if key_ranges is None:
            check_windows(table.counts.sum(axis=1).tolist(), windows.tolist(), 1)
        return table

    def count_in_ranges(
        self, chunks: Iterable[Chunk], layout: Layout, ranges: Sequence[KeyRanges]
    ) -> Iterator[NgramTable]:
        """Tables of ranges, made at once; see `Backend.count_in_ranges`."""
        key_ranges = ranges[0][0], ranges[-1][1]
        table = self.count(
            chunks, layout, None if key_ranges == (0, layout.key_ranges) else key_ranges
        )
        return (table.slice(*some) for some in ranges)

    def merge(self, tables: Sequence[NgramTable]) -> NgramTable:
        """Table of all windows of `tables`; see `Backend.merge`."""
        if not tables:
            raise ValueError("merge needs at least one table, got none")
        for table in tables:
            check_layout(table.layout, tables[0].layout)
        with self._operation() as gpu:
            return counting.merge(gpu, tables)

    def spectra(
        self,
        source: Iterable[Chunk] | NgramTable,
        layout: Layout,
        masks: Sequence[Masks],
        passes: Sequence[KeyRanges] | None = None,
    ) -> JointSpectra:
        """Joint spectra of the labels in each pair of masks; see `Backend.spectra`.

        Passes are not needed: the tokens stay on the GPU, which bounds its memory itself.
        """
        if isinstance(source, NgramTable):
            check_layout(source.layout, layout)
            return self.joint_spectra([[source]], masks)
        where, chunks = placed(source)
        with self._operation(where) as gpu:
            batches = counting.batches(gpu, chunks, layout, gpu.budget // 3)
            batch, more = next(batches, []), next(batches, [])
            if batch and not more and not by_label(layout):
                return spectra(gpu, batch, layout, masks)
            waiting = filter(None, chain([batch, more], batches))
            table = counting.count(gpu, waiting, layout, (0, layout.key_ranges))
        return self.joint_spectra([[table]], masks)

    def needs(self, layout: Layout, key_ranges: int, *, rows: bool) -> tuple[int, int]:
        """Bytes of host memory: none but the rows of a table; see `Backend.needs`."""
        return 0, 2 * 8 * (layout.words + layout.labels) if rows else 0

    def joint_spectra(
        self, parts: Iterable[Sequence[NgramTable]], masks: Sequence[Masks]
    ) -> JointSpectra:
        """Joint spectra of tables, range after range; see `Backend.joint_spectra`."""
        with self._operation() as gpu:
            scan: JointScan | None = None
            for tables in parts:
                if scan is None:
                    scan = JointScan(gpu, [table.layout for table in tables], masks)
                scan.check(tables)
                for part in counting.ranges(gpu, tables):
                    scan.add(part)
            if scan is None:
                raise ValueError("parts must have at least one stretch of key ranges, got none")
            return scan.joint_spectra()

    def check(self) -> None:
        """Raise BackendError unless the current GPU can be used, which sets it up."""
        with self._operation():
            pass

    @contextmanager
    def _operation(self, where: int | None = None) -> Iterator[Gpu]:
        """What an operation works with, on a GPU by its number or on the current one."""
        with use_gpu(where):
            try:
                self._core.check_device()
            except RuntimeError as reason:
                which = "the current GPU" if where is None else f"GPU {where}"
                raise BackendError(
                    f"backend cuda cannot be used on {which}: {reason}; or count with "
                    "backend='native' (--backend native)"
                ) from reason
            budget = self.device_memory
            if budget is None:
                budget = int(SHARE_OF_FREE * self._memory.free())
            with gpu_errors(where, budget):
                yield Gpu(self._core, self._memory, budget, self._by_sorting)
