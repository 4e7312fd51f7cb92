"""The four operations in pure NumPy: always there, and a second opinion on the native code."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from ..chunk import Chunk
from ..errors import LayoutMismatchError
from ..keys import Layout, Shards, UInt64Array, bits_of, changes, pack, shard_of
from ..run import Rows, Run
from ..spectrum import JointSpectrum, Masks, Tables, sum_joint

PIECE = 1 << 20  # windows sorted at once: bounds the temporary arrays to some 150 MB
_SMALL = 64  # pairs of counts below this are binned, the rest sorted


class NumpyBackend:
    """Counts by sorting packed keys."""

    name = "numpy"
    on_gpu = False
    batch_tokens = 1 << 24

    def count(self, chunks: Iterable[Chunk], layout: Layout, shards: Shards | None = None) -> Run:
        """Run of the chunks' windows; see `Backend.count`."""
        runs = [Run.empty(layout)]
        for chunk in chunks:
            for keys, labels in _windows(chunk, layout):
                if shards is not None:
                    shard = shard_of(layout, keys)
                    keep = (shard >= shards[0]) & (shard < shards[1])
                    keys, labels = keys[:, keep], labels[keep]
                runs.append(_group(layout, keys, labels))
        return self.merge(runs)

    def count_in_ranges(
        self, chunks: Iterable[Chunk], layout: Layout, shards: Shards | None = None
    ) -> Iterator[Run]:
        """The run of `count`, whole; see `Backend.count_in_ranges`."""
        yield self.count(chunks, layout, shards)

    def merge(self, runs: Sequence[Run]) -> Run:
        """Run of all windows of `runs`; see `Backend.merge`."""
        layout = runs[0].layout
        for run in runs:
            if run.layout != layout:
                raise LayoutMismatchError(
                    f"runs of one layout can be merged, got {layout} and {run.layout}"
                )
        filled = [run for run in runs if len(run)]
        if len(filled) < 2:
            return filled[0] if filled else runs[0]
        keys = np.concatenate([run.keys for run in filled], axis=1)
        counts = np.concatenate([run.counts for run in filled], axis=1)
        order = _ascending(layout, keys)
        keys = np.take(keys, order, axis=1)
        starts = np.flatnonzero(changes(keys))
        return Run(
            layout,
            np.take(keys, starts, axis=1),
            np.add.reduceat(np.take(counts, order, axis=1), starts, axis=1),
        )

    def spectra(
        self,
        source: Iterable[Chunk] | Run,
        layout: Layout,
        masks: Sequence[Masks],
        passes: Sequence[Shards] | None = None,
    ) -> Tables:
        """Joint spectra of labels; see `Backend.spectra`."""
        if isinstance(source, Run):
            return self.joint_spectra([[source]], masks)
        ranges = passes or [(0, layout.shards)]
        return self.joint_spectra(([self.count(source, layout, s)] for s in ranges), masks)

    def needs(self, layout: Layout, shards: int, *, rows: bool) -> tuple[int, int]:
        """Bytes that counting takes; see `Backend.needs`."""
        row = 8 * (layout.words + layout.labels)
        return PIECE * 8 * (layout.max_order + 12), 4 * row + 32

    def joint_spectra(self, parts: Iterable[Sequence[Run]], masks: Sequence[Masks]) -> Tables:
        """Joint spectra of runs, range after range; see `Backend.joint_spectra`."""
        found: list[Tables] = []
        first: list[Run] = []  # what begins with a token has rows in many ranges,
        followed: list[Run] = []  # and so has what begins with it and goes on
        for runs in parts:
            run = self._joined(runs)
            found.append(_tables(run, masks))
            first.append(_by_first_token(run, *run.ngrams(1)))
            if run.layout.max_order > 1:
                followed.append(_by_first_token(run, *run.ngrams(2)))
        whole = Tables(_summed([t.ngrams for t in found]), _summed([t.contexts for t in found]))
        counts = self.merge(first).counts
        whole.ngrams[1] = _joint(counts, masks)
        whole.contexts[1] = _joint(counts.sum(axis=1, keepdims=True), masks)
        if followed:
            whole.contexts[2] = _joint(self.merge(followed).counts, masks)
        return whole

    def _joined(self, runs: Sequence[Run]) -> Run:
        """One run of all of them, labels numbered through."""
        if len(runs) == 1:
            return runs[0]
        a, b = (run.layout for run in runs)
        if (a.vocab_size, a.max_order) != (b.vocab_size, b.max_order):
            raise LayoutMismatchError(
                f"runs of one vocabulary and max_order can be joined, got {a} and {b}"
            )
        layout = Layout(a.vocab_size, a.max_order, 2 * max(a.labels, b.labels))
        placed = zip(runs, (0, a.labels), strict=True)
        return self.merge(
            [Run(layout, run.keys, _place(run.counts, at, layout.labels)) for run, at in placed]
        )


