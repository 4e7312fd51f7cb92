"""Where documents begin and end in packed token ids."""

from collections.abc import Iterator
from functools import partial

import numpy as np
import numpy.typing as npt

from ..system.memory import release_pages
from .base import BATCH_TOKENS, Batch, Int64Array, IntegerArray
from .remote.items import Items
from .repairs import Repairs
from .rows import Rows, rows_of_lists
from .splits import Split

_NONE = np.empty(0, dtype=np.int64)


def cut_rows(
    tokens: IntegerArray, start: Int64Array, stop: Int64Array, eot: int | None
) -> tuple[Int64Array, Int64Array]:
    """Return the documents of rows that the format itself separates, cut further at `eot`.

    Input: rows ``tokens[start[i]:stop[i]]``, ascending and disjoint. Output: documents likewise.
    A row that is empty or holds only `eot` is one document of no tokens.
    """
    if eot is None or not len(start):
        return start, stop
    first, last, _ = _cut_at(np.flatnonzero(tokens == eot), start, stop)
    return first, last


def batch_of_lists(
    tokens: IntegerArray,
    lengths: Int64Array,
    keep: npt.NDArray[np.bool_] | None,
    eot: int | None,
    bytes_read: int,
    repairs: Repairs | None = None,
    rows: Rows | None = None,
) -> Batch:
    """Return the documents of packed lists, which end where a mask leaves ids out and at `eot`.

    Input: lists of these `lengths`, which ids the mask keeps (None: all), and the rows of the lists
    (None: each row is one). Output: the ids that are kept, cut as by `cut_rows`. A list of which
    nothing is kept is one document of no tokens.
    """
    start, stop = rows_of(lengths)
    of_list = np.arange(len(lengths))
    if keep is None or keep.all():
        if eot is not None and len(start):
            start, stop, of_list = _cut_at(np.flatnonzero(tokens == eot), start, stop)
    else:
        marks = ~keep if eot is None else ~keep | (tokens == eot)
        start, stop, of_list = _cut_at(np.flatnonzero(marks), start, stop)
        kept_before = np.append(0, np.cumsum(keep))
        tokens, start, stop = tokens[keep], kept_before[start], kept_before[stop]
    rows = rows_of_lists(rows, of_list, len(lengths), cut_by_ids=eot is not None)
    return Batch.of_tokens(tokens, start, stop, bytes_read, repairs, rows)


def _cut_at(
    marks: Int64Array, start: Int64Array, stop: Int64Array
) -> tuple[Int64Array, Int64Array, Int64Array]:
    """Cut rows at the ascending positions `marks`, which are in no document any more.

    Returned are the start, the stop and the row of each document.
    """
    row = np.searchsorted(start, marks, side="right") - 1
    inside = (row >= 0) & (marks < stop[row])
    marks, row = marks[inside], row[inside]
    # The stretches are disjoint and ascending: sorted starts and sorted stops pair up.
    first = np.sort(np.concatenate([start, marks + 1]))
    last = np.sort(np.concatenate([stop, marks]))
    stretches = 1 + np.bincount(row, minlength=len(start))
    keep = last > first
    row_first = np.cumsum(stretches) - stretches
    keep[row_first[np.add.reduceat(keep, row_first, dtype=np.int64) == 0]] = True
    return first[keep], last[keep], np.repeat(np.arange(len(start)), stretches)[keep]


def stream_splits(
    tokens: Items, eot: int | None, size: int, places: tuple[int, int] | None = None
) -> Iterator[Split]:
    """Yield the splits of a stream of ids whose only boundaries are `eot` ids.

    A document is a maximal stretch without `eot`. Repeated `eot` ids make no empty documents, since
    they may be padding. A split is the documents that begin in a stretch of `BATCH_TOKENS` ids.
    Without `eot` the stream is one document and one split. Of `places`, only the documents that
    begin at one with ``places[0] <= place < places[1]`` are read.
    """
    total = len(tokens)
    begin, end = places or (0, total)
    step = max(1, total if eot is None else BATCH_TOKENS)
    for first in range(begin, end, step):
        last = min(first + step, end)
        bytes_read = size * last // total - size * first // total
        # The ids, comparing each with `eot`, and the bounds of documents of some ids.
        held = (tokens.dtype.itemsize + 5) * (last - first) if eot is not None else 0
        yield Split(held, partial(_stretch, tokens, eot, first, last, bytes_read))


def documents_between(tokens: Items, eot: int, first: int, last: int) -> int:
    """Return how many documents of a stream begin at a place with ``first <= place < last``."""
    number = 0
    for begin in range(first, last, BATCH_TOKENS):
        before = max(begin - 1, 0)
        piece = tokens[before : min(begin + BATCH_TOKENS, last)]
        is_mark = piece == eot
        number += int(np.count_nonzero(is_mark[:-1] & ~is_mark[1:]))
        number += int(not begin and not is_mark[:1].all())  # nothing lies before the first id
        release_pages(piece)
    return number


def _stretch(tokens: Items, eot: int | None, first: int, last: int, bytes_read: int) -> Batch:
    """The documents of a stream that begin at ``first <= position < last``."""
    if eot is None:
        begin, end, marks = first, last, _NONE
    else:
        before = max(first - 1, 0)
        marks = np.flatnonzero(tokens[before : last - 1] == eot) + before
        if first and not len(marks):
            return Batch.of_tokens(tokens[:0], _NONE, _NONE, bytes_read)
        begin = int(marks[0]) + 1 if first else 0
        end, mark = _end(tokens, eot, last - 1)
        marks = np.concatenate([marks[marks >= begin], mark])
    start = np.concatenate([np.full(1, begin), marks + 1])
    stop = np.concatenate([marks, np.full(1, end)])
    full = stop > start
    return Batch.of_tokens(tokens[begin:end], start[full] - begin, stop[full] - begin, bytes_read)


def _end(tokens: Items, eot: int, begin: int) -> tuple[int, Int64Array]:
    """Where the document at position `begin` ends, its `eot` included, and the place of that."""
    step = 1 << 10
    while begin < len(tokens):
        marks = np.flatnonzero(tokens[begin : begin + step] == eot)
        if len(marks):
            mark = begin + marks[:1]
            return int(mark[0]) + 1, mark
        begin += step
        step = min(2 * step, BATCH_TOKENS)
    return len(tokens), _NONE


def row_batches(
    tokens: Items, start: Int64Array, stop: Int64Array, eot: int | None, size: int
) -> Iterator[Batch]:
    """Yield batches of a stream of ids whose documents are known, cut further at `eot`.

    Input: documents ``tokens[start[i]:stop[i]]``, ascending and disjoint. A batch is a view of at
    most `BATCH_TOKENS` ids of the stream, or of one document that is longer.
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
    """Return the starts and stops of rows that follow each other without gaps.

    >>> rows_of(np.array([2, 0, 3]))
    (array([0, 2, 2]), array([2, 2, 5]))
    """
    stop = np.cumsum(lengths, dtype=np.int64)
    return stop - lengths, stop
