"""Joint spectra without sorting, composed of the steps of csrc/cuda/partition_api.hpp.

Orders with few possible n-grams are counted in an array of cells. For the other orders, windows are
divided into buckets by their first tokens, as many at a time as fit into memory, and each bucket is
counted in shared memory. Buckets too large for that are flagged; their windows ("heavy" ones) are
left to be counted by sorting.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

import numpy as np
import numpy.typing as npt

NO_POSITION = 2**64 - 1


class Refuse(Protocol):
    """Raises the error for an id outside the vocabulary."""

    def __call__(self, index: int, position: int) -> NoReturn:
        """Raise the error for the id at `position` of item `index` of the list of tokens."""


@dataclass(frozen=True, slots=True)
class HeavyWindows:
    """Windows that are left to be counted by sorting, for some orders.

    Attributes
    ----------
    orders
        First and last of these orders; the first is also the least length of the windows.
    number
        Number of windows in all tokens.
    flags, bits
        Arguments of `make_records`: flags of their buckets, on the device, and the bits of a
        bucket. Buckets are formed by the first `orders[0]` tokens.
    """

    orders: tuple[int, int]
    number: int
    flags: Any
    bits: int


def add_partitioned(
    gpu: Any,
    layout: Any,
    tokens: Sequence[Any],
    tally: Any,
    refuse: Refuse,
    max_cells: int | None = None,
) -> list[HeavyWindows]:
    """Add all windows to a tally, except those returned, which are to be added by sorting.

    Waits for the device a few times for each group of orders.

    Parameters
    ----------
    gpu
        The steps, the memory they work on, and how many bytes they may take in addition to what
        is already allocated.
    layout, tokens, tally
        `Layout`, list of `Tokens`, and `Tally` of the core.
    refuse
        Called for the first id outside the vocabulary, if there is one.
    max_cells
        Orders with at most this many possible n-grams are counted in cells; by default the number
        of tokens. It changes the speed, never the result.
    """
    adder = _Adder(gpu, layout, tokens, tally)
    first = adder.add_cells(max_cells)
    heavy = [
        windows
        for orders in gpu.core.order_groups(layout, first)
        if (windows := adder.add_orders(*orders)) is not None
    ]
    for index, position in enumerate(gpu.memory.download(adder.wrong_ids).tolist()):
        if position != NO_POSITION:
            refuse(index, position)
    return heavy


class _Adder:
    """Adds the windows of all tokens to a tally, some orders at a time."""

    def __init__(self, gpu: Any, layout: Any, tokens: Sequence[Any], tally: Any) -> None:
        self._core, self._memory, self._budget = gpu.core, gpu.memory, gpu.budget
        self._layout, self._tokens, self._tally = layout, tokens, tally
        self.wrong_ids = self._memory.upload([np.full(len(tokens), NO_POSITION, dtype=np.uint64)])

    def add_cells(self, max_cells: int | None) -> int:
        """Add the orders with few possible n-grams and return the first order that is left."""
        most = sum(piece.size for piece in self._tokens) if max_cells is None else max_cells
        last = self._core.cell_orders(self._layout, most)
        if self._tally.by_token:
            last = max(last, 1)
        for order in range(1, last + 1):
            self._add_cells_of(order)
        if last == 0 and self._layout.max_order > 1:
            return 2  # order 1 is counted in a call of its own, as it is by sorting
        return int(last) + 1

    def _add_cells_of(self, order: int) -> None:
        core, memory, layout = self._core, self._memory, self._layout
        if order == 1 and self._tally.by_token:
            self._count_cells(core.Cells.of_tally(self._tally))
            return
        words = core.cell_words(layout, order)
        seen = memory.zeros(words, np.uint64)
        ended = memory.zeros(words, np.uint64) if order < layout.max_order else None
        cells = core.Cells(
            order, memory.address(seen), 0 if ended is None else memory.address(ended)
        )
        self._count_cells(cells)
        core.tally_cells(memory.stream, cells, self._tally)

    def _count_cells(self, cells: Any) -> None:
        for piece, wrong_id in self._pieces():
            self._core.count_cells(self._memory.stream, self._layout, piece, cells, wrong_id)

    def add_orders(self, first_order: int, last_order: int) -> HeavyWindows | None:
        """Add a group of orders and return its heavy windows; None if there are none."""
        core, memory = self._core, self._memory
        windows = sum(piece.size for piece in self._tokens)
        partition = core.Partition(self._layout, first_order, last_order, windows)
        sizes = self._bin_sizes(partition)
        window_bytes = 4 * (partition.binned_words + partition.bucket_words)
        # Places, sums and flags of bins and buckets take 32 bytes per bucket.
        room = max(0, self._budget - 32 * partition.buckets) // window_bytes
        passes = list(_passes(sizes, room, core.max_pass_bins()))
        left_out = np.ones(partition.bins, dtype=bool)
        for first, last in passes:
            left_out[first:last] = False
        left_out &= sizes > 0
        flags = memory.upload([_flags(left_out, partition.buckets)])
        heavy = memory.zeros(1, np.uint64)
        most = max((int(sizes[first:last].sum()) for first, last in passes), default=0)
        records = memory.empty(4 * partition.binned_words * most)
        scratch = memory.empty(4 * partition.bucket_words * most)
        for first, last in passes:
            bins = core.Pass(first, last, int(sizes[first:last].sum()))
            ends = self._scatter(partition, bins, sizes[first:last], records)
            nbytes = core.tally_buckets_bytes(partition, bins)
            workspace = memory.empty(max(1, nbytes))
            core.tally_buckets(
                memory.stream,
                partition,
                bins,
                *map(memory.address, (ends, records, scratch, workspace)),
                nbytes,
                self._tally,
                memory.address(flags),
                memory.address(heavy),
            )
        number = int(memory.download(heavy)[0]) + int(sizes[left_out].sum())
        if number == 0:
            return None
        return HeavyWindows((first_order, last_order), number, flags, partition.bucket_bits)

    def _bin_sizes(self, partition: Any) -> npt.NDArray[np.uint64]:
        """Return the number of windows in each bin. Waits for the device."""
        sizes = self._memory.zeros(partition.bins, np.uint64)
        for piece, wrong_id in self._pieces():
            self._core.count_bins(
                self._memory.stream, partition, piece, self._memory.address(sizes), wrong_id
            )
        downloaded: npt.NDArray[np.uint64] = self._memory.download(sizes)
        return downloaded

    def _scatter(
        self, partition: Any, bins: Any, sizes: npt.NDArray[np.uint64], records: Any
    ) -> Any:
        """Write the records of these bins and return the bins' ends, on the device."""
        places = self._memory.upload([np.cumsum(sizes) - sizes])
        for piece, wrong_id in self._pieces():
            self._core.scatter_windows(
                self._memory.stream,
                partition,
                piece,
                bins,
                self._memory.address(places),
                self._memory.address(records),
                wrong_id,
            )
        return places

    def _pieces(self) -> Iterator[tuple[Any, int]]:
        """Yield each `Tokens` with the address at which to note its first wrong id."""
        address = self._memory.address(self.wrong_ids)
        for index, piece in enumerate(self._tokens):
            yield piece, address + 8 * index


def _passes(sizes: npt.NDArray[np.uint64], room: int, most_bins: int) -> Iterator[tuple[int, int]]:
    """Yield ranges of bins whose windows fit together, leaving out bins too large on their own."""
    first, windows = 0, 0
    for bin_, size in enumerate(sizes.tolist()):
        if bin_ - first == most_bins or windows + size > room:
            if windows:
                yield first, bin_
            first, windows = bin_, 0
        if size > room:
            first = bin_ + 1
        else:
            windows += size
    if windows:
        yield first, len(sizes)


def _flags(bins: npt.NDArray[np.bool_], buckets: int) -> npt.NDArray[np.uint32]:
    """Return a bit for every bucket, lowest bit first: the flag of its bin."""
    bits = np.zeros(-(-buckets // 32) * 32, dtype=bool)
    bits[:buckets] = np.repeat(bins, buckets // len(bins))
    return np.packbits(bits, bitorder="little").view(np.uint32)
