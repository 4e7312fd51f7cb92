"""Where documents begin and end in packed token ids."""

from collections.abc import Iterator

import numpy as np

from .batch import BATCH_TOKENS, Batch, Int64Array, IntegerArray
from .remote import Items


def cut_rows(
    tokens: IntegerArray, start: Int64Array, stop: Int64Array, eot: int | None
) -> tuple[Int64Array, Int64Array]:
    """Documents of rows that the format itself tells apart, cut further at `eot`.

    Input: rows ``tokens[start[i]:stop[i]]``, ascending and disjoint. Output: documents likewise.
    A row that holds nothing, or nothing but `eot`, is one document of no tokens.
    """
    if eot is None or not len(start):
        return start, stop
    marks = np.flatnonzero(tokens == eot)
    row = np.searchsorted(start, marks, side="right") - 1
    inside = (row >= 0) & (marks < stop[row])
    marks, row = marks[inside], row[inside]
    # Disjoint ascending stretches: their starts and their stops pair up when each is sorted.
    first = np.sort(np.concatenate([start, marks + 1]))
    last = np.sort(np.concatenate([stop, marks]))
    stretches = 1 + np.bincount(row, minlength=len(start))
    keep = last > first
    row_first = np.cumsum(stretches) - stretches
    keep[row_first[np.add.reduceat(keep, row_first, dtype=np.int64) == 0]] = True
    return first[keep], last[keep]


def stream_batches(tokens: Items, eot: int | None, size: int) -> Iterator[Batch]:
    """Batches of a stream of ids whose only boundaries are `eot` ids.

    A document is a longest stretch without `eot`; runs of `eot` make no empty documents, for
    nothing tells a boundary from padding there. Batches end at boundaries and hold at most
    `BATCH_TOKENS`, or one document that is longer. Without `eot` the stream is one document.
    """
    total = len(tokens)
    begin = 0
    while begin < total:
        end, marks = _next_boundary(tokens, eot, begin)
        part = tokens[begin:end]
        start = np.concatenate([np.zeros(1, dtype=np.int64), marks + 1])
        stop = np.concatenate([marks, np.full(1, end - begin, dtype=np.int64)])
        full = stop > start
        bytes_read = size * end // total - size * begin // total
        yield Batch.of_tokens(part, start[full], stop[full], bytes_read)
        begin = end


def _next_boundary(tokens: Items, eot: int | None, begin: int) -> tuple[int, Int64Array]:
    """End of the batch that begins at `begin`, and where in it `eot` lies."""
    total = len(tokens)
    if eot is None:
        return total, np.empty(0, dtype=np.int64)
    end = begin
    while True:
        near = min(end + BATCH_TOKENS, total)
        marks = np.flatnonzero(tokens[end:near] == eot) + (end - begin)
        end = near
        if end == total:
            return end, marks
        if len(marks):
            return begin + int(marks[-1]) + 1, marks


def row_batches(
    tokens: Items, start: Int64Array, stop: Int64Array, eot: int | None, size: int
) -> Iterator[Batch]:
    """Batches of a stream of ids whose documents are known, cut further at `eot`.

    Input: documents ``tokens[start[i]:stop[i]]``, ascending and disjoint. A batch is a view of the
    stream that holds at most `BATCH_TOKENS`, or one document that is longer.
    """
    first = done = 0
    while first < len(start):
        begin = int(start[first])
        last = max(first + 1, int(np.searchsorted(stop, begin + BATCH_TOKENS, side="right")))
        end = int(stop[last - 1])
        part = tokens[begin:end]
        upto = size if last == len(start) else size * end // max(1, len(tokens))
        bounds = cut_rows(part, start[first:last] - begin, stop[first:last] - begin, eot)
        yield Batch.of_tokens(part, *bounds, upto - done)
        first, done = last, upto


def rows_of(lengths: Int64Array) -> tuple[Int64Array, Int64Array]:
    """Starts and stops of rows that lie one after the other.

    >>> rows_of(np.array([2, 0, 3]))
    (array([0, 2, 2]), array([2, 2, 5]))
    """
    stop = np.cumsum(lengths, dtype=np.int64)
    return stop - lengths, stop
