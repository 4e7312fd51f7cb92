"""Tables on the device: made from records, merged, and copied to and from the host."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...ngrams.layout import Layout
from ...ngrams.table import NgramTable
from .device import Array, Gpu, Memory
from .records import Sorted, core_layout


@dataclass(frozen=True, slots=True)
class DeviceTable:
    """Keys ``(words, R)`` and counts ``(labels, R)`` on the device, as in `NgramTable`."""

    keys: Array
    counts: Array

    @property
    def rows(self) -> int:
        """Number of rows."""
        return int(self.keys.shape[1])

    @property
    def nbytes(self) -> int:
        """Bytes on the device."""
        return int(self.keys.nbytes + self.counts.nbytes)


def upload_table(memory: Memory, table: NgramTable) -> DeviceTable:
    """Copy a table to the device."""
    return DeviceTable(_upload_columns(memory, table.keys), _upload_columns(memory, table.counts))


def download_table(memory: Memory, layout: Layout, table: DeviceTable) -> NgramTable:
    """Copy a table to the host."""
    return NgramTable(layout, memory.download(table.keys), memory.download(table.counts))


def _upload_columns(memory: Memory, columns: np.ndarray[Any, np.dtype[np.uint64]]) -> Array:
    rows = [np.ascontiguousarray(row) for row in columns]
    return memory.upload(rows).reshape(columns.shape)


def label_sums(gpu: Gpu, portion: Sorted, labels: int) -> Array:
    """Return the sums with which the records' labels are counted; empty if there is one label."""
    core, memory = gpu.core, gpu.memory
    if labels == 1:
        return memory.empty(0, np.uint64)
    sums = memory.empty(core.label_sums_words(portion.layout, portion.number), np.uint64)
    nbytes = core.label_sums_bytes(portion.layout, portion.number)
    workspace = memory.empty(max(1, nbytes))
    core.make_label_sums(
        memory.stream,
        portion.layout,
        memory.address(portion.records),
        portion.number,
        memory.address(sums),
        memory.address(workspace),
        nbytes,
    )
    return sums


def table_of(gpu: Gpu, portion: Sorted, labels: int, words: int) -> DeviceTable:
    """Return the table of sorted records. Waits for the number of its rows."""
    core, memory = gpu.core, gpu.memory
    sums = label_sums(gpu, portion, labels)
    records, stream = memory.address(portion.records), memory.stream
    places = memory.empty(core.row_places(portion.number), np.uint64)
    nbytes = core.find_rows_bytes(portion.number)
    workspace = memory.empty(max(1, nbytes))
    inputs = (
        portion.layout,
        records,
        portion.number,
        memory.address(sums),
        memory.address(places),
    )
    core.find_rows(stream, *inputs, memory.address(workspace), nbytes)
    rows = int(memory.download(places[-1:])[0])
    table = DeviceTable(
        memory.empty((words, rows), np.uint64), memory.empty((labels, rows), np.uint64)
    )
    core.write_rows(stream, *inputs, memory.address(table.keys), memory.address(table.counts), rows)
    return table


def relabelled(memory: Memory, table: DeviceTable, label: int, labels: int) -> DeviceTable:
    """Return a table of several labels whose windows all have the same label."""
    counts = memory.zeros((labels, table.rows), np.uint64)
    counts[label] = table.counts[0]
    return DeviceTable(table.keys, counts)


def added(gpu: Gpu, layout: Layout, a: DeviceTable, b: DeviceTable) -> DeviceTable:
    """Return one table of two with the same layout; counts of equal keys are added."""
    return _merged(gpu, core_layout(gpu, layout), (a, b), (0, 0), layout.labels)


def beside(gpu: Gpu, layout: Any, a: DeviceTable, b: DeviceTable) -> DeviceTable:
    """Return one table of two, their labels numbered consecutively.

    Input: `Layout` of the core.
    """
    labels = [int(table.counts.shape[0]) for table in (a, b)]
    return _merged(gpu, layout, (a, b), (0, labels[0]), sum(labels))


def _merged(
    gpu: Gpu, layout: Any, tables: Sequence[DeviceTable], first_labels: Sequence[int], labels: int
) -> DeviceTable:
    core, memory = gpu.core, gpu.memory
    a, b = tables
    inputs = [
        core.MergeInput(
            memory.address(table.keys),
            memory.address(table.counts),
            table.rows,
            table.counts.shape[0],
            first_label,
        )
        for table, first_label in zip(tables, first_labels, strict=True)
    ]
    stream = memory.stream
    places = memory.empty(core.merge_places(b.rows), np.uint64)
    nbytes = core.find_merged_bytes(b.rows)
    workspace = memory.empty(max(1, nbytes))
    core.find_merged(
        stream, layout, *inputs, memory.address(places), memory.address(workspace), nbytes
    )
    rows = int(memory.download(places[-1:])[0])
    table = DeviceTable(
        memory.empty((a.keys.shape[0], rows), np.uint64), memory.empty((labels, rows), np.uint64)
    )
    core.write_merged(
        stream,
        layout,
        *inputs,
        memory.address(places),
        memory.address(table.keys),
        memory.address(table.counts),
        rows,
    )
    return table
