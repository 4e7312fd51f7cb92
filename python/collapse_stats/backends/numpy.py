"""The four operations in pure NumPy: always there, and a second opinion on the native code."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from ..errors import LayoutMismatchError
from ..ngrams.chunk import Chunk, UInt8Array
from ..ngrams.ids import check_ids
from ..ngrams.layout import (
    MAX_KEY_RANGE_BITS,
    KeyRanges,
    Layout,
    UInt64Array,
    bits_of,
    changes,
    pack,
)
from ..ngrams.spectrum import JointSpectra, JointSpectrum, Masks, sum_joint
from ..ngrams.table import NgramTable, Rows

PIECE = 1 << 19  # windows worked on at once: bounds the temporary arrays to some 190 MB
_BUCKET_BITS = 16  # top bits of a key by which windows are parted before they are sorted, at most
_SORTED = 1 << 15  # windows sorted at once, about: their keys stay in cache
_WORTH = 1 << 10  # windows in each of many buckets, to be sorted as plain integers
_SMALL = 64  # pairs of counts below this are binned, the rest sorted


class NumpyBackend:
    """Counts by sorting packed keys."""

    name = "numpy"
    on_gpu = False
    batch_tokens = 1 << 24
    fewest_key_ranges = 1 << MAX_KEY_RANGE_BITS

    def count(
        self, chunks: Iterable[Chunk], layout: Layout, key_ranges: KeyRanges | None = None
    ) -> NgramTable:
        """Table of the chunks' windows; see `Backend.count`."""
        return NgramTable.concatenate(layout, list(_tables(chunks, layout, key_ranges)))

    def count_in_ranges(
        self, chunks: Iterable[Chunk], layout: Layout, ranges: Sequence[KeyRanges]
    ) -> Iterator[NgramTable]:
        """Tables of ranges, made at once; see `Backend.count_in_ranges`."""
        table = self.count(chunks, layout, (ranges[0][0], ranges[-1][1]))
        return (table.slice(*key_ranges) for key_ranges in ranges)

    def merge(self, tables: Sequence[NgramTable]) -> NgramTable:
        """Table of all windows of `tables`; see `Backend.merge`."""
        layout = tables[0].layout
        for table in tables:
            if table.layout != layout:
                raise LayoutMismatchError(
                    f"tables of one layout can be merged, got {layout} and {table.layout}"
                )
        filled = [table for table in tables if len(table)]
        if len(filled) < 2:
            return filled[0] if filled else tables[0]
        keys = np.concatenate([table.keys for table in filled], axis=1)
        counts = np.concatenate([table.counts for table in filled], axis=1)
        order = _ascending(layout, keys)
        keys = np.take(keys, order, axis=1)
        starts = np.flatnonzero(changes(keys))
        return NgramTable(
            layout,
            np.take(keys, starts, axis=1),
            np.add.reduceat(np.take(counts, order, axis=1), starts, axis=1),
        )

    def spectra(
        self,
        source: Iterable[Chunk] | NgramTable,
        layout: Layout,
        masks: Sequence[Masks],
        passes: Sequence[KeyRanges] | None = None,
    ) -> JointSpectra:
        """Joint spectra of labels; see `Backend.spectra`."""
        if isinstance(source, NgramTable):
            return self.joint_spectra([[source]], masks)
        ranges = passes or [(0, layout.key_ranges)]
        tables = (table for key_ranges in ranges for table in _tables(source, layout, key_ranges))
        return self.joint_spectra(([table] for table in tables), masks)

    def needs(self, layout: Layout, key_ranges: int, *, rows: bool) -> tuple[int, int]:
        """Bytes that counting takes; see `Backend.needs`."""
        window, row = 8 * layout.words + 2, 8 * (layout.words + layout.labels)
        return PIECE * 8 * (layout.max_order + 40), window + 2 * row if rows else window

    def joint_spectra(
        self, parts: Iterable[Sequence[NgramTable]], masks: Sequence[Masks]
    ) -> JointSpectra:
        """Joint spectra of tables, range after range; see `Backend.joint_spectra`."""
        found: list[JointSpectra] = []
        first: list[NgramTable] = []  # what begins with a token has rows in many ranges,
        followed: list[NgramTable] = []  # and so has what begins with it and goes on
        for tables in parts:
            table = self._joined(tables)
            found.append(_joint_spectra(table, masks))
            first.append(_by_first_token(table, *table.ngrams(1)))
            if table.layout.max_order > 1:
                followed.append(_by_first_token(table, *table.ngrams(2)))
        whole = JointSpectra(
            _summed([t.ngrams for t in found]), _summed([t.contexts for t in found])
        )
        counts = self.merge(first).counts
        whole.ngrams[1] = _joint(counts, masks)
        whole.contexts[1] = _joint(counts.sum(axis=1, keepdims=True), masks)
        if followed:
            whole.contexts[2] = _joint(self.merge(followed).counts, masks)
        return whole

    def _joined(self, tables: Sequence[NgramTable]) -> NgramTable:
        """One table of all of them, labels numbered through."""
        if len(tables) == 1:
            return tables[0]
        a, b = (table.layout for table in tables)
        if (a.vocab_size, a.max_order) != (b.vocab_size, b.max_order):
            raise LayoutMismatchError(
                f"tables of one vocabulary and max_order can be joined, got {a} and {b}"
            )
        layout = Layout(a.vocab_size, a.max_order, 2 * max(a.labels, b.labels))
        placed = zip(tables, (0, a.labels), strict=True)
        return self.merge(
            [
                NgramTable(layout, table.keys, _place(table.counts, at, layout.labels))
                for table, at in placed
            ]
        )


