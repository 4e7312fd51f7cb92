"""The most frequent n-grams of a table source, read one stretch of key ranges at a time."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from ..ngrams.layout import UInt64Array
from ..ngrams.table import NgramTable, Rows
from .table import TableSource, read_aligned

Ids = npt.NDArray[np.int64]
_STEP = 1 << 14  # n-grams looked up in the other table at once


def most_frequent(
    source: TableSource, order: int, k: int, without: TableSource | None = None
) -> tuple[Ids, UInt64Array]:
    """Return the k most frequent n-grams, leaving out those in the table `without`.

    Output: ids ``(order, K)`` and counts ``(K,)``, descending. Equal counts are in the order of
    their keys, or by token id for order 1.
    """
    _check_number(k)
    stretches = _tokens(source, without) if order == 1 else _ngrams(source, without, order, k)
    ids, counts = np.zeros((order, 0), dtype=np.int64), np.zeros(0, dtype=np.uint64)
    for next_ids, next_counts in stretches:
        ids = np.concatenate([ids, next_ids], axis=1)
        counts = np.concatenate([counts, next_counts])
        best = _descending(counts)[:k]
        ids, counts = ids[:, best], counts[best]
    return ids, counts


def most_inflated(
    source: TableSource, baseline: TableSource, order: int, k: int, windows: tuple[int, int]
) -> tuple[Ids, UInt64Array]:
    """Return the k n-grams that are most over-represented in `source` compared with `baseline`.

    They are ranked by their excess ``x M - y N``, an exact integer, where x and y are the counts in
    `source` and `baseline` and ``(N, M) = windows`` are the total numbers of n-grams. Divided by M,
    it is the number of occurrences beyond those expected from the baseline's share. N-grams without
    a positive excess are left out.

    Output: ids ``(order, K)`` and counts ``(2, K)`` in both, by descending excess. Equal excesses
    are in the order of their keys, or by token id for order 1.
    """
    _check_number(k)
    stretches = (
        _token_pairs(source, baseline)
        if order == 1
        else _ngram_pairs(source, baseline, order, k, windows)
    )
    ids, counts = np.zeros((order, 0), dtype=np.int64), np.zeros((2, 0), dtype=np.uint64)
    for next_ids, next_counts in stretches:
        ids = np.concatenate([ids, next_ids], axis=1)
        counts = np.concatenate([counts, next_counts], axis=1)
        best = _largest(_excess(counts, windows), k)
        ids, counts = ids[:, best], counts[:, best]
    return ids, counts


def _check_number(k: int) -> None:
    if k < 0:
        raise ValueError(f"k must be a number of n-grams, at least 0, got {k}")


def _ngram_pairs(
    source: TableSource, baseline: TableSource, order: int, k: int, windows: tuple[int, int]
) -> Iterator[tuple[Ids, UInt64Array]]:
    """Yield the most over-represented n-grams of each stretch of key ranges.

    No excess exceeds x M, so n-grams are looked up by descending count x, until x M is below the k
    largest excesses found.
    """
    for table, baseline_table in read_aligned([source, baseline]):
        rows, counts = table.ngrams(order)
        total: UInt64Array = counts.sum(axis=0, dtype=np.uint64)
        baseline_rows, baseline_counts = baseline_table.ngrams(order)
        baseline_total = np.append(baseline_counts.sum(axis=0, dtype=np.uint64), np.uint64(0))
        by_count = _descending(total)
        best, best_counts = by_count[:0], np.zeros((2, 0), dtype=np.uint64)
        for begin in range(0, len(by_count), _STEP):
            step = by_count[begin : begin + _STEP]
            excess = _excess(best_counts, windows)
            if len(best) == k and excess[-1] > int(total[step[0]]) * windows[1]:
                break
            row = baseline_table.find(table, rows[step], order)
            place = np.where(row < 0, len(baseline_rows), np.searchsorted(baseline_rows, row))
            step_counts = np.stack([total[step], baseline_total[place]])
            best = np.concatenate([best, step])
            best_counts = np.concatenate([best_counts, step_counts], axis=1)
            by_row = np.argsort(best)  # ties are in the order of their keys
            best, best_counts = best[by_row], best_counts[:, by_row]
            kept = _largest(_excess(best_counts, windows), k)
            best, best_counts = best[kept], best_counts[:, kept]
        yield table.tokens(rows[best])[:order], best_counts


def _token_pairs(source: TableSource, baseline: TableSource) -> Iterator[tuple[Ids, UInt64Array]]:
    """Yield all tokens of `source`, at once, with their counts in both."""
    ids, counts = _unigrams(source)
    baseline_ids, baseline_counts = _unigrams(baseline)
    known = np.isin(ids, baseline_ids)
    aligned = np.zeros(len(ids), dtype=np.uint64)
    aligned[known] = baseline_counts[np.searchsorted(baseline_ids, ids[known])]
    yield ids[np.newaxis], np.stack([counts, aligned])


def _excess(counts: UInt64Array, windows: tuple[int, int]) -> list[int]:
    return [x * windows[1] - y * windows[0] for x, y in counts.T.tolist()]


def _largest(excess: Sequence[int], k: int) -> Rows:
    """Return the indices of the k largest positive values; of equal values, the first."""
    positive = [index for index, value in enumerate(excess) if value > 0]
    return np.array(sorted(positive, key=lambda index: -excess[index])[:k], dtype=np.intp)


def _ngrams(
    source: TableSource, without: TableSource | None, order: int, k: int
) -> Iterator[tuple[Ids, UInt64Array]]:
    """Yield the most frequent n-grams of each stretch of key ranges.

    All windows that begin with an n-gram of two or more tokens lie in one key range.
    """
    for table, *others in read_aligned([source] if without is None else [source, without]):
        rows, counts = table.ngrams(order)
        total: UInt64Array = counts.sum(axis=0, dtype=np.uint64)
        best = _descending(total)
        best = _missing(table, rows, best, others[0], order, k) if others else best[:k]
        yield table.tokens(rows[best])[:order], total[best]


def _missing(
    table: NgramTable, rows: Rows, best: Rows, other: NgramTable, order: int, k: int
) -> Rows:
    """Return the first k of `best` whose n-grams do not occur in `other`."""
    missing: list[int] = []
    for begin in range(0, len(best), _STEP):
        step = best[begin : begin + _STEP]
        missing += step[~other.holds(table, rows[step], order)].tolist()
        if len(missing) >= k:
            break
    return np.array(missing[:k], dtype=np.intp)


def _tokens(source: TableSource, without: TableSource | None) -> Iterator[tuple[Ids, UInt64Array]]:
    """Yield all tokens of `source` that are not in `without`, at once."""
    ids, counts = _unigrams(source)
    if without is not None:
        missing = ~np.isin(ids, _unigrams(without)[0])
        ids, counts = ids[missing], counts[missing]
    yield ids[np.newaxis], counts


def _unigrams(source: TableSource) -> tuple[Ids, UInt64Array]:
    """Return the ascending token ids of a table and their counts, added up over all key ranges."""
    ids, counts = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.uint64)
    for (table,) in read_aligned([source]):
        rows, next_counts = table.ngrams(1)
        ids, index = np.unique(np.concatenate([ids, table.tokens(rows)[0]]), return_inverse=True)
        both = np.concatenate([counts, next_counts.sum(axis=0, dtype=np.uint64)])
        counts = np.zeros(len(ids), dtype=np.uint64)
        np.add.at(counts, index, both)
    return ids, counts


def _descending(counts: UInt64Array) -> Rows:
    """Return the permutation that sorts counts in descending order, equal counts as they stand."""
    return np.argsort(~counts, kind="stable")
