"""Tokens on the device, and the sorted records of their windows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from ...ngrams.ids import outside_vocabulary
from ...ngrams.layout import MAX_KEY_BITS, KeyRanges, Layout
from ...system.placement import is_on_gpu
from .device import Array, Gpu, Memory
from .partition import HeavyWindows
from .pieces import Piece


@dataclass(frozen=True, slots=True)
class Resident:
    """A piece whose tokens lie on the device.

    Attributes
    ----------
    tokens
        What the steps take: the addresses of `ids` and `planes`, which it keeps alive.
    windows
        `Piece.windows`.
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
        """Windows."""
        return int(self.windows[0].sum())


@dataclass(frozen=True, slots=True)
class Selection:
    """Which windows become records: of these key ranges, so long, of one label (-1: of all)."""

    key_ranges: KeyRanges
    min_length: int = 0
    label: int = -1
    heavy: HeavyWindows | None = None  # of buckets that are flagged, if it is given


@dataclass(frozen=True, slots=True)
class Sorted:
    """Ascending records on the device.

    Attributes
    ----------
    layout
        That of the core; its `labels` are in the records.
    last
        Whether these are the last ones of the selection: if they are also the first, they are all.
    """

    layout: Any
    records: Array
    number: int
    last: bool


def by_label(layout: Layout) -> bool:
    """Whether a key leaves no room for the label: records are then made label by label."""
    return layout.key_bits + layout.labels.bit_length() - 1 > MAX_KEY_BITS


def core_layout(gpu: Gpu, layout: Layout, labels: int | None = None) -> Any:
    """The same layout as the core has it."""
    return gpu.core.Layout(layout.vocab_size, layout.max_order, labels or layout.labels)


def make_resident(gpu: Gpu, piece: Piece, layout: Layout) -> Resident:
    """Bring a piece to the device. Does not wait for it."""
    core, memory = gpu.core, gpu.memory
    bits = core_layout(gpu, layout).label_bits
    ids = _on_device(memory, piece)
    words = core.plane_words(piece.size)
    planes = memory.empty((2 + bits) * words, np.uint64)
    spans = [
        memory.upload([np.ascontiguousarray(x)])
        for x in (piece.start, piece.stop, piece.limit, piece.label)
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
    """Bytes on the device that a record takes while it is sorted and read, at most."""
    labels = 1 if by_label(layout) else layout.labels
    record = 8 if layout.key_bits + labels.bit_length() - 1 <= 64 else 16
    sums = 4 if labels > 1 else 0
    rows = 8 * (1 + layout.words + 2 * layout.labels) if with_rows else 0
    return max(2 * record, record + sums + rows) + 1


def sorted_records(
    gpu: Gpu, batch: Sequence[Resident], layout: Layout, selection: Selection, capacity: int
) -> Iterator[Sorted]:
    """The selected windows' records, in portions of at most `capacity`, none of them empty.

    A piece of more windows than that is a portion of its own. Waits for the device once a portion.

    Raises ValueError naming the first id outside the vocabulary, and its position in its chunk.
    """
    made_of = core_layout(gpu, layout, 1 if selection.label >= 0 else None)
    largest, together = (f(resident.number for resident in batch) for f in (max, sum))
    exact = selection.heavy is not None and selection.heavy.number <= capacity
    if selection.heavy is not None and exact:
        capacity = selection.heavy.number
    else:
        capacity = max(largest, min(capacity, together))
    writer = _Writer(gpu, made_of, layout, capacity * gpu.core.record_bytes(made_of))
    for resident in batch:
        if not exact and writer.at_most + resident.number > capacity:
            number = writer.check()
            if number + resident.number > capacity:
                yield _sort(gpu, made_of, writer.take(), number, last=False)
        writer.add(resident, selection)
    number = writer.check()
    if number:
        yield _sort(gpu, made_of, writer.take(), number, last=True)


def refuse(memory: Memory, resident: Resident, at: int, vocab_size: int) -> NoReturn:
    """Raise ValueError for an id outside the vocabulary."""
    token = int(memory.download(resident.ids[at : at + 1])[0])
    raise outside_vocabulary(token, resident.piece.position(at), vocab_size)


class _Writer:
    """Appends records to a buffer, and says how many there are."""

    def __init__(self, gpu: Gpu, made_of: Any, layout: Layout, nbytes: int) -> None:
        self._core, self._memory = gpu.core, gpu.memory
        self._made_of, self._layout, self._nbytes = made_of, layout, nbytes
        self._buffer: Array | None = None
        self._since: list[tuple[Resident, Array]] = []  # what was added since the last check
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
        made[1] = np.uint64(2**64 - 1)
        self._core.make_records(
            self._memory.stream,
            self._made_of,
            resident.tokens,
            *selection.key_ranges,
            selection.min_length,
            selection.label,
            self._memory.address(self._buffer),
            self._memory.address(made),
            *self._flags(selection.heavy),
        )
        self._number = made
        self._since.append((resident, made))
        self.at_most += resident.number

    def _flags(self, heavy: HeavyWindows | None) -> tuple[int, ...]:
        if heavy is None:
            return ()
        return self._memory.address(heavy.flags), heavy.orders[0], heavy.bits

    def check(self) -> int:
        """Records so far. Waits for them, and raises ValueError for an id that is none."""
        for resident, made in self._since:
            wrong = int(self._memory.download(made)[1])
            if wrong != 2**64 - 1:
                refuse(self._memory, resident, wrong, self._layout.vocab_size)
        self._since = []
        self.at_most = int(self._memory.download(self._number)[0])
        return self.at_most

    def take(self) -> Array:
        """The buffer; the next one begins empty."""
        buffer, self._buffer = self._buffer, None
        self._begin()
        return buffer


def _sort(gpu: Gpu, layout: Any, records: Array, number: int, *, last: bool) -> Sorted:
    core, memory = gpu.core, gpu.memory
    other = memory.empty(number * core.record_bytes(layout))
    nbytes = core.sort_bytes(layout, number)
    workspace = memory.empty(max(1, nbytes))
    found = core.sort_records(
        memory.stream,
        layout,
        memory.address(records),
        memory.address(other),
        number,
        memory.address(workspace),
        nbytes,
    )
    return Sorted(layout, records if found == memory.address(records) else other, number, last)
