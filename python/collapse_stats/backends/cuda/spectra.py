"""Joint spectra on a GPU: of tokens on the device, and of tables on the host."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from ...errors import GpuError
from ...ngrams.layout import Layout
from ...ngrams.spectrum import JointSpectra, Masks
from ...ngrams.table import NgramTable
from .device import Gpu
from .first_tokens import FirstTokens
from .partition import HeavyWindows, add_partitioned
from .records import Resident, Selection, core_layout, record_cost, refuse, sorted_records
from .rows import DeviceTable, added, beside, table_of, upload_table
from .tally import DeviceTally


def spectra(
    gpu: Gpu, batch: Sequence[Resident], layout: Layout, masks: Sequence[Masks]
) -> JointSpectra:
    """Return the joint spectra of a batch whose keys have room for the labels."""
    tally = DeviceTally(gpu, core_layout(gpu, layout), masks)
    _add_windows(gpu, batch, layout, tally, min_length=0)
    joint_spectra = tally.joint_spectra()
    if layout.max_order > 1 and not tally.by_token:
        single = Layout(layout.vocab_size, 1, layout.labels)
        first, followed = (DeviceTally(gpu, core_layout(gpu, single), masks) for _ in range(2))
        _add_windows(gpu, batch, single, first, min_length=1)
        _add_windows(gpu, batch, single, followed, min_length=2)
        unigrams = first.joint_spectra()
        joint_spectra.ngrams[1] = unigrams.ngrams[1]
        joint_spectra.contexts[1] = unigrams.contexts[1]
        joint_spectra.contexts[2] = followed.joint_spectra().ngrams[1]
    windows = np.sum([resident.windows for resident in batch], axis=0)
    check(joint_spectra, windows, masks)
    return joint_spectra


def _add_windows(
    gpu: Gpu, batch: Sequence[Resident], layout: Layout, tally: DeviceTally, min_length: int
) -> None:
    """Add all windows of at least `min_length` tokens."""
    number = sum(resident.number for resident in batch)
    resident_bytes = sum(resident.nbytes for resident in batch) + tally.nbytes(number)
    room = max(gpu.budget - resident_bytes, gpu.budget // 4)
    capacity = max(1, room // record_cost(layout, with_rows=False))
    if number <= capacity and min_length == 0 and tally.partitions and not gpu.by_sorting:
        heavy = _add_partitioned(replace(gpu, budget=room), batch, layout, tally, number)
    else:
        heavy = [None]
    for windows in heavy:  # windows that the partition path left out, or None for all windows
        least = min_length if windows is None else windows.orders[0]
        selection = Selection((0, layout.key_ranges), least, heavy=windows)
        _add_sorted(gpu, batch, layout, tally, selection, capacity)


def _add_partitioned(
    gpu: Gpu, batch: Sequence[Resident], layout: Layout, tally: DeviceTally, number: int
) -> list[HeavyWindows | None]:
    """Add all windows but those of heavy buckets, which are returned."""
    tally.reserve(number)

    def refused(index: int, position: int) -> NoReturn:
        refuse(gpu.memory, batch[index], position, layout.vocab_size)

    tokens = [resident.tokens for resident in batch]
    return [*add_partitioned(gpu, core_layout(gpu, layout), tokens, tally.tally, refused)]


def _add_sorted(
    gpu: Gpu,
    batch: Sequence[Resident],
    layout: Layout,
    tally: DeviceTally,
    selection: Selection,
    capacity: int,
) -> None:
    """Add the selected windows, in stretches of as many key ranges as fit at a time."""
    number = sum(resident.number for resident in batch)
    if selection.heavy is not None:
        number = selection.heavy.number
    stretches = 1
    if number > capacity:
        stretches = min(layout.key_ranges, -(-5 * number // (4 * capacity)))
    edges = np.linspace(0, layout.key_ranges, stretches + 1).astype(int).tolist()
    waiting = list(pairwise(edges))
    while waiting:
        first, last = waiting.pop()
        stretch = replace(selection, key_ranges=(first, last))
        if not _add_stretch(gpu, batch, layout, stretch, capacity, tally):
            middle = (first + last) // 2
            waiting += [(first, middle), (middle, last)]


def _add_stretch(
    gpu: Gpu,
    batch: Sequence[Resident],
    layout: Layout,
    selection: Selection,
    capacity: int,
    tally: DeviceTally,
) -> bool:
    """Add the windows of one stretch of key ranges.

    Returns False, having added nothing, if the records do not fit and the stretch can be divided.
    """
    divisible = selection.key_ranges[1] - selection.key_ranges[0] > 1
    table: DeviceTable | None = None
    windows = 0  # to make room for in the tally, which already has room for heavy windows
    for portion in sorted_records(gpu, batch, layout, selection, capacity):
        if selection.heavy is None:
            windows += portion.number
        if portion.last and table is None:
            tally.reserve(windows)
            orders = (1, layout.max_order) if selection.heavy is None else selection.heavy.orders
            tally.add_records(portion, layout.labels, orders)
            return True
        if divisible:
            return False
        next_table = table_of(gpu, portion, layout.labels, layout.words)
        table = next_table if table is None else added(gpu, layout, table, next_table)
    if table is not None:  # one key range of many records: of repetitive text, with few rows
        tally.reserve(windows)
        tally.add_rows(table)
    return True


class JointScan:
    """Joint spectra of tables that are added one stretch of key ranges after the other.

    The labels of all tables are numbered consecutively.
    """

    def __init__(self, gpu: Gpu, layouts: Sequence[Layout], masks: Sequence[Masks]) -> None:
        self._gpu, self._masks = gpu, masks
        self._windows = [0] * sum(layout.labels for layout in layouts)
        self._layout: Any = core_layout(gpu, layouts[0], len(self._windows))
        self._tally = DeviceTally(gpu, self._layout, masks)
        self._first: FirstTokens | None = None
        if layouts[0].max_order > 1 and not self._tally.by_token:
            self._first = FirstTokens(len(self._windows))

    def add(self, tables: Sequence[NgramTable]) -> None:
        """Add the rows of one stretch."""
        if self._first is not None:
            self._first.add(tables)
        if not any(map(len, tables)):
            return
        windows = [number for table in tables for number in table.counts.sum(axis=1).tolist()]
        self._windows = [a + b for a, b in zip(self._windows, windows, strict=True)]
        uploaded = [upload_table(self._gpu.memory, table) for table in tables]
        joined = uploaded[0] if len(uploaded) == 1 else beside(self._gpu, self._layout, *uploaded)
        self._tally.reserve(sum(windows))
        self._tally.add_rows(joined)

    def joint_spectra(self) -> JointSpectra:
        """Return the joint spectra of everything added. Waits for them."""
        joint_spectra = self._tally.joint_spectra()
        if self._first is not None:
            self._first.put_into(joint_spectra, self._masks)
        check(joint_spectra, np.array([self._windows], dtype=np.int64), self._masks)
        return joint_spectra


def check(
    joint_spectra: JointSpectra, windows: npt.NDArray[np.int64], masks: Sequence[Masks]
) -> None:
    """Check that the n-grams of each order occur as often as there are windows of that length.

    `windows` has the number of windows, ``(orders, labels)``, for some first orders or for all.
    """
    for order, labelled in enumerate(windows.tolist(), start=1):
        for pair in masks:
            joint = joint_spectra.ngrams[order][pair]
            for mask, margin in zip(pair, (joint.first, joint.second), strict=True):
                expected = sum(n for label, n in enumerate(labelled) if mask >> label & 1)
                check_windows(margin.occurrences, expected, order)


def check_windows(counted: object, expected: object, order: int) -> None:
    """Raise GpuError if the GPU lost or invented windows."""
    if counted != expected:
        raise GpuError(
            f"the GPU counted {counted} {order}-grams and there are {expected}: please report this "
            "with the corpus, and use the native backend meanwhile"
        )
