"""Counting tokens into a table, and merging tables, on a GPU in portions that fit its memory."""

from collections.abc import Iterable, Iterator, Sequence

from ...errors import GpuMemoryError
from ...ngrams.chunk import Chunk
from ...ngrams.layout import KeyRanges, Layout
from ...ngrams.table import NgramTable
from .device import Gpu
from .pieces import pieces
from .records import Resident, Selection, by_label, make_resident, record_cost, sorted_records
from .rows import DeviceTable, added, download_table, relabelled, table_of, upload_table

PIECE_TOKENS = 1 << 26  # most tokens that are uploaded at once


def batches(
    gpu: Gpu, chunks: Iterable[Chunk], layout: Layout, nbytes: int
) -> Iterator[list[Resident]]:
    """Upload the chunks' tokens and yield batches of about `nbytes` bytes."""
    most = gpu.budget // 16 // record_cost(layout, with_rows=True)
    batch: list[Resident] = []
    size = 0
    for piece in pieces(chunks, layout, max(1, min(PIECE_TOKENS, most))):
        batch.append(make_resident(gpu, piece, layout))
        size += batch[-1].nbytes
        if size >= nbytes:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def count(
    gpu: Gpu, batches: Iterable[Sequence[Resident]], layout: Layout, key_ranges: KeyRanges
) -> NgramTable:
    """Return, on the host, the table of windows in a stretch of key ranges.

    Each batch is dropped once it is counted.
    """
    tables = _Tables(gpu, layout)
    for batch in batches:
        for table in _tables(gpu, batch, layout, key_ranges):
            tables.add(table)
    return tables.result()


def _tables(
    gpu: Gpu, batch: Sequence[Resident], layout: Layout, key_ranges: KeyRanges
) -> Iterator[DeviceTable]:
    """Yield a table for each portion of records that fits into memory."""
    capacity = gpu.budget // 4 // record_cost(layout, with_rows=True)
    separately = by_label(layout)
    for label in range(layout.labels) if separately else [-1]:
        selection = Selection(key_ranges, label=label)
        for portion in sorted_records(gpu, batch, layout, selection, capacity):
            table = table_of(gpu, portion, 1 if separately else layout.labels, layout.words)
            yield relabelled(gpu.memory, table, label, layout.labels) if separately else table


class _Tables:
    """Tables on the device, merged as they come and moved to the host when they grow too large."""

    def __init__(self, gpu: Gpu, layout: Layout) -> None:
        self._gpu, self._layout = gpu, layout
        self._device: list[DeviceTable] = []
        self._host: list[NgramTable] = []

    def add(self, table: DeviceTable) -> None:
        """Add a table and merge those of similar size.

        That way each row is moved a logarithmic number of times.
        """
        self._device.append(table)
        while len(self._device) > 1 and self._device[-2].rows < 2 * self._device[-1].rows:
            self._merge_last()
        # Merging needs twice the memory of the tables.
        if sum(table.nbytes for table in self._device) > self._gpu.budget // 6:
            self._to_host()

    def result(self) -> NgramTable:
        """Return one table of all, on the host."""
        while len(self._device) > 1:
            self._merge_last()
        self._to_host()
        return merge(self._gpu, [NgramTable.empty(self._layout), *self._host])

    def _merge_last(self) -> None:
        b, a = self._device.pop(), self._device.pop()
        self._device.append(added(self._gpu, self._layout, a, b))

    def _to_host(self) -> None:
        for table in self._device:
            self._host.append(download_table(self._gpu.memory, self._layout, table))
        self._device = []
        while len(self._host) > 1 and len(self._host[-2]) < 2 * len(self._host[-1]):
            self._host[-2:] = [merge(self._gpu, self._host[-2:])]


def merge(gpu: Gpu, tables: Sequence[NgramTable]) -> NgramTable:
    """Return, on the host, the table of all windows of tables of one layout."""
    filled = [table for table in tables if len(table)]
    if len(filled) < 2:
        return filled[0] if filled else tables[0]
    layout = tables[0].layout
    return NgramTable.concatenate(
        layout, [_merge(gpu, stretch, layout) for stretch in stretches_that_fit(gpu, filled)]
    )


def _merge(gpu: Gpu, tables: Sequence[NgramTable], layout: Layout) -> NgramTable:
    filled = [table for table in tables if len(table)]
    if len(filled) < 2:
        return filled[0] if filled else NgramTable.empty(layout)
    waiting = [upload_table(gpu.memory, table) for table in filled]
    # Merging the smallest two moves each row a logarithmic number of times.
    while len(waiting) > 1:
        waiting.sort(key=lambda table: table.rows, reverse=True)
        waiting.append(added(gpu, layout, waiting.pop(), waiting.pop()))
    return download_table(gpu.memory, layout, waiting[0])


def stretches_that_fit(gpu: Gpu, tables: Sequence[NgramTable]) -> Iterator[list[NgramTable]]:
    """Yield the tables' rows in ascending stretches of key ranges, each small enough for the GPU.

    Raises GpuMemoryError when the rows of one key range do not fit.
    """
    most = gpu.budget // 4  # memory also holds the merged rows and what the steps need
    waiting = [(0, tables[0].layout.key_ranges, list(tables))]
    while waiting:
        first, last, stretch = waiting.pop()
        if sum(table.nbytes for table in stretch) <= most:
            yield stretch
        elif last - first == 1:
            raise GpuMemoryError(
                f"the GPU must hold the {sum(map(len, stretch)):,} rows of a key range four times "
                f"over and may use {gpu.budget:,} bytes: free device memory, or use the native "
                "backend"
            )
        else:
            middle = (first + last) // 2
            waiting.append((middle, last, [table.slice(middle, last) for table in stretch]))
            waiting.append((first, middle, [table.slice(first, middle) for table in stretch]))
