"""Runs on the device: made of records, merged, and copied to the host."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...ngrams.layout import Layout
from ...ngrams.run import Run
from .device import Array, Gpu, Memory
from .records import Sorted, core_layout


@dataclass(frozen=True, slots=True)
class DeviceRun:
    """Keys ``(words, R)`` and counts ``(labels, R)`` on the device, as in `Run`."""

    keys: Array
    counts: Array

    @property
    def rows(self) -> int:
        """R."""
        return int(self.keys.shape[1])

    @property
    def nbytes(self) -> int:
        """Bytes on the device."""
        return int(self.keys.nbytes + self.counts.nbytes)


def upload_run(memory: Memory, run: Run) -> DeviceRun:
    """Copy a run to the device."""
    return DeviceRun(_upload_columns(memory, run.keys), _upload_columns(memory, run.counts))


def download_run(memory: Memory, layout: Layout, run: DeviceRun) -> Run:
    """Copy a run to the host."""
    return Run(layout, memory.download(run.keys), memory.download(run.counts))


def _upload_columns(memory: Memory, columns: np.ndarray[Any, np.dtype[np.uint64]]) -> Array:
    rows = [np.ascontiguousarray(row) for row in columns]
    return memory.upload(rows).reshape(columns.shape)


def label_sums(gpu: Gpu, part: Sorted, labels: int) -> Array:
    """What helps to count the records' labels; nothing where there is one label."""
    core, memory = gpu.core, gpu.memory
    if labels == 1:
        return memory.empty(0, np.uint64)
    sums = memory.empty(core.label_sums_words(part.layout, part.number), np.uint64)
    nbytes = core.label_sums_bytes(part.layout, part.number)
    workspace = memory.empty(max(1, nbytes))
    core.make_label_sums(
        memory.stream,
        part.layout,
        memory.address(part.records),
        part.number,
        memory.address(sums),
        memory.address(workspace),
        nbytes,
    )
    return sums


def run_of(gpu: Gpu, part: Sorted, labels: int, words: int) -> DeviceRun:
    """Run of sorted records. Waits for the number of its rows."""
    core, memory = gpu.core, gpu.memory
    sums = label_sums(gpu, part, labels)
    records, stream = memory.address(part.records), memory.stream
    places = memory.empty(core.row_places(part.number), np.uint64)
    nbytes = core.find_rows_bytes(part.number)
    workspace = memory.empty(max(1, nbytes))
    sorted_ = (part.layout, records, part.number, memory.address(sums), memory.address(places))
    core.find_rows(stream, *sorted_, memory.address(workspace), nbytes)
    rows = int(memory.download(places[-1:])[0])
    run = DeviceRun(memory.empty((words, rows), np.uint64), memory.empty((labels, rows), np.uint64))
    core.write_rows(stream, *sorted_, memory.address(run.keys), memory.address(run.counts), rows)
    return run


def relabelled(memory: Memory, run: DeviceRun, label: int, labels: int) -> DeviceRun:
    """The same windows counted under one label of several."""
    counts = memory.zeros((labels, run.rows), np.uint64)
    counts[label] = run.counts[0]
    return DeviceRun(run.keys, counts)


def added(gpu: Gpu, layout: Layout, a: DeviceRun, b: DeviceRun) -> DeviceRun:
    """One run of two of a layout: counts of equal keys add."""
    return _merged(gpu, core_layout(gpu, layout), (a, b), (0, 0), layout.labels)


def beside(gpu: Gpu, layout: Any, a: DeviceRun, b: DeviceRun) -> DeviceRun:
    """One run of two whose labels are numbered through; `layout` is that of the core."""
    labels = [int(run.counts.shape[0]) for run in (a, b)]
    return _merged(gpu, layout, (a, b), (0, labels[0]), sum(labels))


def _merged(
    gpu: Gpu, layout: Any, runs: Sequence[DeviceRun], first: Sequence[int], labels: int
) -> DeviceRun:
    core, memory = gpu.core, gpu.memory
    a, b = runs
    inputs = [
        core.MergeInput(
            memory.address(run.keys), memory.address(run.counts), run.rows, run.counts.shape[0], at
        )
        for run, at in zip(runs, first, strict=True)
    ]
    stream = memory.stream
    places = memory.empty(core.merge_places(b.rows), np.uint64)
    nbytes = core.find_merged_bytes(b.rows)
    workspace = memory.empty(max(1, nbytes))
    core.find_merged(
        stream, layout, *inputs, memory.address(places), memory.address(workspace), nbytes
    )
    rows = int(memory.download(places[-1:])[0])
    run = DeviceRun(
        memory.empty((a.keys.shape[0], rows), np.uint64), memory.empty((labels, rows), np.uint64)
    )
    core.write_merged(
        stream,
        layout,
        *inputs,
        memory.address(places),
        memory.address(run.keys),
        memory.address(run.counts),
        rows,
    )
    return run
