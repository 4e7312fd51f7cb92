"""Joint spectra that are added up on the device."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...ngrams.spectrum import JointSpectra, Masks
from .device import Gpu
from .records import Sorted
from .rows import DeviceTable, label_sums

MAX_PAIRS = 16  # Tally::max_pairs
_HEAD = 4  # words before the list of entries
_ENTRY = 4  # words of an entry


class DeviceTally:
    """Joint spectra of windows that are added by stretches of whole key ranges.

    Parameters
    ----------
    layout
        `Layout` of the core.
    """

    def __init__(self, gpu: Gpu, layout: Any, masks: Sequence[Masks]) -> None:
        self._gpu, self._layout = gpu, layout
        self._core, self._memory = gpu.core, gpu.memory
        self._masks = list(dict.fromkeys(masks))
        if not 1 <= len(self._masks) <= MAX_PAIRS:
            raise ValueError(
                f"masks must be 1 to {MAX_PAIRS} pairs, got {len(self._masks)}: make several calls"
            )
        self._windows = 0
        self._capacity = 0
        self._words: Any = None
        self._tally: Any = None

    @property
    def by_token(self) -> bool:
        """Whether counts by first token (order 1) come out right; see `Tally::by_token`."""
        return bool(self._core.Tally(self._layout, self._masks, 0, 0).by_token)

    @property
    def partitions(self) -> bool:
        """Whether the partition path can count this."""
        return bool(self._core.partition_supports(self._layout, self._masks))

    def nbytes(self, windows: int) -> int:
        """Return the bytes on the device once this number of windows has been added."""
        capacity = self._core.tally_capacity(self._layout, self._masks, windows)
        return 8 * int(self._core.Tally(self._layout, self._masks, capacity, 0).words)

    @property
    def tally(self) -> Any:
        """`Tally` of the core, with room for the windows that were reserved."""
        return self._tally

    def add_records(self, portion: Sorted, labels: int, orders: tuple[int, int]) -> None:
        """Add the n-grams of the orders ``(first, last)`` of records of whole key ranges.

        Room for their windows must have been reserved; see `reserve`.
        """
        sums = label_sums(self._gpu, portion, labels)
        self._core.tally_records(
            self._memory.stream,
            self._memory.address(portion.records),
            portion.number,
            self._memory.address(sums),
            self._tally,
            *orders,
        )

    def add_rows(self, table: DeviceTable) -> None:
        """Add rows of whole key ranges. Room for their windows must have been reserved."""
        memory = self._memory
        keys, counts = memory.address(table.keys), memory.address(table.counts)
        sums = memory.empty(self._core.row_sums_words(self._layout, table.rows), np.uint64)
        nbytes = self._core.row_sums_bytes(table.rows)
        workspace = memory.empty(max(1, nbytes))
        self._core.make_row_sums(
            memory.stream,
            self._layout,
            keys,
            counts,
            table.rows,
            memory.address(sums),
            memory.address(workspace),
            nbytes,
        )
        self._core.tally_rows(
            memory.stream, keys, counts, table.rows, memory.address(sums), self._tally
        )

    def joint_spectra(self) -> JointSpectra:
        """Return the joint spectra. Waits for them; nothing can be added afterwards."""
        self.reserve(0)
        memory = self._memory
        self._core.finish_tally(memory.stream, self._tally)
        listed = int(memory.download(self._words[:1])[0])
        words = self._words[_HEAD : _HEAD + _ENTRY * min(listed, self._capacity)]
        entries = memory.download(words).reshape(-1, _ENTRY)
        ngrams, contexts = self._core.to_joint_spectra(self._tally, listed, entries)
        return JointSpectra.from_columns(self._masks, ngrams, contexts)

    def reserve(self, windows: int) -> None:
        """Make room for the entries that this number of further windows may add."""
        self._windows += windows
        needed = int(self._core.tally_capacity(self._layout, self._masks, self._windows))
        if self._words is not None and needed <= self._capacity:
            return
        tally = self._core.Tally(self._layout, self._masks, needed, 0)
        words = self._memory.zeros(int(tally.words), np.uint64)
        if self._words is not None:
            head = _HEAD + _ENTRY * self._capacity
            words[:head] = self._words[:head]
            words[_HEAD + _ENTRY * needed :] = self._words[head:]
        self._capacity, self._words = needed, words
        self._tally = self._core.Tally(
            self._layout, self._masks, needed, self._memory.address(words)
        )
