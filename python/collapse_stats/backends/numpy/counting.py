"""Tables of windows in pure NumPy: windows are divided into buckets, and each bucket is sorted."""

from collections.abc import Iterable, Iterator
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from ...ngrams.chunk import Chunk, UInt8Array
from ...ngrams.ids import check_ids
from ...ngrams.layout import BoolArray, KeyRanges, Layout, UInt64Array, bits_of, changes, pack
from ...ngrams.table import NgramTable, Rows
from ..checks import named_if_changed

PIECE = 1 << 19  # windows handled at once, which bounds the temporary arrays to about 190 MB
_BUCKET_BITS = 16  # most top bits of a key by which windows are divided into buckets
_SORTED = 1 << 15  # about how many windows are sorted at once, so that their keys stay in cache
_WORTH = 1 << 10  # fewest windows in each of many buckets that are worth sorting as plain integers


def count_by_sorting(
    chunks: Iterable[Chunk], layout: Layout, key_ranges: KeyRanges | None
) -> Iterator[NgramTable]:
    """Yield tables of about `PIECE` rows over ascending, disjoint parts of the key space.

    Windows are divided into buckets by the top bits of their keys. Neighbouring buckets are sorted
    together by the other bits: in cache, and as plain integers where those bits and the label fit
    into a word.
    """
    bits = min(_BUCKET_BITS, layout.mix_bits)
    first, last = (
        edge << bits - layout.key_range_bits for edge in key_ranges or (0, layout.key_ranges)
    )
    buckets = _Buckets(layout, (first, last), bits)
    for chunk in chunks:
        with named_if_changed(chunk):
            for keys, labels in _windows(chunk, layout):
                buckets.add(keys, labels)
    ready, rows = [NgramTable.empty(layout)], 0
    if buckets.windows:
        # Buckets sorted together share their top bits.
        shared = max(1, buckets.windows // _SORTED).bit_length() - 1
        beyond = layout.key_bits + _label_bits(layout) - 64  # bits that do not fit into a word
        if 0 < beyond <= bits and buckets.windows >> beyond >= _WORTH:
            shared = max(shared, beyond)
        shared = min(shared, bits)
        step = 1 << bits - shared
        for edges in pairwise([first, *range(first // step * step + step, last, step), last]):
            ready.append(_sorted_table(layout, *buckets.read(*edges), shared))
            rows += len(ready[-1])
            if rows >= PIECE:
                yield NgramTable.concatenate(layout, ready)
                ready, rows = [NgramTable.empty(layout)], 0
    yield NgramTable.concatenate(layout, ready)


def sorting_order(layout: Layout, keys: UInt64Array) -> Rows:
    """Return the permutation ``(R,)`` that sorts keys ``(words, R)``.

    NumPy sorts one word far faster than several (`lexsort`), so the key is taken digit by digit
    from the top: what is sorted so far becomes a dense rank, and rank and next digit share a word.
    """
    order = np.arange(keys.shape[1])
    rank = np.zeros(keys.shape[1], dtype=np.uint64)
    left = layout.key_bits
    while left:
        digit = min(left, 64 - int(rank[-1]).bit_length())
        left -= digit
        value = bits_of(np.take(keys, order, axis=1), left, digit)
        if digit < 64:
            value |= rank << np.uint64(digit)
        step = np.argsort(value)
        order, value = order[step], value[step]
        rank[0] = 0
        np.cumsum(value[1:] != value[:-1], out=rank[1:], dtype=np.uint64)
    return order


def _windows(chunk: Chunk, layout: Layout) -> Iterator[tuple[UInt64Array, UInt8Array]]:
    """Yield mixed keys ``(words, R)`` and labels ``(R,)`` of at most `PIECE` windows at a time."""
    chunk.check(layout.labels)
    length = chunk.stop - chunk.start
    before = np.concatenate([[0], np.cumsum(length)])  # windows in front of each span
    for begin in range(0, int(before[-1]), PIECE):
        end = min(begin + PIECE, int(before[-1]))
        first = int(np.searchsorted(before, begin, side="right")) - 1
        last = int(np.searchsorted(before, end, side="left"))
        inside = np.clip(before[first : last + 1], begin, end)
        span = np.repeat(np.arange(first, last), np.diff(inside))
        position = np.arange(begin, end) - before[span] + chunk.start[span]
        left = chunk.limit[span] - position
        codes = np.zeros((layout.max_order, end - begin), dtype=np.uint64)
        for n in range(layout.max_order):
            within = np.flatnonzero(left > n)
            ids = chunk.tokens[position[within] + n]
            check_ids(ids, layout.vocab_size, position[within] + n)
            codes[n, within] = ids.astype(np.uint64) + np.uint64(1)
        yield pack(layout, codes), chunk.label[span]


class _Buckets:
    """Windows, each piece of them divided into buckets: by the top `bits` bits of their keys."""

    def __init__(self, layout: Layout, buckets: tuple[int, int], bits: int) -> None:
        self._layout, self._buckets, self._bits = layout, buckets, bits
        # Keys, labels and where each bucket begins, for each piece.
        self._pieces: list[tuple[UInt64Array, UInt8Array, npt.NDArray[np.int64]]] = []
        self.windows = 0

    def add(self, keys: UInt64Array, labels: UInt8Array) -> None:
        """Add windows in any order, without those outside `buckets` (first and last)."""
        first, last = self._buckets
        bucket = bits_of(keys, self._layout.key_bits - self._bits, self._bits).astype(np.uint16)
        begins = np.concatenate([[0], np.cumsum(np.bincount(bucket, minlength=1 << self._bits))])
        order = np.argsort(bucket, kind="stable")[begins[first] : begins[last]]
        self._pieces.append((np.take(keys, order, axis=1), labels[order], begins - begins[first]))
        self.windows += len(order)

    def read(self, first: int, last: int) -> tuple[UInt64Array, UInt8Array]:
        """Return keys and labels of the buckets ``first <= bucket < last``."""
        cut = [slice(begins[first], begins[last]) for _, _, begins in self._pieces]
        return (
            np.concatenate(
                [keys[:, rows] for (keys, _, _), rows in zip(self._pieces, cut, strict=True)],
                axis=1,
            ),
            np.concatenate(
                [labels[rows] for (_, labels, _), rows in zip(self._pieces, cut, strict=True)]
            ),
        )


def _label_bits(layout: Layout) -> int:
    return layout.labels.bit_length() - 1


def _sorted_table(layout: Layout, keys: UInt64Array, labels: UInt8Array, shared: int) -> NgramTable:
    """Return the table of windows in any order whose keys share their top `shared` bits."""
    if not keys.shape[1]:
        return NgramTable.empty(layout)
    label_bits, rest = _label_bits(layout), layout.key_bits - shared
    if rest + label_bits <= 64:  # key and label share a word: a single sort of plain integers
        packed = bits_of(keys, 0, rest) << np.uint64(label_bits) | labels
        packed.sort()
        labels = (packed & np.uint64(layout.labels - 1)).astype(np.uint8)
        low = packed >> np.uint64(label_bits)
        starts = np.flatnonzero(changes(low[np.newaxis]))
        distinct = np.repeat(keys[:, :1], len(starts), axis=1)
        distinct[-1] = distinct[-1] & ~np.uint64((1 << rest) - 1) | low[starts]
    else:
        order = sorting_order(layout, keys)
        keys, labels = np.take(keys, order, axis=1), labels[order]
        starts = np.flatnonzero(changes(keys))
        distinct = np.take(keys, starts, axis=1)
    ends = np.append(starts[1:], len(labels))
    if layout.labels == 1:
        counts = (ends - starts)[np.newaxis].astype(np.uint64)
    else:
        counts = np.stack(
            [_true_between(labels == label, starts, ends) for label in range(layout.labels)]
        )
    return NgramTable(layout, distinct, counts)


def _true_between(flags: BoolArray, starts: Rows, ends: Rows) -> UInt64Array:
    """Return the number of true flags in each ``flags[start:end]``."""
    before = np.concatenate([[0], np.cumsum(flags)])
    number: UInt64Array = (before[ends] - before[starts]).astype(np.uint64)
    return number
