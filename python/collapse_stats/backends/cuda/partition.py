"""Joint spectra without a sort, composed of the steps of csrc/cuda/partition_api.hpp.

N-grams of few kinds are counted in cells. The others are divided into buckets by their first
tokens, as many at a time as fit into memory, and counted in shared memory. Buckets that do not fit
there are named; their windows are to be counted by sorting.
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
        """Of the tokens so many in the list, the one at this position."""


@dataclass(frozen=True, slots=True)
class HeavyWindows:
    """Windows that the partition path leaves to the sorted path, for some orders.

    Attributes
    ----------
    orders
        First and last order they are to be counted for; the first is their least length too.
    number
        How many they are, of all tokens.
    flags, bits
        Arguments of `make_records`: their buckets, on the device, by `orders[0]` tokens.
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
    """Add to a tally what the sorted path would add, but for the windows returned.

    Waits for the device a few times for each group of orders.

    Parameters
    ----------
    gpu
        The steps, the memory they work on, and the bytes of it to be taken beside what is held.
    layout, tokens, tally
        `Layout`, list of `Tokens`, and `Tally` of the core.
    refuse
        Called with the first id outside the vocabulary, if there is one.
    max_cells
        Orders of at most so many possible n-grams are counted in cells; by default, one for every
        token. Changes speed, never results.
    """
    adder = _Adder(gpu, layout, tokens, tally)
    first = adder.add_cells(max_cells)
    heavy = [
        left
        for orders in gpu.core.order_groups(layout, first)
        if (left := adder.add_orders(*orders)) is not None
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
        """Add orders of few n-grams. Gives the first that is left."""
        most = sum(part.size for part in self._tokens) if max_cells is None else max_cells
        last = self._core.cell_orders(self._layout, most)
        if self._tally.by_token:
            last = max(last, 1)
        for order in range(1, last + 1):
            self._add_cells_of(order)
        if last == 0 and self._layout.max_order > 1:
            return 2  # as the sorted path: order 1 is asked for by itself
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
        for part, wrong_id in self._parts():
            self._core.count_cells(self._memory.stream, self._layout, part, cells, wrong_id)

    def add_orders(self, first_order: int, last_order: int) -> HeavyWindows | None:
        """Add orders that are counted together. Gives what is left of them."""
        core, memory = self._core, self._memory
        windows = sum(part.size for part in self._tokens)
        partition = core.Partition(self._layout, first_order, last_order, windows)
        sizes = self._bin_sizes(partition)
        window_bytes = 4 * (partition.binned_words + partition.bucket_words)
        # Places of bins and buckets, sums of them, flags: what does not grow with the windows.
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
        other = memory.empty(4 * partition.bucket_words * most)
        for first, last in passes:
            bins = core.Pass(first, last, int(sizes[first:last].sum()))
            ends = self._scatter(partition, bins, sizes[first:last], records)
            nbytes = core.tally_buckets_bytes(partition, bins)
            workspace = memory.empty(max(1, nbytes))
            core.tally_buckets(
                memory.stream,
                partition,
                bins,
                *map(memory.address, (ends, records, other, workspace)),
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
        """Windows in each bin. Waits for the device."""
        sizes = self._memory.zeros(partition.bins, np.uint64)
        for part, wrong_id in self._parts():
            self._core.count_bins(
                self._memory.stream, partition, part, self._memory.address(sizes), wrong_id
            )
        found: npt.NDArray[np.uint64] = self._memory.download(sizes)
        return found

    def _scatter(
        self, partition: Any, bins: Any, sizes: npt.NDArray[np.uint64], records: Any
    ) -> Any:
        """Write the records of these bins. Gives the bins' ends, on the device."""
        places = self._memory.upload([np.cumsum(sizes) - sizes])
        for part, wrong_id in self._parts():
            self._core.scatter_windows(
                self._memory.stream,
                partition,
                part,
                bins,
                self._memory.address(places),
                self._memory.address(records),
                wrong_id,
            )
        return places

    def _parts(self) -> Iterator[tuple[Any, int]]:
        """Tokens, and where their first wrong id is noted."""
        address = self._memory.address(self.wrong_ids)
        for index, part in enumerate(self._tokens):
            yield part, address + 8 * index


def _passes(sizes: npt.NDArray[np.uint64], room: int, most_bins: int) -> Iterator[tuple[int, int]]:
    """Ranges of bins whose windows fit together; bins that do not fit alone are in none."""
    first, held = 0, 0
    for bin_, size in enumerate(sizes.tolist()):
        if bin_ - first == most_bins or held + size > room:
            if held:
                yield first, bin_
            first, held = bin_, 0
        if size > room:
            first = bin_ + 1
        else:
            held += size
    if held:
        yield first, len(sizes)


def _flags(bins: npt.NDArray[np.bool_], buckets: int) -> npt.NDArray[np.uint32]:
    """A bit for every bucket, lowest first: whether its bin is among these."""
    bits = np.zeros(-(-buckets // 32) * 32, dtype=bool)
    bits[:buckets] = np.repeat(bins, buckets // len(bins))
    return np.packbits(bits, bitorder="little").view(np.uint32)
