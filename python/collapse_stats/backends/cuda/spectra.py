"""Joint spectra on a GPU: of tokens that lie there, and of tables of the host."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from ...errors import GpuError, LayoutMismatchError
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
    """Joint spectra of all windows of the batch; their keys have room for the labels."""
    tally = DeviceTally(gpu, core_layout(gpu, layout), masks)
    _add_windows(gpu, batch, layout, tally, min_length=0)
    joint_spectra = tally.joint_spectra()
    if layout.max_order > 1 and not tally.by_token:
        single = Layout(layout.vocab_size, 1, layout.labels)
        first, followed = (DeviceTally(gpu, core_layout(gpu, single), masks) for _ in range(2))
        _add_windows(gpu, batch, single, first, min_length=1)
        _add_windows(gpu, batch, single, followed, min_length=2)
        found = first.joint_spectra()
        joint_spectra.ngrams[1], joint_spectra.contexts[1] = found.ngrams[1], found.contexts[1]
        joint_spectra.contexts[2] = followed.joint_spectra().ngrams[1]
    windows = np.sum([resident.windows for resident in batch], axis=0)
    check(joint_spectra, windows, masks)
    return joint_spectra


def _add_windows(
    gpu: Gpu, batch: Sequence[Resident], layout: Layout, tally: DeviceTally, min_length: int
) -> None:
    """Add all windows at least so long."""
    number = sum(resident.number for resident in batch)
    held = sum(resident.nbytes for resident in batch) + tally.nbytes(number)
    room = max(gpu.budget - held, gpu.budget // 4)
    capacity = max(1, room // record_cost(layout, with_rows=False))
    if number <= capacity and min_length == 0 and tally.partitions and not gpu.by_sorting:
        heavy = _add_partitioned(replace(gpu, budget=room), batch, layout, tally, number)
    else:
        heavy = [None]
    for windows in heavy:  # what the partition path left, which fits; or None: everything
        least = min_length if windows is None else windows.orders[0]
        everywhere = Selection((0, layout.key_ranges), least, heavy=windows)
        _add_sorted(gpu, batch, layout, tally, everywhere, capacity)


def _add_partitioned(
    gpu: Gpu, batch: Sequence[Resident], layout: Layout, tally: DeviceTally, number: int
) -> list[HeavyWindows | None]:
    """Add all windows but those of heavy buckets, which are given."""
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
    """Add the selected windows of all key ranges, as many key ranges at a time as fit."""
    number = sum(resident.number for resident in batch)
    if selection.heavy is not None:
        number = selection.heavy.number
    ranges = 1 if number <= capacity else min(layout.key_ranges, -(-5 * number // (4 * capacity)))
    edges = np.linspace(0, layout.key_ranges, ranges + 1).astype(int).tolist()
    waiting = list(pairwise(edges))
    while waiting:
        first, last = waiting.pop()
        part = replace(selection, key_ranges=(first, last))
        if not _add_key_ranges(gpu, batch, layout, part, capacity, tally):
            middle = (first + last) // 2
            waiting += [(first, middle), (middle, last)]


def _add_key_ranges(
    gpu: Gpu,
    batch: Sequence[Resident],
    layout: Layout,
    selection: Selection,
    capacity: int,
    tally: DeviceTally,
) -> bool:
    """Add the windows of some key ranges; false if their records do not fit and can be divided."""
    divisible = selection.key_ranges[1] - selection.key_ranges[0] > 1
    table: DeviceTable | None = None
    windows = 0  # that there is no room for in the tally yet: there is for what a bucket left
    for part in sorted_records(gpu, batch, layout, selection, capacity):
        if selection.heavy is None:
            windows += part.number
        if part.last and table is None:
            tally.reserve(windows)
            orders = (1, layout.max_order) if selection.heavy is None else selection.heavy.orders
            tally.add_records(part, layout.labels, orders)
            return True
        if divisible:
            return False
        found = table_of(gpu, part, layout.labels, layout.words)
        table = found if table is None else added(gpu, layout, table, found)
    if table is not None:  # a key range of much repeated text: its rows are few
        tally.reserve(windows)
        tally.add_rows(table)
    return True


class JointScan:
    """Spectra of tables that are added range after range; labels are numbered through."""

    def __init__(self, gpu: Gpu, layouts: Sequence[Layout], masks: Sequence[Masks]) -> None:
        self._gpu, self._layouts, self._masks = gpu, layouts, masks
        self._windows = [0] * sum(layout.labels for layout in layouts)
        self._layout: Any = core_layout(gpu, layouts[0], len(self._windows))
        self._tally = DeviceTally(gpu, self._layout, masks)
        self._first: FirstTokens | None = None
        if layouts[0].max_order > 1 and not self._tally.by_token:
            self._first = FirstTokens(len(self._windows))

    def check(self, tables: Sequence[NgramTable]) -> None:
        """Raise LayoutMismatchError for tables that cannot be joined."""
        first = self._layouts[0]
        for table, like in zip(tables, self._layouts, strict=True):
            check_layout(table.layout, Layout(first.vocab_size, first.max_order, like.labels))

    def add(self, tables: Sequence[NgramTable]) -> None:
        """Add the rows of one range."""
        if self._first is not None:
            self._first.add(tables)
        if not any(map(len, tables)):
            return
        windows = [number for table in tables for number in table.counts.sum(axis=1).tolist()]
        self._windows = [a + b for a, b in zip(self._windows, windows, strict=True)]
        found = [upload_table(self._gpu.memory, table) for table in tables]
        whole = found[0] if len(found) == 1 else beside(self._gpu, self._layout, *found)
        self._tally.reserve(sum(windows))
        self._tally.add_rows(whole)

    def joint_spectra(self) -> JointSpectra:
        """The joint spectra."""
        joint_spectra = self._tally.joint_spectra()
        if self._first is not None:
            self._first.put_into(joint_spectra, self._masks)
        check(joint_spectra, np.array([self._windows], dtype=np.int64), self._masks)
        return joint_spectra


def check_layout(got: Layout, expected: Layout) -> None:
    """Raise LayoutMismatchError for a table of another layout."""
    if got != expected:
        raise LayoutMismatchError(
            f"expected a table of {expected}, got one of {got}: count both with the same settings"
        )


def check(
    joint_spectra: JointSpectra, windows: npt.NDArray[np.int64], masks: Sequence[Masks]
) -> None:
    """The n-grams of an order, each as often as it was seen, are the windows that long.

    `windows` ``(orders, labels)`` says how many there are, of the first orders or of all.
    """
    for order, labelled in enumerate(windows.tolist(), start=1):
        for pair in masks:
            joint = joint_spectra.ngrams[order][pair]
            for mask, margin in zip(pair, (joint.first, joint.second), strict=True):
                expected = sum(n for label, n in enumerate(labelled) if mask >> label & 1)
                check_windows(margin.occurrences, expected, order)


def check_windows(found: object, expected: object, order: int) -> None:
    """Raise GpuError if the GPU lost or invented windows."""
    if found != expected:
        raise GpuError(
            f"the GPU counted {found} {order}-grams and there are {expected}: please report this "
            "with the corpus, and use the native backend meanwhile"
        )