def _windows(chunk: Chunk, layout: Layout) -> Iterator[tuple[UInt64Array, UInt8Array]]:
    """Mixed keys ``(words, R)`` and labels ``(R,)`` of the chunk's windows, a piece at a time."""
    chunk.check(layout.labels)
    length = chunk.stop - chunk.start
    before = np.concatenate([[0], np.cumsum(length)])  # windows in front of each span
    for begin in range(0, int(before[-1]), PIECE):
        end = min(begin + PIECE, int(before[-1]))
        first = int(np.searchsorted(before, begin, side="right")) - 1
        last = int(np.searchsorted(before, end, side="left"))
        inside = np.clip(before[first : last + 1], begin, end)
        span = np.repeat(np.arange(first, last), np.diff(inside))
        at = np.arange(begin, end) - before[span] + chunk.start[span]
        left = chunk.limit[span] - at
        codes = np.zeros((layout.max_order, end - begin), dtype=np.uint64)
        for n in range(layout.max_order):
            within = np.flatnonzero(left > n)
            ids = chunk.tokens[at[within] + n]
            check_ids(ids, layout.vocab_size, at[within] + n)
            codes[n, within] = ids.astype(np.uint64) + np.uint64(1)
        yield pack(layout, codes), chunk.label[span]


class _Parted:
    """Windows, piece by piece parted by the top `bits` bits of their keys: their bucket."""

    def __init__(self, layout: Layout, buckets: KeyRanges, bits: int) -> None:
        self._layout, self._buckets, self._bits = layout, buckets, bits
        self._pieces: list[tuple[UInt64Array, UInt8Array, npt.NDArray[np.int64]]] = []
        self.windows = 0

    def add(self, keys: UInt64Array, labels: UInt8Array) -> None:
        """Windows in any order; those outside the range of buckets are left out."""
        first, last = self._buckets
        bucket = bits_of(keys, self._layout.key_bits - self._bits, self._bits).astype(np.uint16)
        begins = np.concatenate([[0], np.cumsum(np.bincount(bucket, minlength=1 << self._bits))])
        order = np.argsort(bucket, kind="stable")[begins[first] : begins[last]]
        self._pieces.append((np.take(keys, order, axis=1), labels[order], begins - begins[first]))
        self.windows += len(order)

    def part(self, first: int, last: int) -> tuple[UInt64Array, UInt8Array]:
        """Keys and labels of a range of buckets."""
        cut = [(at[first], at[last]) for _, _, at in self._pieces]
        return (
            np.concatenate(
                [p[0][:, a:b] for p, (a, b) in zip(self._pieces, cut, strict=True)], axis=1
            ),
            np.concatenate([p[1][a:b] for p, (a, b) in zip(self._pieces, cut, strict=True)]),
        )


