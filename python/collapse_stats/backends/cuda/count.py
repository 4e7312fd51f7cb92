"""Runs on a GPU: of tokens, and of runs of the host, however many of them fit at once."""

from collections.abc import Iterable, Iterator, Sequence

from ...errors import GpuMemoryError
from ...ngrams.chunk import Chunk
from ...ngrams.layout import Layout, Shards
from ...ngrams.run import Run
from .device import Gpu
from .pieces import pieces
from .records import Resident, Selection, by_label, make_resident, record_cost, sorted_records
from .rows import DeviceRun, added, download_run, relabelled, run_of, upload_run

PIECE_TOKENS = 1 << 26  # brought to the device at once, at most


def batches(
    gpu: Gpu, chunks: Iterable[Chunk], layout: Layout, nbytes: int
) -> Iterator[list[Resident]]:
    """The chunks' tokens on the device, about so many bytes at a time."""
    most = gpu.budget // 16 // record_cost(layout, with_rows=True)
    batch: list[Resident] = []
    held = 0
    for piece in pieces(chunks, layout, max(1, min(PIECE_TOKENS, most))):
        batch.append(make_resident(gpu, piece, layout))
        held += batch[-1].nbytes
        if held >= nbytes:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch


def count(gpu: Gpu, held: Iterable[Sequence[Resident]], layout: Layout, shards: Shards) -> Run:
    """Run, on the host, of windows in these shards. A batch is dropped when it is counted."""
    runs = _Runs(gpu, layout)
    for batch in held:
        for run in _runs(gpu, batch, layout, shards):
            runs.add(run)
    return runs.result()


def _runs(
    gpu: Gpu, batch: Sequence[Resident], layout: Layout, shards: Shards
) -> Iterator[DeviceRun]:
    """A run for each portion of records that fits."""
    capacity = gpu.budget // 4 // record_cost(layout, with_rows=True)
    apart = by_label(layout)
    for label in range(layout.labels) if apart else [-1]:
        selection = Selection(shards, label=label)
        for part in sorted_records(gpu, batch, layout, selection, capacity):
            run = run_of(gpu, part, 1 if apart else layout.labels, layout.words)
            yield relabelled(gpu.memory, run, label, layout.labels) if apart else run


class _Runs:
    """Runs on the device, merged as they come; where they take too much they go to the host."""

    def __init__(self, gpu: Gpu, layout: Layout) -> None:
        self._gpu, self._layout = gpu, layout
        self._device: list[DeviceRun] = []
        self._host: list[Run] = []

    def add(self, run: DeviceRun) -> None:
        """Runs of like size are merged, so that each row is moved a logarithmic number of times."""
        self._device.append(run)
        while len(self._device) > 1 and self._device[-2].rows < 2 * self._device[-1].rows:
            self._merge_last()
        if sum(run.nbytes for run in self._device) > self._gpu.budget // 6:  # merging doubles it
            self._to_host()

    def result(self) -> Run:
        """Everything as one run on the host."""
        while len(self._device) > 1:
            self._merge_last()
        self._to_host()
        return merge(self._gpu, [Run.empty(self._layout), *self._host])

    def _merge_last(self) -> None:
        b, a = self._device.pop(), self._device.pop()
        self._device.append(added(self._gpu, self._layout, a, b))

    def _to_host(self) -> None:
        for run in self._device:
            self._host.append(download_run(self._gpu.memory, self._layout, run))
        self._device = []
        while len(self._host) > 1 and len(self._host[-2]) < 2 * len(self._host[-1]):
            self._host[-2:] = [merge(self._gpu, self._host[-2:])]


def merge(gpu: Gpu, runs: Sequence[Run]) -> Run:
    """Run, on the host, of all windows of runs of one layout."""
    filled = [run for run in runs if len(run)]
    if len(filled) < 2:
        return filled[0] if filled else runs[0]
    layout = runs[0].layout
    return Run.concatenate(layout, [_merge(gpu, part, layout) for part in ranges(gpu, filled)])


def _merge(gpu: Gpu, runs: Sequence[Run], layout: Layout) -> Run:
    filled = [run for run in runs if len(run)]
    if len(filled) < 2:
        return filled[0] if filled else Run.empty(layout)
    waiting = [upload_run(gpu.memory, run) for run in filled]
    while len(waiting) > 1:  # the smallest two: a row is moved a logarithmic number of times
        waiting.sort(key=lambda run: run.rows, reverse=True)
        waiting.append(added(gpu, layout, waiting.pop(), waiting.pop()))
    return download_run(gpu.memory, layout, waiting[0])


def ranges(gpu: Gpu, runs: Sequence[Run]) -> Iterator[list[Run]]:
    """The runs' rows, range after range of the shards, each small enough for the device."""
    most = gpu.budget // 4  # the rows, what they are merged to, and what helps in it
    waiting = [(0, runs[0].layout.shards, list(runs))]
    while waiting:
        first, last, part = waiting.pop()
        if sum(run.keys.nbytes + run.counts.nbytes for run in part) <= most:
            yield part
        elif last - first == 1:
            raise GpuMemoryError(
                f"the GPU must hold the {sum(map(len, part)):,} rows of a shard four times over "
                f"and may use {gpu.budget:,} bytes: free device memory, or use the native backend"
            )
        else:
            middle = (first + last) // 2
            waiting.append((middle, last, [run.slice(middle, last) for run in part]))
            waiting.append((first, middle, [run.slice(first, middle) for run in part]))
