"""Joint spectra on a GPU: of tokens that lie there, and of runs of the host."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from ...errors import GpuError, LayoutMismatchError
from ...ngrams.layout import Layout
from ...ngrams.run import Run
from ...ngrams.spectrum import Masks, Tables
from .device import Gpu
from .first_tokens import FirstTokens
from .partition import HeavyWindows, add_partitioned
from .records import Resident, Selection, core_layout, record_cost, refuse, sorted_records
from .rows import DeviceRun, added, beside, run_of, upload_run
from .tally import DeviceTally


def spectra(gpu: Gpu, batch: Sequence[Resident], layout: Layout, masks: Sequence[Masks]) -> Tables:
    """Joint spectra of all windows of the batch; their keys have room for the labels."""
    tally = DeviceTally(gpu, core_layout(gpu, layout), masks)
    _add_windows(gpu, batch, layout, tally, min_length=0)
    tables = tally.tables()
    if layout.max_order > 1 and not tally.by_token:
        single = Layout(layout.vocab_size, 1, layout.labels)
        first, followed = (DeviceTally(gpu, core_layout(gpu, single), masks) for _ in range(2))
        _add_windows(gpu, batch, single, first, min_length=1)
        _add_windows(gpu, batch, single, followed, min_length=2)
        found = first.tables()
        tables.ngrams[1], tables.contexts[1] = found.ngrams[1], found.contexts[1]
        tables.contexts[2] = followed.tables().ngrams[1]
    windows = np.sum([resident.windows for resident in batch], axis=0)
    check(tables, windows, masks)
    return tables


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
        everywhere = Selection((0, layout.shards), least, heavy=windows)
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
    """Add the selected windows of all shards, as many shards at a time as fit."""
    number = sum(resident.number for resident in batch)
    if selection.heavy is not None:
        number = selection.heavy.number
    ranges = 1 if number <= capacity else min(layout.shards, -(-5 * number // (4 * capacity)))
    edges = np.linspace(0, layout.shards, ranges + 1).astype(int).tolist()
    waiting = list(pairwise(edges))
    while waiting:
        first, last = waiting.pop()
        part = replace(selection, shards=(first, last))
        if not _add_shards(gpu, batch, layout, part, capacity, tally):
            middle = (first + last) // 2
            waiting += [(first, middle), (middle, last)]


def _add_shards(
    gpu: Gpu,
    batch: Sequence[Resident],
    layout: Layout,
    selection: Selection,
    capacity: int,
    tally: DeviceTally,
) -> bool:
    """Add the windows of some shards; false if their records do not fit and can be divided."""
    divisible = selection.shards[1] - selection.shards[0] > 1
    run: DeviceRun | None = None
    windows = 0  # that there is no room for in the tally yet: there is for what a bucket left
    for part in sorted_records(gpu, batch, layout, selection, capacity):
        if selection.heavy is None:
            windows += part.number
        if part.last and run is None:
            tally.reserve(windows)
            orders = (1, layout.max_order) if selection.heavy is None else selection.heavy.orders
            tally.add_records(part, layout.labels, orders)
            return True
        if divisible:
            return False
        found = run_of(gpu, part, layout.labels, layout.words)
        run = found if run is None else added(gpu, layout, run, found)
    if run is not None:  # a shard of much repeated text: its rows are few
        tally.reserve(windows)
        tally.add_rows(run)
    return True


class JointScan:
    """Spectra of runs that are added range after range; labels are numbered through."""

    def __init__(self, gpu: Gpu, layouts: Sequence[Layout], masks: Sequence[Masks]) -> None:
        self._gpu, self._layouts, self._masks = gpu, layouts, masks
        self._windows = [0] * sum(layout.labels for layout in layouts)
        self._layout: Any = core_layout(gpu, layouts[0], len(self._windows))
        self._tally = DeviceTally(gpu, self._layout, masks)
        self._first: FirstTokens | None = None
        if layouts[0].max_order > 1 and not self._tally.by_token:
            self._first = FirstTokens(len(self._windows))

    def check(self, runs: Sequence[Run]) -> None:
        """Raise LayoutMismatchError for runs that cannot be joined."""
        first = self._layouts[0]
        for run, like in zip(runs, self._layouts, strict=True):
            check_layout(run.layout, Layout(first.vocab_size, first.max_order, like.labels))

    def add(self, runs: Sequence[Run]) -> None:
        """Add the rows of one range."""
        if self._first is not None:
            self._first.add(runs)
        if not any(map(len, runs)):
            return
        windows = [number for run in runs for number in run.counts.sum(axis=1).tolist()]
        self._windows = [a + b for a, b in zip(self._windows, windows, strict=True)]
        found = [upload_run(self._gpu.memory, run) for run in runs]
        whole = found[0] if len(found) == 1 else beside(self._gpu, self._layout, *found)
        self._tally.reserve(sum(windows))
        self._tally.add_rows(whole)

    def tables(self) -> Tables:
        """The joint spectra."""
        tables = self._tally.tables()
        if self._first is not None:
            self._first.put_into(tables, self._masks)
        check(tables, np.array([self._windows], dtype=np.int64), self._masks)
        return tables


def check_layout(got: Layout, expected: Layout) -> None:
    """Raise LayoutMismatchError for a run of another layout."""
    if got != expected:
        raise LayoutMismatchError(
            f"expected a run of {expected}, got one of {got}: count both with the same settings"
        )


def check(tables: Tables, windows: npt.NDArray[np.int64], masks: Sequence[Masks]) -> None:
    """The n-grams of an order, each as often as it was seen, are the windows that long.

    `windows` ``(orders, labels)`` says how many there are, of the first orders or of all.
    """
    for order, labelled in enumerate(windows.tolist(), start=1):
        for pair in masks:
            joint = tables.ngrams[order][pair]
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