def _tables(
    chunks: Iterable[Chunk], layout: Layout, key_ranges: KeyRanges | None
) -> Iterator[NgramTable]:
    """Tables of the chunks' windows over ascending ranges of keys, of `PIECE` rows or few more.

    Windows are parted by the top bits of their keys, and every part is sorted by the other bits:
    in cache, and as plain integers where those bits and the label fit into a word.
    """
    bits = min(_BUCKET_BITS, layout.mix_bits)
    first, last = (s << bits - layout.key_range_bits for s in key_ranges or (0, layout.key_ranges))
    parted = _Parted(layout, (first, last), bits)
    for chunk in chunks:
        for keys, labels in _windows(chunk, layout):
            parted.add(keys, labels)
    ready, rows = [NgramTable.empty(layout)], 0
    if parted.windows:
        shared = max(1, parted.windows // _SORTED).bit_length() - 1
        beyond = layout.key_bits + _label_bits(layout) - 64
        if 0 < beyond <= bits and parted.windows >> beyond >= _WORTH:
            shared = max(shared, beyond)
        shared = min(shared, bits)
        step = 1 << bits - shared
        for edges in pairwise([first, *range(first // step * step + step, last, step), last]):
            ready.append(_group(layout, *parted.part(*edges), shared))
            rows += len(ready[-1])
            if rows >= PIECE:
                yield NgramTable.concatenate(layout, ready)
                ready, rows = [NgramTable.empty(layout)], 0
    yield NgramTable.concatenate(layout, ready)


def _label_bits(layout: Layout) -> int:
    return layout.labels.bit_length() - 1


def _group(layout: Layout, keys: UInt64Array, labels: UInt8Array, shared: int) -> NgramTable:
    """Table of windows in any order, whose keys share their top `shared` bits."""
    if not keys.shape[1]:
        return NgramTable.empty(layout)
    label_bits, rest = _label_bits(layout), layout.key_bits - shared
    if rest + label_bits <= 64:  # the label travels in the key: one sort of plain integers
        packed = bits_of(keys, 0, rest) << np.uint64(label_bits) | labels
        packed.sort()
        labels = (packed & np.uint64(layout.labels - 1)).astype(np.uint8)
        low = packed >> np.uint64(label_bits)
        starts = np.flatnonzero(changes(low[np.newaxis]))
        distinct = np.repeat(keys[:, :1], len(starts), axis=1)
        distinct[-1] = distinct[-1] & ~np.uint64((1 << rest) - 1) | low[starts]
    else:
        order = _ascending(layout, keys)
        keys, labels = np.take(keys, order, axis=1), labels[order]
        starts = np.flatnonzero(changes(keys))
        distinct = np.take(keys, starts, axis=1)
    ends = np.append(starts[1:], len(labels))
    if layout.labels == 1:
        counts = (ends - starts)[np.newaxis].astype(np.uint64)
    else:
        counts = np.stack(
            [_ranges(labels == label, starts, ends) for label in range(layout.labels)]
        )
    return NgramTable(layout, distinct, counts)


def _ranges(
    flags: npt.NDArray[np.bool_], starts: npt.NDArray[np.intp], ends: npt.NDArray[np.intp]
) -> UInt64Array:
    before = np.concatenate([[0], np.cumsum(flags)])
    number: UInt64Array = (before[ends] - before[starts]).astype(np.uint64)
    return number


def _ascending(layout: Layout, keys: UInt64Array) -> npt.NDArray[np.intp]:
    """Permutation that sorts keys of any width.

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


def _place(counts: UInt64Array, at: int, labels: int) -> UInt64Array:
    placed = np.zeros((labels, counts.shape[1]), dtype=np.uint64)
    placed[at : at + counts.shape[0]] = counts
    return placed


def _joint_spectra(table: NgramTable, masks: Sequence[Masks]) -> JointSpectra:
    """Spectra of what lies in one key range: n-grams from order 2 on, contexts from order 3 on."""
    joint_spectra = JointSpectra({}, {})
    for order in range(2, table.layout.max_order + 1):
        rows, counts = table.ngrams(order)
        joint_spectra.ngrams[order] = _joint(counts, masks)
        if order > 2:
            joint_spectra.contexts[order] = _joint(
                table.by_prefix(rows, counts, order - 1)[1], masks
            )
    return joint_spectra


def _by_first_token(table: NgramTable, rows: Rows, counts: UInt64Array) -> NgramTable:
    """Table of order 1: the counts of some rows by their first token."""
    layout = Layout(table.layout.vocab_size, 1, table.layout.labels)
    rows, counts = table.by_prefix(rows, counts, 1)
    keys = pack(layout, (table.tokens(rows)[:1] + 1).astype(np.uint64))
    order = np.argsort(keys[0])
    return NgramTable(layout, keys[:, order], counts[:, order])


def _summed(
    parts: Sequence[dict[int, dict[Masks, JointSpectrum]]],
) -> dict[int, dict[Masks, JointSpectrum]]:
    """Spectra of disjoint ranges added up, order by order."""
    return {
        order: {pair: sum_joint([part[order][pair] for part in parts]) for pair in pairs}
        for order, pairs in parts[0].items()
    }


def _joint(counts: UInt64Array, masks: Sequence[Masks]) -> dict[Masks, JointSpectrum]:
    return {
        pair: _histogram(_under(counts, pair[0]), _under(counts, pair[1]) if pair[1] else None)
        for pair in masks
    }


def _under(counts: UInt64Array, mask: int) -> UInt64Array:
    chosen = [label for label in range(counts.shape[0]) if mask >> label & 1]
    total: UInt64Array = counts[chosen].sum(axis=0, dtype=np.uint64)
    return total


def _histogram(a: UInt64Array, b: UInt64Array | None) -> JointSpectrum:
    """Joint spectrum of counts; without `b`, which stands for zeros, that of `a` alone."""
    size = _SMALL if b is not None else _SMALL * _SMALL
    large = a >= size if b is None else (a >= size) | (b >= size)
    some = np.flatnonzero(large)
    bins = np.where(large, 0, a if b is None else a * _SMALL + b)  # the few large ones at (0, 0),
    types = np.bincount(bins.astype(np.intp), minlength=1)  # where no n-gram is
    types[0] = 0
    seen = np.flatnonzero(types)
    first, second = (seen, seen * 0) if b is None else (seen // _SMALL, seen % _SMALL)
    return JointSpectrum.from_rows(
        np.concatenate([first.astype(np.uint64), a[some]]),
        np.concatenate([second.astype(np.uint64), a[some] * 0 if b is None else b[some]]),
        np.concatenate([types[seen].astype(np.uint64), np.ones(len(some), dtype=np.uint64)]),
    )