def _windows(chunk: Chunk, layout: Layout) -> Iterator[tuple[UInt64Array, npt.NDArray[np.uint8]]]:
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
            _check_ids(ids, at[within] + n, layout.vocab_size)
            codes[n, within] = ids.astype(np.uint64) + np.uint64(1)
        yield pack(layout, codes), chunk.label[span]


def _check_ids(ids: npt.NDArray[np.integer], at: npt.NDArray[np.int64], vocab_size: int) -> None:
    if not len(ids) or (int(ids.min()) >= 0 and int(ids.max()) < vocab_size):
        return
    wrong = int(np.argmax((ids < 0) | (ids > vocab_size - 1)))
    raise ValueError(
        f"token id {ids[wrong]} at position {at[wrong]} is outside the vocabulary of "
        f"{vocab_size:,}: give the right vocabulary size or tokenizer"
    )


def _group(layout: Layout, keys: UInt64Array, labels: npt.NDArray[np.uint8]) -> Run:
    """Run of windows in any order: sorted, equal keys counted per label."""
    if not keys.shape[1]:
        return Run.empty(layout)
    label_bits = layout.labels.bit_length() - 1
    if (
        layout.key_bits + label_bits <= 64
    ):  # the label travels in the key: one sort of plain integers
        packed = keys[0] << np.uint64(label_bits) | labels
        packed.sort()
        labels = (packed & np.uint64(layout.labels - 1)).astype(np.uint8)
        keys = (packed >> np.uint64(label_bits))[np.newaxis]
    else:
        order = _ascending(layout, keys)
        keys, labels = np.take(keys, order, axis=1), labels[order]
    starts = np.flatnonzero(changes(keys))
    ends = np.append(starts[1:], keys.shape[1])
    if layout.labels == 1:
        counts = (ends - starts)[np.newaxis].astype(np.uint64)
    else:
        counts = np.stack(
            [_ranges(labels == label, starts, ends) for label in range(layout.labels)]
        )
    return Run(layout, np.take(keys, starts, axis=1), counts)


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


def _tables(run: Run, masks: Sequence[Masks]) -> Tables:
    """Spectra of what lies in one shard: n-grams from order 2 on, contexts from order 3 on."""
    tables = Tables({}, {})
    for order in range(2, run.layout.max_order + 1):
        rows, counts = run.ngrams(order)
        tables.ngrams[order] = _joint(counts, masks)
        if order > 2:
            tables.contexts[order] = _joint(run.by_prefix(rows, counts, order - 1)[1], masks)
    return tables


def _by_first_token(run: Run, rows: Rows, counts: UInt64Array) -> Run:
    """Run of order 1: the counts of some rows by their first token."""
    layout = Layout(run.layout.vocab_size, 1, run.layout.labels)
    rows, counts = run.by_prefix(rows, counts, 1)
    keys = pack(layout, (run.tokens(rows)[:1] + 1).astype(np.uint64))
    order = np.argsort(keys[0])
    return Run(layout, keys[:, order], counts[:, order])


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
