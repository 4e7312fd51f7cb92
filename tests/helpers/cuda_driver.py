"""Call the steps of the GPU one by one, emulated on the CPU: device memory is NumPy's."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from played_gpu import played_gpu

from collapse_stats.ngrams.chunk import Chunk
from collapse_stats.ngrams.layout import Layout, UInt64Array
from collapse_stats.ngrams.spectrum import JointSpectra, JointSpectrum, Masks
from collapse_stats.ngrams.table import NgramTable

pytest.importorskip(
    "collapse_stats._cuda_emulated", reason="built with COLLAPSE_STATS_EMULATED_CUDA=ON only"
)
cuda = played_gpu()
GARBAGE = np.uint64(0xA5A5A5A5A5A5A5A5)


def words(number: int) -> UInt64Array:
    """Return device memory with undefined contents."""
    return np.full(max(number, 1), GARBAGE)


def to_cuda(layout: Layout, labels: int | None = None) -> cuda.Layout:
    return cuda.Layout(layout.vocab_size, layout.max_order, labels or layout.labels)


@dataclass
class Sorted:
    """Ascending records on the device, with the sums by which their labels are counted."""

    layout: Layout
    records: UInt64Array
    number: int
    sums: UInt64Array

    def addresses(self) -> tuple[int, int, int]:
        return self.records.ctypes.data, self.number, self.sums.ctypes.data


def make_records(
    chunks: Sequence[Chunk],
    layout: Layout,
    key_ranges: tuple[int, int] | None = None,
    min_length: int = 1,
    label: int = -1,
    label_bits: int | None = None,
) -> tuple[UInt64Array, int, int]:
    """Return records in any order, their number, and the position of the first wrong id."""
    own = to_cuda(layout)
    bits = own.label_bits if label_bits is None else label_bits
    size = cuda.record_bytes(own) // 8
    records = words(size * sum(part.tokens.size for part in chunks))
    made = np.array([0, 2**64 - 1], dtype=np.uint64)
    first, last = key_ranges or (0, layout.key_ranges)
    for part in chunks:
        order = np.argsort(part.start, kind="stable")
        spans = [column[order] for column in (part.start, part.stop, part.limit, part.label)]
        spans = [np.ascontiguousarray(column) for column in spans]
        tokens = np.ascontiguousarray(part.tokens)
        planes = words((2 + bits) * cuda.plane_words(tokens.size))
        cuda.make_planes(
            0,
            *(column.ctypes.data for column in spans),
            len(order),
            tokens.size,
            bits,
            planes.ctypes.data,
        )
        on_device = cuda.Tokens(
            tokens.ctypes.data,
            tokens.dtype.kind,
            tokens.dtype.itemsize,
            tokens.size,
            planes.ctypes.data,
            bits,
        )
        cuda.make_records(
            0,
            own,
            on_device,
            first,
            last,
            min_length,
            label,
            records.ctypes.data,
            made.ctypes.data,
        )
    return records, int(made[0]), int(made[1])


def sort_records(layout: Layout, records: UInt64Array, number: int) -> Sorted:
    own = to_cuda(layout)
    other = words(records.size)
    bytes_ = cuda.sort_bytes(own, number)
    workspace = words(bytes_ // 8 + 1)
    where = cuda.sort_records(
        0, own, records.ctypes.data, other.ctypes.data, number, workspace.ctypes.data, bytes_
    )
    records = records if where == records.ctypes.data else other
    sums = words(cuda.label_sums_words(own, number))
    bytes_ = cuda.label_sums_bytes(own, number)
    workspace = words(bytes_ // 8 + 1)
    cuda.make_label_sums(
        0, own, records.ctypes.data, number, sums.ctypes.data, workspace.ctypes.data, bytes_
    )
    return Sorted(layout, records, number, sums)


def sorted_records(chunks: Sequence[Chunk], layout: Layout, **selection: object) -> Sorted:
    records, number, _ = make_records(chunks, layout, **selection)  # type: ignore[arg-type]
    return sort_records(layout, records, number)


def table_of(sorted_: Sorted) -> NgramTable:
    layout, own = sorted_.layout, to_cuda(sorted_.layout)
    places = words(cuda.row_places(sorted_.number))
    bytes_ = cuda.find_rows_bytes(sorted_.number)
    workspace = words(bytes_ // 8 + 1)
    cuda.find_rows(0, own, *sorted_.addresses(), places.ctypes.data, workspace.ctypes.data, bytes_)
    rows = int(places[-1])
    keys = words(layout.words * rows)[: layout.words * rows].reshape(layout.words, rows)
    counts = words(layout.labels * rows)[: layout.labels * rows].reshape(layout.labels, rows)
    cuda.write_rows(
        0,
        own,
        *sorted_.addresses(),
        places.ctypes.data,
        keys.ctypes.data,
        counts.ctypes.data,
        rows,
    )
    return NgramTable(layout, keys, counts)


def merge(
    layout: Layout,
    a: NgramTable,
    b: NgramTable,
    first_labels: tuple[int, int] = (0, 0),
    labels: int | None = None,
) -> NgramTable:
    """Return one table of two, with the labels of `layout` or with `labels` labels."""
    labels = labels or layout.labels
    own = to_cuda(layout, labels)
    inputs = [
        cuda.MergeInput(
            table.keys.ctypes.data, table.counts.ctypes.data, len(table), table.layout.labels, first
        )
        for table, first in zip((a, b), first_labels, strict=True)
    ]
    places = words(cuda.merge_places(len(b)))
    bytes_ = cuda.find_merged_bytes(len(b))
    workspace = words(bytes_ // 8 + 1)
    cuda.find_merged(0, own, *inputs, places.ctypes.data, workspace.ctypes.data, bytes_)
    rows = int(places[-1])
    keys = words(layout.words * rows)[: layout.words * rows].reshape(layout.words, rows)
    counts = words(labels * rows)[: labels * rows].reshape(labels, rows)
    cuda.write_merged(
        0, own, *inputs, places.ctypes.data, keys.ctypes.data, counts.ctypes.data, rows
    )
    return NgramTable(layout, keys, counts)


class Tally:
    """Joint spectra that are added up on the device."""

    def __init__(
        self,
        layout: Layout,
        masks: Sequence[Masks],
        windows: int,
        capacity: int | None = None,
        labels: int | None = None,
    ) -> None:
        own = self.own = to_cuda(layout, labels)
        self.layout, self.masks = layout, list(masks)
        if capacity is None:
            capacity = cuda.tally_capacity(own, self.masks, windows)
        self.capacity = capacity
        size = cuda.Tally(own, self.masks, capacity, 0).words
        self.memory = np.zeros(size, dtype=np.uint64)
        self.on_device = cuda.Tally(own, self.masks, capacity, self.memory.ctypes.data)

    def add(self, sorted_: Sorted, first_order: int = 1, last_order: int | None = None) -> None:
        cuda.tally_records(
            0,
            *sorted_.addresses(),
            self.on_device,
            first_order,
            self.layout.max_order if last_order is None else last_order,
        )

    def add_table(self, table: NgramTable) -> None:
        own, rows = self.own, len(table)
        sums = words(cuda.row_sums_words(own, rows))
        bytes_ = cuda.row_sums_bytes(rows)
        workspace = words(bytes_ // 8 + 1)
        columns = table.keys.ctypes.data, table.counts.ctypes.data, rows
        cuda.make_row_sums(0, own, *columns, sums.ctypes.data, workspace.ctypes.data, bytes_)
        cuda.tally_rows(0, *columns, sums.ctypes.data, self.on_device)

    def joint_spectra(self) -> JointSpectra:
        cuda.finish_tally(0, self.on_device)
        listed = int(self.memory[0])
        assert not self.memory[4 + 4 * self.capacity :].any()
        entries = self.memory[4 : 4 + 4 * min(listed, self.capacity)].reshape(-1, 4)
        ngrams, contexts = cuda.to_joint_spectra(self.on_device, listed, entries)

        def named(spectra: dict[int, list[tuple[UInt64Array, ...]]]) -> dict:
            return {
                order: {
                    pair: JointSpectrum(*columns)
                    for pair, columns in zip(self.masks, of_order, strict=True)
                }
                for order, of_order in spectra.items()
            }

        return JointSpectra(named(ngrams), named(contexts))
