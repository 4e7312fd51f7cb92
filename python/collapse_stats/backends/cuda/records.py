"""Tokens on the device, and sorted records of their windows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from ...ngrams.ids import outside_vocabulary
from ...ngrams.layout import MAX_KEY_BITS, KeyRanges, Layout
from ...system.placement import is_on_gpu
from .device import Array, Gpu, Memory
from .partition import NO_POSITION, HeavyWindows
from .pieces import Piece


@dataclass(frozen=True, slots=True)
class Resident:
    """A piece whose tokens are on the device.

    Attributes
    ----------
    ids, planes
        The token ids on the device, and bits that say where spans and documents begin and end.
    tokens
        `Tokens` of the core, with the addresses of `ids` and `planes`.
    windows
        `Piece.windows` of the piece.
    """

    piece: Piece
    ids: Array
    planes: Array
    tokens: Any
    windows: np.ndarray[Any, np.dtype[np.int64]]

    @property
    def nbytes(self) -> int:
        """Bytes on the device."""
        return int(self.ids.nbytes + self.planes.nbytes)

    @property
    def number(self) -> int:
        """Number of windows."""
        return int(self.windows[0].sum())


@dataclass(frozen=True, slots=True)
class Selection:
    """The windows that become records.

    Attributes
    ----------
    key_ranges
        Their stretch of key ranges.
    min_length
        The least number of their tokens.
    label
        Their label; -1 for all labels.
    heavy
        If not None, only windows in flagged buckets are selected.
    """

    key_ranges: KeyRanges
    min_length: int = 0
    label: int = -1
    heavy: HeavyWindows | None = None


@dataclass(frozen=True, slots=True)
class Sorted:
    """Ascending records on the device.

    Attributes
    ----------
    layout
        `Layout` of the core; the records include its labels.
    last
        Whether these are the last records of the selection.
    """

    layout: Any
    records: Array
    number: int
    last: bool


def by_label(layout: Layout) -> bool:
    """Whether keys leave no room for the label, so that records are made label by label."""
    return layout.key_bits + layout.labels.bit_length() - 1 > MAX_KEY_BITS


def core_layout(gpu: Gpu, layout: Layout, labels: int | None = None) -> Any:
    """Return `Layout` of the core for a layout, with `labels` instead of its own if given."""
    return gpu.core.Layout(layout.vocab_size, layout.max_order, labels or layout.labels)


def make_resident(gpu: Gpu, piece: Piece, layout: Layout) -> Resident:
    """Upload a piece to the device. Does not wait for it."""
    core, memory = gpu.core, gpu.memory
    bits = core_layout(gpu, layout).label_bits
    ids = _on_device(memory, piece)
    words = core.plane_words(piece.size)
    planes = memory.empty((2 + bits) * words, np.uint64)
    spans = [
        memory.upload([np.ascontiguousarray(column)])
        for column in (piece.start, piece.stop, piece.limit, piece.label)
    ]
    core.make_planes(
        memory.stream,
        *map(memory.address, spans),
        len(piece.start),
        piece.size,
        bits,
        memory.address(planes),
    )
    dtype = np.dtype(ids.dtype)
    address = memory.address(ids)
    tokens = core.Tokens(
        address, dtype.kind, dtype.itemsize, piece.size, memory.address(planes), bits
    )
    return Resident(piece, ids, planes, tokens, piece.windows(layout))


def _on_device(memory: Memory, piece: Piece) -> Array:
    parts = piece.parts
    if is_on_gpu(parts[0]):
        joined = parts[0] if len(parts) == 1 else memory.xp.concatenate(parts)
        return memory.xp.ascontiguousarray(joined)
    native = parts[0].dtype.newbyteorder("=")
    return memory.upload([np.ascontiguousarray(part, dtype=native) for part in parts])


def record_cost(layout: Layout, with_rows: bool) -> int:
    """Return the most bytes on the device that a record takes while it is sorted and read."""
    labels = 1 if by_label(layout) else layout.labels
    record = 8 if layout.key_bits + labels.bit_length() - 1 <= 64 else 16
    sums = 4 if labels > 1 else 0
    rows = 8 * (1 + layout.words + 2 * layout.labels) if with_rows else 0
    return max(2 * record, record + sums + rows) + 1


def sorted_records(
    gpu: Gpu, batch: Sequence[Resident], layout: Layout, selection: Selection, capacity: int
) -> Iterator[Sorted]:
    """Yield the records of the selected windows in portions of at most `capacity` records.

    No portion is empty; a piece of more windows than `capacity` is a portion of its own. Waits for
    the device once per portion.

    Raises ValueError for an id outside the vocabulary, naming it and its position in its chunk.
    """
    record_layout = core_layout(gpu, layout, 1 if selection.label >= 0 else None)
    largest = max(resident.number for resident in batch)
    together = sum(resident.number for resident in batch)
    exact = selection.heavy is not None and selection.heavy.number <= capacity
    if selection.heavy is not None and exact:
        capacity = selection.heavy.number
    else:
        capacity = max(largest, min(capacity, together))
    nbytes = capacity * gpu.core.record_bytes(record_layout)
    writer = _Writer(gpu, record_layout, layout.vocab_size, nbytes)
    for resident in batch:
        if not exact and writer.at_most + resident.number > capacity:
            number = writer.check()
            if number + resident.number > capacity:
                yield _sort(gpu, record_layout, writer.take(), number, last=False)
        writer.add(resident, selection)
    number = writer.check()
    if number:
        yield _sort(gpu, record_layout, writer.take(), number, last=True)


def refuse(memory: Memory, resident: Resident, at: int, vocab_size: int) -> NoReturn:
    """Raise ValueError for an id outside the vocabulary."""
    token = int(memory.download(resident.ids[at : at + 1])[0])
    raise outside_vocabulary(token, resident.piece.position(at), vocab_size)


class _Writer:
    """Appends records to a buffer of `nbytes` bytes and counts them.

    `at_most` is an upper bound of the number of records in the buffer.
    """

    def __init__(self, gpu: Gpu, record_layout: Any, vocab_size: int, nbytes: int) -> None:
        self._core, self._memory = gpu.core, gpu.memory
        self._layout, self._vocab_size, self._nbytes = record_layout, vocab_size, nbytes
        self._buffer: Array | None = None
        self._unchecked: list[tuple[Resident, Array]] = []  # pieces added since the last check
        self._number: Array = None
        self._begin()

    def _begin(self) -> None:
        self.at_most = 0
        self._number = self._memory.zeros(2, np.uint64)

    def add(self, resident: Resident, selection: Selection) -> None:
        """Append the selected windows of a piece."""
        if self._buffer is None:
            self._buffer = self._memory.empty(self._nbytes)
        made = self._number.copy()
        made[1] = np.uint64(NO_POSITION)
        self._core.make_records(
            self._memory.stream,
            self._layout,
            resident.tokens,
            *selection.key_ranges,
            selection.min_length,
            selection.label,
            self._memory.address(self._buffer),
            self._memory.address(made),
            *self._flags(selection.heavy),
        )
        self._number = made
        self._unchecked.append((resident, made))
        self.at_most += resident.number

    def _flags(self, heavy: HeavyWindows | None) -> tuple[int, ...]:
        if heavy is None:
            return ()
        return self._memory.address(heavy.flags), heavy.orders[0], heavy.bits

    def check(self) -> int:
        """Return the number of records in the buffer. Waits for them.

        Raises ValueError for an id outside the vocabulary.
        """
        for resident, made in self._unchecked:
            wrong = int(self._memory.download(made)[1])
            if wrong != NO_POSITION:
                refuse(self._memory, resident, wrong, self._vocab_size)
        self._unchecked = []
        self.at_most = int(self._memory.download(self._number)[0])
        return self.at_most

    def take(self) -> Array:
        """Return the buffer and continue with an empty one."""
        buffer, self._buffer = self._buffer, None
        self._begin()
        return buffer


def _sort(gpu: Gpu, layout: Any, records: Array, number: int, *, last: bool) -> Sorted:
    core, memory = gpu.core, gpu.memory
    scratch = memory.empty(number * core.record_bytes(layout))
    nbytes = core.sort_bytes(layout, number)
    workspace = memory.empty(max(1, nbytes))
    address = core.sort_records(
        memory.stream,
        layout,
        memory.address(records),
        memory.address(scratch),
        number,
        memory.address(workspace),
        nbytes,
    )
    in_place = address == memory.address(records)
    return Sorted(layout, records if in_place else scratch, number, last)
