"""The most frequent n-grams of a table, which is read a stretch of key ranges at a time."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from ..ngrams.layout import UInt64Array
from ..ngrams.table import NgramTable, Rows
from .table import TableSource, read_aligned

Ids = npt.NDArray[np.int64]
_STEP = 1 << 14  # n-grams looked up at once


def most_frequent(
    source: TableSource, order: int, k: int, without: TableSource | None = None
) -> tuple[Ids, UInt64Array]:
    """The k most frequent n-grams, those in the table `without` left out.

    Output: ids ``(order, K)`` and counts ``(K,)``, descending; of equal counts in canonical order,
    tokens ascending.
    """
    found = _tokens(source, without) if order == 1 else _ngrams(source, without, order, k)
    ids, counts = np.zeros((order, 0), dtype=np.int64), np.zeros(0, dtype=np.uint64)
    for more, seen in found:
        ids = np.concatenate([ids, more], axis=1)
        counts = np.concatenate([counts, seen])
        best = _descending(counts)[:k]
        ids, counts = ids[:, best], counts[best]
    return ids, counts


def most_inflated(
    source: TableSource, baseline: TableSource, order: int, k: int, windows: tuple[int, int]
) -> tuple[Ids, UInt64Array]:
    """The k n-grams that `source` has most too often, with their counts in it and in `baseline`.

    By excess x M - y N in whole numbers, x and y being the counts, N and M = `windows` all n-grams
    of either: over M it is the occurrences above what the baseline's share would give. Those
    without an excess are left out.

    Output: ids ``(order, K)`` and counts ``(2, K)``, by excess descending; of equal excess in
    canonical order, tokens ascending.
    """
    found = (
        _token_pairs(source, baseline)
        if order == 1
        else _ngram_pairs(source, baseline, order, k, windows)
    )
    ids, counts = np.zeros((order, 0), dtype=np.int64), np.zeros((2, 0), dtype=np.uint64)
    for more, seen in found:
        ids = np.concatenate([ids, more], axis=1)
        counts = np.concatenate([counts, seen], axis=1)
        best = _largest(_excess(counts, windows), k)
        ids, counts = ids[:, best], counts[:, best]
    return ids, counts


def _ngram_pairs(
    source: TableSource, baseline: TableSource, order: int, k: int, windows: tuple[int, int]
) -> Iterator[tuple[Ids, UInt64Array]]:
    """The most inflated of each stretch of key ranges.

    No excess is above x M: most frequent first, the search ends where that is below k found.
    """
    for table, other in read_aligned([source, baseline]):
        rows, counts = table.ngrams(order)
        total: UInt64Array = counts.sum(axis=0, dtype=np.uint64)
        there, theirs = other.ngrams(order)
        theirs = np.append(theirs.sum(axis=0, dtype=np.uint64), np.uint64(0))
        by_count = _descending(total)
        best, seen = by_count[:0], np.zeros((2, 0), dtype=np.uint64)
        for begin in range(0, len(by_count), _STEP):
            some = by_count[begin : begin + _STEP]
            excess = _excess(seen, windows)
            if len(best) == k and excess[-1] > int(total[some[0]]) * windows[1]:
                break
            place = other.find(table, rows[some], order)
            place = np.where(place < 0, len(there), np.searchsorted(there, place))
            best = np.concatenate([best, some])
            seen = np.concatenate([seen, np.stack([total[some], theirs[place]])], axis=1)
            by_row = np.argsort(best)  # canonical order
            best, seen = best[by_row], seen[:, by_row]
            kept = _largest(_excess(seen, windows), k)
            best, seen = best[kept], seen[:, kept]
        yield table.tokens(rows[best])[:order], seen


def _token_pairs(source: TableSource, baseline: TableSource) -> Iterator[tuple[Ids, UInt64Array]]:
    """All of order 1, with their counts in both."""
    ids, counts = _unigrams(source)
    known, theirs = _unigrams(baseline)
    there = np.isin(ids, known)
    other = np.zeros(len(ids), dtype=np.uint64)
    other[there] = theirs[np.searchsorted(known, ids[there])]
    yield ids[np.newaxis], np.stack([counts, other])


def _excess(counts: UInt64Array, windows: tuple[int, int]) -> list[int]:
    return [x * windows[1] - y * windows[0] for x, y in counts.T.tolist()]


def _largest(excess: Sequence[int], k: int) -> Rows:
    """Places of the k largest positive ones, of equal ones the first."""
    some = [place for place, value in enumerate(excess) if value > 0]
    return np.array(sorted(some, key=lambda at: -excess[at])[:k], dtype=np.intp)


def _ngrams(
    source: TableSource, without: TableSource | None, order: int, k: int
) -> Iterator[tuple[Ids, UInt64Array]]:
    """The most frequent n-grams of each stretch of key ranges.

    An n-gram of two tokens or more lies in one key range.
    """
    for table, *other in read_aligned([source] if without is None else [source, without]):
        rows, counts = table.ngrams(order)
        total: UInt64Array = counts.sum(axis=0, dtype=np.uint64)
        best = _descending(total)
        best = _missing(table, rows, best, other[0], order, k) if other else best[:k]
        yield table.tokens(rows[best])[:order], total[best]


def _missing(
    table: NgramTable, rows: Rows, best: Rows, other: NgramTable, order: int, k: int
) -> Rows:
    """The first k of `best` whose n-gram is not in `other`."""
    found: list[int] = []
    for begin in range(0, len(best), _STEP):  # most of the frequent ones are there: a few steps
        some = best[begin : begin + _STEP]
        found += some[~other.holds(table, rows[some], order)].tolist()
        if len(found) >= k:
            break
    return np.array(found[:k], dtype=np.intp)


def _tokens(source: TableSource, without: TableSource | None) -> Iterator[tuple[Ids, UInt64Array]]:
    """All of order 1, whose windows lie in every key range."""
    ids, counts = _unigrams(source)
    if without is not None:
        missing = ~np.isin(ids, _unigrams(without)[0])
        ids, counts = ids[missing], counts[missing]
    yield ids[np.newaxis], counts


def _unigrams(source: TableSource) -> tuple[Ids, UInt64Array]:
    ids, counts = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.uint64)
    for (table,) in read_aligned([source]):
        rows, seen = table.ngrams(1)
        ids, place = np.unique(np.concatenate([ids, table.tokens(rows)[0]]), return_inverse=True)
        more = np.concatenate([counts, seen.sum(axis=0, dtype=np.uint64)])
        counts = np.zeros(len(ids), dtype=np.uint64)
        np.add.at(counts, place, more)
    return ids, counts


def _descending(counts: UInt64Array) -> Rows:
    return np.argsort(~counts, kind="stable")
