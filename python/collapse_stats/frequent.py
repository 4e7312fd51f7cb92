"""The most frequent n-grams of a table, which is read a range of shards at a time."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from .keys import UInt64Array
from .run import Rows, Run
from .table import Table, read_aligned

Ids = npt.NDArray[np.int64]


def most_frequent(
    table: Table, order: int, k: int, without: Table | None = None
) -> tuple[Ids, UInt64Array]:
    """The k most frequent n-grams, those in the table `without` left out.

    Output: ids ``(order, K)`` and counts ``(K,)``, descending; of equal counts in canonical order,
    tokens ascending.
    """
    found = _tokens(table, without) if order == 1 else _ngrams(table, without, order, k)
    ids, counts = np.zeros((order, 0), dtype=np.int64), np.zeros(0, dtype=np.uint64)
    for more, seen in found:
        ids = np.concatenate([ids, more], axis=1)
        counts = np.concatenate([counts, seen])
        best = _descending(counts)[:k]
        ids, counts = ids[:, best], counts[best]
    return ids, counts


def _ngrams(
    table: Table, without: Table | None, order: int, k: int
) -> Iterator[tuple[Ids, UInt64Array]]:
    """The most frequent of each range of shards; an n-gram of two tokens and more lies in one."""
    for run, *other in read_aligned([table] if without is None else [table, without]):
        rows, counts = run.ngrams(order)
        total: UInt64Array = counts.sum(axis=0, dtype=np.uint64)
        best = _descending(total)
        best = _missing(run, rows, best, other[0], order, k) if other else best[:k]
        yield run.tokens(rows[best])[:order], total[best]


def _missing(run: Run, rows: Rows, best: Rows, other: Run, order: int, k: int) -> Rows:
    """The first k of `best` whose n-gram is not in `other`."""
    found: list[int] = []
    step = 1 << 14  # most of the frequent ones are there: a few steps
    for begin in range(0, len(best), step):
        some = best[begin : begin + step]
        found += some[~other.holds(run, rows[some], order)].tolist()
        if len(found) >= k:
            break
    return np.array(found[:k], dtype=np.intp)


def _tokens(table: Table, without: Table | None) -> Iterator[tuple[Ids, UInt64Array]]:
    """All of order 1, whose windows lie in every shard."""
    ids, counts = _unigrams(table)
    if without is not None:
        missing = ~np.isin(ids, _unigrams(without)[0])
        ids, counts = ids[missing], counts[missing]
    yield ids[np.newaxis], counts


def _unigrams(table: Table) -> tuple[Ids, UInt64Array]:
    ids, counts = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.uint64)
    for (run,) in read_aligned([table]):
        rows, seen = run.ngrams(1)
        ids, place = np.unique(np.concatenate([ids, run.tokens(rows)[0]]), return_inverse=True)
        more = np.concatenate([counts, seen.sum(axis=0, dtype=np.uint64)])
        counts = np.zeros(len(ids), dtype=np.uint64)
        np.add.at(counts, place, more)
    return ids, counts


def _descending(counts: UInt64Array) -> Rows:
    return np.argsort(~counts, kind="stable")
